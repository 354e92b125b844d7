"""Opens the database of a job, and keeps other runs away from the job.

The database is a file in the job folder, or in PostgreSQL. Callers need not know which. psycopg is
an optional dependency; therefore it is imported only for PostgreSQL. This module must not know the
content of a job database.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Literal

from batch_import.errors import StateError, UsageError, setting_ref
from batch_import.job import OUTPUT_FOLDER, DatabaseState, Job, find_jobs
from batch_import.state.connection import Connection
from batch_import.state.sqlite import SqliteConnection


@dataclass(frozen=True, slots=True)
class JobHold:
    """The exclusive right of this run to write to a job and to send its rows.

    Attributes:
        may_send: returns whether this run still has the right, as far as this machine can know.
        fence: takes a connection, and makes it refuse commits once this run has lost the right.
    """

    may_send: Callable[[], bool]
    fence: Callable[[Connection], None]


def open_connection(
    where: Path | DatabaseState | Literal[""] | None, *, create: bool, read_only: bool
) -> Connection:
    """Returns a connection to a job database; the arguments are the same as of `Store`."""
    if isinstance(where, DatabaseState):
        connection: Connection = catalog().open_job(where, create=create, read_only=read_only)
        return connection
    return SqliteConnection(where, create=create, read_only=read_only)


def exists(job: Job) -> bool:
    """Whether a job has a database.

    Raises:
        StateError: the PostgreSQL database cannot be used.
    """
    if isinstance(job.state, DatabaseState):
        return bool(catalog().has_job(job.state))
    return job.state.is_file()


def is_running(job: Job) -> bool:
    """Whether a run is in progress on an existing job.

    Raises:
        StateError: the PostgreSQL database cannot be used.
    """
    if isinstance(job.state, DatabaseState):
        return bool(_lease().is_running(job.state))
    return job.is_locked


@contextmanager
def hold_job(
    job: Job,
    lease_seconds: float,
    stop: threading.Event,
    *,
    uses_alarm: bool = False,
    locks_folder: bool = True,
) -> Iterator[JobHold]:
    """Opens a context in which no other run may use a job.

    Args:
        job: the job.
        lease_seconds: with PostgreSQL, another run may take the job over if this run has not
            renewed its lease for this time. A lease is a right that expires.
        stop: this event is set if another run takes the job over.
        uses_alarm: whether to kill this process when its lease expires; see `lease.hold_lease`.
        locks_folder: whether to lock the job folder, too. False if it is locked already.

    Raises:
        JobBusy: another run is in progress.
        StateError: the folder or the database cannot be used, or another run took the job over.
    """
    folder_lock = job.locked() if locks_folder else nullcontext()
    if not isinstance(job.state, DatabaseState):
        # The lock of the folder is enough, because it cannot be lost.
        with folder_lock:
            yield JobHold(lambda: True, lambda _: None)
        return
    with (
        _lease().hold_lease(job.state, lease_seconds, stop, uses_alarm=uses_alarm) as lease,
        folder_lock,
    ):
        yield JobHold(
            lease.may_send,
            lambda connection: connection.set_fence(lease.job, lease.epoch, lease.session_name),
        )


def mark_runs_ended(job: Job) -> list[str]:
    """Record that earlier runs of a job have ended and cannot send rows, because the user says so.

    Returns:
        for each of these runs, a text with machine and process.

    Raises:
        StateError: there is no such job in a PostgreSQL database.
    """
    if not isinstance(job.state, DatabaseState):
        raise StateError(f"The state of {job.folder} is a file.", f"Name {setting_ref('state')}.")
    names: list[str] = _lease().mark_runs_ended(job.state)
    return names


def display_name(job: Job) -> str:
    """Returns a text that says where a job's database is, for messages; it has no password."""
    if isinstance(job.state, DatabaseState):
        return str(catalog().job_description(job.state))
    return str(job.folder)


def wait_until_free(job: Job, stop: threading.Event, on_waiting: Callable[[str], None]) -> None:
    """Wait until no run is in progress on a job; see `lease.wait_until_free`.

    Raises:
        UsageError: the job database is a file; therefore no other machine can use the job.
    """
    if not isinstance(job.state, DatabaseState):
        raise UsageError(
            "the state is a file of this machine.",
            f"Keep it in a database: {setting_ref('state')}.",
            setting="standby",
        )
    _lease().wait_until_free(job.state, stop, on_waiting)


def jobs_in(folder: Path = OUTPUT_FOLDER, database: str = "") -> list[Job]:
    """Returns all jobs of a PostgreSQL database, or the jobs in a folder and its direct subfolders.

    Args:
        folder: the folder of the jobs. For a database, the folder with the results of its jobs.
        database: URL of the database; empty for jobs in a folder.

    Raises:
        StateError: the database cannot be used.
    """
    if not database:
        return find_jobs(folder)
    return [Job(folder / name, database) for name in catalog().job_names(database)]


def other_jobs(job: Job, facts: Mapping[str, str]) -> list[Job]:
    """Returns the other jobs in the same folder or database that may have certain facts.

    In a folder, all other jobs are returned, because each job is a file that would have to be
    opened.

    Args:
        job: the job itself.
        facts: names of facts, and their values as they are stored.

    Raises:
        StateError: the database cannot be used.
    """
    folder = job.folder.parent
    if not job.database:
        jobs = find_jobs(folder)
    else:
        names = catalog().names_of_jobs_with(job.database, facts)
        jobs = [Job(folder / name, job.database) for name in names]
    return [other for other in jobs if other.folder.resolve() != job.folder.resolve()]


def catalog() -> ModuleType:
    """Returns the module `catalog`, which needs psycopg.

    Raises:
        UsageError: psycopg is not installed.
    """
    try:
        from batch_import.state import catalog
    except ImportError as error:
        if error.name and error.name.startswith("batch_import"):
            raise  # a fault of this program: psycopg is not the module that is missing
        raise UsageError(
            "a state in PostgreSQL needs the package psycopg, which is not installed.",
            "Install it with: pip install 'viostream-batch-import[shared]'",
            setting="state",
        ) from None
    return catalog


def _lease() -> ModuleType:
    """Returns the module `lease`, which needs psycopg; errors as for `catalog`."""
    catalog()  # raises the error if psycopg is not installed
    from batch_import.state import lease

    return lease
