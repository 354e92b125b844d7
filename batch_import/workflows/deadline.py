"""Stop a run if its caller wants it, or at a time of day (`--until`).

The clock may be set to another time, and it continues while the machine sleeps. Therefore a thread
reads it repeatedly, instead of waiting once for the whole time. This module must not know what the
run does.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from batch_import.errors import Interrupted, Stopped

#: Maximum seconds between two readings of the clock. A run stops at most so many seconds too late,
#: and the thread that reads the clock ends at most so many seconds after the run.
_MAX_PAUSE_SECONDS: Final = 0.25


@contextmanager
def stop_event(
    stop: threading.Event | None,
    stop_at: float | None,
    clock: Callable[[], float] = time.time,
) -> Iterator[threading.Event]:
    """Yields an event that is set when `stop` is set, or at a given time.

    The run may set this event itself, for example if it loses the job. `stop` does not change then,
    so that the caller can start another run.

    Args:
        stop: the event of the caller; None if the caller has none.
        stop_at: epoch seconds; None means never.
        clock: returns the current time, in epoch seconds.

    Raises:
        Stopped: the block raised `Interrupted`, because the time was reached.
    """
    should_stop, is_reached, is_closed = threading.Event(), threading.Event(), threading.Event()
    stop = stop or should_stop

    def wait(max_seconds: float) -> None:
        remaining_seconds = math.inf if stop_at is None else stop_at - clock()
        if stop.wait(max(0.0, min(max_seconds, remaining_seconds))):
            should_stop.set()
        elif remaining_seconds <= 0:
            is_reached.set()
            should_stop.set()

    def watch() -> None:
        while not (is_closed.is_set() or should_stop.is_set()):
            wait(_MAX_PAUSE_SECONDS)

    wait(0.0)
    threading.Thread(target=watch, name="stop", daemon=True).start()
    try:
        yield should_stop
    except Interrupted:
        if stop_at is None or not is_reached.is_set():
            raise
        raise Stopped(
            f"Stopped at {format_clock(stop_at)}, as requested.",
            "All state is saved: run the same command to continue.",
        ) from None
    finally:
        is_closed.set()


def format_clock(time: float) -> str:
    """Format epoch seconds as a local time of day: `06:00`, or `06:00:30` if it has seconds."""
    clock = datetime.fromtimestamp(time, UTC).astimezone()
    return f"{clock:%H:%M:%S}".removesuffix(":00")
