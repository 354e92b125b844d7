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


def test_settings_come_back_from_json() -> None:
    given = Settings(
        limit=3, only=(LineRange(2, 5), "ref-9"), rate=7.5, workers=3, when_unsure="retry"
    )
    stored = json.loads(json.dumps(settings_to_store(given)))
    assert restore_settings(stored) == given


def test_what_is_switched_off_is_stored() -> None:
    given = Settings(log_max=0)
    assert restore_settings(settings_to_store(given)) == given


def test_every_option_of_sending_is_stored() -> None:
    # They are of the run of a person, of loading the manifest, or of the worker's machine.
    others = {
        *(*READING, *RESULTS, "strict", "preflight", "same_videos", "allow_removals"),
        *("first", "until", "standby", "verbose", "refresh"),
        *("credentials", "api_base", "embed_base"),
        *("notify", "aspect_from_detail"),
        "exclude",  # the job database stores the excluded rows
    }
    assert set(IMPORT) - others == set(_STORED_SETTINGS)


def test_defaults_are_not_stored_so_that_a_newer_version_has_its_own() -> None:
    assert settings_to_store(Settings()) == {}


def test_where_credentials_are_sent_is_not_stored_with_the_job() -> None:
    given = Settings(api_base="https://elsewhere.example/api", strict=True, preflight=True)
    assert settings_to_store(given) == {}
    restored = restore_settings(
        {"api_base": "https://evil.example"}, api_base="https://own.example"
    )
    assert restored.api_base == "https://own.example"


def test_a_value_that_is_not_valid_is_a_fault_of_the_job() -> None:
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
