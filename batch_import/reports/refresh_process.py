"""The process that writes results during a run. `refresh.py` starts it.

It reads the job database while the run writes to it. It ends when its standard input is closed. The
first embed codes are written as soon as there are any, with normal priority; everything else is
written with the lowest priority. This module must not know what the results are.
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

#: After a refresh, the next one starts not before this multiple of its duration. Therefore
#: refreshes take at most a fifth of the time of a run.
_MIN_INTERVAL_FACTOR: Final = 5
#: During a refresh, the process sleeps for this multiple of the CPU time that it uses. Even work on
#: another processor core slows down the run, because cores share caches, memory and heat. Together
#: with the factor above, the process uses a twentieth of a core.
_SLEEP_FACTOR: Final = 3
#: Seconds between two checks of the job database for new embed codes.
_CHECK_SECONDS: Final = 0.5
#: The highest value of `nice` on POSIX systems.
_LOWEST_PRIORITY: Final = 19


def main(options: Mapping[str, Any]) -> None:
    """Write results again and again, until the process is ended.

    Args:
        options: `folder` and `database` (may be empty) of the job; `interval_seconds`, the time
            between two refreshes; `masked_names`, names of URL parameters to mask.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _exit)
    threading.Thread(target=_exit_at_end_of_input, daemon=True).start()
    gc.set_threshold(100_000)  # as in the command line: rows have no reference cycles
    add_masked_names(options["masked_names"])
    job = Job(Path(options["folder"]), options["database"])
    try:
        with Store(job.state) as store:
            _Refresher(job, store, options["interval_seconds"]).run()
    finally:
        os._exit(0)  # without cleanup, because the run waits for the end of this process


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
    """A function that sleeps in proportion to the CPU time that was used since the previous call.

    Args:
        cpu_clock: returns the CPU seconds that the process has used so far.
        sleep: called with the number of seconds to sleep.
    """

    def __init__(self, cpu_clock: Callable[[], float], sleep: Callable[[float], object]) -> None:
        self._cpu_clock = cpu_clock
        self._sleep = sleep
        self._previous_seconds = cpu_clock()

    def __call__(self) -> None:
        """Sleep."""
        self._sleep(_SLEEP_FACTOR * max(0.0, self._cpu_clock() - self._previous_seconds))
        self._previous_seconds = self._cpu_clock()


@dataclass(slots=True)
class RepeatedTask:
    """A task that is repeated at intervals, which are longer if the task takes long.

    Attributes:
        work: the task.
        interval_seconds: minimum number of seconds between two runs.
        due_at: when the task runs next, in seconds of the monotonic clock.
    """

    work: Callable[[], None]
    interval_seconds: float
    due_at: float

    def run(self, clock: Callable[[], float]) -> None:
        """Run the task now. If it fails, it runs again at the next time.

        Args:
            clock: returns the seconds of the monotonic clock.
        """
        started_at = clock()
        with suppress(RunFault):
            self.work()
        self.due_at = clock() + seconds_until_next(self.interval_seconds, clock() - started_at)


class _Refresher:
    """Writes results while a run is in progress."""

    def __init__(self, job: Job, store: Store, interval_seconds: float) -> None:
        self._job = job
        self._store = store
        #: Numbers of events (status changes of rows): the last before the run, and the last in the
        #: files.
        self._start_event = self._written_event = store.reader.last_event()
        self._has_embed_codes = False
        self._throttle = CpuThrottle(time.process_time, time.sleep)
        due_at = time.monotonic() + interval_seconds
        self._csv_task = RepeatedTask(self._write_csv, interval_seconds, due_at)
        self._all_task = RepeatedTask(self._write_all, interval_seconds, due_at)

    def run(self) -> None:
        """Run until the process is ended."""
        while not self._write_first_codes() and time.monotonic() < self._csv_task.due_at:
            time.sleep(_CHECK_SECONDS)
        if hasattr(os, "nice"):
            os.nice(_LOWEST_PRIORITY)
        while True:
            if self._write_first_codes() or time.monotonic() >= self._csv_task.due_at:
                self._csv_task.run(time.monotonic)
            # Until the first embed code is written, no long task may delay it.
            elif self._has_embed_codes and time.monotonic() >= self._all_task.due_at:
                self._all_task.run(time.monotonic)
            time.sleep(_CHECK_SECONDS)

    def _write_first_codes(self) -> bool:
        """Write the first embed codes of the run, as soon as there are any.

        Returns:
            Whether they were written by this call.
        """
        if self._has_embed_codes or not self._store.reader.any_imported_since(self._start_event):
            return False
        self._has_embed_codes = True
        with suppress(RunFault):
            write_first_embed_codes(self._job.folder, self._store)
        self._csv_task.due_at = 0.0
        return True

    def _write_csv(self) -> None:
        write_results_csv(self._job.folder, self._store, is_running=True, throttle=self._throttle)

    def _write_all(self) -> None:
        """Write all files, if a row has changed since they were written."""
        event = self._store.reader.last_event()
        if event != self._written_event:
            write_results(
                self._job.folder,
                self._store,
                FORMATS,
                now=time.time(),
                is_running=True,
                throttle=self._throttle,
            )
            self._written_event = event


def seconds_until_next(interval_seconds: float, duration_seconds: float) -> float:
    """Returns the seconds until the next refresh, after a refresh that took `duration_seconds`."""
    return max(interval_seconds, _MIN_INTERVAL_FACTOR * duration_seconds)
