"""One open state file: its version, its transactions, and what its errors mean.

This file must not know what a table is for.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal

from batch_import.errors import StateError, command, named

#: Raised with every change of schema.sql; a file of another version is refused, never guessed at.
SCHEMA_VERSION: Final = 5
#: Seconds to wait for another process that writes.
_BUSY_TIMEOUT: Final = 30.0

_WRITABLE: Final = f"Make the job folder writable, or choose another with {named('job')}."
_HELD: Final = "Another program holds it; close that and run the same command again."
_DISK: Final = "Check the disk, then run the same command again; nothing saved is lost."
#: What to do, by SQLite's name of the error; the part after `SQLITE_`, without its extension.
_HINTS: Final = {
    "FULL": "Free some space and run the same command again; nothing saved is lost.",
    "READONLY": _WRITABLE,
    "CANTOPEN": _WRITABLE,
    "PERM": _WRITABLE,
    "BUSY": _HELD,
    "LOCKED": _HELD,
    "IOERR": _DISK,
    "NOMEM": "Close other programs, then run the same command again; nothing saved is lost.",
}
# An older copy knows nothing of what was sent since, and would send it again.
_DAMAGED: Final = (
    f"It may be damaged: start again with another {named('job')}, not with an old copy."
)


class Connection:
    """A connection to a state file. Not safe for many threads at once.

    Args:
        path: the file; `None` keeps the state in memory, for tests and rehearsals; an empty path
            keeps it in an unnamed temporary file that is gone once it is closed.
        create: make the file where there is none.
        read_only: nothing is to be changed in it.

    Attributes:
        name: of the file, for messages.
        db: for the modules of this package alone.

    Raises:
        StateError: it is missing, damaged, not ours, or of another version.
    """

    def __init__(
        self, path: Path | Literal[""] | None, *, create: bool = False, read_only: bool = False
    ) -> None:
        self.name = str(path) if path else "the state in memory"
        if path and not create and not path.is_file():
            raise StateError(
                f"There is no job at {path.parent}.", f"Start it with: {command('run')}"
            )
        if path and create and not path.exists():
            # It holds addresses that work. What cannot be made, SQLite reports.
            with suppress(OSError):
                path.touch(mode=0o600)
        with self.errors_mapped():
            self.db = sqlite3.connect(
                ":memory:" if path is None else path,
                isolation_level=None,
                check_same_thread=False,
                timeout=_BUSY_TIMEOUT,
            )
            if read_only:
                self.db.execute("PRAGMA query_only = ON")
            self._prepare(read_only=read_only)

    def close(self) -> None:
        """Close the file. All state is saved already."""
        self.db.close()

    def copy_to(self, other: "Connection") -> None:
        """Replace all that another state holds by what this one holds."""
        with self.errors_mapped():
            self.db.backup(other.db)

    # Reading and writing ----------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is written meanwhile is committed at the end, or nothing of it."""
        with self.errors_mapped():
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield self.db
            except BaseException:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                raise
            self.db.execute("COMMIT")

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read meanwhile is of one moment, whatever a run commits."""
        with self.errors_mapped():
            self.db.execute("BEGIN")
            try:
                yield
            finally:
                self.db.execute("ROLLBACK")

    def rows(
        self, statement: str, parameters: Sequence[Any] | dict[str, Any] = ()
    ) -> Iterator[Any]:
        """The rows that a query finds, one by one."""
        with self.errors_mapped():
            # Not `yield from`: that would close the cursor of whoever reads no further, and fail
            # where the file is closed by then.
            for row in self.db.execute(statement, parameters):  # noqa: UP028
                yield row

    def batches(
        self, statement: str, parameters: Sequence[Any], size: int
    ) -> Iterator[list[tuple[Any, ...]]]:
        """The rows that a query finds, up to so many at once."""
        with self.errors_mapped():
            cursor = self.db.execute(statement, parameters)
            while found := cursor.fetchmany(size):
                yield found

    def row(self, statement: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> Any:
        """The first row that a query finds; None where it finds none."""
        with self.errors_mapped():
            return self.db.execute(statement, parameters).fetchone()

    def count(self, statement: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> int:
        """The number that a query answers with."""
        return int(self.row(statement, parameters)[0])

    # Opening ----------------------------------------------------------------------------------

    def _prepare(self, *, read_only: bool) -> None:
        (version,) = self.db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise StateError(
                f"{self.name} was written by a newer batch-import.", "Update batch-import."
            )
        if 0 < version < SCHEMA_VERSION:
            raise StateError(
                f"{self.name} was written by an older batch-import.",
                f"Run the manifest with another {named('job')}:"
                " what is in the account is taken over.",
            )
        if read_only:
            if version == 0:
                raise self._not_ours()
            return
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        if version == 0:
            self._create()

    def _create(self) -> None:
        (tables,) = self.db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables:
            raise self._not_ours()
        schema = resources.files(__package__).joinpath("schema.sql").read_text(encoding="utf-8")
        self.db.executescript(f"BEGIN; {schema} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")

    def _not_ours(self) -> StateError:
        return StateError(
            f"{self.name} is not a state file of batch-import.", f"Use {named('job')}."
        )

    @contextmanager
    def decoding(self) -> Iterator[None]:
        """Turn values that this program never writes into one line that a person can act on.

        Only what reads stored values belongs into it: it takes any of their errors for a damaged
        file.
        """
        try:
            yield
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise StateError(
                f"{self.name} holds a value that batch-import did not write: {error}.", _DAMAGED
            ) from None

    @contextmanager
    def errors_mapped(self) -> Iterator[None]:
        """Turn what SQLite says into one line that a person can act on."""
        try:
            yield
        except sqlite3.Error as error:
            # Errors of the module itself have no name; SQLite's are such as SQLITE_IOERR_WRITE.
            kind = getattr(error, "sqlite_errorname", "SQLITE_").split("_")[1]
            raise StateError(f"{self.name}: {error}.", _HINTS.get(kind, _DAMAGED)) from None
