"""The jobs of a PostgreSQL database, and the schema of each job.

This module must not know what the tables of a job are for.
"""

from collections.abc import Iterator, Mapping
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
    connect,
    map_postgres_errors,
    url_without_password,
)

#: Version of catalog.sql, increased with each change.
CATALOG_VERSION: Final = 1
#: Number of the advisory lock that a session holds while it creates something in the database. An
#: arbitrary number that another program is not likely to use.
_CREATE_LOCK_ID: Final = 7_424_011_990
_IS_PREPARED: Final = "SELECT to_regclass('batch_import.version') IS NOT NULL"
_VERSION: Final = "SELECT number FROM batch_import.version"
_JOB: Final = "SELECT number, version FROM batch_import.job WHERE name = %s"
_ADD_JOB: Final = "INSERT INTO batch_import.job (name, version) VALUES (%s, %s) RETURNING number"
_NAMES: Final = "SELECT name FROM batch_import.job ORDER BY name"
_NUMBERS: Final = "SELECT number, name FROM batch_import.job WHERE version = %s ORDER BY name"
#: Number of schemas that one statement reads. A statement locks each table that it reads, and the
#: server has 64 locks for each of its connections by default.
_SCHEMAS_PER_STATEMENT: Final = 50


@contextmanager
def session(url: str) -> Iterator[Session]:
    """Opens a session of a prepared database.

    Raises:
        StateError: the database cannot be reached, has unsafe settings, is not prepared, or is of
            another version.
    """
    name = url_without_password(url)
    db = connect(url, name)
    try:
        with map_postgres_errors(name):
            _check(db, name)
            yield db
    finally:
        db.close()


def prepare(url: str) -> bool:
    """Prepare a database for jobs.

    Returns:
        whether it was not prepared before.

    Raises:
        StateError: the database cannot be reached, has unsafe settings, or is of another version.
    """
    name = url_without_password(url)
    with connect(url, name) as db, map_postgres_errors(name), create_lock(db):
        if _is_prepared(db):
            _check(db, name)
            return False
        db.execute(_read_resource("catalog.sql").encode())
        db.execute("INSERT INTO batch_import.version VALUES (%s)", (CATALOG_VERSION,))
    return True


def open_job(state: DatabaseState, *, create: bool, read_only: bool) -> PostgresConnection:
    """Returns a connection to the schema of a job.

    Raises:
        StateError: the job does not exist and is not to be created; or as for `session`.
    """
    name = url_without_password(state.url)
    db = connect(state.url, name)
    try:
        with map_postgres_errors(name):
            _check(db, name)
            number = get_or_create_job(db, state) if create else job_number(db, state)
    except BaseException:
        db.close()
        raise
    return PostgresConnection(db, job_description(state), _schema_name(number), read_only=read_only)


def job_description(state: DatabaseState) -> str:
    """Returns the name of a job and its database, for messages."""
    return f"the job {state.job} in {url_without_password(state.url)}"


def job_number(db: Session, state: DatabaseState) -> int:
    """Returns the number of a job.

    Raises:
        StateError: there is no such job, or it is of another version.
    """
    found = db.execute(_JOB, (state.job,)).fetchone()
    if not found:
        raise StateError(
            f"There is no job {state.job} in {url_without_password(state.url)}.",
            f"Start it with: {command_ref('run')}",
        )
    _refuse_version(job_description(state), found[1], SCHEMA_VERSION)
    return int(found[0])


def has_job(state: DatabaseState) -> bool:
    """Whether a job exists."""
    with session(state.url) as db:
        return has_job_in(db, state)


def has_job_in(db: Session, state: DatabaseState) -> bool:
    """Whether a job exists, in an open session."""
    return db.execute(_JOB, (state.job,)).fetchone() is not None


def hold_claimed_rows(db: Session, job: int, epoch: int) -> None:
    """Hold the rows that the run with an epoch may still send, unless the run has ended."""
    db.execute(
        f"""
        INSERT INTO batch_import.held (job, number, epoch)
        SELECT holder.job, row.number, holder.epoch
        FROM batch_import.holder, "{_schema_name(job)}".row
        WHERE holder.job = %s AND holder.epoch = %s AND NOT ended AND status = 'creating'
        ON CONFLICT (job, number) DO UPDATE SET epoch = excluded.epoch
        """.encode(),
        (job, epoch),
    )


def job_names(url: str) -> list[str]:
    """Returns the names of all jobs."""
    with session(url) as db:
        return [name for (name,) in db.execute(_NAMES)]


def names_of_jobs_with(url: str, facts: Mapping[str, str]) -> list[str]:
    """Returns the names of the jobs that have all these facts, by the facts' names."""
    names: list[str] = []
    with session(url) as db:
        jobs = db.execute(_NUMBERS, (SCHEMA_VERSION,)).fetchall()
        for start in range(0, len(jobs), _SCHEMAS_PER_STATEMENT):
            chunk = dict(jobs[start : start + _SCHEMAS_PER_STATEMENT])
            statement = " UNION ALL ".join(
                f'SELECT {number} FROM "{_schema_name(number)}".fact'
                " WHERE (name, value) IN"
                " (SELECT * FROM unnest(%(names)s::text[], %(values)s::text[]))"
                " HAVING count(*) = %(count)s"
                for number in chunk
            )
            values = {"names": list(facts), "values": list(facts.values()), "count": len(facts)}
            names += [chunk[number] for (number,) in db.execute(statement.encode(), values)]
    return names


@contextmanager
def create_lock(db: Session) -> Iterator[None]:
    """Opens a transaction that waits for other sessions that create something."""
    with db.transaction():
        db.execute("SELECT pg_advisory_xact_lock(%s)", (_CREATE_LOCK_ID,))
        yield


def get_or_create_job(db: Session, state: DatabaseState) -> int:
    """Returns the number of a job, which is created if it does not exist."""
    if db.execute(_JOB, (state.job,)).fetchone():
        return job_number(db, state)
    with create_lock(db):
        if db.execute(_JOB, (state.job,)).fetchone():
            return job_number(db, state)
        (number,) = db.execute(_ADD_JOB, (state.job, SCHEMA_VERSION)).fetchone() or (0,)
        schema = _schema_name(number)
        db.execute(f'CREATE SCHEMA "{schema}"'.encode())
        db.execute("SELECT set_config('search_path', %s, true)", (f'"{schema}"',))
        db.execute(dialect.translate_schema(_read_resource("schema.sql")).encode())
    return int(number)


def _schema_name(number: int) -> str:
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


def _read_resource(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
