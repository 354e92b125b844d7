"""Stop a run at a time of day (`--until`).

The clock may be set to another time, and it continues while the machine sleeps. Therefore a thread
reads it repeatedly, instead of waiting once for the whole time. This module must not know what the
run does.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from batch_import.errors import Interrupted, Stopped

#: Maximum seconds between two readings of the clock. A run stops at most so many seconds too late.
_MAX_PAUSE_SECONDS: Final = 1.0


@contextmanager
def stopping_at(
    stop_at: float | None, stop: threading.Event, clock: Callable[[], float] = time.time
) -> Iterator[None]:
    """Set `stop` at a given time, while the `with` block runs.

    Args:
        stop_at: epoch seconds; None means never.
        clock: returns the current time, in epoch seconds.

    Raises:
        Stopped: the block raised `Interrupted`, because the time was reached.
    """
    if stop_at is None:
        yield
        return
    is_closed, is_reached = threading.Event(), threading.Event()

    def watch() -> None:
        while not (is_closed.is_set() or stop.is_set()):
            remaining_seconds = stop_at - clock()
            if remaining_seconds <= 0:
                is_reached.set()
                stop.set()
            else:
                is_closed.wait(min(_MAX_PAUSE_SECONDS, remaining_seconds))

    thread = threading.Thread(target=watch, name="until", daemon=True)
    thread.start()
    try:
        yield
    except Interrupted:
        if not is_reached.is_set():
            raise
        raise Stopped(
            f"Stopped at {format_clock(stop_at)}, as requested.",
            "All state is saved: run the same command to continue.",
        ) from None
    finally:
        is_closed.set()
        thread.join()


def format_clock(time: float) -> str:
    """Format epoch seconds as a local time of day: `06:00`, or `06:00:30` if it has seconds."""
    clock = datetime.fromtimestamp(time, UTC).astimezone()
    return f"{clock:%H:%M:%S}".removesuffix(":00")
