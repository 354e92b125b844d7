"""Results of a run that goes on, and of its end.

While it goes on, a process of its own writes them, at low priority: Python runs one thread
at a time, and the run must not wait for a spreadsheet. What it was writing when the run ends is
given up, and the results are written here. What that needs is imported while calls are under way.

This file must not know what the results are, nor who runs.
"""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Final

from batch_import.addresses.masking import added_masked_names
from batch_import.errors import RunFault
from batch_import.files import remove_partial_files
from batch_import.job import Job

#: Modules that the writing at the end needs.
_NEEDED: Final = (
    "batch_import.reports.writers.html_writer",
    "batch_import.reports.writers.xlsx_writer",
)
#: A process that finds this package wherever this one does, even in a notebook.
_PROGRAM: Final = (
    "import json, sys; order = json.loads(sys.stdin.readline()); sys.path[:] = order['path'];"
    " from batch_import.reports.refresh_process import main; main(order)"
)
#: Seconds that it is given to remove what it has written by half.
_PATIENCE: Final = 10.0
#: The lowest priority that Windows gives without slowing it down to nothing, and no Ctrl-C.
_ON_WINDOWS: Final = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0) | getattr(
    subprocess, "CREATE_NEW_PROCESS_GROUP", 0
)


@contextmanager
def refreshing(write: Callable[[], None], job: Job, every: float) -> Iterator[None]:
    """Keep results fresh for as long as this lasts, and write them at its end, whatever ends it.

    A refresh that fails is left to the next one, and to the writing at the end: a spreadsheet
    that somebody has open must not end an import.

    Args:
        write: writes them at the end. It is called in a thread of its own.
        job: whose results they are.
        every: seconds between two refreshes; more where one takes long.

    Raises:
        RunFault: the files cannot be written at the end, and nothing else went wrong.
    """
    with ThreadPoolExecutor(1, "results") as thread:
        thread.submit(_import_writers)
        try:
            with _refreshed(job, every):
                yield
        except BaseException:
            # What ended the run comes first: a full disk ends it, and keeps the results away, too.
            with suppress(RunFault):
                thread.submit(write).result()
            raise
        thread.submit(write).result()


def _import_writers() -> None:
    for name in _NEEDED:
        importlib.import_module(name)


@contextmanager
def _refreshed(job: Job, every: float) -> Iterator[None]:
    """Another process writes results meanwhile; without one, they are written at the end alone."""
    process = None
    with suppress(OSError):
        process = _start(job, every)
    try:
        yield
    finally:
        if process:
            _end(process)
        remove_partial_files(job.folder)


def _start(job: Job, every: float) -> subprocess.Popen[str]:
    process = subprocess.Popen(  # noqa: S603 - this very program
        [sys.executable, "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        # Ctrl-C is meant for the run, which ends the other one.
        start_new_session=True,
        creationflags=_ON_WINDOWS,
    )
    order = {
        "path": [os.path.abspath(entry) for entry in sys.path],  # noqa: PTH100 - "" is a folder
        "folder": str(job.folder.resolve()),
        "database": job.database,
        "every": every,
        "masked": sorted(added_masked_names()),
    }
    if process.stdin:
        with suppress(OSError):
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
    return process


def _end(process: subprocess.Popen[str]) -> None:
    """It ends when its standard input does, also where this process is killed."""
    if process.stdin:
        with suppress(OSError):
            process.stdin.close()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
