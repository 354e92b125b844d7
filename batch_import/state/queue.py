"""The queue of rows to import: returns the next rows, and stores their status updates.

Only rows in flight are Python objects; all other rows stay in the database. Every method is one
transaction, and its changes are on disk when it returns (`synchronous=FULL`), because a claim must
survive a power cut. During a run, only one thread uses the queue. This module must not know why a
row changes its status.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from batch_import.models import JobRow, LineRange, Status, StatusUpdate, VideoSource
from batch_import.state import choice, choice_statements, statements
from batch_import.state.choice import PendingRow
from batch_import.state.connection import Connection, Database
from batch_import.state.facts import HEADER, Facts


class Queue:
    """The rows of one job that a run may import."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        #: The table from which pending rows are taken: all rows, or only the chosen ones.
        self._table = choice_statements.ALL_ROWS

    # The choice of rows -----------------------------------------------------------------------

    def choose(self, wanted: Sequence[LineRange | str]) -> None:
        """Restrict this connection to some rows; if `wanted` is empty, remove the restriction.

        Args:
            wanted: lines on which the rows start, or their reference IDs.

        Raises:
            UsageError: the manifest has no such row.
        """
        self._table = choice_statements.ALL_ROWS
        if wanted:
            with self._connection.transaction() as db:
                choice.choose(db, wanted)
            self._table = choice_statements.CHOSEN_ROWS

    def choose_first(self, limit: int) -> None:
        """Restrict this connection to the pending rows that are claimed first, `limit` of them."""
        with self._connection.transaction() as db:
            choice.choose_first(db, self._table, limit)
        self._table = choice_statements.CHOSEN_ROWS

    def refresh_choice(self) -> None:
        """Update the chosen rows after rows were changed other than through this queue."""
        if self.has_choice:
            with self._connection.transaction() as db:
                self._update_whole_choice(db)

    def choose_numbers(self, numbers: Sequence[int]) -> None:
        """Restrict this connection to the rows with these numbers, whatever their status is."""
        with self._connection.transaction() as db:
            choice.choose_numbers(db, numbers)
        self._table = choice_statements.CHOSEN_ROWS

    def any_unfinished(self, numbers: Sequence[int]) -> bool:
        """Whether one of these rows is pending or in flight."""
        statement = choice_statements.IS_UNFINISHED
        return any(self._connection.count(statement, (number,)) for number in numbers)

    def pending_rows(self, size_position: int | None) -> Iterator[PendingRow]:
        """Yields the rows that may be claimed, in manifest order.

        Args:
            size_position: position of the manifest's column of file sizes; None if it has none.
        """
        statement = choice_statements.pending_for_pilot(self._table)
        return self._pilot_rows(statement, size_position)

    def rows_by_number(
        self, numbers: Sequence[int], size_position: int | None
    ) -> Iterator[PendingRow]:
        """Yields the rows with these numbers, in manifest order; arguments of `pending_rows`."""
        for number in numbers:
            yield from self._pilot_rows(
                choice_statements.PILOT_ROW_OF, size_position, number=number
            )

    def _pilot_rows(
        self, statement: str, size_position: int | None, **more: int
    ) -> Iterator[PendingRow]:
        header = None if size_position is None else Facts(self._connection).get(HEADER)
        found = self._connection.rows(statement, {"header": header, **more})
        for number, line, title, url, extension, cells in found:
            texts = json.loads(cells)
            cell = (
                texts[size_position]
                if size_position is not None and size_position < len(texts)
                else ""
            )
            yield PendingRow(number, line, title, url, extension, cell)

    @property
    def has_choice(self) -> bool:
        """Whether this connection is restricted to some rows."""
        return self._table == choice_statements.CHOSEN_ROWS

    def claimable_count(self) -> int:
        """Returns the number of pending rows that may be claimed."""
        return self._connection.count(statements.claimable_count(self._table))

    def remaining_count(self) -> int:
        """Returns the number of chosen rows that are neither imported nor skipped."""
        return self._connection.count(statements.remaining_count(self._table))

    def retryable_count(self) -> int:
        """Returns the number of rows that `retry_failed` would make pending."""
        return self._connection.count(statements.RETRYABLE_COUNT)

    # Status changes ---------------------------------------------------------------------------

    def recover(self, now: float) -> int:
        """Make rows unknown whose POST may have been sent before a crash; returns their number."""
        with self._connection.transaction() as db:
            db.execute(statements.RECOVER_EVENTS, (now,))
            recovered = db.execute(statements.RECOVER, (now,)).rowcount
            self._update_whole_choice(db)
            return recovered

    def held_rows(self, now: float) -> frozenset[int]:
        """As in `Connection`."""
        return self._connection.held_rows(now)

    def retry_failed(self, now: float) -> int:
        """Make the failed rows of the choice pending, as the user wants; returns their number."""
        with self._connection.transaction() as db:
            db.execute(statements.retry_events(self._table), (now,))
            retried = db.execute(statements.retry(self._table)).rowcount
            self._update_whole_choice(db)
            return retried

    def claim(
        self, limit: int, now: float, excluded: Collection[int] = frozenset()
    ) -> list[JobRow]:
        """Claim pending rows: store that their POST is about to be sent.

        Rows whose URL expires are claimed first, in the order of their expiry. The others follow in
        manifest order.

        Args:
            excluded: numbers of rows that are not claimed.
        """
        with self._connection.transaction() as db:
            found = self._rows(statements.next_to_claim(self._table), (limit + len(excluded),))
            rows = [row for row in found if row.row_number not in excluded][:limit]
            if not rows:
                return rows
            db.executemany(statements.CLAIM, [(now, row.row_number) for row in rows])
            self._update_choice(db, [(Status.CREATING, row.row_number) for row in rows])
            db.executemany(
                statements.ADD_EVENT,
                [(row.row_number, now, Status.CREATING, "", "") for row in rows],
            )
        return rows

    def apply(self, changes: Sequence[StatusUpdate], now: float) -> None:
        """Store status updates."""
        if not changes:
            return
        with self._connection.transaction() as db:
            db.executemany(
                statements.ADD_EVENT,
                [(c.row_number, now, c.status, c.reason, c.code) for c in changes],
            )
            db.executemany(statements.APPLY, [_parameters(change) for change in changes])
            self._update_choice(db, [(change.status, change.row_number) for change in changes])

    def _update_choice(self, db: Database, statuses: Sequence[tuple[Status, int]]) -> None:
        """Update the statuses that are stored with the chosen rows."""
        if self.has_choice:
            db.executemany(choice_statements.UPDATE_CHOSEN, statuses)

    def _update_whole_choice(self, db: Database) -> None:
        if self.has_choice:
            db.execute(choice_statements.UPDATE_ALL_CHOSEN)

    # Rows that are not finished ---------------------------------------------------------------

    def pending_sources(self, after: int, limit: int) -> list[VideoSource]:
        """Returns the sources of claimable rows in the order of their numbers, after a number."""
        statement = statements.pending_sources(self._table)
        return [VideoSource(*values) for values in self._connection.rows(statement, (after, limit))]

    def pending_by_reference(self, reference_ids: Iterable[str]) -> list[JobRow]:
        """Returns the claimable rows that have one of these reference IDs."""
        names = list(reference_ids)
        if not names:
            return []
        return self._rows(statements.pending_by_reference(self._table, len(names)), names)

    def in_flight(self) -> list[JobRow]:
        """Returns the rows that a previous run left in flight, in the order of their creation."""
        rows = self._rows(statements.IN_FLIGHT)
        positions = dict(self._connection.rows(statements.IN_FLIGHT_POSITIONS))
        places = [positions[row.row_number] or 0 for row in rows]
        return [
            replace(
                row,
                imported_between_count=self._connection.count(
                    statements.IMPORTED_BETWEEN, (before, place)
                ),
            )
            for row, before, place in zip(rows, [0, *places], places, strict=False)
        ]

    def recently_imported(self, limit: int) -> list[JobRow]:
        """Returns the imported rows that were sent last, in the order of their POSTs."""
        return self._rows(statements.RECENTLY_IMPORTED, (limit,))[::-1]

    def unfinished(self, limit: int) -> list[JobRow]:
        """Returns rows that are not finished, in manifest order.

        Args:
            limit: maximum number of rows. If there are more, rows at equal distances are returned.
        """
        count = self._connection.count(statements.UNFINISHED_COUNT)
        limit = min(limit, count)
        return self._rows(statements.UNFINISHED, (limit, count, limit, count))

    def _rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[JobRow]:
        found = self._connection.rows(statement, parameters)
        with self._connection.decoding():
            return [
                JobRow(number, reference, url, name, extension, Status(status), *rest)
                for number, reference, url, name, extension, status, *rest in found
            ]


def _parameters(change: StatusUpdate) -> dict[str, Any]:
    """Returns the parameters of the statement `APPLY`."""
    media = change.media
    return {
        "number": change.row_number,
        "status": change.status,
        "error": change.error,
        "codes": change.code,
        "sent_at": change.sent_at,
        "ingest_id": change.ingest_id,
        "media_id": media and media.id,
        "key": media and media.key,
        "title": media and media.title,
        "duration": media and media.duration,
        "thumbnail": media and media.thumbnail,
        "created_date": media and media.created_date,
    }
