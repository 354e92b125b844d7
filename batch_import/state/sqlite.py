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

#: How long to wait for another process that writes to the file.
_BUSY_SECONDS: Final = 30.0

_WRITABLE_HINT: Final = (
    f"Make the job folder writable, or choose another with {setting_ref('job')}."
)
_LOCKED_HINT: Final = "Another program holds it; close that and run the same command again."
_DISK_HINT: Final = "Check the disk, then run the same command again; nothing saved is lost."
#: What to do, by the part of SQLite's error name after `SQLITE_`, without extension.
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
    """Executes statements in a SQLite file. SQLite needs no translation of them."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.execute = db.execute
        self._db = db

    def executemany(self, statement: str, parameters: Iterable[Parameters]) -> None:
        """As in `Database`."""
        self._db.executemany(statement, parameters)

    def insert(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """As in `Database`."""
        given = iter(rows)
        first = next(given, None)
        if first is not None:
            values = ", ".join("?" * len(first))
            self.executemany(f"INSERT INTO {table} VALUES ({values})", chain([first], given))

    def analyze(self, table: str) -> None:
        """Does nothing, because SQLite's planner needs no statistics for these statements."""


class SqliteConnection(Connection):
    """A connection to a SQLite file. Not safe for use by several threads at once.

    Args:
        path: the file. None creates a database in memory, for tests and rehearsals. An empty path
            creates an unnamed temporary file, which is deleted when it is closed.
        create: whether to create the file if it does not exist.
        read_only: whether writing is refused.

    Attributes:
        db: the connection of the module sqlite3. Only this package uses it.

    Raises:
        StateError: the file is missing, damaged, not one of this program, or of another version.
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
            # Only the user may read it, because it contains signed URLs. SQLite reports errors.
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
            # Not `yield from`: if the caller stops reading, that would close the cursor. This
            # fails if the file has been closed meanwhile.
            for row in self.db.execute(statement, parameters):  # noqa: UP028
                yield row

    stream = rows

    def batches(
        self, statement: str, parameters: Parameters, size: int
    ) -> Iterator[list[tuple[Any, ...]]]:
        """As in `Connection`."""
        with self.map_errors():
            cursor = self.db.execute(statement, parameters)
            while found := cursor.fetchmany(size):
                yield found

    def row(self, statement: str, parameters: Parameters = ()) -> Any:
        """As in `Connection`."""
        with self.map_errors():
            return self.db.execute(statement, parameters).fetchone()

    def last_number(self, table: str) -> int:
        """As in `Connection`."""
        found = self.row("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,))
        return int(found[0]) if found else 0

    def continue_after(self, table: str, number: int) -> None:
        """As in `Connection`."""
        if number:
            with self.map_errors():
                self.db.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
                self.db.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (table, number))

    # Opening ----------------------------------------------------------------------------------

    def _prepare(self, *, read_only: bool) -> None:
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
        (tables,) = self.db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables:
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
            # Errors of the module itself have no name; SQLite's are such as SQLITE_IOERR_WRITE.
            kind = getattr(error, "sqlite_errorname", "SQLITE_").split("_")[1]
            raise StateError(f"{self.name}: {error}.", _HINTS.get(kind, DAMAGED_HINT)) from None


def remove_state_file(path: Path) -> None:
    """Delete a state file and the files of SQLite beside it. No connection may be open."""
    for suffix in ("", "-wal", "-shm"):
        with suppress(OSError):
            path.with_name(path.name + suffix).unlink()
