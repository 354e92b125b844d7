"""The queue of submitted jobs: prepare its database, withdraw jobs, and resume jobs.

procrastinate is an extra, and is imported only for these functions. This module must not know how a
job is run.
"""

from types import ModuleType

from batch_import.errors import UsageError
from batch_import.state.location import catalog


def fleet_queue() -> ModuleType:
    """The module that changes the queue.

    Raises:
        UsageError: psycopg or procrastinate is not installed.
    """
    catalog()
    try:
        from batch_import.fleet import queue
    except ImportError as error:
        if error.name and error.name.startswith("batch_import"):
            raise
        raise UsageError(
            "a queue of jobs needs the package procrastinate, which is not installed.",
            "Install it with: pip install 'viostream-batch-import[shared]'",
            setting="state",
        ) from None
    return queue


def prepare(url: str) -> bool:
    """Prepare a database for jobs and for a queue of them.

    Returns:
        Whether it was not prepared before.

    Raises:
        StateError: the database cannot be used.
    """
    return bool(fleet_queue().prepare(url))


def pause(url: str, job: str) -> bool:
    """Take a job out of the queue until it is resumed; requests of a run are finished first.

    Returns:
        Whether it was in the queue, or running.

    Raises:
        StateError: the job was not submitted.
    """
    queue = fleet_queue()
    return bool(queue.withdraw(url, job, queue.Withdrawal.PAUSED))


def cancel(url: str, job: str) -> bool:
    """Take a job out of the queue for good; requests of a run are finished first.

    Returns:
        Whether it was in the queue, or running.

    Raises:
        StateError: the job was not submitted.
    """
    queue = fleet_queue()
    return bool(queue.withdraw(url, job, queue.Withdrawal.CANCELLED))


def resume(url: str, job: str) -> None:
    """Put a job into the queue again, whatever ended it.

    Raises:
        JobBusy: it is in the queue already.
        StateError: the job was not submitted.
    """
    fleet_queue().resume(url, job)
