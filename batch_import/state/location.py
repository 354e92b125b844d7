"""Where a job's database is: a file in the job folder, or a PostgreSQL database.

psycopg is an optional dependency; therefore it is imported only for PostgreSQL. This module must
not know the content of a job database.
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
        fence: makes a connection refuse commits once this run has lost the right.
    """

    may_send: Callable[[], bool]
    fence: Callable[[Connection], None]


def open_connection(
    where: Path | DatabaseState | Literal[""] | None, *, create: bool, read_only: bool
) -> Connection:
    """Returns a connection to a job database; the arguments are the same as of `Store`."""
    if isinstance(where, DatabaseState):
        opened: Connection = catalog().open_job(where, create=create, read_only=read_only)
        return opened
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
    """Keep other runs away from a job while this context is open.

    Args:
        lease_seconds: with PostgreSQL, another run may take the job over if this one has not
            renewed its lease for so long.
        stop: this event is set if the job is lost to another run.
        uses_alarm: as for `lease.hold_lease`.
        locks_folder: whether to lock the job folder, too. False if it is locked already.

    Raises:
        JobBusy: another run is in progress.
        StateError: the folder or the database cannot be used, or the job was lost.
    """
    locked = job.locked() if locks_folder else nullcontext()
    if not isinstance(job.state, DatabaseState):
        with locked:
            yield JobHold(lambda: True, lambda _: None)
        return
    with (
        _lease().hold_lease(job.state, lease_seconds, stop, uses_alarm=uses_alarm) as lease,
        locked,
    ):
        yield JobHold(
            lease.may_send,
            lambda store: store.set_fence(lease.job, lease.epoch, lease.session_name),
        )


def mark_runs_ended(job: Job) -> list[str]:
    """Record that earlier runs of a job have ended for good, because the user says so.

    Returns:
        the names of these runs.

    Raises:
        StateError: there is no such job in a PostgreSQL database.
    """
    if not isinstance(job.state, DatabaseState):
        raise StateError(f"The state of {job.folder} is a file.", f"Name {setting_ref('state')}.")
    names: list[str] = _lease().mark_runs_ended(job.state)
    return names


def display_name(job: Job) -> str:
    """Returns where a job's database is, for messages, without a password."""
    if isinstance(job.state, DatabaseState):
        return str(catalog().job_description(job.state))
    return str(job.folder)


def wait_until_free(job: Job, stop: threading.Event, on_waiting: Callable[[str], None]) -> None:
    """Wait until no run is in progress on a job; see `lease.wait_until_free`.

    Raises:
        UsageError: its database is a file; therefore no other machine can take the job over.
    """
    if not isinstance(job.state, DatabaseState):
        raise UsageError(
            "the state is a file of this machine.",
            f"Keep it in a database: {setting_ref('state')}.",
            setting="standby",
        )
    _lease().wait_until_free(job.state, stop, on_waiting)


def jobs_in(folder: Path = OUTPUT_FOLDER, database: str = "") -> list[Job]:
    """Returns all jobs of a PostgreSQL database, or those in a folder and its direct subfolders.

    Args:
        folder: for the jobs of a database: the folder with their results.

    Raises:
        StateError: the database cannot be used.
    """
    if not database:
        return find_jobs(folder)
    return [Job(folder / name, database) for name in catalog().job_names(database)]


def other_jobs(job: Job, facts: Mapping[str, str]) -> list[Job]:
    """Returns the jobs beside a job that may have all these facts, by the facts' names.

    Of jobs in a folder, the facts are not compared, because each job is a file of its own.

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
            raise
        raise UsageError(
            "a state in PostgreSQL needs the package psycopg, which is not installed.",
            "Install it with: pip install 'viostream-batch-import[shared]'",
            setting="state",
        ) from None
    return catalog


def _lease() -> ModuleType:
    catalog()
    from batch_import.state import lease

    return lease
