"""The state of one job: a connection to its database, and the parts that use it.

This file must not know a statement.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Self

from batch_import.addresses.masking import add_masked_names
from batch_import.job import DatabaseState
from batch_import.models import EMPTY_COLUMNS, ManifestColumns, ManifestRow
from batch_import.state import corrections, location, manifest_diff, transfer
from batch_import.state.connection import Connection
from batch_import.state.corrections import Corrected, CorrectedRow
from batch_import.state.edition_check import NO_DECISION, LoadOptions
from batch_import.state.facts import SIGNING, Facts, StoredFact
from batch_import.state.listing import AccountListing
from batch_import.state.manifest_diff import ManifestDiff
from batch_import.state.pictures import Pictures
from batch_import.state.queue import Queue
from batch_import.state.reader import Reader
from batch_import.state.sqlite import SqliteConnection


class Store:
    """One open state. Not safe for many threads at once.

    Args:
        where: the file, or a database; `None` keeps the state in memory, for tests and rehearsals;
            an empty path keeps it in an unnamed temporary file that is gone once it is closed.
        create: make it where there is none.
        read_only: nothing is to be changed in it.

    Attributes:
        queue: the rows to import: claims them, and commits what became of them.
        reader: what is known of the rows.
        facts: what is true of the whole job.
        pictures: the sizes of the media's pictures.

    Raises:
        StateError: it is missing, damaged, not ours, or of another version.
    """

    def __init__(
        self,
        where: Path | DatabaseState | Literal[""] | None,
        *,
        create: bool = False,
        read_only: bool = False,
    ) -> None:
        self._use(location.connected(where, create=create, read_only=read_only))
        # Whatever is shown of the job, by whichever command: what its user named as secret is.
        signing = self.facts.get(SIGNING)
        add_masked_names(signing)

    def _use(self, connection: Connection) -> None:
        self.connection = connection
        self.queue = Queue(connection)
        self.reader = Reader(connection)
        self.facts = Facts(connection)
        self.pictures = Pictures(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection. All state is saved already."""
        self.connection.close()

    def copy(self) -> Self:
        """A temporary copy that may be changed: this state stays as it is."""
        copy = type(self)("")
        transfer.copy(self.connection, copy.connection)
        return copy

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read meanwhile is of one moment, whatever a run commits."""
        with self.connection.snapshot():
            yield

    def load(
        self,
        rows: Iterable[ManifestRow],
        now: float,
        columns: ManifestColumns = EMPTY_COLUMNS,
        facts: Iterable[StoredFact] = (),
        options: LoadOptions = NO_DECISION,
    ) -> ManifestDiff:
        """Load a manifest: all of it, or nothing if `rows` raises.

        Rows are recognised by their identity. New ones are added; those that failed or were
        invalid and have changed go back to pending; those that the platform has, or may have,
        keep what was sent; those that are gone and were never sent are skipped, or deleted if
        they were invalid.

        Args:
            now: epoch seconds.
            columns: of the manifest: what the rows' cells belong to.
            facts: written in the same transaction.
            options: what the user has decided.

        Raises:
            StateError: it is another manifest, or would skip most rows; nothing has changed.
        """
        diff = manifest_diff.load(self.connection, rows, now, columns, facts, options)
        self.queue.follow()
        return diff

    def correct(
        self, rows: Iterable[CorrectedRow], now: float, facts: Iterable[StoredFact] = ()
    ) -> Corrected:
        """Change single rows; all others stay as they are.

        Args:
            now: epoch seconds.
            facts: written in the same transaction, where any row has changed.
        """
        corrected = corrections.correct(self.connection, rows, now, facts)
        self.queue.follow()
        return corrected

    def account_listing(self) -> AccountListing:
        """Tables for the account's media. From now on this store shows the rows as they are now.

        Nothing more can be written through it.
        """
        if not isinstance(self.connection, SqliteConnection):
            # A long transaction would keep a server from tidying up.
            copy, own = SqliteConnection(""), self.connection
            transfer.copy(own, copy)
            self._use(copy)
            own.close()
            return AccountListing(copy)
        return AccountListing(self.connection)
