"""A connection to a job database: the interface that SQLite and PostgreSQL share.

`sqlite.py` and `postgres.py` implement the interface. Both execute the same SQL statements, which
use only features that both databases have. This module must not know either of them, nor what a
table is for.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, Protocol

from batch_import.errors import StateError, setting_ref

#: Version of schema.sql. It is increased when the tables change. A job database of another version
#: is refused.
SCHEMA_VERSION: Final = 5
#: Number of rows that `stream` fetches at once: few enough for memory, and many enough that a fetch
#: does not take most of the time.
_FETCH_SIZE: Final = 2_000
#: Values for the parameters of a statement, by position or by name.
Parameters = Sequence[Any] | Mapping[str, Any]

#: Advice if a job database cannot be read. An old copy of the database must not be used, because it
#: lacks the rows that were sent since it was made. These rows would be sent again.
DAMAGED_HINT: Final = (
    f"It may be damaged: start again with another {setting_ref('job')}, not with an old copy."
)


class Cursor(Protocol):
    """The result of a statement."""

    @property
    def rowcount(self) -> int:
        """Number of rows that the statement has changed."""

    def fetchone(self) -> Any:
        """Returns the next row; None after the last."""

    def fetchall(self) -> list[Any]:
        """Returns all remaining rows."""

    def __iter__(self) -> Iterator[Any]: ...


class Database(Protocol):
    """Executes SQL statements. In a statement, `?` and `:name` are parameters."""

    def execute(self, statement: str, parameters: Parameters = ()) -> Cursor:
        """Execute one statement."""

    def executemany(self, statement: str, parameters: Sequence[Parameters]) -> None:
        """Execute one statement for each set of parameters, in their order."""

    def insert(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows to a table, in the fastest way of the database.

        Args:
            table: name of the table.
            rows: a value for each column of the table, in their order.
        """

    def analyze(self, table: str) -> None:
        """Update the statistics about a table, by which the database plans queries."""


class Connection:
    """A connection to the database of one job. Must not be used by several threads at once.

    All methods that use the database raise a `StateError` if this fails.

    Attributes:
        name: name of the database, for messages.
    """

    name: str

    def close(self) -> None:
        """Close the connection. All changes are committed already."""
        raise NotImplementedError

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        raise NotImplementedError

    def transaction(self) -> AbstractContextManager[Database]:
        """Returns a context. Its changes are committed at its end, or discarded after an error."""
        raise NotImplementedError

    def snapshot(self) -> AbstractContextManager[None]:
        """Returns a context in which reads do not see changes that a run commits meanwhile."""
        raise NotImplementedError

    def rows(self, statement: str, parameters: Parameters = ()) -> Iterator[Any]:
        """Yields the rows of a query's result. Together they must fit into memory."""
        raise NotImplementedError

    def batches(
        self, statement: str, parameters: Parameters, size: int
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Yields the rows of a query's result, in lists of at most `size` rows."""
        raise NotImplementedError

    def stream(self, statement: str, parameters: Parameters = ()) -> Iterator[Any]:
        """Yields the rows of a query's result, which need not fit into memory."""
        for batch in self.batches(statement, parameters, _FETCH_SIZE):
            yield from batch

    def row(self, statement: str, parameters: Parameters = ()) -> Any:
        """Returns the first row of a query's result; None if there is none."""
        raise NotImplementedError

    def map_errors(self) -> AbstractContextManager[None]:
        """Returns a context that turns errors of the database into a `StateError`."""
        raise NotImplementedError

    def set_fence(self, job: int, epoch: int, session_name: str) -> None:
        """From now on, refuse to commit once another run has taken the job over.

        Args:
            job: number of the job.
            epoch: number that identifies the right of this run to the job (`lease.Lease`).
            session_name: name to give to this database session. Another run can end the session by
                this name.
        """
        raise NotImplementedError

    def held_rows(self, now: float) -> frozenset[int]:
        """Returns the numbers of the held rows, after releasing rows of runs that have ended.

        A held row is a row that a previous run, on another machine, may still send. In a SQLite
        file there are none, because only one machine uses it.

        Args:
            now: current time in epoch seconds.
        """
        del now
        return frozenset()

    def last_number(self, table: str) -> int:
        """Returns the highest number that a row of a table ever had; 0 if there was no row."""
        raise NotImplementedError

    def continue_after(self, table: str, number: int) -> None:
        """From now on, give new rows of a table numbers that are higher than `number`."""
        raise NotImplementedError

    def count(self, statement: str, parameters: Parameters = ()) -> int:
        """Returns the result of a query that results in one number."""
        return int(self.row(statement, parameters)[0])

    @contextmanager
    def decoding(self) -> Iterator[None]:
        """Opens a context in which stored values are decoded.

        If a value cannot be decoded, the error becomes a `StateError` about a damaged job database.
        Therefore only code that decodes values belongs into this context.
        """
        try:
            yield
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise StateError(
                f"{self.name} holds a value that batch-import did not write: {error}.", DAMAGED_HINT
            ) from None

    def refuse_version(self, version: int) -> None:
        """Raise an error if a job database has another version than `SCHEMA_VERSION`.

        Raises:
            StateError: an older or newer version of the program wrote the database.
        """
        if version > SCHEMA_VERSION:
            raise StateError(
                f"{self.name} was written by a newer batch-import.", "Update batch-import."
            )
        if version < SCHEMA_VERSION:
            raise StateError(
                f"{self.name} was written by an older batch-import.",
                f"Run the manifest with another {setting_ref('job')}:"
                " videos that the account already has are taken over.",
            )
