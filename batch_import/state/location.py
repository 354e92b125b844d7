"""Where a job's state is: in a file of its folder, or in a PostgreSQL database.

psycopg is an extra, and is imported for a database alone. This file must not know what a state
holds.
"""

from pathlib import Path
from types import ModuleType
from typing import Literal

from batch_import.errors import UsageError
from batch_import.job import OUTPUT, DatabaseState, Job, jobs_below
from batch_import.state.connection import Connection
from batch_import.state.sqlite import SqliteConnection


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


def jobs_in(folder: Path = OUTPUT, database: str = "") -> list[Job]:
    """All jobs whose state a database keeps, or that are in a folder and its own folders.

    Args:
        folder: of a database's jobs, where the results are.

    Raises:
        StateError: the database cannot be used.
    """
    if not database:
        return jobs_below(folder)
    return [Job(folder / name, database) for name in catalog().job_names(database)]


def catalog() -> ModuleType:
    """What needs psycopg.

    Raises:
        UsageError: it is not installed.
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
