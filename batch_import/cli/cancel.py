"""`batch-import cancel`."""

from batch_import.cli.command import Invocation, command
from batch_import.cli.queue_change import OPTIONS, change_jobs, jobs_argument


@command(
    options=OPTIONS,
    arguments=[jobs_argument()],
    examples=("batch-import cancel library",),
)
def cancel(invocation: Invocation) -> int:
    """Take jobs out of the queue for good."""
    from batch_import.workflows import fleet

    def cancel_job(url: str, job: str) -> str:
        return "cancelled." if fleet.cancel(url, job) else "cancelled; it was not in the queue."

    return change_jobs(invocation, cancel_job)
