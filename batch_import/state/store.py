"""The database of one job: its connection, and the classes that use it.

This module must not contain SQL statements.
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
from batch_import.state.corrections import CorrectedRow, CorrectionResult
from batch_import.state.exclusions import Exclusions
from batch_import.state.facts import SIGNING, Facts, StoredFact
from batch_import.state.listing import AccountListing
from batch_import.state.manifest_diff import ManifestDiff
from batch_import.state.manifest_version import DEFAULT_LOAD_OPTIONS, LoadOptions
from batch_import.state.pictures import Pictures
from batch_import.state.queue import Queue
from batch_import.state.reader import Reader
from batch_import.state.sqlite import SqliteConnection


class Store:
    """An open job database. Not safe for use by several threads at once.

    Args:
        where: the SQLite file, or the PostgreSQL database. None creates a database in memory, for
            tests and rehearsals. An empty path creates an unnamed temporary file, which is deleted
            when it is closed.
        create: whether to create the database if it does not exist.
        read_only: whether writing is refused.

    Attributes:
        connection: the connection to the database.
        queue: claims rows to import, and stores their status updates.
        reader: reads the rows.
        facts: values that belong to the whole job.
        pictures: sizes of the pictures of media.
        exclusions: rows that the user has excluded from the import.

    Raises:
        StateError: the database is missing, damaged, not one of this program, or of another
            version.
    """

    def __init__(
        self,
        where: Path | DatabaseState | Literal[""] | None,
        *,
        create: bool = False,
        read_only: bool = False,
    ) -> None:
        self._use(location.open_connection(where, create=create, read_only=read_only))
        # URL parameters that the user has named as signatures are masked in all output of the job.
        signing = self.facts.get(SIGNING)
        add_masked_names(signing)

    def _use(self, connection: Connection) -> None:
        self.connection = connection
        self.queue = Queue(connection)
        self.reader = Reader(connection)
        self.facts = Facts(connection)
        self.pictures = Pictures(connection)
        self.exclusions = Exclusions(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection. All changes are committed already."""
        self.connection.close()

    def copy(self) -> Self:
        """Returns a copy of this database in a temporary file. The caller must close it."""
        copy = type(self)("")
        transfer.copy(self.connection, copy.connection)
        return copy

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Opens a context in which reads do not see changes that a run commits meanwhile."""
        with self.connection.snapshot():
            yield

    def load(
        self,
        rows: Iterable[ManifestRow],
        now: float,
        columns: ManifestColumns = EMPTY_COLUMNS,
        facts: Iterable[StoredFact] = (),
        options: LoadOptions = DEFAULT_LOAD_OPTIONS,
    ) -> ManifestDiff:
        """Load a manifest: compare its rows with the rows of the job, and change the job.

        Rows are matched by their identity. New rows are added. Rows that have failed or are
        invalid, and have changed, become pending again. Rows that the platform has, or may have,
        keep the values that were sent. Rows that are no longer in the manifest and were never sent
        are skipped, or deleted if they are invalid.

        Args:
            rows: all rows of the manifest. If the iterator raises an exception, nothing is changed.
            now: current time in epoch seconds.
            columns: columns of the manifest, to which the cells of the rows belong.
            facts: facts to store in the same transaction.
            options: what the user has decided about an edited manifest.

        Raises:
            StateError: it is another job's manifest, or it lacks most of the unsent rows. Nothing
                has changed.
        """
        diff = manifest_diff.load(self.connection, rows, now, columns, facts, options)
        self.queue.refresh_choice()
        return diff

    def correct(
        self, rows: Iterable[CorrectedRow], now: float, facts: Iterable[StoredFact] = ()
    ) -> CorrectionResult:
        """Change only some rows, which were corrected in `failed.csv`.

        Args:
            rows: the corrected rows.
            now: current time in epoch seconds.
            facts: facts to store in the same transaction, if any row has changed.

        Raises:
            StateError: the job does not have one of the rows. Nothing has changed.
        """
        result = corrections.correct(self.connection, rows, now, facts)
        self.queue.refresh_choice()
        return result

    def account_listing(self) -> AccountListing:
        """Returns empty tables for the account's media, beside a snapshot of the rows.

        From now on, this store only reads the snapshot. It must not be used to write.
        """
        if isinstance(self.connection, SqliteConnection):
            return AccountListing(self.connection)
        # The snapshot of a PostgreSQL database is a copy, because a long transaction would keep the
        # server from removing old versions of rows.
        database, copy = self.connection, SqliteConnection("")
        transfer.copy(database, copy)
        self._use(copy)
        database.close()
        return AccountListing(copy)
