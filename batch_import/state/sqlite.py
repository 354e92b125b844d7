"""A job database in a SQLite file: its version, its transactions, and hints for its errors.

This module must not know what a table is for.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import Any, Final, Literal

from batch_import.errors import StateError, command_ref, setting_ref
from batch_import.state.connection import (
    DAMAGED_HINT,
    SCHEMA_VERSION,
    Connection,
    Database,
    Parameters,
)

#: Maximum number of seconds to wait for another process that writes to the file. A transaction of
#: this program is much shorter, even on a slow disk.
_BUSY_SECONDS: Final = 30.0

_WRITABLE_HINT: Final = (
    f"Make the job folder writable, or choose another with {setting_ref('job')}."
)
_LOCKED_HINT: Final = (
    "Another program uses the file; close that program and run the same command again."
)
_DISK_HINT: Final = "Check the disk, then run the same command again; nothing saved is lost."
#: Advice for the user, by the name of SQLite's primary error code without `SQLITE_`.
_HINTS: Final = {
    "FULL": "Free some space and run the same command again; nothing saved is lost.",
    "READONLY": _WRITABLE_HINT,
    "CANTOPEN": _WRITABLE_HINT,
    "PERM": _WRITABLE_HINT,
    "BUSY": _LOCKED_HINT,
    "LOCKED": _LOCKED_HINT,
    "IOERR": _DISK_HINT,
    "NOMEM": "Close other programs, then run the same command again; nothing saved is lost.",
}


class SqliteDatabase:
    """Executes statements in a SQLite file. They are written for SQLite, and not translated."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.execute = db.execute
        self._db = db

    def executemany(self, statement: str, parameters: Iterable[Parameters]) -> None:
        """As in `Database`."""
        self._db.executemany(statement, parameters)

    def insert(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """As in `Database`."""
        iterator = iter(rows)
        first_row = next(iterator, None)
        if first_row is not None:
            marks = ", ".join("?" * len(first_row))
            all_rows = chain([first_row], iterator)
            self.executemany(f"INSERT INTO {table} VALUES ({marks})", all_rows)

    def analyze(self, table: str) -> None:
        """Does nothing, because SQLite's planner needs no statistics for these statements."""


class SqliteConnection(Connection):
    """A connection to a SQLite file. Must not be used by several threads at once.

    Args:
        path: the file. None creates a database in memory, for tests and rehearsals. An empty text
            creates an unnamed temporary file, which is deleted when it is closed.
        create: whether to create the file if it does not exist.
        read_only: whether writing is refused.

    Attributes:
        db: the connection of the module sqlite3. Only this package uses it.

    Raises:
        StateError: the file does not exist, is damaged, or was not written by this version of this
            program.
    """

    def __init__(
        self, path: Path | Literal[""] | None, *, create: bool = False, read_only: bool = False
    ) -> None:
        self.name = str(path) if path else "the state in memory"
        if path and not create and not path.is_file():
            raise StateError(
                f"There is no job at {path.parent}.", f"Start it with: {command_ref('run')}"
            )
        if path and create and not path.exists():
            # Only the user may read the file, because it contains signed URLs. If it cannot be
            # created, SQLite reports the error below.
            with suppress(OSError):
                path.touch(mode=0o600)
        with self.map_errors():
            self.db = sqlite3.connect(
                ":memory:" if path is None else path,
                isolation_level=None,
                check_same_thread=False,
                timeout=_BUSY_SECONDS,
            )
            self._database = SqliteDatabase(self.db)
            if read_only:
                self.db.execute("PRAGMA query_only = ON")
            self._prepare(read_only=read_only)

    def close(self) -> None:
        """As in `Connection`."""
        self.db.close()

    def copy_to(self, other: "SqliteConnection") -> None:
        """Replace the content of another database with the content of this database."""
        with self.map_errors():
            self.db.backup(other.db)

    @property
    def in_transaction(self) -> bool:
        """As in `Connection`."""
        return self.db.in_transaction

    # Reading and writing ----------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[Database]:
        """As in `Connection`."""
        with self.map_errors():
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                raise
            self.db.execute("COMMIT")

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """As in `Connection`."""
        with self.map_errors():
            self.db.execute("BEGIN")
            try:
                yield
            finally:
                self.db.execute("ROLLBACK")

    def rows(self, statement: str, parameters: Parameters = ()) -> Iterator[Any]:
        """As in `Connection`."""
        with self.map_errors():
            # Not `yield from`: if the caller stops reading, `yield from` would close the cursor,
            # which raises an error if the connection was closed before.
            for row in self.db.execute(statement, parameters):  # noqa: UP028
                yield row

    stream = rows

    def batches(
        self, statement: str, parameters: Parameters, size: int
    ) -> Iterator[list[tuple[Any, ...]]]:
        """As in `Connection`."""
        with self.map_errors():
            cursor = self.db.execute(statement, parameters)
            while batch := cursor.fetchmany(size):
                yield batch

    def row(self, statement: str, parameters: Parameters = ()) -> Any:
        """As in `Connection`."""
        with self.map_errors():
            return self.db.execute(statement, parameters).fetchone()

    def last_number(self, table: str) -> int:
        """As in `Connection`."""
        row = self.row("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,))
        return int(row[0]) if row else 0

    def continue_after(self, table: str, number: int) -> None:
        """As in `Connection`."""
        if number:
            with self.map_errors():
                self.db.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
                self.db.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (table, number))

    # Opening ----------------------------------------------------------------------------------

    def _prepare(self, *, read_only: bool) -> None:
        """Check the version of the file, or create the tables in an empty file."""
        (version,) = self.db.execute("PRAGMA user_version").fetchone()
        if version:
            self.refuse_version(version)
        if read_only:
            if version == 0:
                raise self._foreign_file_error()
            return
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        if version == 0:
            self._create()

    def _create(self) -> None:
        (table_count,) = self.db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if table_count:
            raise self._foreign_file_error()
        schema = resources.files(__package__).joinpath("schema.sql").read_text(encoding="utf-8")
        self.db.executescript(f"BEGIN; {schema} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")

    def _foreign_file_error(self) -> StateError:
        return StateError(
            f"{self.name} is not a state file of batch-import.", f"Use {setting_ref('job')}."
        )

    @contextmanager
    def map_errors(self) -> Iterator[None]:
        """As in `Connection`."""
        try:
            yield
        except sqlite3.Error as error:
            # SQLite's errors have names such as SQLITE_IOERR_WRITE, whose second word is the
            # primary code. Errors of the module sqlite3 itself have no such name.
            error_name = getattr(error, "sqlite_errorname", "SQLITE_")
            hint = _HINTS.get(error_name.split("_")[1], DAMAGED_HINT)
            raise StateError(f"{self.name}: {error}.", hint) from None


def remove_state_file(path: Path) -> None:
    """Delete the file of a job database, and SQLite's files beside it. Close connections before.

    Files that cannot be deleted stay.
    """
    for suffix in ("", "-wal", "-shm"):
        with suppress(OSError):
            path.with_name(path.name + suffix).unlink()
