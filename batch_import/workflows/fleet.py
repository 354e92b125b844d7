"""Change the queue of submitted jobs: prepare its database, take jobs out, put jobs back.

The queue is in tables of the package procrastinate. This package is an extra, and is imported only
when one of these functions is called. This module must not know how a job is run.
"""

from types import ModuleType

from batch_import.errors import UsageError
from batch_import.state.location import catalog


def load_queue_module() -> ModuleType:
    """Import the module `batch_import.fleet.queue`, which changes the queue.

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
    """Create the tables of jobs and of their queue in a database.

    Args:
        url: URL of the PostgreSQL database.

    Returns:
        True if the tables were created, False if they exist already.

    Raises:
        StateError: the database cannot be used.
    """
    return bool(load_queue_module().prepare(url))


def pause(url: str, job: str) -> bool:
    """Take a job out of the queue until it is resumed. A run of the job is stopped.

    The requests in progress are finished first.

    Args:
        url: URL of the PostgreSQL database.
        job: name of the job.

    Returns:
        Whether the job was in the queue, or running.

    Raises:
        StateError: the job was not submitted.
    """
    queue = load_queue_module()
    return bool(queue.withdraw(url, job, queue.Withdrawal.PAUSED))


def cancel(url: str, job: str) -> bool:
    """As `pause`, but for good: the list of jobs shows that the job was cancelled.

    Returns:
        Whether the job was in the queue, or running.

    Raises:
        StateError: the job was not submitted.
    """
    queue = load_queue_module()
    return bool(queue.withdraw(url, job, queue.Withdrawal.CANCELLED))


def resume(url: str, job: str) -> None:
    """Put a job into the queue again, whether it was paused or cancelled or has ended.

    Raises:
        JobBusy: the job is in the queue already.
        StateError: the job was not submitted.
    """
    load_queue_module().resume(url, job)
