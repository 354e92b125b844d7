"""A job database in PostgreSQL: sessions, transactions, and hints for the errors of the server.

Each job has a schema of its own. A connection pooler between this program and the server must keep
the connection for a whole session, because settings of the session are used. This module must not
know what a table is for.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg
from psycopg.abc import Buffer
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumperUnknown

from batch_import.errors import StateError, StateUnavailable, command_ref, setting_ref
from batch_import.state.connection import Connection, Database, Parameters
from batch_import.state.dialect import translate

#: A connection to a PostgreSQL server. In this package, `fetchone() or (…)` is used only for
#: queries that always have a row. The values after `or` are for the type checker.
Session = psycopg.Connection[tuple[Any, ...]]
#: Maximum number of seconds to wait for a connection.
_CONNECT_SECONDS: Final = 10
#: Maximum number of seconds to wait for a lock of another session: the same as for a SQLite file.
_LOCK_SECONDS: Final = 30
#: Maximum number of milliseconds to wait until the server acknowledges bytes that were sent. The
#: same as three failed keepalive probes, which detect an unreachable server if nothing was sent.
_UNACKNOWLEDGED_MILLISECONDS: Final = 30_000
#: The oldest supported version of the server, 12, which is the first with `AS MATERIALIZED`.
_OLDEST_VERSION: Final = 120_000
#: Settings of a session, which override the settings of the server and of the user. A commit is on
#: disk when it returns. `work_mem` is enough for a hash join over all rows of a large manifest.
#: `jit` is off, because the statements are too short to be worth compiling.
_SESSION_SETTINGS: Final = f"""
    SET synchronous_commit = on; SET lock_timeout = '{_LOCK_SECONDS}s'; SET statement_timeout = 0;
    SET idle_in_transaction_session_timeout = 0; SET client_min_messages = error;
    SET work_mem = '64MB'; SET jit = off
"""
_SERVER_SETTINGS: Final = """
    SELECT current_setting('fsync'), current_setting('full_page_writes'), pg_is_in_recovery(),
        current_setting('server_version_num')::int
"""
_REPEAT_HINT: Final = "Then run the same command again; nothing saved is lost."
#: Advice for the user, by PostgreSQL's error code or the first two characters of this code
#: (appendix A of its manual). The whole code is looked up first.
_HINTS: Final = {
    "28": f"Correct user and password; {setting_ref('state')} or ~/.pgpass has them.",
    "3D000": f"Create the database, or correct its name in {setting_ref('state')}.",
    "42501": "Grant this right to the database user.",
    "53100": f"Free some space on the database's disk. {_REPEAT_HINT}",
    "53": f"The database server lacks resources: close other programs. {_REPEAT_HINT}",
    "55P03": f"Another program holds a lock; close that program. {_REPEAT_HINT}",
    "25006": "This server accepts no writes: name the primary server, not a replica.",
    "40": f"Another program changed the same rows. {_REPEAT_HINT}",
}
#: Words of messages for failed connections, for which libpq gives no error code, and their codes.
_REFUSAL_CODES: Final = (
    ("authentication failed", "28P01"),
    ("no password supplied", "28P01"),
    ("no pg_hba.conf entry", "28000"),
    ('FATAL:  role "', "28000"),
    ('FATAL:  database "', "3D000"),
    ("permission denied", "42501"),
    ("too many clients", "53300"),
    ("remaining connection slots", "53300"),
)
_UNREACHABLE_HINT: Final = f"Make sure that the database runs and can be reached. {_REPEAT_HINT}"
_OTHER_HINT: Final = "See the log of the database, then run the same command again."


#: A held row is a row that a previous run has claimed and may still send. It is released as soon as
#: it is known that this run has ended. Each run of a job has an epoch, which is a number: a new run
#: has a higher epoch than all previous runs. `held.epoch` is the epoch of the run that claimed the
#: row. This condition selects the rows to release.
_HOLDER_HAS_ENDED: Final = """
    epoch IN (SELECT epoch FROM batch_import.holder WHERE holder.job = held.job AND ended)
"""
#: Statements that release these rows. The parameter is the current time. `sent_at` becomes the
#: latest time at which an unknown row can have been sent. `{held}` is replaced by `_held_where`.
#: For the job 7, the second statement is:
#:
#:     DELETE FROM batch_import.held WHERE job = 7 AND epoch IN (SELECT … AND ended)
_RELEASE: Final = (
    f"""
    UPDATE row SET sent_at = ?
    WHERE status = 'unknown' AND number IN (SELECT number FROM {{held}} AND {_HOLDER_HAS_ENDED})
    """,
    f"DELETE FROM {{held}} AND {_HOLDER_HAS_ENDED}",
)
#: Options of libpq for a connection. With them, an operation fails within a minute if the server
#: can no longer be reached.
NETWORK_OPTIONS: Final[dict[str, Any]] = {
    "connect_timeout": _CONNECT_SECONDS,
    "keepalives_idle": _CONNECT_SECONDS,
    "keepalives_interval": _CONNECT_SECONDS,
    "keepalives_count": 3,
    "tcp_user_timeout": _UNACKNOWLEDGED_MILLISECONDS,
}


class _TextDumper(StrDumperUnknown):
    """Replaces NUL characters in texts, because PostgreSQL cannot store them."""

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj.replace("\0", "\N{REPLACEMENT CHARACTER}"))


def url_without_password(url: str) -> str:
    """Returns the URL of a database without user, password and options, for messages."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def connect(url: str, name: str) -> Session:
    """Returns a session in which each statement is a separate transaction.

    Args:
        url: URL of the database.
        name: name of the database, for messages.

    Raises:
        StateError: the database cannot be reached, is a replica or too old, or has settings with
            which committed data may be lost.
    """
    with map_postgres_errors(name):
        db = psycopg.connect(
            url,
            autocommit=True,
            application_name="batch-import",
            **NETWORK_OPTIONS,
        )
        db.adapters.register_dumper(str, _TextDumper)
        db.adapters.register_dumper(int, Int8Dumper)
        db.execute(_SESSION_SETTINGS)
        _refuse_unsafe(db, name)
    return db


def _refuse_unsafe(db: Session, name: str) -> None:
    """Close a session and raise an error if its server must not be used."""
    fsync, full_page_writes, is_replica, version = db.execute(_SERVER_SETTINGS).fetchone() or (
        "off",
        "off",
        False,
        0,
    )
    fault = hint = ""
    if "off" in (fsync, full_page_writes):
        setting = "fsync" if fsync == "off" else "full_page_writes"
        fault = f"its server runs with {setting} = off, and may lose rows that were sent"
        hint = f"Set {setting} = on there: a row that is lost would be sent twice."
    elif is_replica:
        fault, hint = "it is a replica, which accepts no writes", "Name the primary server."
    elif version < _OLDEST_VERSION:
        fault = f"its server is PostgreSQL {version // 10_000}"
        hint = f"Use version {_OLDEST_VERSION // 10_000} or newer."
    if fault:
        db.close()
        raise StateError(f"{name} cannot be used: {fault}.", hint)


@contextmanager
def map_postgres_errors(name: str) -> Iterator[None]:
    """Turn errors of PostgreSQL into a `StateError` with one line and a hint."""
    try:
        yield
    except psycopg.Error as error:
        code = error.sqlstate or _code_of_refusal(error)
        # Codes 08… and 57P…: the connection was lost, or the server is shutting down or starting.
        is_connection_lost = code.startswith(("08", "57P"))
        if is_connection_lost or (not code and isinstance(error, psycopg.OperationalError)):
            raise StateUnavailable(f"{name}: {_one_line(error)}.", _UNREACHABLE_HINT) from None
        hint = _HINTS.get(code) or _HINTS.get(code[:2]) or _OTHER_HINT
        raise StateError(f"{name}: {_one_line(error)}.", hint) from None


def _code_of_refusal(error: psycopg.Error) -> str:
    """Returns the error code of a failed connection, for which libpq has only a text; or empty."""
    for words, code in _REFUSAL_CODES:
        if words in str(error):
            return code
    return ""


def _one_line(error: psycopg.Error) -> str:
    """Returns the message of an error as one line without a full stop."""
    text = error.diag.message_primary or str(error) or type(error).__name__
    # libpq adds advice in further lines, and one line for each IP address of a host, such as
    # `connection to server at "db.example.com" (10.0.0.1), port 5432 failed: Connection refused`.
    line = text.strip().splitlines()[0].rpartition(" failed: ")[2]
    return line.removeprefix("FATAL:").strip().rstrip(".")


def job_taken_over(name: str) -> StateUnavailable:
    """Returns the error for a run that has lost its job to another run."""
    return StateUnavailable(
        f"{name}: another run has taken the job over.",
        f"Nothing is lost. Watch it with: {command_ref('status')}",
    )


class PostgresDatabase:
    """Executes statements in a PostgreSQL session."""

    def __init__(self, db: Session) -> None:
        self._db = db

    def execute(self, statement: str, parameters: Parameters = ()) -> Any:
        """As in `Database`."""
        return self._db.execute(translate(statement), parameters)

    def executemany(self, statement: str, parameters: Sequence[Parameters]) -> None:
        """As in `Database`."""
        if len(parameters) == 1:
            self.execute(statement, parameters[0])
        elif parameters:
            with self._db.cursor() as cursor:
                cursor.executemany(translate(statement), parameters)

    def insert(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """As in `Database`."""
        with self._db.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        self.analyze(table)

    def analyze(self, table: str) -> None:
        """As in `Database`."""
        self._db.execute(f"ANALYZE {table}")


class PostgresConnection(Connection):
    """A connection to the schema of a job. Must not be used by several threads at once.

    Args:
        db: a session that `connect` returned. It is closed with this connection.
        name: name of the job and its database, for messages.
        schema: name of the schema with its tables.
        read_only: whether writing is refused.

    Attributes:
        db: the session. Only this package uses it.
    """

    def __init__(self, db: Session, name: str, schema: str, *, read_only: bool = False) -> None:
        self.name = name
        self._cursor_numbers = count()
        self._fence_query = ""
        #: The held rows of the job, as the part of a statement after FROM; empty without a fence.
        self._held_where = ""
        self.db = db
        self._database = PostgresDatabase(db)
        with self.map_errors():
            self.db.execute("SELECT set_config('search_path', %s, false)", (f'"{schema}"',))
            if read_only:
                self.db.execute("SET default_transaction_read_only = on")

    def close(self) -> None:
        """As in `Connection`."""
        self.db.close()

    @contextmanager
    def transaction(self) -> Iterator[Database]:
        """As in `Connection`."""
        with self.map_errors():
            self._begin()
            try:
                yield self._database
            except BaseException:
                self._roll_back()
                raise
            self.db.execute("COMMIT")

    def set_fence(self, job: int, epoch: int, session_name: str) -> None:
        """As in `Connection`."""
        # Not FOR SHARE, because renewing the lease would wait for the end of each transaction.
        self._fence_query = f"""
            SELECT 1 FROM batch_import.lease WHERE job = {job} AND epoch = {epoch} FOR KEY SHARE
        """
        self._held_where = f"batch_import.held WHERE job = {job}"
        with self.map_errors():
            self.db.execute("SELECT set_config('application_name', %s, false)", (session_name,))

    def _begin(self) -> None:
        """Begin a transaction, and check in the same round trip that the fence allows it."""
        cursor = self.db.execute(f"BEGIN; {self._fence_query}")
        if self._fence_query:
            cursor.nextset()  # from the result of BEGIN to the result of the query
            if not cursor.fetchone():
                self._roll_back()
                raise job_taken_over(self.name)

    def held_rows(self, now: float) -> frozenset[int]:
        """As in `Connection`."""
        if not self._held_where:
            return frozenset()
        with self.transaction() as db:
            for statement in _RELEASE:
                db.execute(
                    statement.format(held=self._held_where), (now,) if "?" in statement else ()
                )
        return frozenset(
            number for (number,) in self.rows(f"SELECT number FROM {self._held_where}")
        )

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """As in `Connection`."""
        with self.map_errors():
            self.db.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                yield
            finally:
                self._roll_back()

    def _roll_back(self) -> None:
        if not self.db.closed and self.in_transaction:
            self.db.execute("ROLLBACK")

    @property
    def in_transaction(self) -> bool:
        """As in `Connection`."""
        return self.db.info.transaction_status in (
            TransactionStatus.INTRANS, TransactionStatus.INERROR
        )  # fmt: skip

    def rows(self, statement: str, parameters: Parameters = ()) -> Iterator[Any]:
        """As in `Connection`."""
        with self.map_errors():
            rows = self._database.execute(statement, parameters).fetchall()
        yield from rows

    def batches(
        self, statement: str, parameters: Parameters, size: int
    ) -> Iterator[list[tuple[Any, ...]]]:
        """As in `Connection`."""
        with self.map_errors():
            # Outside of a transaction, `withhold` makes the server keep the result of the query.
            name = f"rows_{next(self._cursor_numbers)}"
            cursor = self.db.cursor(name, withhold=not self.in_transaction)
            try:
                cursor.execute(translate(statement), parameters)
                while batch := cursor.fetchmany(size):
                    yield batch
            finally:
                if not self.db.closed:
                    cursor.close()

    def row(self, statement: str, parameters: Parameters = ()) -> Any:
        """As in `Connection`."""
        with self.map_errors():
            return self._database.execute(statement, parameters).fetchone()

    def last_number(self, table: str) -> int:
        """As in `Connection`."""
        sequence = self._sequence(table)
        if not sequence:
            return 0
        last_value, is_called = self.row(f"SELECT last_value, is_called FROM {sequence}")
        return int(last_value) if is_called else 0

    def continue_after(self, table: str, number: int) -> None:
        """As in `Connection`."""
        sequence = self._sequence(table)
        if sequence:
            # The next number is higher than `number` and than all numbers in the table.
            highest = f"coalesce((SELECT max(number) FROM {table}), 0)"
            self.row(f"SELECT setval('{sequence}', greatest(?, {highest}) + 1, false)", (number,))

    def _sequence(self, table: str) -> str:
        """Returns the name of the sequence that numbers a table's rows; empty if there is none."""
        # With `min`, the result always has one row: NULL if there is no sequence.
        (name,) = self.row(
            """
            SELECT min(pg_get_serial_sequence(attrelid::regclass::text, attname::text))
            FROM pg_attribute WHERE attrelid = to_regclass(?) AND attidentity <> ''
            """,
            (table,),
        )
        return str(name or "")

    @contextmanager
    def map_errors(self) -> Iterator[None]:
        """As in `Connection`."""
        with map_postgres_errors(self.name):
            yield
