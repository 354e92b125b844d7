"""A connection to a job database, with the interface that SQLite and PostgreSQL share.

`sqlite.py` and `postgres.py` implement it. Both run the same SQL, which uses only what both
databases support. This module must not know either of them, nor what a table is for.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, Protocol

from batch_import.errors import StateError, setting_ref

#: Version of schema.sql, increased with each change. A job database of another version is refused.
SCHEMA_VERSION: Final = 5
#: Number of rows that are fetched at once by `stream`.
_FETCH_SIZE: Final = 2_000
Parameters = Sequence[Any] | Mapping[str, Any]

#: What to do if a job database cannot be read. An old copy of it lacks what was sent since;
#: therefore rows would be sent again.
DAMAGED_HINT: Final = (
    f"It may be damaged: start again with another {setting_ref('job')}, not with an old copy."
)


class Cursor(Protocol):
    """The result of a statement."""

    @property
    def rowcount(self) -> int:
        """Number of rows that were changed."""

    def fetchone(self) -> Any:
        """Returns the next row; None after the last."""

    def fetchall(self) -> list[Any]:
        """Returns all remaining rows."""

    def __iter__(self) -> Iterator[Any]: ...


class Database(Protocol):
    """Executes statements. `?` and `:name` mark their parameters."""

    def execute(self, statement: str, parameters: Parameters = ()) -> Cursor:
        """Execute one statement."""

    def executemany(self, statement: str, parameters: Sequence[Parameters]) -> None:
        """Execute one statement for each set of parameters, in their order."""

    def insert(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows with a value for each column, in the fastest way of the database."""

    def analyze(self, table: str) -> None:
        """Update the statistics of a table that has changed a lot."""


class Connection:
    """A connection to the database of one job. Not safe for use by several threads at once.

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
        """Returns a context: everything written in it is committed at its end, or nothing."""
        raise NotImplementedError

    def snapshot(self) -> AbstractContextManager[None]:
        """Returns a context: everything read in it is of one moment, even if a run commits."""
        raise NotImplementedError

    def rows(self, statement: str, parameters: Parameters = ()) -> Iterator[Any]:
        """Yields the rows that a query finds. They must be few enough to be in memory."""
        raise NotImplementedError

    def batches(
        self, statement: str, parameters: Parameters, size: int
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Yields the rows that a query finds, in lists of at most `size` rows."""
        raise NotImplementedError

    def stream(self, statement: str, parameters: Parameters = ()) -> Iterator[Any]:
        """Yields the rows that a query finds, one by one, however many there are."""
        for found in self.batches(statement, parameters, _FETCH_SIZE):
            yield from found

    def row(self, statement: str, parameters: Parameters = ()) -> Any:
        """Returns the first row that a query finds; None if it finds none."""
        raise NotImplementedError

    def errors_mapped(self) -> AbstractContextManager[None]:
        """Returns a context that turns errors of the database into a `StateError`."""
        raise NotImplementedError

    def set_fence(self, job: int, epoch: int, session: str) -> None:
        """From now on, refuse to commit once another run has taken the job over.

        Args:
            job, epoch: as in `lease.Lease`.
            session: name of this database session, so that another run can end it.
        """
        raise NotImplementedError

    def held_rows(self, now: float) -> frozenset[int]:
        """Returns the numbers of the rows that a previous run, on another machine, may still send.

        Rows of runs that have ended are released first.

        Args:
            now: epoch seconds.
        """
        del now
        return frozenset()

    def last_number(self, table: str) -> int:
        """Returns the last number that a row of a table was given; 0 if there is none."""
        raise NotImplementedError

    def continue_after(self, table: str, number: int) -> None:
        """From now on, give rows of a table numbers that are higher than `number`."""
        raise NotImplementedError

    def count(self, statement: str, parameters: Parameters = ()) -> int:
        """Returns the single number that a query results in."""
        return int(self.row(statement, parameters)[0])

    @contextmanager
    def decoding(self) -> Iterator[None]:
        """Turn errors caused by stored values that this program never writes into a `StateError`.

        Only code that decodes stored values belongs into this context, because all of its errors
        are reported as a damaged job database.
        """
        try:
            yield
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise StateError(
                f"{self.name} holds a value that batch-import did not write: {error}.", DAMAGED_HINT
            ) from None

    def refuse_version(self, version: int) -> None:
        """Check the version of a job database.

        Raises:
            StateError: another version of the program wrote the database.
        """
        if version > SCHEMA_VERSION:
            raise StateError(
                f"{self.name} was written by a newer batch-import.", "Update batch-import."
            )
        if version < SCHEMA_VERSION:
            raise StateError(
                f"{self.name} was written by an older batch-import.",
                f"Run the manifest with another {setting_ref('job')}:"
                " what is in the account is taken over.",
            )
