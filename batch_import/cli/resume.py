"""`batch-import resume`."""

from batch_import.cli.command import Invocation, command
from batch_import.cli.queue_change import OPTIONS, change_jobs, jobs_argument


@command(
    options=OPTIONS,
    arguments=[jobs_argument()],
    examples=("batch-import resume library",),
)
def resume(invocation: Invocation) -> int:
    """Put jobs that were paused or cancelled, or that ended, into the queue again."""
    from batch_import.workflows import fleet

    def resume_job(url: str, job: str) -> str:
        fleet.resume(url, job)
        return "in the queue."

    return change_jobs(invocation, resume_job)
