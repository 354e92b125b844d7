"""What `pause`, `resume` and `cancel` share: change the place of some jobs in the queue."""

from collections.abc import Callable
from typing import Any, Final

from batch_import.cli.command import Invocation, argument
from batch_import.cli.exits import OK
from batch_import.cli.messages import sanitized
from batch_import.errors import UsageError

#: Options of these commands.
OPTIONS: Final = ("config", "state")


def jobs_argument() -> Any:
    """The argument JOB."""
    return argument("job", "names of jobs, as `batch-import jobs` lists them", nargs=-1)


def change(invocation: Invocation, act: Callable[[str, str], str]) -> int:
    """Change each of the named jobs, and print what was done.

    Args:
        act: changes one job of a database; returns a sentence without the job's name.

    Returns:
        The exit code.
    """
    url = invocation.database()
    if not invocation["job"]:
        raise UsageError("No job is named.", "See: batch-import jobs")
    for job in invocation["job"]:
        print(f"{sanitized(job)}: {act(url, job)}")
    return OK
