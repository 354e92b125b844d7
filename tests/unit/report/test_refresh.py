"""Files are kept fresh while a run goes on."""

import threading

import pytest

from batch_import.errors import StateError
from batch_import.report.refresh import pause, refreshing


def test_files_are_written_again_and_again_and_never_after() -> None:
    written = 0
    often = threading.Event()

    def write() -> None:
        nonlocal written
        written += 1
        if written >= 3:
            often.set()

    with refreshing(write, 0.001):
        assert often.wait(10)
    after = written
    assert not [t for t in threading.enumerate() if t.name == "refresh"]
    assert written == after >= 3


def test_a_file_that_cannot_be_written_ends_nothing() -> None:
    again = threading.Event()
    tries = 0

    def write() -> None:
        nonlocal tries
        tries += 1
        if tries >= 2:
            again.set()
        raise StateError("results.xlsx cannot be written: it is open.", "Close it.")

    with refreshing(write, 0.001):
        assert again.wait(10)


def test_the_runs_own_fault_is_not_hidden() -> None:
    with pytest.raises(StateError, match="disk"), refreshing(lambda: None, 60.0):
        raise StateError("the disk is full")


def test_what_takes_long_is_done_rarely() -> None:
    assert pause(60.0, 0.5) == 60.0
    assert pause(60.0, 12.0) == 240.0
