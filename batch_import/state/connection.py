"""A connection to a job's state, whichever database keeps it, and what a statement goes through.

`sqlite.py` and `postgres.py` are the two databases; both take the same statements, written in what
both understand. This file must not know either of them, nor what a table is for.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, Protocol

from batch_import.errors import StateError, setting_ref

#: Raised with every change of schema.sql; a state of another version is refused, never guessed at.
SCHEMA_VERSION: Final = 5
#: Rows that are fetched at once where they are read one by one.
_AT_ONCE: Final = 2_000
Parameters = Sequence[Any] | Mapping[str, Any]

#: What to do with a state that cannot be read. An older copy knows nothing of what was sent since,
#: and would send it again.
DAMAGED: Final = (
    f"It may be damaged: start again with another {setting_ref('job')}, not with an old copy."
)


class Results(Protocol):
    """What a statement found, or how many rows it changed."""

    @property
    def rowcount(self) -> int:
        """Rows that were changed."""

    def fetchone(self) -> Any:
        """The next row; None after the last."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Database(Protocol):
    """What statements are put to: `?` and `:name` are their parameters."""

    def execute(self, statement: str, parameters: Parameters = ()) -> Results:
        """One statement."""

    def executemany(self, statement: str, parameters: Sequence[Parameters]) -> None:
        """One statement for each of some parameters, in their order."""

    def insert(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows with a value for each column, in the fastest way that the database has."""

    def analyze(self, table: str) -> None:
        """Tell the database that a table has changed a lot."""


class Connection:
    """A connection to the state of one job. Not safe for many threads at once.

    Attributes:
        name: of the state, for messages.
    """

    name: str

    def close(self) -> None:
        """Close the connection. All state is saved already."""
        raise NotImplementedError

    @property
    def in_transaction(self) -> bool:
        """Whether one is under way."""
        raise NotImplementedError

    def transaction(self) -> AbstractContextManager[Database]:
        """All that is written meanwhile is committed at the end, or nothing of it."""
        raise NotImplementedError

    def snapshot(self) -> AbstractContextManager[None]:
        """All that is read meanwhile is of one moment, whatever a run commits."""
        raise NotImplementedError

    def rows(self, statement: str, parameters: Parameters = ()) -> Iterator[Any]:
        """The rows that a query finds, one by one; few enough to be in memory."""
        raise NotImplementedError

    def batches(
        self, statement: str, parameters: Parameters, size: int
    ) -> Iterator[list[tuple[Any, ...]]]:
        """The rows that a query finds, up to so many at once, however many there are."""
        raise NotImplementedError

    def stream(self, statement: str, parameters: Parameters = ()) -> Iterator[Any]:
        """The same, one by one."""
        for found in self.batches(statement, parameters, _AT_ONCE):
            yield from found

    def row(self, statement: str, parameters: Parameters = ()) -> Any:
        """The first row that a query finds; None where it finds none."""
        raise NotImplementedError

    def errors_mapped(self) -> AbstractContextManager[None]:
        """Turn what the database says into one line that a person can act on."""
        raise NotImplementedError

    def fenced(self, job: int, epoch: int, session: str) -> None:
        """From now on nothing is committed once another run has taken the job over.

        Args:
            job, epoch: as in a `lease.Lease`.
            session: what this session is called, so that it can be ended from outside.
        """
        raise NotImplementedError

    def still_held(self, now: float) -> frozenset[int]:
        """Numbers of rows that an earlier run, of another machine, may still send.

        Where that run's end is known by now, they are no longer held.

        Args:
            now: epoch seconds.
        """
        del now
        return frozenset()

    def last_number(self, table: str) -> int:
        """The last number that a row of a table was given; 0 before the first, or without any."""
        raise NotImplementedError

    def continue_after(self, table: str, number: int) -> None:
        """From now on, rows of a table are given higher numbers."""
        raise NotImplementedError

    def count(self, statement: str, parameters: Parameters = ()) -> int:
        """The number that a query answers with."""
        return int(self.row(statement, parameters)[0])

    @contextmanager
    def decoding(self) -> Iterator[None]:
        """Turn values that this program never writes into one line that a person can act on.

        Only what reads stored values belongs into it: it takes any of their errors for a damaged
        state.
        """
        try:
            yield
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise StateError(
                f"{self.name} holds a value that batch-import did not write: {error}.", DAMAGED
            ) from None

    def refuse_version(self, version: int) -> None:
        """Raises: StateError: another version of the program wrote the state."""
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
