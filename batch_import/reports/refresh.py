"""Write results during a run and at its end.

During the run, a separate process with low priority writes them: Python runs one thread at a time,
and the run must not wait for a workbook. If the run ends while a file is being written, that file
is discarded, and this process writes the results. The modules needed for this are imported while
requests are open.

This module must not know what the results are, nor who runs.
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

#: Modules that are needed to write the results at the end.
_WRITER_MODULES: Final = (
    "batch_import.reports.writers.html_writer",
    "batch_import.reports.writers.xlsx_writer",
)
#: Code of the process. It imports this package from the same path, even in a notebook.
_PROCESS_CODE: Final = (
    "import json, sys; order = json.loads(sys.stdin.readline()); sys.path[:] = order['path'];"
    " from batch_import.reports.refresh_process import main; main(order)"
)
#: How long the process has to delete files that are not complete.
_END_SECONDS: Final = 10.0
#: On Windows: low priority, but not the lowest, which would stop the process at times; and no
#: Ctrl-C.
_WINDOWS_FLAGS: Final = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0) | getattr(
    subprocess, "CREATE_NEW_PROCESS_GROUP", 0
)


@contextmanager
def refresh_results(write: Callable[[], None], job: Job, interval_seconds: float) -> Iterator[None]:
    """Refresh the results while this context is open, and write them at its end, whatever ends it.

    If a refresh fails, the next one, or the end of the run, writes the results. An import must not
    fail because somebody has opened a workbook.

    Args:
        write: writes the results at the end. It is called in a separate thread.
        job: the job of the results.
        interval_seconds: time between two refreshes. It is longer if a refresh takes long.

    Raises:
        RunFault: the files cannot be written at the end, and there is no other error.
    """
    with ThreadPoolExecutor(1, "results") as thread:
        thread.submit(_import_writers)
        try:
            with _refresh_process(job, interval_seconds):
                yield
        except BaseException:
            # The error that ended the run is more important, and may have the same cause.
            with suppress(RunFault):
                thread.submit(write).result()
            raise
        thread.submit(write).result()


def _import_writers() -> None:
    for name in _WRITER_MODULES:
        importlib.import_module(name)


@contextmanager
def _refresh_process(job: Job, interval_seconds: float) -> Iterator[None]:
    """Run the process that refreshes results. If it cannot start, the end writes them."""
    process = None
    with suppress(OSError):
        process = _start(job, interval_seconds)
    try:
        yield
    finally:
        if process:
            _end(process)
        remove_partial_files(job.folder)


def _start(job: Job, interval_seconds: float) -> subprocess.Popen[str]:
    process = subprocess.Popen(  # noqa: S603 - this very program
        [sys.executable, "-c", _PROCESS_CODE],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        # Ctrl-C is for the run, which then ends this process.
        start_new_session=True,
        creationflags=_WINDOWS_FLAGS,
    )
    order = {
        "path": [os.path.abspath(entry) for entry in sys.path],  # noqa: PTH100 - "" is a folder
        "folder": str(job.folder.resolve()),
        "database": job.database,
        "every": interval_seconds,
        "masked": sorted(added_masked_names()),
    }
    if process.stdin:
        with suppress(OSError):
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
    return process


def _end(process: subprocess.Popen[str]) -> None:
    """End the process by closing its standard input. The same happens if this process is killed."""
    if process.stdin:
        with suppress(OSError):
            process.stdin.close()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
