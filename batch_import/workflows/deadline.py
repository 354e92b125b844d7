"""Stop a run at a time of day (`--until`).

The wall clock may be set, and continues while the machine sleeps. Therefore a thread reads it
again and again. This module must not know what the run does.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from batch_import.errors import Interrupted, Stopped

#: Maximum seconds between two readings of the clock: a run stops at most this much too late.
_MAX_PAUSE: Final = 1.0


@contextmanager
def stopping_at(
    time_to_stop: float | None, stop: threading.Event, clock: Callable[[], float] = time.time
) -> Iterator[None]:
    """Set `stop` at a given time, if the context is still open.

    Args:
        time_to_stop: epoch seconds; None means never.
        clock: returns the time in epoch seconds.

    Raises:
        Stopped: instead of `Interrupted`, if `stop` was set because the time was reached.
    """
    if time_to_stop is None:
        yield
        return
    closed, reached = threading.Event(), threading.Event()

    def watch() -> None:
        while not (closed.is_set() or stop.is_set()):
            remaining = time_to_stop - clock()
            if remaining <= 0:
                reached.set()
                stop.set()
            else:
                closed.wait(min(_MAX_PAUSE, remaining))

    thread = threading.Thread(target=watch, name="until", daemon=True)
    thread.start()
    try:
        yield
    except Interrupted:
        if not reached.is_set():
            raise
        raise Stopped(
            f"Stopped at {format_clock(time_to_stop)}, as requested.",
            "All state is saved: run the same command to continue.",
        ) from None
    finally:
        closed.set()
        thread.join()


def format_clock(time: float) -> str:
    """Format a time as local time of day: `06:00`, or `06:00:30` if it has seconds."""
    clock = datetime.fromtimestamp(time, UTC).astimezone()
    return f"{clock:%H:%M:%S}".removesuffix(":00")
