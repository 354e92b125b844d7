"""The moment from which on a run does nothing more."""

import threading

import pytest

from batch_import.errors import Interrupted, Stopped
from batch_import.workflows.deadline import format_clock, stopping_at


def test_a_run_whose_moment_has_come_has_stopped_as_asked() -> None:
    stop = threading.Event()

    def run() -> None:
        with stopping_at(5.0, stop, lambda: 5.0):
            assert stop.wait(10)
            raise Interrupted("Interrupted.")

    with pytest.raises(Stopped, match="as requested") as raised:
        run()
    assert raised.value.exit_code == 1


@pytest.mark.parametrize("moment", [None, 5.0])
def test_ctrl_c_before_the_moment_is_an_interruption(moment: float | None) -> None:
    stop = threading.Event()

    def run() -> None:
        with stopping_at(moment, stop, lambda: 4.0):
            stop.set()
            raise Interrupted("Interrupted.")

    with pytest.raises(Interrupted):
        run()


def test_a_clock_that_is_set_forward_is_followed() -> None:
    times = iter([4.999, 9e9])
    stop = threading.Event()
    with stopping_at(5.0, stop, lambda: next(times)):
        assert stop.wait(10)


def test_a_run_that_has_ended_before_leaves_stop_alone() -> None:
    stop = threading.Event()
    with stopping_at(9e9, stop, lambda: 0.0):
        pass
    assert not stop.is_set()
    assert not any(thread.name == "until" for thread in threading.enumerate())


def test_seconds_are_reported_where_there_are_some() -> None:
    assert len(format_clock(1_700_000_040.0)) == len("06:00")
    assert format_clock(1_700_000_041.0).endswith(":01")
