"""Rehearsals: the real importer on a virtual clock, with the rows of a job."""

import pytest

from batch_import.configuration.settings import Settings
from batch_import.errors import UsageError
from batch_import.importer.forecast import ProcessingTime, Work, forecast
from batch_import.models import Counts, ManifestRow, Status, StatusUpdate
from batch_import.rehearsal.rehearse import RehearsalResult, realistic_knobs, rehearse
from batch_import.state.store import Store

NOW = 1_700_000_000.0
SETTINGS = Settings(rate=20.0)
FRIENDLY = {"processing": (20.0, 20.0)}
FAULTY = realistic_knobs(SETTINGS, ProcessingTime(5.0, 60.0), existing=250)


def job(rows: int) -> Store:
    store = Store(None)
    names = [f"ref-{n}" for n in range(rows)]
    store.load(
        [
            ManifestRow(n, name, name, f"https://h.example.com/{name}.mp4", name, "mp4", ())
            for n, name in enumerate(names, 2)
        ],
        1.0,
    )
    return store


def half_done_job(rows: int) -> Store:
    """Return a job whose rows are processing, unknown and pending, a third each."""
    store = job(rows)
    changes = []
    for place, row in enumerate(store.queue.claim(rows, NOW - 100)):
        ingest = f"ingest-{place}" if place % 3 == 0 else None
        status = (Status.PROCESSING, Status.UNKNOWN, Status.PENDING)[place % 3]
        sent_at = None if status is Status.PENDING else NOW - 90 + place / 1e3
        changes.append(StatusUpdate(row.row_number, status, ingest_id=ingest, sent_at=sent_at))
    store.queue.apply(changes, NOW - 90)
    return store


def run_rehearsal(
    store: Store, knobs: dict[str, object], seed: int = 1, **more: int
) -> RehearsalResult:
    return rehearse(store, SETTINGS, knobs, seed, **more)


def test_all_rows_are_imported_as_forecast_without_faults() -> None:
    printed = run_rehearsal(job(600), FRIENDLY)
    expected = forecast(Work(600), SETTINGS, 20.0)
    assert (printed.rows, printed.of) == (600, 600)
    assert printed.counts == Counts(total=600, imported=600)
    assert printed.seconds == pytest.approx(expected.seconds, rel=0.1)
    assert printed.calls == pytest.approx(expected.request_count, rel=0.1)
    assert (printed.refused, printed.unanswered, printed.twice, printed.fault) == (0, 0, (), "")


def test_no_row_gets_two_videos_with_the_usual_faults() -> None:
    printed = run_rehearsal(job(600), {**FAULTY, "lost_reply": 0.05})
    assert printed.counts.total == 600
    assert printed.counts.failed > 0
    assert printed.refused > 0
    assert printed.unanswered > 0
    assert printed.twice == ()


def test_a_row_with_two_videos_is_reported() -> None:
    # The setting allows to send unsure rows again, while lists show nothing for an hour.
    settings = Settings(rate=20.0, settle=30.0, when_unsure="retry", max_wait=600.0)
    knobs: dict[str, object] = {**FRIENDLY, "lost_reply": 0.3, "list_delay": (3600, 3600)}
    printed = rehearse(job(30), settings, knobs, 1)
    assert printed.twice
    assert set(printed.twice) <= {f"ref-{n}" for n in range(30)}


def test_the_same_seed_gives_the_same_result() -> None:
    assert run_rehearsal(job(100), FAULTY, 5) == run_rehearsal(job(100), FAULTY, 5)
    assert run_rehearsal(job(100), FAULTY, 5) != run_rehearsal(job(100), FAULTY, 6)


def test_a_half_done_job_continues_and_is_not_changed() -> None:
    with half_done_job(90) as store:
        before = store.reader.counts()
        printed = run_rehearsal(store, FRIENDLY)
        assert store.reader.counts() == before == Counts(90, pending=30, processing=30, unknown=30)
    assert (printed.rows, printed.of) == (90, 90)
    assert printed.counts.imported + printed.counts.unknown == 90
    assert printed.counts.imported >= 60
    assert printed.twice == ()


def test_rows_are_sampled_evenly_if_there_are_too_many() -> None:
    printed = run_rehearsal(job(1000), FRIENDLY, max_rows=100)
    assert (printed.rows, printed.of, printed.counts.imported) == (100, 1000, 100)


def test_an_unreachable_platform_ends_the_rehearsal_as_it_ends_a_run() -> None:
    printed = run_rehearsal(job(50), {**FRIENDLY, "outages": ((0, 1e6),)})
    assert printed.fault
    assert printed.counts.imported == 0


def test_a_job_without_rows_needs_no_request() -> None:
    printed = run_rehearsal(job(0), FRIENDLY)
    assert (printed.rows, printed.calls, printed.seconds) == (0, 0, 0.0)


def test_an_unknown_knob_is_refused() -> None:
    with pytest.raises(UsageError, match="lost_replies"):
        run_rehearsal(job(1), {"lost_replies": 1})
