"""A worker of the queue: a process for each job that it takes.

Each job has a process of its own, because a process that slept past the end of its lease is killed.
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
from batch_import.workflows.fleet import fleet_queue

#: A job whose process crashed so often without any progress in between is set aside.
_MAX_CRASHES: Final = 3
#: Signals that stop a worker, and that a terminal sends to the processes of its jobs as well.
HELD_SIGNALS: Final = frozenset({signal.SIGINT, signal.SIGTERM})


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """What a worker does.

    Attributes:
        url: of the database.
        accounts: names of the accounts whose jobs it takes.
        at_once: maximum number of jobs at once.
        command: starts the process of a job. It reads an order as a line of JSON, stops when its
            standard input is closed, and prints its end as a line of JSON.
        order: the same part of every order.
    """

    url: str
    accounts: Sequence[str]
    at_once: int
    command: Sequence[str]
    order: Mapping[str, Any]


def work(options: WorkerOptions, stop: threading.Event, say: Callable[[str], None]) -> None:
    """Take jobs from the queue until `stop` is set; then finish requests, and give jobs back.

    Args:
        say: called with a sentence for the log.

    Raises:
        UsageError: procrastinate is not installed.
        StateError: the database cannot be used.
    """
    fleet_queue().refuse_unprepared(options.url)
    from batch_import.fleet import worker

    async def run_job(job: str, is_stopped: asyncio.Event) -> worker.JobEnd:
        say(f"{job}: taken.")
        end, reason = await _run_job(options, job, is_stopped)
        say(f"{job}: {end}. {reason}".strip())
        return worker.JobEnd(end)

    asyncio.run(
        worker.work(
            worker.WorkerSetup(
                options.url, options.accounts, options.at_once, run_job, stop.is_set, say
            )
        )
    )


async def _run_job(options: WorkerOptions, job: str, is_stopped: asyncio.Event) -> tuple[str, str]:
    """Run a job until its end. Returns the end, and the reason."""
    try:
        process, printed = await _run_process(options, job, is_stopped)
    except OSError as error:  # no memory, no process, no file: the job is not at fault
        return "later", f"Its process cannot be started: {error.strerror}."
    return await asyncio.to_thread(_note_end, options.url, job, process, printed)


async def _run_process(
    options: WorkerOptions, job: str, is_stopped: asyncio.Event
) -> tuple[Process, bytes]:
    """Run the process of a job until its end. Returns the process, and what it printed."""
    with _held_signals():
        process = await asyncio.create_subprocess_exec(
            *options.command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
    assert process.stdin is not None  # noqa: S101 - a pipe was asked for
    assert process.stdout is not None  # noqa: S101
    started = Process.running(process.pid)
    order = json.dumps({**options.order, "database": options.url, "job": job})
    process.stdin.write(order.encode() + b"\n")
    stopping = asyncio.ensure_future(is_stopped.wait())
    reading = asyncio.ensure_future(process.stdout.read())
    await asyncio.wait({stopping, reading}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    process.stdin.close()
    printed = await reading
    await process.wait()
    return started, printed


@contextmanager
def _held_signals() -> Iterator[None]:
    """Hold back signals meanwhile, also in a process that is started: until it can handle them."""
    signal.pthread_sigmask(signal.SIG_BLOCK, HELD_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_SIGNALS)


def _note_end(url: str, job: str, process: Process, printed: bytes) -> tuple[str, str]:
    """Note the end of a job's process in the database. Returns the end, and the reason."""
    from batch_import.state import lease, submissions

    try:
        found = json.loads(printed.decode().strip().rpartition("\n")[2])
        end, reason, crashed = found["end"], found["reason"], False
    except ValueError:
        end, reason, crashed = "stopped", "Its process was killed.", True
    crashes = 0
    # Without the database, the next run of the job finds out what this run has left.
    with suppress(StateError):
        lease.record_exit(DatabaseState(url, job), process)
        crashes = submissions.note_end(url, job, reason, crashed=crashed)
    return ("set aside" if crashes >= _MAX_CRASHES and crashed else end), reason
