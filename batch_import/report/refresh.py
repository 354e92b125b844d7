"""Writes the results again and again while a run goes on, in a thread of its own.

This file must not know what the results are, nor who runs.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from batch_import.errors import RunFault

#: Writing takes at most one part in so many of a run's time.
_SHARE = 20


@contextmanager
def refreshing(write: Callable[[], None], every: float) -> Iterator[None]:
    """Keep files fresh for as long as this lasts.

    A refresh that fails is left to the next one, and to the report at the run's end: a
    spreadsheet that somebody has open must not end an import.

    Args:
        every: seconds between two refreshes; more where one takes long.
    """
    over = threading.Event()

    def work() -> None:
        took = 0.0
        while not over.wait(pause(every, took)):
            began = time.monotonic()
            with suppress(RunFault):
                write()
            took = time.monotonic() - began

    thread = threading.Thread(target=work, name="refresh", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def pause(every: float, took: float) -> float:
    """Seconds until the next refresh, when the last one took so long."""
    return max(every, _SHARE * took)
