"""The settings that are stored with a submitted job."""

import json

import pytest

from batch_import.cli.command import IMPORT, READING, RESULTS
from batch_import.configuration.settings import Settings
from batch_import.errors import UsageError
from batch_import.models import LineRange, ManifestRow, Status, StatusUpdate
from batch_import.state.store import Store
from batch_import.workflows.submitted import (
    _STORED_SETTINGS,
    restore_settings,
    settings_to_store,
    take_snapshot,
)


def test_settings_are_restored_from_json() -> None:
    given = Settings(
        limit=3, only=(LineRange(2, 5), "ref-9"), rate=7.5, workers=3, when_unsure="retry"
    )
    stored = json.loads(json.dumps(settings_to_store(given)))
    assert restore_settings(stored) == given


def test_a_setting_that_is_turned_off_is_stored() -> None:
    given = Settings(log_max=0)
    assert restore_settings(settings_to_store(given)) == given


def test_every_setting_of_sending_is_stored() -> None:
    # The others are for an interactive run, for loading the manifest, or for the worker's machine.
    others = {
        *(*READING, *RESULTS, "strict", "preflight", "same_videos", "allow_removals"),
        *("first", "until", "standby", "verbose", "refresh"),
        *("credentials", "api_base", "embed_base"),
        *("notify", "aspect_from_detail"),
        "exclude",  # the job database stores the excluded rows
    }
    assert set(IMPORT) - others == set(_STORED_SETTINGS)


def test_defaults_are_not_stored_so_that_a_newer_version_can_change_them() -> None:
    assert settings_to_store(Settings()) == {}


def test_the_url_that_credentials_are_sent_to_is_not_stored() -> None:
    given = Settings(api_base="https://elsewhere.example/api", strict=True, preflight=True)
    assert settings_to_store(given) == {}
    restored = restore_settings(
        {"api_base": "https://evil.example"}, api_base="https://own.example"
    )
    assert restored.api_base == "https://own.example"


def test_an_invalid_stored_setting_is_refused() -> None:
    with pytest.raises(UsageError, match="rate"):
        restore_settings({"rate": -1.0})


def test_a_cause_in_the_list_of_jobs_is_the_text_of_a_row() -> None:
    pytest.importorskip("psycopg")
    rows = [
        ManifestRow(n + 2, f"r{n}", f"r{n}", f"https://h{n}.test/v.mp4", "T", "mp4", ())
        for n in range(4)
    ]
    with Store(None) as store:
        store.load(rows, 1.0)
        for row, code in zip(store.queue.claim(4, 2.0), (404, 404, 500, 0), strict=True):
            error = f"HTTP {code} of the host" if code else "cut"
            update = StatusUpdate(row.row_number, Status.FAILED, error=error, code="source")
            store.queue.apply([update], 3.0)
        snapshot = take_snapshot(store, store.reader.counts())
    assert snapshot.causes == (("HTTP 404 of the host", 3), ("cut", 1))
