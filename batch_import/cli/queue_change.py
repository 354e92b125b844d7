"""The common part of `pause`, `resume` and `cancel`: change some jobs of the queue."""

from collections.abc import Callable
from typing import Any, Final

from batch_import.cli.command import Invocation, argument
from batch_import.cli.exits import OK
from batch_import.cli.messages import sanitized
from batch_import.errors import UsageError

#: Options of these commands.
OPTIONS: Final = ("config", "state")


def jobs_argument() -> Any:
    """Create the argument JOB."""
    return argument("job", "names of jobs, as `batch-import jobs` lists them", nargs=-1)


def change_jobs(invocation: Invocation, change_job: Callable[[str, str], str]) -> int:
    """Change each of the named jobs, and print the result.

    Args:
        change_job: changes one job. It is called with the URL of the database and the name of the
            job, and returns the end of a sentence that begins with the job's name.

    Returns:
        The exit code.
    """
    url = invocation.database()
    if not invocation["job"]:
        raise UsageError("No job is named.", "See: batch-import jobs")
    for job in invocation["job"]:
        print(f"{sanitized(job)}: {change_job(url, job)}")
    return OK
