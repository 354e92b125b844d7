"""The remaining time of a run, and what `status --watch` shows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_import.cli import watch
from batch_import.cli.console import console
from batch_import.cli.watch import CompletionRate
from batch_import.job import Job
from batch_import.models import Counts
from batch_import.workflows import status
from batch_import.workflows.status import JobStatus


def test_the_remaining_time_follows_from_the_readings() -> None:
    pace = CompletionRate()
    assert pace.add_reading(10, 110, 0.0) is None  # one reading shows no rate
    assert pace.add_reading(10, 110, 2.0) is None  # nothing has finished
    assert pace.add_reading(20, 110, 10.0) == 90.0
    assert pace.add_reading(110, 110, 12.0) == 0.0


def test_old_readings_are_forgotten() -> None:
    pace = CompletionRate()
    pace.add_reading(0, 1000, 0.0)
    pace.add_reading(900, 1000, 10.0)
    assert pace.add_reading(910, 1000, 309.0) == pytest.approx(90 * 299 / 10)


def job_status(*, running: bool, imported: int = 0) -> JobStatus:
    counts = Counts(total=2, imported=imported, pending=2 - imported)
    return JobStatus("m.csv", counts, running, 1.0, 2.0, None, ())


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[JobStatus]]:
    """Return the list of statuses that are read one after another."""
    seen: list[JobStatus] = []
    (tmp_path / "state.sqlite").touch()
    monkeypatch.setattr(status, "read_job_status", lambda _: seen.pop(0))
    monkeypatch.setattr(watch.time, "sleep", lambda _: None)
    yield seen
    assert not seen


def test_watch_waits_for_a_run_and_ends_with_it(
    readings: list[JobStatus], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    readings += [
        job_status(running=False),
        job_status(running=False),
        job_status(running=True),
        job_status(running=True, imported=1),
        job_status(running=False, imported=2),
    ]
    assert watch.watch(Job(tmp_path)) == 0
    blocks = capsys.readouterr().out.strip().split("\n\n")
    assert [block.splitlines()[0] for block in blocks] == [
        "2 rows: 2 pending.",
        "2 rows: 2 pending.",
        "2 rows: 1 pending, 1 imported.",
        "2 rows: 2 imported.",
    ]
    assert "Waiting for a run to begin" in blocks[0]
    assert "Run in progress" in blocks[1]


def test_watch_waits_for_a_job_that_does_not_exist_yet(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(watch.time, "sleep", interrupt)
    assert watch.watch(Job(tmp_path / "none")) == 0
    assert capsys.readouterr().out.startswith("Waiting for a run to begin in ")


def test_the_screen_has_a_bar_and_the_remaining_time_and_shows_markup_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = watch.time.time()
    monkeypatch.setattr(watch.time, "time", lambda: now)
    pace = CompletionRate()
    pace.add_reading(0, 2, now - 10)
    screen = watch._screen(Job(tmp_path / "[red]"), job_status(running=True, imported=1), pace)  # noqa: SLF001
    shown = console()
    with shown.capture() as written:
        shown.print(screen)
    text = written.get()
    assert "━" in text.splitlines()[0]
    assert "10 s left · 1 imported · 0 failed · 0 in flight" in text
    waiting = watch._screen(Job(tmp_path / "[red]"), None, pace)  # noqa: SLF001
    with shown.capture() as written:
        shown.print(waiting)
    assert "[red]" in written.get()
