"""Where a job's state is: in a file of its folder, or in a PostgreSQL database.

psycopg is an extra, and is imported for a database alone. This file must not know what a state
holds.
"""

import threading
from collections.abc import Callable, Iterator
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
class Hold:
    """A job that this run alone may write to, and whose rows it alone may send.

    Attributes:
        may_send: whether that is so at this moment, as far as this machine can know.
        fence: keeps what is written through a connection from being committed once it is not.
    """

    may_send: Callable[[], bool]
    fence: Callable[[Connection], None]


def connected(
    where: Path | DatabaseState | Literal[""] | None, *, create: bool, read_only: bool
) -> Connection:
    """A connection to a state; `where` as for `Store`."""
    if isinstance(where, DatabaseState):
        opened: Connection = catalog().open_job(where, create=create, read_only=read_only)
        return opened
    return SqliteConnection(where, create=create, read_only=read_only)


def exists(job: Job) -> bool:
    """Whether a job has a state.

    Raises:
        StateError: its database cannot be used.
    """
    if isinstance(job.state, DatabaseState):
        return bool(catalog().has_job(job.state))
    return job.state.is_file()


def is_running(job: Job) -> bool:
    """Whether a run is in progress on a job that has a state.

    Raises:
        StateError: its database cannot be used.
    """
    if isinstance(job.state, DatabaseState):
        return bool(_lease().is_running(job.state))
    return job.is_locked


@contextmanager
def held(
    job: Job,
    seconds: float,
    stop: threading.Event,
    *,
    alarm: bool = False,
    folder: bool = True,
) -> Iterator[Hold]:
    """Keep other runs away from a job.

    Args:
        seconds: after which a run that a database does not hear of may be replaced.
        stop: set where the job was lost.
        alarm: as for `lease.held`.
        folder: hold the job's folder, too; False where it is held already.

    Raises:
        JobBusy: another run is in progress.
        StateError: the folder, or the database, cannot be used; or the job was lost.
    """
    locked = job.locked() if folder else nullcontext()
    if not isinstance(job.state, DatabaseState):
        with locked:
            yield Hold(lambda: True, lambda _: None)
        return
    with _lease().held(job.state, seconds, stop, alarm=alarm) as lease, locked:
        yield Hold(
            lease.may_send,
            lambda store: store.fenced(lease.job, lease.epoch, lease.session_name),
        )


def say_ended(job: Job) -> list[str]:
    """Note that earlier runs of a job have ended for good, as a person says. Returns their names.

    Raises:
        StateError: there is no such job in a database.
    """
    if not isinstance(job.state, DatabaseState):
        raise StateError(f"The state of {job.folder} is a file.", f"Name {setting_ref('state')}.")
    names: list[str] = _lease().say_ended(job.state)
    return names


def shown(job: Job) -> str:
    """Where a job's state is, for messages: without a password."""
    if isinstance(job.state, DatabaseState):
        return str(catalog().described(job.state))
    return str(job.folder)


def wait_until_free(job: Job, stop: threading.Event, waiting: Callable[[str], None]) -> None:
    """Wait until no run is in progress on a job; see `lease.wait_until_free`.

    Raises:
        UsageError: its state is a file, which no other machine can take over.
    """
    if not isinstance(job.state, DatabaseState):
        raise UsageError(
            "the state is a file of this machine.",
            f"Keep it in a database: {setting_ref('state')}.",
            setting="standby",
        )
    _lease().wait_until_free(job.state, stop, waiting)


def jobs_in(folder: Path = OUTPUT_FOLDER, database: str = "") -> list[Job]:
    """All jobs whose state a database keeps, or that are in a folder and its own folders.

    Args:
        folder: of a database's jobs, where the results are.

    Raises:
        StateError: the database cannot be used.
    """
    if not database:
        return find_jobs(folder)
    return [Job(folder / name, database) for name in catalog().job_names(database)]


def catalog() -> ModuleType:
    """The jobs of databases.

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
