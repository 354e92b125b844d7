"""The process that writes results while a run goes on: `refresh.py` starts it.

It reads the job's state beside the run. It ends when its standard input does. This file must not
know what the results are.
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

#: Writing takes at most one part in so many of a run's time,
_SHARE: Final = 5
#: and meanwhile rests for so many times the CPU time that it uses: processors share caches, memory
#: and heat, so that even another one's work slows the run. Together, a twentieth of a processor.
_RESTS: Final = 3
#: Seconds between two looks at the state: a new embed code is in `results.csv` soon after.
_LOOK_EVERY: Final = 0.5
_LOWEST_PRIORITY: Final = 19


def main(order: Mapping[str, Any]) -> None:
    """Write results again and again.

    Args:
        order: the job's `folder`, its `database` or an empty text, `every` how many seconds, and
            parameters to be `masked`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_leave_at_the_end_of_input, daemon=True).start()
    gc.set_threshold(100_000)  # as the command does: rows hold no cycles
    add_masked_names(order["masked"])
    job = Job(Path(order["folder"]), order["database"])
    try:
        with Store(job.state) as store:
            _Refresher(job, store, order["every"]).run()
    finally:
        os._exit(0)  # nothing is left to be done, and the run waits


def _leave(*_: object) -> None:
    sys.exit()


def _leave_at_the_end_of_input() -> None:
    sys.stdin.read()
    if hasattr(signal, "pthread_kill"):
        # A signal of its own wakes the thread that sleeps.
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
    else:
        signal.raise_signal(signal.SIGTERM)


class Rest:
    """Lets a processor rest after work on it.

    Args:
        clock: CPU seconds that were used.
        sleep: takes seconds.
    """

    def __init__(self, clock: Callable[[], float], sleep: Callable[[float], object]) -> None:
        self._clock = clock
        self._sleep = sleep
        self._before = clock()

    def __call__(self) -> None:
        """Rest for as long as the work since the last rest is worth."""
        self._sleep(_RESTS * max(0.0, self._clock() - self._before))
        self._before = self._clock()


@dataclass(slots=True)
class Repeated:
    """Something that is done again and again, and less often where it takes long.

    Attributes:
        every: seconds.
        due: when it is done next; a time of a monotonic clock, in seconds, as all times here.
    """

    work: Callable[[], None]
    every: float
    due: float

    def do(self, clock: Callable[[], float]) -> None:
        """Do it; one that fails is left to the next time."""
        began = clock()
        with suppress(RunFault):
            self.work()
        self.due = clock() + pause(self.every, clock() - began)


class _Refresher:
    def __init__(self, job: Job, store: Store, every: float) -> None:
        self._job = job
        self._store = store
        self._first = self._shown = store.reader.last_event()
        self._has_first = False
        self._rest = Rest(time.process_time, time.sleep)
        now = time.monotonic()
        self._csv = Repeated(self._write_csv, every, now + every)
        self._all = Repeated(self._write_all, every, now + every)

    def run(self) -> None:
        """Until somebody leaves."""
        while not self._write_first() and time.monotonic() < self._csv.due:
            time.sleep(_LOOK_EVERY)
        if hasattr(os, "nice"):
            os.nice(_LOWEST_PRIORITY)
        while True:
            if self._write_first() or time.monotonic() >= self._csv.due:
                self._csv.do(time.monotonic)
            # Before there is an embed code, nothing that takes long may delay it.
            elif self._has_first and time.monotonic() >= self._all.due:
                self._all.do(time.monotonic)
            time.sleep(_LOOK_EVERY)

    def _write_first(self) -> bool:
        """Write the run's first embed codes, once, as soon as there are any."""
        if self._has_first or not self._store.reader.any_imported_since(self._first):
            return False
        self._has_first = True
        with suppress(RunFault):
            write_first_embed_codes(self._job.folder, self._store)
        self._csv.due = 0.0
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


def pause(every: float, took: float) -> float:
    """Seconds until the next refresh, when the last one took so long."""
    return max(every, _SHARE * took)
