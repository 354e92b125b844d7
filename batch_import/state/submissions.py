"""Submissions: the jobs that were put into the queue, each with its account, options and progress.

The queue itself is in the tables of the library procrastinate, which are only read here. An entry
is the place of a job in the queue. This module must not know what the queue does, nor how a job is
run.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from importlib import resources
from typing import Any, Final

from batch_import.errors import StateError
from batch_import.job import DatabaseState
from batch_import.models import Counts
from batch_import.state import catalog
from batch_import.state.connection import Connection
from batch_import.state.lease import LOCK_CLASS
from batch_import.state.postgres import Session, url_without_password

_TABLE_EXISTS: Final = "SELECT to_regclass(%s) IS NOT NULL"
_SAVE: Final = """
    INSERT INTO batch_import.submission (job, account, manifest, options, entry, progress)
    VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (job) DO UPDATE SET manifest = excluded.manifest, options = excluded.options,
        entry = excluded.entry, progress = excluded.progress, changed = clock_timestamp(),
        withdrawn = '', crashes = 0, reason = ''
"""
_READ: Final = """
    SELECT job.name, account, manifest, options, submission.entry,
        CASE WHEN entry.abort_requested THEN 'stopping' ELSE entry.status::text END
    FROM batch_import.submission
    JOIN batch_import.job ON job.number = submission.job
    LEFT JOIN procrastinate_jobs entry ON entry.id = submission.entry
    WHERE job.name = %s
"""
_RESUME: Final = """
    UPDATE batch_import.submission SET entry = %s, withdrawn = '', crashes = 0, reason = ''
    WHERE job = (SELECT number FROM batch_import.job WHERE name = %s)
"""
_WITHDRAW: Final = """
    UPDATE batch_import.submission SET withdrawn = %s
    WHERE job = (SELECT number FROM batch_import.job WHERE name = %s)
"""
_END: Final = """
    UPDATE batch_import.submission SET reason = %s, crashes = crashes + %s
    WHERE job = (SELECT number FROM batch_import.job WHERE name = %s) RETURNING crashes
"""
#: Stores the progress. The crashes are counted from 0 again if the number of rows per status has
#: changed. Parameters: the progress, twice, and the name of the job.
_PROGRESS: Final = """
    UPDATE batch_import.submission
    SET progress = ?, changed = clock_timestamp(), reason = '',
        crashes = CASE WHEN progress::jsonb -> 'counts' = ?::jsonb -> 'counts' THEN crashes
            ELSE 0 END
    WHERE job = (SELECT number FROM batch_import.job WHERE name = ?)
"""
_UNFINISHED: Final = """
    SELECT count(*) FROM batch_import.submission
    JOIN procrastinate_jobs entry ON entry.id = submission.entry
    WHERE account = %s AND entry.status IN ('todo', 'doing')
"""
#: The last column is the machine that runs the job: the host of the last holder of the lease if its
#: session is connected (has the lock), it has not ended, and its lease is valid; otherwise empty.
_OVERVIEW: Final = f"""
    SELECT job.name, account, manifest, entry.status::text, entry.scheduled_at > now(),
        entry.abort_requested, withdrawn, reason, progress,
        extract(epoch FROM changed)::float8,
        CASE WHEN lock.job IS NOT NULL AND NOT holder.ended
            AND lease.expires > clock_timestamp() THEN holder.host ELSE '' END
    FROM batch_import.job
    LEFT JOIN batch_import.submission ON submission.job = job.number
    LEFT JOIN procrastinate_jobs entry ON entry.id = submission.entry
    LEFT JOIN batch_import.lease ON lease.job = job.number
    LEFT JOIN batch_import.holder ON holder.job = job.number AND holder.epoch = lease.epoch
    LEFT JOIN (
        SELECT objid::bigint AS job FROM pg_locks
        WHERE locktype = 'advisory' AND classid = {LOCK_CLASS} AND granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ) AS lock ON lock.job = job.number
    ORDER BY job.name
"""


class Withdrawal(StrEnum):
    """Why a person took a job out of the queue."""

    PAUSED = "paused"
    CANCELLED = "cancelled"


class QueueStatus(StrEnum):
    """The status of a job, as a list of jobs shows it."""

    #: Not submitted to the queue: a person runs the job with `run`.
    MANUAL = "manual"
    #: In the queue. A worker runs it after a time that has not come yet.
    SCHEDULED = "scheduled"
    #: In the queue. The next free worker runs it.
    QUEUED = "queued"
    #: A worker runs it.
    RUNNING = "running"
    #: A person withdrew it while it was running. Its open requests are being finished.
    STOPPING = "stopping"
    #: A person withdrew it with `pause`.
    PAUSED = "paused"
    #: A person withdrew it with `cancel`.
    CANCELLED = "cancelled"
    #: It cannot be run for a reason that is stored, until a person resumes it.
    SET_ASIDE = "set aside"
    #: Its run has ended, and some rows are not imported.
    INCOMPLETE = "incomplete"
    #: Its run has ended, and all rows are imported.
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Submission:
    """A job that was submitted to the queue.

    Attributes:
        job: name of the job in the database.
        account: name of the credentials with which the job is imported.
        manifest: path of the manifest, on the machine where the job was submitted.
        options: settings of the run that differ from their defaults, by name.
        entry: number of the job's newest entry in the queue.
        entry_status: procrastinate's status of this entry, or `stopping` if it is running and was
            withdrawn; empty if the entry was deleted.
    """

    job: str
    account: str
    manifest: str
    options: Mapping[str, Any]
    entry: int = 0
    entry_status: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The progress of a job at one time.

    Attributes:
        counts: number of rows per status.
        rate: API requests per second of the run; 0 if no run is in progress.
        eta: estimated seconds until the run has nothing more to do; None if not known.
        causes: reasons why rows need attention, each with the number of rows; the most frequent
            first.
    """

    counts: Counts = field(default_factory=Counts)
    rate: float = 0.0
    eta: float | None = None
    causes: tuple[tuple[str, int], ...] = ()

    def as_json(self) -> str:
        """Returns the snapshot as JSON, which is stored."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Snapshot":
        """Returns the snapshot for a text that `as_json` returned."""
        values = json.loads(text)
        causes = tuple((str(cause), int(count)) for cause, count in values["causes"])
        return cls(Counts(**values["counts"]), values["rate"], values["eta"], causes)


@dataclass(frozen=True, slots=True)
class ListedJob:
    """One job of a database, in a list of jobs.

    Attributes:
        account: name of the credentials with which the job is imported; empty if the job was not
            submitted.
        manifest: path of the manifest where the job was submitted; empty if it was not submitted.
        reason: why the last run ended although some rows are not imported; empty if all rows are.
        snapshot: the last progress of the job; None if the job was not submitted.
        changed: epoch seconds when the snapshot was stored; None if there is none.
        machine: host name of the machine that runs the job; empty if no run is in progress.
    """

    name: str
    account: str
    manifest: str
    status: QueueStatus
    reason: str
    snapshot: Snapshot | None
    changed: float | None
    machine: str


def prepare(db: Session) -> None:
    """Create the table of submissions if it does not exist."""
    text = resources.files(__package__).joinpath("submissions.sql").read_text(encoding="utf-8")
    db.execute(text.encode())


def is_prepared(db: Session) -> bool:
    """Whether a database has the table of submissions and the tables of procrastinate."""
    return _table_exists(db, "batch_import.submission") and has_entries(db)


def has_entries(db: Session) -> bool:
    """Whether a database has the tables of procrastinate."""
    return _table_exists(db, "procrastinate_jobs")


def _table_exists(db: Session, name: str) -> bool:
    (exists,) = db.execute(_TABLE_EXISTS, (name,)).fetchone() or (False,)
    return bool(exists)


def refuse_unprepared(db: Session, url: str) -> None:
    """Raise an error if a database has no queue.

    Raises:
        StateError: the database has no queue.
    """
    if not is_prepared(db):
        raise StateError(
            f"{url_without_password(url)} has no queue of jobs.", "Run: batch-import state init"
        )


def save(db: Session, submission: Submission, snapshot: Snapshot, url: str) -> None:
    """Store a submission, which replaces an earlier submission of the same job.

    Args:
        db: a session of the database.
        submission: the submission.
        snapshot: the progress of the job now.
        url: URL of the database.
    """
    number = catalog.job_number(db, DatabaseState(url, submission.job))
    db.execute(
        _SAVE,
        (number, submission.account, submission.manifest, json.dumps(dict(submission.options)),
         submission.entry, snapshot.as_json()),
    )  # fmt: skip


def read(db: Session, job: str) -> Submission | None:
    """Returns the submission of a job; None if the job was not submitted."""
    row = db.execute(_READ, (job,)).fetchone()
    if not row:
        return None
    name, account, manifest, options, entry, status = row
    return Submission(name, account, manifest, json.loads(options), entry, status or "")


def read_required(db: Session, url: str, job: str) -> Submission:
    """Returns the submission of a job.

    Raises:
        StateError: the job was not submitted.
    """
    submission = read(db, job)
    if submission is None:
        raise StateError(
            f"No job {job} was submitted to {url_without_password(url)}.", "See: batch-import jobs"
        )
    return submission


def unfinished_count(db: Session, account: str) -> int:
    """Returns the number of an account's jobs that wait in the queue or are running."""
    (count,) = db.execute(_UNFINISHED, (account,)).fetchone() or (0,)
    return int(count)


def withdraw(db: Session, job: str, why: Withdrawal) -> None:
    """Store why a person took a job out of the queue."""
    db.execute(_WITHDRAW, (str(why), job))


def resume(db: Session, job: str, entry: int) -> None:
    """Store the number of the new entry of a job in the queue; the job is no longer withdrawn."""
    db.execute(_RESUME, (entry, job))


def note_end(url: str, job: str, reason: str, *, crashed: bool = False) -> int:
    """Store why a run ended.

    Args:
        url: URL of the database.
        job: name of the job.
        reason: why it ended although some rows are not imported; empty if all rows are.
        crashed: whether the process of the run crashed.

    Returns:
        how often the job's processes have crashed since a row last changed its status.
    """
    with catalog.session(url) as db:
        (crash_count,) = db.execute(_END, (reason, int(crashed), job)).fetchone() or (0,)
        return int(crash_count)


def save_progress(connection: Connection, job: str, snapshot: Snapshot) -> None:
    """Store the progress of a running job.

    Args:
        connection: connection of the run, which refuses to write once the run has lost the job.
        job: name of the job.
        snapshot: its progress.

    Raises:
        StateError: another run has taken the job over, or the database cannot be used.
    """
    progress = snapshot.as_json()
    with connection.transaction() as db:
        db.execute(_PROGRESS, (progress, progress, job))


def list_jobs(db: Session) -> list[ListedJob]:
    """Returns all jobs of a database, sorted by name."""
    return [_listed_job(row) for row in db.execute(_OVERVIEW)]


def _listed_job(row: tuple[Any, ...]) -> ListedJob:
    (
        name, account, manifest, entry_status, is_scheduled, is_stopping, withdrawn, reason,
        progress, changed, machine,
    ) = row  # fmt: skip
    snapshot = Snapshot.from_json(progress) if progress else None
    status = QueueStatus.MANUAL
    if snapshot:
        status = _queue_status(entry_status or "", withdrawn, reason)
        if status is QueueStatus.QUEUED and is_scheduled:
            status = QueueStatus.SCHEDULED
        if status is QueueStatus.RUNNING and is_stopping:
            status = QueueStatus.STOPPING
    return ListedJob(
        name, account or "", manifest or "", status, reason or "", snapshot, changed, machine or ""
    )


def _queue_status(entry_status: str, withdrawn: str, reason: str) -> QueueStatus:
    """Returns the status of a submitted job.

    Args:
        entry_status: procrastinate's status of the job's entry in the queue; empty if the entry was
            deleted after the job's end.
        withdrawn: why a person took the job out of the queue; empty if nobody did.
        reason: why its last run ended although some rows are not imported; otherwise empty.
    """
    # The order of the cases matters: a job that was withdrawn while its last rows were imported is
    # finished, and an entry in the queue counts more than an earlier withdrawal.
    match entry_status:
        case "todo":
            return QueueStatus.QUEUED
        case "doing":
            return QueueStatus.RUNNING
        case _ if withdrawn and entry_status != "succeeded":
            return QueueStatus(withdrawn)
        case "succeeded" | "":
            return QueueStatus.INCOMPLETE if reason else QueueStatus.FINISHED
        case "failed":
            return QueueStatus.SET_ASIDE
        case _:  # cancelled with a tool of procrastinate
            return QueueStatus.CANCELLED
