"""The jobs that were submitted to the queue: account, options, and how far each of them is.

The queue itself is in the tables of procrastinate, which are only read here. This module must not
know what a queue does, nor how a job is run.
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
    """Where a job is, as a list of jobs shows it."""

    #: Not submitted to the queue: a person runs it with `run`.
    MANUAL = "manual"
    #: In the queue, for a time that has not come.
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    #: Its requests are being finished, because a person withdrew it.
    STOPPING = "stopping"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    #: It cannot be run; the reason says why. A person resumes it.
    SET_ASIDE = "set aside"
    #: Its run has ended, and some rows are not imported.
    INCOMPLETE = "incomplete"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Submission:
    """A job that was submitted.

    Attributes:
        job: its name in the database.
        account: the name of the credentials that it is imported with.
        manifest: path of the manifest, where it was submitted.
        options: settings of the run that differ from their defaults, by name.
        entry: number of its newest entry in the queue.
        entry_status: status of that entry, or `stopping` if it runs and was withdrawn; empty if the
            entry was deleted.
    """

    job: str
    account: str
    manifest: str
    options: Mapping[str, Any]
    entry: int = 0
    entry_status: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How far a job is.

    Attributes:
        counts: number of rows per status.
        rate: API requests per second of the run; 0 if none is in progress.
        eta: seconds until the run has nothing more to do; None if that is not known.
        causes: why rows need attention, and how many rows, the most frequent first.
    """

    counts: Counts = field(default_factory=Counts)
    rate: float = 0.0
    eta: float | None = None
    causes: tuple[tuple[str, int], ...] = ()

    def as_json(self) -> str:
        """The text that is stored."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Snapshot":
        """The snapshot of a text that `as_json` made."""
        known = json.loads(text)
        causes = tuple((str(cause), int(count)) for cause, count in known["causes"])
        return cls(Counts(**known["counts"]), known["rate"], known["eta"], causes)


@dataclass(frozen=True, slots=True)
class ListedJob:
    """One job of a database, in a list of jobs.

    Attributes:
        account: empty if the job was not submitted.
        snapshot: None if the job was not submitted.
        changed: when the snapshot was stored, in epoch seconds.
        machine: host name of the machine that runs the job; empty if no run is in progress.
        reason: why its last run ended with rows left; empty if it did not.
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
    """Create the table if it does not exist."""
    text = resources.files(__package__).joinpath("submissions.sql").read_text(encoding="utf-8")
    db.execute(text.encode())


def is_prepared(db: Session) -> bool:
    """Whether a database has the tables of the queue."""
    return _table_exists(db, "batch_import.submission") and has_entries(db)


def has_entries(db: Session) -> bool:
    """Whether a database has the tables of procrastinate."""
    return _table_exists(db, "procrastinate_jobs")


def _table_exists(db: Session, name: str) -> bool:
    (found,) = db.execute(_TABLE_EXISTS, (name,)).fetchone() or (False,)
    return bool(found)


def refuse_unprepared(db: Session, url: str) -> None:
    """Raise an error if a database has no queue.

    Raises:
        StateError: it has none.
    """
    if not is_prepared(db):
        raise StateError(
            f"{url_without_password(url)} has no queue of jobs.", "Run: batch-import state init"
        )


def save(db: Session, submission: Submission, snapshot: Snapshot, url: str) -> None:
    """Store a submission, and replace the earlier submission of the same job."""
    number = catalog.job_number(db, DatabaseState(url, submission.job))
    db.execute(
        _SAVE,
        (number, submission.account, submission.manifest, json.dumps(dict(submission.options)),
         submission.entry, snapshot.as_json()),
    )  # fmt: skip


def read(db: Session, job: str) -> Submission | None:
    """The submission of a job; None if the job was not submitted."""
    found = db.execute(_READ, (job,)).fetchone()
    if not found:
        return None
    name, account, manifest, options, entry, status = found
    return Submission(name, account, manifest, json.loads(options), entry, status or "")


def read_required(db: Session, url: str, job: str) -> Submission:
    """The submission of a job.

    Raises:
        StateError: the job was not submitted.
    """
    known = read(db, job)
    if known is None:
        raise StateError(
            f"No job {job} was submitted to {url_without_password(url)}.", "See: batch-import jobs"
        )
    return known


def unfinished_count(db: Session, account: str) -> int:
    """The number of an account's jobs that wait in the queue or run."""
    (count,) = db.execute(_UNFINISHED, (account,)).fetchone() or (0,)
    return int(count)


def withdraw(db: Session, job: str, why: Withdrawal) -> None:
    """Note why a person took a job out of the queue."""
    db.execute(_WITHDRAW, (str(why), job))


def resume(db: Session, job: str, entry: int) -> None:
    """Note the new entry of a job in the queue."""
    db.execute(_RESUME, (entry, job))


def note_end(url: str, job: str, reason: str, *, crashed: bool = False) -> int:
    """Note why a run ended; an empty reason if it finished its work.

    Returns:
        The number of times that the job's process crashed since its last progress.
    """
    with catalog.session(url) as db:
        (crashes,) = db.execute(_END, (reason, int(crashed), job)).fetchone() or (0,)
        return int(crashes)


def save_progress(connection: Connection, job: str, snapshot: Snapshot) -> None:
    """Store how far a job is, through a connection that is fenced for it.

    Raises:
        StateError: another run has taken the job over, or the database cannot be used.
    """
    progress = snapshot.as_json()
    with connection.transaction() as db:
        db.execute(_PROGRESS, (progress, progress, job))


def list_jobs(db: Session) -> list[ListedJob]:
    """All jobs of a database, sorted by name."""
    return [_listed(row) for row in db.execute(_OVERVIEW)]


def _listed(row: tuple[Any, ...]) -> ListedJob:
    name, account, manifest, entry, is_later, is_stopping, withdrawn, reason, *rest = row
    progress, changed, machine = rest
    snapshot = Snapshot.from_json(progress) if progress else None
    status = QueueStatus.MANUAL
    if snapshot:
        status = _status(entry or "", withdrawn, reason)
        if status is QueueStatus.QUEUED and is_later:
            status = QueueStatus.SCHEDULED
        if status is QueueStatus.RUNNING and is_stopping:
            status = QueueStatus.STOPPING
    return ListedJob(
        name, account or "", manifest or "", status, reason or "", snapshot, changed, machine or ""
    )


def _status(entry: str, withdrawn: str, reason: str) -> QueueStatus:
    """The status of a job.

    Args:
        entry: status of its entry in the queue; empty if that was deleted after the job's end.
    """
    match entry:
        case "todo":
            return QueueStatus.QUEUED
        case "doing":
            return QueueStatus.RUNNING
        case _ if withdrawn and entry != "succeeded":
            return QueueStatus(withdrawn)
        case "succeeded" | "":
            return QueueStatus.INCOMPLETE if reason else QueueStatus.FINISHED
        case "failed":
            return QueueStatus.SET_ASIDE
        case _:  # cancelled with a tool of procrastinate
            return QueueStatus.CANCELLED
