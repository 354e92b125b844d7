"""The jobs of a PostgreSQL database: which there are, and the schema of each.

This file must not know what a job's tables are for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from typing import Final

from batch_import.errors import StateError, command_ref, setting_ref
from batch_import.job import DatabaseState
from batch_import.state import dialect
from batch_import.state.connection import SCHEMA_VERSION
from batch_import.state.postgres import (
    PostgresConnection,
    Session,
    connected,
    mapped_errors,
    shown_url,
)

#: Raised with every change of catalog.sql.
CATALOG_VERSION: Final = 1
#: Whoever creates something here holds it: any number that no other program is likely to take.
_CREATING: Final = 7_424_011_990
_IS_PREPARED: Final = "SELECT to_regclass('batch_import.version') IS NOT NULL"
_VERSION: Final = "SELECT number FROM batch_import.version"
_JOB: Final = "SELECT number, version FROM batch_import.job WHERE name = %s"
_ADD_JOB: Final = "INSERT INTO batch_import.job (name, version) VALUES (%s, %s) RETURNING number"
_NAMES: Final = "SELECT name FROM batch_import.job ORDER BY name"


@contextmanager
def session(url: str) -> Iterator[Session]:
    """A session of a prepared database.

    Raises:
        StateError: it cannot be reached, is not safe, not prepared, or of another version.
    """
    name = shown_url(url)
    db = connected(url, name)
    try:
        with mapped_errors(name):
            _check(db, name)
            yield db
    finally:
        db.close()


def prepare(url: str) -> bool:
    """Prepare a database for jobs. Returns whether it was not prepared before.

    Raises:
        StateError: it cannot be reached, is not safe, or of another version.
    """
    name = shown_url(url)
    with connected(url, name) as db, mapped_errors(name), creating(db):
        if _is_prepared(db):
            _check(db, name)
            return False
        db.execute(_text("catalog.sql").encode())
        db.execute("INSERT INTO batch_import.version VALUES (%s)", (CATALOG_VERSION,))
    return True


def open_job(state: DatabaseState, *, create: bool, read_only: bool) -> PostgresConnection:
    """A connection to a job's state.

    Raises:
        StateError: there is none, and none is to be made; or as `session` says.
    """
    name = shown_url(state.url)
    db = connected(state.url, name)
    try:
        with mapped_errors(name):
            _check(db, name)
            number = number_or_made(db, state) if create else job_number(db, state)
    except BaseException:
        db.close()
        raise
    return PostgresConnection(db, described(state), _schema(number), read_only=read_only)


def described(state: DatabaseState) -> str:
    """A job and its database, for messages."""
    return f"the job {state.job} in {shown_url(state.url)}"


def job_number(db: Session, state: DatabaseState) -> int:
    """The number of a job.

    Raises:
        StateError: there is no such job, or it is of another version.
    """
    found = db.execute(_JOB, (state.job,)).fetchone()
    if not found:
        raise StateError(
            f"There is no job {state.job} in {shown_url(state.url)}.",
            f"Start it with: {command_ref('run')}",
        )
    _refuse_version(described(state), found[1], SCHEMA_VERSION)
    return int(found[0])


def has_job(state: DatabaseState) -> bool:
    """Whether there is such a job."""
    with session(state.url) as db:
        return has_job_in(db, state)


def has_job_in(db: Session, state: DatabaseState) -> bool:
    """The same in a session."""
    return db.execute(_JOB, (state.job,)).fetchone() is not None


def hold_claimed(db: Session, job: int, epoch: int) -> None:
    """Rows that the holder of an epoch may still send are held, unless its end is known."""
    db.execute(
        f"""
        INSERT INTO batch_import.held (job, number, epoch)
        SELECT holder.job, row.number, holder.epoch
        FROM batch_import.holder, "{_schema(job)}".row
        WHERE holder.job = %s AND holder.epoch = %s AND NOT ended AND status = 'creating'
        ON CONFLICT (job, number) DO UPDATE SET epoch = excluded.epoch
        """.encode(),
        (job, epoch),
    )


def job_names(url: str) -> list[str]:
    """The names of all jobs."""
    with session(url) as db:
        return [name for (name,) in db.execute(_NAMES)]


@contextmanager
def creating(db: Session) -> Iterator[None]:
    """One transaction; others that create something wait for its end."""
    with db.transaction():
        db.execute("SELECT pg_advisory_xact_lock(%s)", (_CREATING,))
        yield


def number_or_made(db: Session, state: DatabaseState) -> int:
    """The number of a job, which is made where there is none."""
    if db.execute(_JOB, (state.job,)).fetchone():
        return job_number(db, state)
    with creating(db):
        if db.execute(_JOB, (state.job,)).fetchone():
            return job_number(db, state)
        (number,) = db.execute(_ADD_JOB, (state.job, SCHEMA_VERSION)).fetchone() or (0,)
        schema = _schema(number)
        db.execute(f'CREATE SCHEMA "{schema}"'.encode())
        db.execute("SELECT set_config('search_path', %s, true)", (f'"{schema}"',))
        db.execute(dialect.schema(_text("schema.sql")).encode())
    return int(number)


def _schema(number: int) -> str:
    return f"batch_import_{number}"


def _check(db: Session, name: str) -> None:
    if not _is_prepared(db):
        raise StateError(
            f"{name} is not prepared for batch-import.",
            f"Prepare it once: batch-import state init, with {setting_ref('state')}.",
        )
    (version,) = db.execute(_VERSION).fetchone() or (0,)
    _refuse_version(name, version, CATALOG_VERSION)


def _is_prepared(db: Session) -> bool:
    (prepared,) = db.execute(_IS_PREPARED).fetchone() or (False,)
    return bool(prepared)


def _refuse_version(name: str, found: int, ours: int) -> None:
    if found > ours:
        raise StateError(f"{name} was prepared by a newer batch-import.", "Update batch-import.")
    if found < ours:
        raise StateError(
            f"{name} was prepared by an older batch-import.",
            f"Use another database; what is in the account is taken over ({setting_ref('state')}).",
        )


def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
