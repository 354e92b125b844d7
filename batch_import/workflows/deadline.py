"""The moment from which on a run does nothing more: its window is over.

The moment is one of the wall clock, which may be set, and goes on while a machine sleeps; so it is
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
    moment: float | None, stop: threading.Event, clock: Callable[[], float] = time.time
) -> Iterator[None]:
    """Set `stop` once a moment has come, for as long as this lasts.

    Args:
        moment: epoch seconds; None for never.
        clock: epoch seconds.

    Raises:
        Stopped: in place of `Interrupted`, where the moment was what set `stop`.
    """
    if moment is None:
        yield
        return
    over, came = threading.Event(), threading.Event()

    def watch() -> None:
        while not (over.is_set() or stop.is_set()):
            left = moment - clock()
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
            f"Stopped at {told(moment)}, as asked.",
            "All state is saved: the same command goes on where it was.",
        ) from None
    finally:
        over.set()
        thread.join()


def told(moment: float) -> str:
    """A moment of this day by the local clock: `06:00`, with seconds where there are some."""
    clock = datetime.fromtimestamp(moment, UTC).astimezone()
    return f"{clock:%H:%M:%S}".removesuffix(":00")
