"""The process that writes results during a run; `refresh.py` starts it.

It reads the job database while the run writes to it. It ends when its standard input is closed.
This module must not know what the results are.
"""

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from batch_import.addresses.masking import add_masked_names
from batch_import.errors import RunFault
from batch_import.job import Job
from batch_import.reports.write import (
    FORMATS,
    write_first_embed_codes,
    write_results,
    write_results_csv,
)
from batch_import.state.store import Store

#: Writing takes at most this fraction (one fifth) of a run's time.
_TIME_DIVISOR: Final = 5
#: While writing, the process sleeps this many times the CPU time that it uses, because even work on
#: another processor slows down the run: processors share caches, memory and heat. Together with the
#: fraction above, it uses a twentieth of a processor.
_REST_FACTOR: Final = 3
#: Seconds between two checks of the job database: the delay until a new embed code is in
#: `results.csv`.
_CHECK_SECONDS: Final = 0.5
_LOWEST_PRIORITY: Final = 19


def main(order: Mapping[str, Any]) -> None:
    """Write results again and again.

    Args:
        order: `folder` and `database` (may be empty) of the job; `every`, the seconds between two
            refreshes; and `masked`, the URL parameters to mask.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _exit)
    threading.Thread(target=_exit_at_end_of_input, daemon=True).start()
    gc.set_threshold(100_000)  # as in the command line: rows have no reference cycles
    add_masked_names(order["masked"])
    job = Job(Path(order["folder"]), order["database"])
    try:
        with Store(job.state) as store:
            _Refresher(job, store, order["every"]).run()
    finally:
        os._exit(0)  # without cleanup, because the run waits for the end


def _exit(*_: object) -> None:
    sys.exit()


def _exit_at_end_of_input() -> None:
    sys.stdin.read()
    if hasattr(signal, "pthread_kill"):
        # A signal interrupts the sleep of the main thread.
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
    else:
        signal.raise_signal(signal.SIGTERM)


class CpuThrottle:
    """Sleeps in proportion to the CPU time used.

    Args:
        clock: returns the CPU seconds used so far.
        sleep: called with seconds.
    """

    def __init__(self, clock: Callable[[], float], sleep: Callable[[float], object]) -> None:
        self._clock = clock
        self._sleep = sleep
        self._before = clock()

    def __call__(self) -> None:
        """Sleep in proportion to the CPU time used since the last call."""
        self._sleep(_REST_FACTOR * max(0.0, self._clock() - self._before))
        self._before = self._clock()


@dataclass(slots=True)
class RepeatedTask:
    """A task that is repeated, and less often if it takes long.

    Attributes:
        interval_seconds: seconds between two starts.
        due_at: when it starts next, in seconds of a monotonic clock, like all times in this module.
    """

    work: Callable[[], None]
    interval_seconds: float
    due_at: float

    def run(self, clock: Callable[[], float]) -> None:
        """Run the task. If it fails, it is run again at the next time."""
        began = clock()
        with suppress(RunFault):
            self.work()
        self.due_at = clock() + seconds_until_next(self.interval_seconds, clock() - began)


class _Refresher:
    def __init__(self, job: Job, store: Store, every: float) -> None:
        self._job = job
        self._store = store
        self._first = self._shown = store.reader.last_event()
        self._has_first = False
        self._rest = CpuThrottle(time.process_time, time.sleep)
        now = time.monotonic()
        self._csv = RepeatedTask(self._write_csv, every, now + every)
        self._all = RepeatedTask(self._write_all, every, now + every)

    def run(self) -> None:
        """Run until the process is ended."""
        while not self._write_first() and time.monotonic() < self._csv.due_at:
            time.sleep(_CHECK_SECONDS)
        if hasattr(os, "nice"):
            os.nice(_LOWEST_PRIORITY)
        while True:
            if self._write_first() or time.monotonic() >= self._csv.due_at:
                self._csv.run(time.monotonic)
            # Before the first embed code is written, nothing that takes long may delay it.
            elif self._has_first and time.monotonic() >= self._all.due_at:
                self._all.run(time.monotonic)
            time.sleep(_CHECK_SECONDS)

    def _write_first(self) -> bool:
        """Write the first embed codes of the run once, as soon as there are any."""
        if self._has_first or not self._store.reader.any_imported_since(self._first):
            return False
        self._has_first = True
        with suppress(RunFault):
            write_first_embed_codes(self._job.folder, self._store)
        self._csv.due_at = 0.0
        return True

    def _write_csv(self) -> None:
        write_results_csv(self._job.folder, self._store, running=True, rest=self._rest)

    def _write_all(self) -> None:
        event = self._store.reader.last_event()
        if event != self._shown:
            now = time.time()
            folder, store = self._job.folder, self._store
            write_results(folder, store, FORMATS, now=now, running=True, rest=self._rest)
            self._shown = event


def seconds_until_next(interval_seconds: float, duration_seconds: float) -> float:
    """Returns the seconds until the next refresh, if the last refresh took `duration_seconds`."""
    return max(interval_seconds, _TIME_DIVISOR * duration_seconds)
