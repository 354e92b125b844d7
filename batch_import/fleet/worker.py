"""A worker: takes jobs of some accounts from the queue, as many at once as it may.

This module must not know how a job is run: its caller passes a function for that.
"""

import asyncio
import os
from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from procrastinate import App, JobContext
from procrastinate.exceptions import ConnectorException, JobAborted
from procrastinate.job_context import AbortReason

from batch_import.fleet.tasks import (
    HEARTBEAT_SECONDS,
    RUN_ENTRY,
    STALLED_QUEUE,
    STALLED_SECONDS,
    RunAgain,
    SetAside,
    make_app,
)
from batch_import.state.postgres import NETWORK_OPTIONS

#: Seconds between two looks into the queue. An entry that is added notifies the worker at once; one
#: that goes back into the queue does not.
_POLL_SECONDS: Final = 1.0
#: Seconds between two looks whether the worker is to stop.
_STOP_SECONDS: Final = 0.2
#: Seconds until a database that is away is tried again.
_AWAY_SECONDS: Final = 2.0
#: Seconds until a job is tried again after the platform was out of reach for `give_up_after`.
_LATER_SECONDS: Final = 300
#: Exit code of a worker whose jobs were given to others: whatever started it is to start it again.
_REPLACED: Final = 3


class JobEnd(StrEnum):
    """How a job's process ended, as it prints it; and what follows."""

    #: The run has ended. Nothing follows.
    ENDED = "ended"
    #: It was stopped in the middle. The job goes back into the queue.
    STOPPED = "stopped"
    #: The platform or the database cannot be reached. The job is tried again after some minutes.
    LATER = "later"
    #: The job cannot be run. It is not tried again before a person resumes it.
    SET_ASIDE = "set aside"


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """What a worker needs to take jobs and to run them.

    Attributes:
        url: of the database.
        accounts: names of the accounts whose jobs it takes.
        at_once: maximum number of jobs at once.
        run_job: runs one job until its end, or until the event is set.
        is_stopped: whether the worker is to stop.
        say: called with a sentence for the log.
    """

    url: str
    accounts: Sequence[str]
    at_once: int
    run_job: Callable[[str, asyncio.Event], Awaitable[JobEnd]]
    is_stopped: Callable[[], bool]
    say: Callable[[str], None]


async def work(wanted: WorkerSetup) -> None:
    """Take jobs until the worker is stopped. The database may be away meanwhile."""
    while not wanted.is_stopped():
        try:
            await _Worker(wanted).run()
        except ConnectorException:
            wanted.say("The database is away. Trying again.")
        with suppress(TimeoutError):
            await asyncio.wait_for(_until(wanted.is_stopped), _AWAY_SECONDS)


async def _until(is_stopped: Callable[[], bool]) -> None:
    """Wait until the worker is to stop."""
    while not is_stopped():  # noqa: ASYNC110 - a signal handler sets it, outside of the loop
        await asyncio.sleep(_STOP_SECONDS)


class _Worker:
    """One connection of a worker to the queue."""

    def __init__(self, wanted: WorkerSetup) -> None:
        self._wanted = wanted
        # Four: heartbeats and fetching, of two workers.
        options = {"application_name": "batch-import worker", **NETWORK_OPTIONS}
        self._app: App = make_app(wanted.url, max_size=4, kwargs=options)
        self._replaced = asyncio.Event()
        self._stops: set[asyncio.Event] = set()
        self._running: set[asyncio.Future[JobEnd]] = set()

    async def run(self) -> None:
        """Take jobs until the worker is stopped, or until the database is away.

        Raises:
            ConnectorException: the database is away.
        """
        async with self._app.open_async():
            # A worker of its own looks for stalled jobs, also while all places are taken.
            workers = [
                asyncio.create_task(self._work(self._wanted.accounts, self._wanted.at_once)),
                asyncio.create_task(self._work([STALLED_QUEUE], 1, delete_jobs="always")),
            ]
            stopping = asyncio.create_task(_until(self._wanted.is_stopped))
            # It goes on while the workers stop: they have no heartbeat then.
            replaced = asyncio.create_task(self._until_replaced())
            await asyncio.wait([*workers, stopping], return_when=asyncio.FIRST_COMPLETED)
            for worker in workers:
                worker.cancel()
            ended = await asyncio.gather(*workers, return_exceptions=True)
            for task in (stopping, replaced):
                task.cancel()
        for error in ended:
            if isinstance(error, Exception):
                raise error

    def _work(self, queues: Sequence[str], at_once: int, **more: Any) -> Any:
        return self._app.run_worker_async(
            queues=queues,
            concurrency=at_once,
            fetch_job_polling_interval=_POLL_SECONDS,
            abort_job_polling_interval=_POLL_SECONDS,
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            stalled_worker_timeout=STALLED_SECONDS,
            # Jobs are stopped at once; they finish their requests.
            shutdown_graceful_timeout=0,
            install_signal_handlers=False,
            additional_context={RUN_ENTRY: self._run_entry},
            **more,
        )

    async def _until_replaced(self) -> None:
        """End this process if its jobs were given to other workers.

        procrastinate would note the end of a job that is another worker's by now.
        """
        await self._replaced.wait()
        is_stopped = self._wanted.is_stopped()
        if not is_stopped:
            self._wanted.say(
                f"This worker was silent for more than {STALLED_SECONDS:.0f} s, so its jobs were"
                " given to others. It ends; start it again."
            )
        for stop in self._stops:
            stop.set()
        if self._running:
            await asyncio.wait(self._running)
        os._exit(0 if is_stopped else _REPLACED)

    async def _run_entry(self, context: JobContext, job: str) -> None:
        """Run one job.

        Raises:
            RunAgain, SetAside, JobAborted: as procrastinate is to note the end.
        """
        end = await self._run_job(context, job)
        if not await self._is_mine(context):
            self._replaced.set()
            await asyncio.Event().wait()
        if end is JobEnd.STOPPED and context.abort_reason() is AbortReason.USER_REQUEST:
            raise JobAborted
        if end is JobEnd.STOPPED:
            raise RunAgain
        if end is JobEnd.LATER:
            raise RunAgain(_LATER_SECONDS)
        if end is JobEnd.SET_ASIDE:
            raise SetAside

    async def _run_job(self, context: JobContext, job: str) -> JobEnd:
        """Run one job until its end. procrastinate stops it by cancelling this task."""
        stop = asyncio.Event()
        running = asyncio.ensure_future(self._wanted.run_job(job, stop))
        self._stops.add(stop)
        self._running.add(running)
        try:
            while not running.done():
                with suppress(CancelledError):
                    await asyncio.wait({running}, timeout=STALLED_SECONDS)
                if context.should_abort():
                    stop.set()
                elif not running.done() and not await self._is_mine(context):
                    self._replaced.set()
            return running.result()
        finally:
            self._stops.discard(stop)
            self._running.discard(running)

    async def _is_mine(self, context: JobContext) -> bool:
        """Whether the queue has not given an entry to another worker."""
        try:
            (entry,) = await self._app.job_manager.list_jobs_async(id=context.job.id)
        except (ConnectorException, ValueError):
            return True  # nobody can tell; the job's lease is what counts
        return entry.worker_id == context.job.worker_id and entry.status == "doing"
