"""The time at which a run stops: its window is over.

The time is that of the wall clock, which may be set, and goes on while a machine sleeps; so it is
looked at again and again. This file must not know what the run does.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from batch_import.errors import Interrupted, Stopped

#: Seconds between two looks at the clock, at most.
_LONGEST_NAP: Final = 1.0


@contextmanager
def stopping_at(
    time_to_stop: float | None, stop: threading.Event, clock: Callable[[], float] = time.time
) -> Iterator[None]:
    """Set `stop` once a time has come, for as long as this lasts.

    Args:
        time_to_stop: epoch seconds; None for never.
        clock: epoch seconds.

    Raises:
        Stopped: in place of `Interrupted`, where the time was what set `stop`.
    """
    if time_to_stop is None:
        yield
        return
    over, came = threading.Event(), threading.Event()

    def watch() -> None:
        while not (over.is_set() or stop.is_set()):
            left = time_to_stop - clock()
            if left <= 0:
                came.set()
                stop.set()
            else:
                over.wait(min(_LONGEST_NAP, left))

    thread = threading.Thread(target=watch, name="until", daemon=True)
    thread.start()
    try:
        yield
    except Interrupted:
        if not came.is_set():
            raise
        raise Stopped(
            f"Stopped at {format_clock(time_to_stop)}, as asked.",
            "All state is saved: the same command goes on where it was.",
        ) from None
    finally:
        over.set()
        thread.join()


def format_clock(time: float) -> str:
    """A time of this day by the local clock: `06:00`, with seconds where there are some."""
    clock = datetime.fromtimestamp(time, UTC).astimezone()
    return f"{clock:%H:%M:%S}".removesuffix(":00")
