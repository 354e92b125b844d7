"""The catalog of a PostgreSQL database: its jobs, each of which has a schema for its tables.

The tables of the catalog are in the schema `batch_import` (`catalog.sql`). This module must not
know what the tables of a job are for.
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

#: Version of catalog.sql. It is increased when these tables change.
CATALOG_VERSION: Final = 1
#: Number of the advisory lock that a session holds while it creates tables or jobs. It is an
#: arbitrary number that another program probably does not use.
_CREATE_LOCK_ID: Final = 7_424_011_990
_IS_PREPARED: Final = "SELECT to_regclass('batch_import.version') IS NOT NULL"
_VERSION: Final = "SELECT number FROM batch_import.version"
_JOB: Final = "SELECT number, version FROM batch_import.job WHERE name = %s"
_ADD_JOB: Final = "INSERT INTO batch_import.job (name, version) VALUES (%s, %s) RETURNING number"
_NAMES: Final = "SELECT name FROM batch_import.job ORDER BY name"
_NUMBERS: Final = "SELECT number, name FROM batch_import.job WHERE version = %s ORDER BY name"
#: Maximum number of schemas that one statement reads. A statement locks each table that it reads,
#: and by default, the server has 64 locks for each of its connections.
_SCHEMAS_PER_STATEMENT: Final = 50


@contextmanager
def session(url: str) -> Iterator[Session]:
    """Opens a session of a database that `prepare` has prepared.

    Raises:
        StateError: the database cannot be reached, has settings that may lose data, is not
            prepared, or was prepared by another version of the program.
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
    """Prepare a database for jobs: create the tables of the catalog.

    Returns:
        True if this was done, False if the database was prepared already.

    Raises:
        StateError: the database cannot be reached, has settings that may lose data, or was prepared
            by another version of the program.
    """
    name = url_without_password(url)
    with connect(url, name) as db, map_postgres_errors(name), create_lock(db):
        if _is_prepared(db):
            _check(db, name)
            return False
        # psycopg's types accept a statement that is not a literal only as bytes.
        db.execute(_read_resource("catalog.sql").encode())
        db.execute("INSERT INTO batch_import.version VALUES (%s)", (CATALOG_VERSION,))
    return True


def open_job(state: DatabaseState, *, create: bool, read_only: bool) -> PostgresConnection:
    """Returns a connection to the tables of a job.

    Args:
        state: name of the job, and URL of its database.
        create: whether to create the job if it does not exist.
        read_only: whether writing is refused.

    Raises:
        StateError: the job does not exist, and `create` is false; or as for `session`.
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
    """Returns a text with the names of a job and of its database, for messages."""
    return f"the job {state.job} in {url_without_password(state.url)}"


def job_number(db: Session, state: DatabaseState) -> int:
    """Returns the number of a job in the catalog.

    Raises:
        StateError: there is no such job, or another version of the program has created it.
    """
    row = db.execute(_JOB, (state.job,)).fetchone()
    if not row:
        raise StateError(
            f"There is no job {state.job} in {url_without_password(state.url)}.",
            f"Start it with: {command_ref('run')}",
        )
    number, version = row
    _refuse_version(job_description(state), version, SCHEMA_VERSION)
    return int(number)


def has_job(state: DatabaseState) -> bool:
    """Whether a job exists."""
    with session(state.url) as db:
        return has_job_in(db, state)


def has_job_in(db: Session, state: DatabaseState) -> bool:
    """Whether a job exists, in an open session."""
    return db.execute(_JOB, (state.job,)).fetchone() is not None


def hold_claimed_rows(db: Session, job: int, epoch: int) -> None:
    """Mark the rows as held that an earlier run has claimed, unless this run has ended.

    The earlier run may still send these rows.

    Args:
        db: a session of the database.
        job: number of the job.
        epoch: number of the earlier run among the runs of the job (`lease.Lease.epoch`).
    """
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
    """Returns the names of the jobs that have all these facts.

    Args:
        url: URL of the database.
        facts: names of facts, and their values as they are stored.
    """
    names: list[str] = []
    # A job has all the facts if as many of its facts match as there are in `facts`.
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
    """Opens a transaction in which no other session creates tables or jobs."""
    with db.transaction():
        db.execute("SELECT pg_advisory_xact_lock(%s)", (_CREATE_LOCK_ID,))
        yield


def get_or_create_job(db: Session, state: DatabaseState) -> int:
    """Returns the number of a job in the catalog, after creating the job if it does not exist.

    Raises:
        StateError: another version of the program has created the job.
    """
    if db.execute(_JOB, (state.job,)).fetchone():
        return job_number(db, state)
    with create_lock(db):
        # Another session may have created the job meanwhile.
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
    """Raise an error if a database is not prepared, or was prepared by another version."""
    if not _is_prepared(db):
        raise StateError(
            f"{name} is not prepared for batch-import.",
            f"Prepare it once: batch-import state init, with {setting_ref('state')}.",
        )
    (version,) = db.execute(_VERSION).fetchone() or (0,)
    _refuse_version(name, version, CATALOG_VERSION)


def _is_prepared(db: Session) -> bool:
    (is_prepared,) = db.execute(_IS_PREPARED).fetchone() or (False,)
    return bool(is_prepared)


def _refuse_version(name: str, version: int, own_version: int) -> None:
    if version > own_version:
        raise StateError(f"{name} was prepared by a newer batch-import.", "Update batch-import.")
    if version < own_version:
        raise StateError(
            f"{name} was prepared by an older batch-import.",
            "Use another database; videos that the account already has are taken over"
            f" ({setting_ref('state')}).",
        )


def _read_resource(name: str) -> str:
    """Returns the text of a file of this package."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
