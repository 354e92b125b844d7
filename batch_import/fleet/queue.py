"""Puts jobs into the queue, and takes jobs out.

The queue consists of the tables of procrastinate; an *entry* is one job's place in it. A
*submission* is a job that was put into the queue, with its account and options
(`state/submissions.py`). Each function changes both in one transaction. This module must not know
how a manifest is loaded, nor how a job is run.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.schema import SchemaManager

from batch_import.errors import JobBusy, StateError
from batch_import.fleet.tasks import IMPORT_TASK, make_app
from batch_import.state import catalog, submissions
from batch_import.state.postgres import Session
from batch_import.state.submissions import Snapshot, Submission, Withdrawal

#: Statuses, as named by procrastinate, of an entry that waits or runs.
_UNFINISHED: Final = ("todo", "doing")


def prepare(url: str) -> bool:
    """Create the tables for jobs and for the queue in a database, unless they exist.

    Returns:
        Whether anything was created.

    Raises:
        StateError: the database cannot be used.
    """
    is_new: bool = catalog.prepare(url)
    with catalog.session(url) as db, catalog.create_lock(db):
        if not submissions.is_prepared(db):
            submissions.prepare(db)
            if not submissions.has_entries(db):
                db.execute(SchemaManager.get_schema().encode())
            is_new = True
    return is_new


def refuse_unprepared(url: str) -> None:
    """Raise an error if a database has no queue.

    Raises:
        StateError: the database has no queue, or cannot be used.
    """
    with _session(url):  # raises the error
        pass


def refuse_other_account(url: str, job: str, account: str) -> None:
    """Raise an error if a job was submitted for another account.

    Raises:
        StateError: it was submitted for another account, or the database has no queue.
    """
    with _session(url) as db:
        submission = submissions.read(db, job)
    if submission and submission.account != account:
        raise StateError(
            f"The job {job} belongs to the account {submission.account}, not to {account}.",
            "Give this import another name.",
            setting="job",
        )


def submit(url: str, submission: Submission, snapshot: Snapshot, start_at: float | None) -> None:
    """Put a job into the queue. An earlier entry of the same job is cancelled.

    A worker that is running the job stops it. The earlier entry must be cancelled, because the
    queue refuses two waiting entries of one job: if the worker of the earlier entry died, its entry
    could not be queued again.

    Args:
        url: URL of the database.
        submission: the job, its account and its options.
        snapshot: the progress of the job so far.
        start_at: epoch seconds before which the job does not start; None for as soon as possible.
    """
    with _session(url) as db, db.transaction():
        earlier = submissions.read(db, submission.job)
        if earlier and earlier.entry_status in _UNFINISHED:
            _cancel(db, earlier.entry)
        entry = _add_entry(db, submission.job, submission.account, start_at)
        stored = Submission(
            submission.job, submission.account, submission.manifest, submission.options, entry
        )
        submissions.save(db, stored, snapshot, url)


def withdraw(url: str, job: str, why: Withdrawal) -> bool:
    """Take a job out of the queue. If the job is running, its requests are finished first.

    Args:
        url: URL of the database.
        job: name of the job.
        why: whether the job is paused or cancelled, as the submission stores it.

    Returns:
        Whether the job was in the queue or running.

    Raises:
        StateError: the job was not submitted.
    """
    with _session(url) as db, db.transaction():
        submission = submissions.read_required(db, url, job)
        submissions.withdraw(db, job, why)
        if submission.entry_status not in _UNFINISHED:
            return False
        _cancel(db, submission.entry)
        return True


def resume(url: str, job: str) -> None:
    """Put a job that was withdrawn, set aside or ended into the queue again.

    Raises:
        JobBusy: the job is in the queue, or is running.
        StateError: the job was not submitted.
    """
    with _session(url) as db, db.transaction():
        submission = submissions.read_required(db, url, job)
        if submission.entry_status in _UNFINISHED:
            raise JobBusy(f"The job {job} is in the queue already, or is running.")
        submissions.resume(db, job, _add_entry(db, job, submission.account, None))


@contextmanager
def _session(url: str) -> Iterator[Session]:
    """Open a session of a database that has a queue, and translate errors of procrastinate.

    Raises:
        JobBusy: another command has just put the same job into the queue.
        StateError: the database has no queue, or cannot be used.
    """
    with catalog.session(url) as db:
        submissions.refuse_unprepared(db, url)
        try:
            yield db
        except AlreadyEnqueued:
            raise JobBusy("Another command has just put the job into the queue.") from None
        except ConnectorException as error:
            # The session converts the database's own error, which is the cause, into one line.
            raise error.__cause__ or error from None


def _add_entry(db: Session, job: str, account: str, start_at: float | None) -> int:
    """Add an entry to the queue of an account; returns its number.

    Workers take entries of a higher priority first. The priority of an entry falls with the number
    of unfinished jobs of its account. Therefore the second job of an account waits until the first
    job of every other account was taken, and one account cannot occupy all workers.
    """
    task = make_app("").configure_task(
        IMPORT_TASK,
        queue=account,
        priority=-submissions.unfinished_count(db, account),
        schedule_at=None if start_at is None else datetime.fromtimestamp(start_at, UTC),
        queueing_lock=job,
        connection=db,
    )
    return int(task.defer(job=job))


def _cancel(db: Session, entry: int) -> None:
    """Cancel an entry. If it is running, its worker is requested to stop it."""
    make_app("").job_manager.cancel_job_by_id(entry, abort=True, connection=db)
