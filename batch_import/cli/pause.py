"""`batch-import pause`."""

from batch_import.cli.command import Invocation, command
from batch_import.cli.queue_change import OPTIONS, change_jobs, jobs_argument


@command(
    options=OPTIONS,
    arguments=[jobs_argument()],
    examples=("batch-import pause library",),
)
def pause(invocation: Invocation) -> int:
    """Take jobs out of the queue until they are resumed."""
    from batch_import.workflows import fleet

    def pause_job(url: str, job: str) -> str:
        return "paused." if fleet.pause(url, job) else "paused; it was not in the queue."

    return change_jobs(invocation, pause_job)
