"""Results during a run and at its end. The other process is tested in tests/end_to_end."""

import threading
from pathlib import Path

import pytest

from batch_import.errors import StateError
from batch_import.job import Job
from batch_import.reports import refresh
from batch_import.reports.refresh import refresh_results
from batch_import.reports.refresh_process import CpuThrottle, RepeatedTask, seconds_until_next


@pytest.fixture(autouse=True)
def _no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: object) -> None:
        raise OSError("there are no more processes")

    monkeypatch.setattr(refresh, "_start", start)


def test_results_are_written_at_the_end_if_no_process_can_be_started(tmp_path: Path) -> None:
    threads: list[str] = []
    with refresh_results(
        lambda: threads.append(threading.current_thread().name), Job(tmp_path), 60.0
    ):
        assert threads == []
    assert len(threads) == 1
    assert threads[0].startswith("results")


def test_a_file_that_cannot_be_written_is_an_error_at_the_end(tmp_path: Path) -> None:
    def write() -> None:
        raise StateError("results.xlsx cannot be written: it is open.", "Close it.")

    with pytest.raises(StateError, match="it is open"), refresh_results(write, Job(tmp_path), 60.0):
        pass


def test_results_are_written_if_the_run_fails_and_the_error_of_the_run_is_raised(
    tmp_path: Path,
) -> None:
    written: list[str] = []
    with (
        pytest.raises(StateError, match="disk"),
        refresh_results(lambda: written.append("results"), Job(tmp_path), 60.0),
    ):
        raise StateError("the disk is full")
    assert written == ["results"]


def test_a_slow_refresh_is_repeated_less_often() -> None:
    assert seconds_until_next(60.0, 0.5) == 60.0
    assert seconds_until_next(60.0, 48.0) == 240.0


def test_the_throttle_pauses_longer_than_the_work_took() -> None:
    used = iter([1.0, 3.0, 3.0, 3.5, 3.5])
    slept: list[float] = []
    rest = CpuThrottle(lambda: next(used), slept.append)
    rest()
    rest()
    assert slept == [6.0, 1.5]


def test_a_failed_refresh_is_left_to_the_next_one() -> None:
    clock = iter([100.0, 110.0, 110.0])

    def write() -> None:
        raise StateError("results.csv cannot be written: it is open.")

    repeated = RepeatedTask(write, 60.0, 0.0)
    repeated.run(lambda: next(clock))
    assert repeated.due_at == 110.0 + 60.0
