"""Put jobs into the queue, take them out, and show where they are.

Each function changes the queue and the submission in one transaction. This module must not know how
a manifest is loaded, nor how a job is run.
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

#: Statuses of an entry that waits or runs.
_UNFINISHED: Final = ("todo", "doing")


def prepare(url: str) -> bool:
    """Prepare a database for jobs and for a queue of them.

    Returns:
        Whether it was not prepared before.

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
        StateError: it has none, or the database cannot be used.
    """
    with _session(url):
        pass


def refuse_other_account(url: str, job: str, account: str) -> None:
    """Raise an error if a job was submitted for another account.

    Raises:
        StateError: it was, or the database has no queue.
    """
    with _session(url) as db:
        known = submissions.read(db, job)
    if known and known.account != account:
        raise StateError(
            f"The job {job} is of the account {known.account}, not of {account}.",
            "Give this import another name.",
            setting="job",
        )


def submit(url: str, submission: Submission, snapshot: Snapshot, at: float | None) -> None:
    """Put a job into the queue. An earlier entry of it is replaced.

    If a worker has the earlier entry, it gives it up. Both must not wait at the same time, which
    the queue refuses: the entry of a dead worker could then never be queued again.

    Args:
        at: epoch seconds before which the job does not start; None means as soon as possible.
    """
    with _session(url) as db, db.transaction():
        known = submissions.read(db, submission.job)
        if known and known.entry_status in _UNFINISHED:
            _cancel(db, known.entry)
        entry = _defer(db, submission.job, submission.account, at)
        stored = Submission(
            submission.job, submission.account, submission.manifest, submission.options, entry
        )
        submissions.save(db, stored, snapshot, url)


def withdraw(url: str, job: str, why: Withdrawal) -> bool:
    """Take a job out of the queue; if it is running, its requests are finished first.

    Returns:
        Whether it was in the queue, or running.

    Raises:
        StateError: the job was not submitted.
    """
    with _session(url) as db, db.transaction():
        known = submissions.read_required(db, url, job)
        submissions.withdraw(db, job, why)
        if known.entry_status not in _UNFINISHED:
            return False
        _cancel(db, known.entry)
        return True


def resume(url: str, job: str) -> None:
    """Put a job that was withdrawn, set aside or ended into the queue again.

    Raises:
        JobBusy: it is in the queue, or is running.
        StateError: the job was not submitted.
    """
    with _session(url) as db, db.transaction():
        known = submissions.read_required(db, url, job)
        if known.entry_status in _UNFINISHED:
            raise JobBusy(f"The job {job} is in the queue already, or is running.")
        submissions.resume(db, job, _defer(db, job, known.account, None))


@contextmanager
def _session(url: str) -> Iterator[Session]:
    """A session of a database that has a queue.

    Raises:
        JobBusy: another command has put the same job into the queue meanwhile.
        StateError: the database has no queue, or cannot be used.
    """
    with catalog.session(url) as db:
        submissions.refuse_unprepared(db, url)
        try:
            yield db
        except AlreadyEnqueued:
            raise JobBusy("Another command has just put the job into the queue.") from None
        except ConnectorException as error:
            # The session turns what the database says into one line.
            raise error.__cause__ or error from None


def _defer(db: Session, job: str, account: str, at: float | None) -> int:
    """Add an entry to the queue of an account.

    Entries of a lower priority are taken later. The second job of an account therefore waits for
    the first job of every other account, so that no account takes all places of the workers.

    Returns:
        The number of the entry.
    """
    configured = make_app("").configure_task(
        IMPORT_TASK,
        queue=account,
        priority=-submissions.unfinished_count(db, account),
        schedule_at=None if at is None else datetime.fromtimestamp(at, UTC),
        queueing_lock=job,
        connection=db,
    )
    return int(configured.defer(job=job))


def _cancel(db: Session, entry: int) -> None:
    make_app("").job_manager.cancel_job_by_id(entry, abort=True, connection=db)
