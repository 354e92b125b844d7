"""`batch-import resume`."""

from batch_import.cli.command import Invocation, command
from batch_import.cli.queue_change import OPTIONS, change, jobs_argument


@command(
    options=OPTIONS,
    arguments=[jobs_argument()],
    examples=("batch-import resume library",),
)
def resume(invocation: Invocation) -> int:
    """Put jobs into the queue again, whatever ended them."""
    from batch_import.workflows import fleet

    def act(url: str, job: str) -> str:
        fleet.resume(url, job)
        return "in the queue."

    return change(invocation, act)
