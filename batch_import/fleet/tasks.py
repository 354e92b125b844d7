"""The tasks that procrastinate runs: import one job, and queue the jobs of dead workers again.

This module must not know how a job is imported.
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
#: Queue of the second task. Every other queue has the name of an account, which has no space.
STALLED_QUEUE: Final = "stalled jobs"
#: Seconds between two heartbeats of a worker, and until a worker without one counts as dead. Four
#: heartbeats may be late, and the jobs of a dead worker are still taken over within 15 seconds.
HEARTBEAT_SECONDS: Final = 1.5
STALLED_SECONDS: Final = 6.0
#: When dead workers are looked for: every 2 seconds, as cron with a column for seconds.
_STALLED_CRON: Final = "* * * * * */2"
#: Name under which a worker hands the function that runs one entry to the task.
RUN_ENTRY: Final = "run_entry"


class RunAgain(Exception):
    """A job goes back into the queue.

    Args:
        seconds: until it may be taken again.
    """

    def __init__(self, seconds: int = 0) -> None:
        super().__init__()
        self.seconds = seconds


class SetAside(Exception):
    """A job cannot be run. It is not tried again before a person resumes it."""


class _RunAgainOnly(BaseRetryStrategy):
    """Queues an entry again only after `RunAgain`."""

    def get_retry_decision(self, *, exception: BaseException, job: Entry) -> RetryDecision | None:
        """When to run the entry again; None for never."""
        del job
        if isinstance(exception, RunAgain):
            return RetryDecision(retry_in={"seconds": exception.seconds})
        return None


async def _import_job(context: JobContext, job: str) -> None:
    """Import the rows of one job."""
    run_entry: Callable[[JobContext, str], Awaitable[None]] = context.additional_context[RUN_ENTRY]
    await run_entry(context, job)


async def _retry_stalled_jobs(context: JobContext, timestamp: int) -> None:
    """Queue the jobs of workers that have no heartbeat again."""
    del timestamp
    manager = context.app.job_manager
    for task in (IMPORT_TASK, STALLED_TASK):
        for entry in await manager.get_stalled_jobs(
            task_name=task, seconds_since_heartbeat=STALLED_SECONDS
        ):
            await manager.retry_job(entry)


def make_app(url: str, **pool: Any) -> App:
    """The queue of a database, as procrastinate's own tools know it.

    Args:
        url: URL of the database; empty if the variables PGHOST, PGDATABASE, … give it.
        pool: further arguments of the connection pool.
    """
    app = App(connector=PsycopgConnector(conninfo=url, min_size=1, **pool))
    app.task(name=IMPORT_TASK, pass_context=True, retry=_RunAgainOnly())(_import_job)
    stalled = app.task(
        name=STALLED_TASK, queue=STALLED_QUEUE, queueing_lock=STALLED_QUEUE, pass_context=True
    )
    app.periodic(cron=_STALLED_CRON)(stalled(_retry_stalled_jobs))
    return app
