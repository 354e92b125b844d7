"""A worker: takes jobs from the queue, and starts a process for each job.

Each job has a process of its own. If the process of a job was asleep when its lease ended, it is
killed. In a common process, this would end the other jobs, too.

This module must not know what such a process does, nor how its command line is made.
"""

import asyncio
import json
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from batch_import.errors import StateError
from batch_import.job import DatabaseState
from batch_import.state.machine import Process
from batch_import.workflows.fleet import load_queue_module

#: Number of crashes of a job's process, without any progress in between, after which the job is not
#: started again.
_MAX_CRASHES: Final = 3
#: Signals that stop a worker. A terminal also sends them to the processes of the worker's jobs.
STOP_SIGNALS: Final = frozenset({signal.SIGINT, signal.SIGTERM})


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """The options of a worker.

    Attributes:
        url: URL of the database.
        accounts: names of the accounts whose jobs it takes.
        max_jobs: maximum number of jobs that run at the same time.
        command: the command line of a job's process. The process reads a job order from its
            standard input as one line of JSON, stops its run when the standard input is closed, and
            prints how the run ended as one line of JSON.
        common_order: the fields that are the same in every job order.
    """

    url: str
    accounts: Sequence[str]
    max_jobs: int
    command: Sequence[str]
    common_order: Mapping[str, Any]


def work(options: WorkerOptions, stop: threading.Event, log: Callable[[str], None]) -> None:
    """Run jobs of the queue until `stop` is set.

    Then the running jobs finish their requests in progress, and are put back into the queue.

    Args:
        log: called with a sentence for the log.

    Raises:
        UsageError: procrastinate is not installed.
        StateError: the database cannot be used.
    """
    load_queue_module().refuse_unprepared(options.url)
    from batch_import.fleet.worker import JobEnd, WorkerSetup
    from batch_import.fleet.worker import work as take_jobs

    async def run_job(job: str, is_stopped: asyncio.Event) -> JobEnd:
        log(f"{job}: taken.")
        end, reason = await _run_job(options, job, is_stopped)
        log(f"{job}: {end}. {reason}".strip())
        return JobEnd(end)

    setup = WorkerSetup(options.url, options.accounts, options.max_jobs, run_job, stop.is_set, log)
    asyncio.run(take_jobs(setup))


async def _run_job(options: WorkerOptions, job: str, is_stopped: asyncio.Event) -> tuple[str, str]:
    """Run a job until it ends or `is_stopped` is set.

    Returns:
        The value of a `JobEnd`, such as `stopped`, and a sentence with the reason, which may be
        empty.
    """
    try:
        process, output = await _run_process(options, job, is_stopped)
    except OSError as error:  # too little memory, too many processes or open files
        return "later", f"Its process cannot be started: {error.strerror}."
    return await asyncio.to_thread(_record_end, options.url, job, process, output)


async def _run_process(
    options: WorkerOptions, job: str, is_stopped: asyncio.Event
) -> tuple[Process, bytes]:
    """Run the process of a job until it ends. Returns the process, and its standard output."""
    with _stop_signals_blocked():
        process = await asyncio.create_subprocess_exec(
            *options.command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
    assert process.stdin is not None  # noqa: S101 - because of PIPE
    assert process.stdout is not None  # noqa: S101
    identified_process = Process.running(process.pid)
    order = json.dumps({**options.common_order, "database": options.url, "job": job})
    process.stdin.write(order.encode() + b"\n")
    stopping = asyncio.ensure_future(is_stopped.wait())
    reading = asyncio.ensure_future(process.stdout.read())
    await asyncio.wait({stopping, reading}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    process.stdin.close()
    output = await reading
    await process.wait()
    return identified_process, output


@contextmanager
def _stop_signals_blocked() -> Iterator[None]:
    """Block the stop signals inside the `with` block.

    A process that is started there inherits this, and unblocks the signals when it can handle them.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


def _record_end(url: str, job: str, process: Process, output: bytes) -> tuple[str, str]:
    """Record the end of a job's process in the database. Returns the same as `_run_job`."""
    from batch_import.state import lease, submissions

    try:
        last_line = output.decode().strip().rpartition("\n")[2]
        printed = json.loads(last_line)
        end, reason, has_crashed = printed["end"], printed["reason"], False
    except ValueError:
        end, reason, has_crashed = "stopped", "Its process was killed.", True
    crash_count = 0
    # If the database cannot be used, the next run of the job waits until the lease has ended.
    with suppress(StateError):
        lease.record_exit(DatabaseState(url, job), process)
        crash_count = submissions.note_end(url, job, reason, crashed=has_crashed)
    if has_crashed and crash_count >= _MAX_CRASHES:
        end = "set aside"
    return end, reason
