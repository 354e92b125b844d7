"""The time from which a run sends nothing."""

import threading

import pytest

from batch_import.errors import Interrupted, Stopped
from batch_import.workflows.deadline import format_clock, stop_event


@pytest.mark.parametrize("times", [[5.0], [4.999, 9e9]])
def test_a_run_is_stopped_as_requested_at_its_deadline(times: list[float]) -> None:
    stop, clock = threading.Event(), iter(times)

    def run() -> None:
        with stop_event(stop, 5.0, lambda: next(clock)) as should_stop:
            assert should_stop.wait(10)
            raise Interrupted("Interrupted.")

    with pytest.raises(Stopped, match="as requested") as raised:
        run()
    assert raised.value.exit_code == 1
    assert not stop.is_set()


@pytest.mark.parametrize("moment", [None, 5.0])
@pytest.mark.parametrize("is_late", [False, True])
def test_ctrl_c_before_the_deadline_is_an_interruption(
    moment: float | None, *, is_late: bool
) -> None:
    stop = threading.Event()

    def run() -> None:
        if not is_late:
            stop.set()
        with stop_event(stop, moment, lambda: 4.0) as should_stop:
            assert should_stop.is_set() is not is_late
            stop.set()
            assert should_stop.wait(10)
            raise Interrupted("Interrupted.")

    with pytest.raises(Interrupted) as raised:
        run()
    assert not isinstance(raised.value, Stopped)


def test_the_event_of_the_caller_is_not_set_if_a_run_ends_early_or_loses_its_job() -> None:
    stop = threading.Event()
    for caller in (stop, None):
        with stop_event(caller, 9e9, lambda: 0.0) as should_stop:
            should_stop.set()
    assert not stop.is_set()
    for thread in threading.enumerate():
        if thread.name == "stop":
            thread.join(10)
            assert not thread.is_alive()


def test_seconds_are_shown_only_if_they_are_not_zero() -> None:
    assert len(format_clock(1_700_000_040.0)) == len("06:00")
    assert format_clock(1_700_000_041.0).endswith(":01")
