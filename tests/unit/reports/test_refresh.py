"""Files are kept fresh while a run goes on."""

import threading

import pytest

from batch_import.errors import StateError
from batch_import.reports.refresh import pause, refreshing


def test_files_are_written_again_and_again_and_at_the_end_and_never_after() -> None:
    threads: list[int] = []
    often = threading.Event()

    def write() -> None:
        threads.append(threading.get_ident())
        if len(threads) >= 3:
            often.set()

    with refreshing(write, 0.001):
        assert often.wait(10)
        before = len(threads)
    after = len(threads)
    assert not [t for t in threading.enumerate() if t.name.startswith("refresh")]
    assert len(threads) == after > before
    assert len(set(threads)) == 1


def test_a_file_that_cannot_be_written_is_a_fault_at_the_end_alone() -> None:
    again = threading.Event()
    tries = 0

    def write() -> None:
        nonlocal tries
        tries += 1
        if tries >= 2:
            again.set()
        raise StateError("results.xlsx cannot be written: it is open.", "Close it.")

    with pytest.raises(StateError, match="it is open"), refreshing(write, 0.001):
        assert again.wait(10)


def test_files_are_written_although_the_run_fails_and_its_fault_is_not_hidden() -> None:
    written: list[str] = []
    with (
        pytest.raises(StateError, match="disk"),
        refreshing(lambda: written.append("results"), 60.0),
    ):
        raise StateError("the disk is full")
    assert written == ["results"]


def test_what_takes_long_is_done_rarely() -> None:
    assert pause(60.0, 0.5) == 60.0
    assert pause(60.0, 12.0) == 240.0
