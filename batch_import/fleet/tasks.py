"""The tasks that procrastinate runs: import one job, and queue the jobs of dead workers again.

An *entry* is one job's place in the queue. A worker is *dead* if the queue has had no heartbeat of
it for some seconds; procrastinate calls its entries stalled. This module must not know how a job is
imported.
"""

from typing import TYPE_CHECKING, Any, Final

from procrastinate import App, JobContext, PsycopgConnector, RetryDecision
from procrastinate.jobs import Job as Entry
from procrastinate.retry import BaseRetryStrategy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

#: Names of the tasks in the tables of procrastinate.
IMPORT_TASK: Final = "batch_import:import_job"
STALLED_TASK: Final = "batch_import:retry_stalled_jobs"
#: Name of the queue of `STALLED_TASK`. All other queues have the name of an account, which cannot
#: contain a space.
STALLED_QUEUE: Final = "stalled jobs"
#: Seconds between two heartbeats of a worker, and seconds without a heartbeat after which a worker
#: counts as dead. The second is four times the first, so that a late heartbeat does no harm; and it
#: is short enough for another worker to take over a job within 15 seconds.
HEARTBEAT_SECONDS: Final = 1.5
STALLED_SECONDS: Final = 6.0
#: The times at which `STALLED_TASK` runs: every 2 seconds, in cron syntax with a field for seconds.
_STALLED_CRON: Final = "* * * * * */2"
#: Key in procrastinate's `additional_context` under which a worker passes the function that runs an
#: entry to `IMPORT_TASK`.
RUN_ENTRY: Final = "run_entry"


class RunAgain(Exception):
    """Raised by a task to put its job back into the queue.

    Args:
        seconds: number of seconds until a worker may take the job again.
    """

    def __init__(self, seconds: int = 0) -> None:
        super().__init__()
        self.seconds = seconds


class SetAside(Exception):
    """Raised by a task whose job cannot be run. The job waits until a person resumes it."""


class _RunAgainOnly(BaseRetryStrategy):
    """Makes procrastinate queue an entry again after `RunAgain`, and after no other exception."""

    def get_retry_decision(self, *, exception: BaseException, job: Entry) -> RetryDecision | None:
        """Returns when to run the entry again; None for never."""
        del job
        if isinstance(exception, RunAgain):
            return RetryDecision(retry_in={"seconds": exception.seconds})
        return None


async def _import_job(context: JobContext, job: str) -> None:
    """The task that imports the rows of one job, with the function of the worker."""
    run_entry: Callable[[JobContext, str], Awaitable[None]] = context.additional_context[RUN_ENTRY]
    await run_entry(context, job)


async def _retry_stalled_jobs(context: JobContext, timestamp: int) -> None:
    """The task that queues the entries of dead workers again."""
    del timestamp
    manager = context.app.job_manager
    for task in (IMPORT_TASK, STALLED_TASK):
        for entry in await manager.get_stalled_jobs(
            task_name=task, seconds_since_heartbeat=STALLED_SECONDS
        ):
            await manager.retry_job(entry)


def make_app(url: str, **pool_options: Any) -> App:
    """Returns procrastinate's object for the queue in a database, with the tasks of this module.

    Args:
        url: URL of the database; empty to use the environment variables PGHOST, PGDATABASE, ….
        pool_options: further arguments of the connection pool.
    """
    app = App(connector=PsycopgConnector(conninfo=url, min_size=1, **pool_options))
    app.task(name=IMPORT_TASK, pass_context=True, retry=_RunAgainOnly())(_import_job)
    stalled = app.task(
        name=STALLED_TASK, queue=STALLED_QUEUE, queueing_lock=STALLED_QUEUE, pass_context=True
    )
    app.periodic(cron=_STALLED_CRON)(stalled(_retry_stalled_jobs))
    return app
