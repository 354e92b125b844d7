"""A worker: takes jobs of some accounts from the queue, and runs several jobs at the same time.

An *entry* is one job's place in the queue. A worker sends heartbeats to the queue. If they stop,
for example because the machine was suspended, the queue counts the worker as dead and gives its
jobs to other workers; the worker is then *replaced*, and must end. This module must not know how a
job is run: its caller passes a function for that.
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

#: Seconds between two queries for waiting entries. The database notifies the worker of a new entry
#: at once, but not of an entry that goes back into the queue.
_POLL_SECONDS: Final = 1.0
#: Seconds between two checks whether the worker must stop.
_STOP_CHECK_SECONDS: Final = 0.2
#: Seconds until the worker connects again to a database that cannot be reached.
_RECONNECT_SECONDS: Final = 2.0
#: Seconds until a job runs again after its run gave up, because the platform or the database could
#: not be reached for some time.
_RETRY_SECONDS: Final = 300
#: Exit code of a worker that was replaced. The service manager that started it must start it again.
_EXIT_REPLACED: Final = 3


class JobEnd(StrEnum):
    """How the process of a job ended. The process prints the value."""

    #: The run has ended. The job leaves the queue.
    ENDED = "ended"
    #: The run was stopped before its end. The job goes back into the queue.
    STOPPED = "stopped"
    #: The platform or the database cannot be reached. The job runs again after some minutes.
    LATER = "later"
    #: The job cannot be run. It does not run again before a person resumes it.
    SET_ASIDE = "set aside"


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """The options of a worker, and the functions that it calls.

    Attributes:
        url: URL of the database.
        accounts: names of the accounts whose jobs the worker takes.
        at_once: maximum number of jobs that run at the same time.
        run_job: a function that runs the job with a name until it ends, or until the event is set.
        is_stopped: a function that returns whether the worker must stop.
        say: called with a sentence for the log.
    """

    url: str
    accounts: Sequence[str]
    at_once: int
    run_job: Callable[[str, asyncio.Event], Awaitable[JobEnd]]
    is_stopped: Callable[[], bool]
    say: Callable[[str], None]


async def work(setup: WorkerSetup) -> None:
    """Run a worker until it is stopped. If the database cannot be reached, it connects again."""
    while not setup.is_stopped():
        try:
            await _Worker(setup).run()
        except ConnectorException:
            setup.say("The database cannot be reached. Trying again.")
        with suppress(TimeoutError):
            await asyncio.wait_for(_wait_for_stop(setup.is_stopped), _RECONNECT_SECONDS)


async def _wait_for_stop(is_stopped: Callable[[], bool]) -> None:
    """Wait until the worker must stop."""
    while not is_stopped():  # noqa: ASYNC110 - changed by a signal handler, outside of the event loop
        await asyncio.sleep(_STOP_CHECK_SECONDS)


class _Worker:
    """A worker while it is connected to the database."""

    def __init__(self, setup: WorkerSetup) -> None:
        self._setup = setup
        # Four connections: two procrastinate workers, each with one for heartbeats and one for
        # jobs.
        options = {"application_name": "batch-import worker", **NETWORK_OPTIONS}
        self._app: App = make_app(setup.url, max_size=4, kwargs=options)
        self._is_replaced = asyncio.Event()
        #: For each running job, the event that stops the job.
        self._stop_events: set[asyncio.Event] = set()
        self._running_jobs: set[asyncio.Future[JobEnd]] = set()

    async def run(self) -> None:
        """Take jobs until the worker is stopped, or until the database cannot be reached.

        Raises:
            ConnectorException: the database cannot be reached.
        """
        async with self._app.open_async():
            # A second procrastinate worker queues the jobs of dead workers again, even while the
            # first has its maximum number of jobs.
            workers = [
                asyncio.create_task(self._work(self._setup.accounts, self._setup.at_once)),
                asyncio.create_task(self._work([STALLED_QUEUE], 1, delete_jobs="always")),
            ]
            stop_task = asyncio.create_task(_wait_for_stop(self._setup.is_stopped))
            # This task also runs while the workers stop, because they send no heartbeats then.
            replaced_task = asyncio.create_task(self._end_if_replaced())
            await asyncio.wait([*workers, stop_task], return_when=asyncio.FIRST_COMPLETED)
            for worker in workers:
                worker.cancel()
            worker_results = await asyncio.gather(*workers, return_exceptions=True)
            for task in (stop_task, replaced_task):
                task.cancel()
        for result in worker_results:
            if isinstance(result, Exception):
                raise result

    def _work(self, queues: Sequence[str], at_once: int, **more_options: Any) -> Any:
        """Returns the coroutine of a procrastinate worker for some queues."""
        return self._app.run_worker_async(
            queues=queues,
            concurrency=at_once,
            fetch_job_polling_interval=_POLL_SECONDS,
            abort_job_polling_interval=_POLL_SECONDS,
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            stalled_worker_timeout=STALLED_SECONDS,
            # Jobs are requested to stop at once; they finish their requests to the platform.
            shutdown_graceful_timeout=0,
            install_signal_handlers=False,
            additional_context={RUN_ENTRY: self._run_entry},
            **more_options,
        )

    async def _end_if_replaced(self) -> None:
        """Wait until this worker is replaced; then stop its jobs and end the process.

        The process ends without cleanup, because procrastinate would otherwise store that the jobs
        have ended, although other workers are running them.
        """
        await self._is_replaced.wait()
        is_stopped = self._setup.is_stopped()
        if not is_stopped:
            self._setup.say(
                f"This worker sent no heartbeat for more than {STALLED_SECONDS:.0f} s, so its jobs"
                " were given to other workers. It ends; start it again."
            )
        for stop_event in self._stop_events:
            stop_event.set()
        if self._running_jobs:
            await asyncio.wait(self._running_jobs)
        os._exit(0 if is_stopped else _EXIT_REPLACED)

    async def _run_entry(self, context: JobContext, job: str) -> None:
        """Run the job of an entry. How it ends decides what procrastinate does with the entry.

        Raises:
            RunAgain: the job goes back into the queue.
            SetAside: the job cannot be run.
            JobAborted: a person has paused or cancelled the job.
        """
        end = await self._run_job(context, job)
        if not await self._has_entry(context):
            self._is_replaced.set()
            # Wait until the process ends; procrastinate must not store the end of this entry.
            await asyncio.Event().wait()
        if end is JobEnd.STOPPED:
            # A person has stopped this job, or the whole worker is stopping.
            is_withdrawn = context.abort_reason() is AbortReason.USER_REQUEST
            raise JobAborted if is_withdrawn else RunAgain
        if end is JobEnd.LATER:
            raise RunAgain(_RETRY_SECONDS)
        if end is JobEnd.SET_ASIDE:
            raise SetAside

    async def _run_job(self, context: JobContext, job: str) -> JobEnd:
        """Run one job until its end, even if this task is cancelled.

        procrastinate cancels the task to stop the job. The job is then requested to stop, and
        finishes its requests.
        """
        stop_event = asyncio.Event()
        running_job = asyncio.ensure_future(self._setup.run_job(job, stop_event))
        self._stop_events.add(stop_event)
        self._running_jobs.add(running_job)
        try:
            while not running_job.done():
                with suppress(CancelledError):
                    await asyncio.wait({running_job}, timeout=STALLED_SECONDS)
                if context.should_abort():
                    stop_event.set()
                elif not running_job.done() and not await self._has_entry(context):
                    self._is_replaced.set()
            return running_job.result()
        finally:
            self._stop_events.discard(stop_event)
            self._running_jobs.discard(running_job)

    async def _has_entry(self, context: JobContext) -> bool:
        """Whether this worker still has an entry; False if the queue gave it to another worker."""
        try:
            (entry,) = await self._app.job_manager.list_jobs_async(id=context.job.id)
        except (ConnectorException, ValueError):
            # Unknown. This is safe, because the job's lease decides who may send rows.
            return True
        return entry.worker_id == context.job.worker_id and entry.status == "doing"
