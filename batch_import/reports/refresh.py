"""Writes the results during a run and at its end.

During the run, a separate process with low priority writes them. A thread would delay the run,
because Python runs one thread at a time. If the run ends while the process is writing a file, the
incomplete file is deleted, and the process of the run writes the results. The modules for writing
are imported while the run waits for responses.

This module must not know what the results are, nor which command runs.
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

#: Modules for writing results, which take long to import.
_WRITER_MODULES: Final = (
    "batch_import.reports.writers.html_writer",
    "batch_import.reports.writers.xlsx_writer",
)
#: Python code of the process. It reads its options from standard input. It takes the module search
#: path from the options, because the package may have been imported from anywhere, as in a
#: notebook.
_PROCESS_CODE: Final = (
    "import json, sys; options = json.loads(sys.stdin.readline()); sys.path[:] = options['path'];"
    " from batch_import.reports.refresh_process import main; main(options)"
)
#: Maximum number of seconds for the process to end and to delete incomplete files.
_END_SECONDS: Final = 10.0
#: On Windows: a low priority, and no Ctrl-C. With the lowest priority, the process might get no CPU
#: time at all.
_WINDOWS_FLAGS: Final = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0) | getattr(
    subprocess, "CREATE_NEW_PROCESS_GROUP", 0
)


@contextmanager
def refresh_results(write: Callable[[], None], job: Job, interval_seconds: float) -> Iterator[None]:
    """Refresh the results during the `with` block, and write them at its end, even after an error.

    A refresh that fails is ignored, because an import must not fail only because a person has
    opened the workbook. The next refresh or the end of the block writes the results.

    Args:
        write: writes the results at the end. It is called in a separate thread.
        job: the job of the results.
        interval_seconds: number of seconds between two refreshes. The time is longer if a refresh
            takes long.

    Raises:
        RunFault: the files cannot be written at the end, and the block raised no other error.
    """
    with ThreadPoolExecutor(1, "results") as thread:
        thread.submit(_import_writers)
        try:
            with _refresh_process(job, interval_seconds):
                yield
        except BaseException:
            # The error that ended the run is more important than an error of writing.
            with suppress(RunFault):
                thread.submit(write).result()
            raise
        thread.submit(write).result()


def _import_writers() -> None:
    for name in _WRITER_MODULES:
        importlib.import_module(name)


@contextmanager
def _refresh_process(job: Job, interval_seconds: float) -> Iterator[None]:
    """Run the process that refreshes results during the `with` block.

    If the process cannot be started, the results are only written at the end of the run.
    """
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
    """Start the process, and write its options to its standard input."""
    process = subprocess.Popen(  # noqa: S603 - the code is our own
        [sys.executable, "-c", _PROCESS_CODE],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        # Ctrl-C must reach only the run, which then ends the process.
        start_new_session=True,
        creationflags=_WINDOWS_FLAGS,
    )
    options = {
        "path": [os.path.abspath(entry) for entry in sys.path],  # noqa: PTH100 - "" is a folder
        "folder": str(job.folder.resolve()),
        "database": job.database,
        "interval_seconds": interval_seconds,
        "masked_names": sorted(added_masked_names()),
    }
    if process.stdin:
        with suppress(OSError):
            process.stdin.write(json.dumps(options) + "\n")
            process.stdin.flush()
    return process


def _end(process: subprocess.Popen[str]) -> None:
    """End the process by closing its standard input, as also happens if this process is killed."""
    if process.stdin:
        with suppress(OSError):
            process.stdin.close()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
