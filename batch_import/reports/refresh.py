"""Writes the results again and again while a run goes on, and at its end, in one thread.

All of it in one, since the C library keeps freed memory by thread: what a writing took serves the
next one.

This file must not know what the results are, nor who runs.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from batch_import.errors import RunFault

#: Writing takes at most one part in so many of a run's time.
_SHARE = 20


@contextmanager
def refreshing(write: Callable[[], None], every: float) -> Iterator[None]:
    """Keep files fresh for as long as this lasts, and write them at its end, whatever ends it.

    A refresh that fails is left to the next one, and to the writing at the end: a spreadsheet
    that somebody has open must not end an import.

    Args:
        every: seconds between two refreshes; more where one takes long.

    Raises:
        RunFault: the files cannot be written at the end, and nothing else went wrong.
    """
    over = threading.Event()

    def refresh() -> None:
        took = 0.0
        while not over.wait(pause(every, took)):
            began = time.monotonic()
            with suppress(RunFault):
                write()
            took = time.monotonic() - began

    with ThreadPoolExecutor(1, "refresh") as thread:
        refreshes = thread.submit(refresh)
        try:
            yield
        except BaseException:
            over.set()
            # What ended the run comes first: a full disk ends it, and keeps the results away, too.
            with suppress(RunFault):
                thread.submit(write).result()
            raise
        finally:
            over.set()
            refreshes.result()
        thread.submit(write).result()


def pause(every: float, took: float) -> float:
    """Seconds until the next refresh, when the last one took so long."""
    return max(every, _SHARE * took)
