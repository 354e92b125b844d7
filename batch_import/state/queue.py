"""Returns the rows to import, and stores their status updates.

Only rows in flight are Python objects; all other rows stay in the database. Every method is one
transaction, and its changes are on disk when it returns (`synchronous=FULL`). Otherwise a claim
could be lost in a power cut, and the row would be sent twice. During a run, only one thread uses
the queue. This module must not know why a row changes its status.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from batch_import.models import JobRow, LineRange, Status, StatusUpdate, VideoSource
from batch_import.state import choice, choice_statements, statements
from batch_import.state.choice import PendingRow
from batch_import.state.connection import Connection, Database
from batch_import.state.facts import EXCLUDED_ROWS, HEADER, Facts


class Queue:
    """The rows of one job that a run may import. Excluded rows are never chosen.

    Attributes:
        has_selection: whether the queue is restricted to rows that were selected for this run.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.has_selection = False
        #: The table from which pending rows are taken: all rows, or only the chosen rows.
        self._table = choice_statements.ALL_ROWS

    # The choice of rows -----------------------------------------------------------------------

    def choose(self, selectors: Sequence[LineRange | str]) -> None:
        """Restrict the queue to some rows, as long as its connection is open.

        Args:
            selectors: lines of the manifest on which rows start, or reference IDs of rows. If
                empty, all rows are chosen that are not excluded.

        Raises:
            UsageError: no row matches one of the selectors.
        """
        self._table = choice_statements.ALL_ROWS
        self.has_selection = bool(selectors)
        if selectors:
            with self._connection.transaction() as db:
                choice.choose(db, selectors)
            self._table = choice_statements.CHOSEN_ROWS
        self._leave_out_excluded_rows()

    def choose_first(self, limit: int) -> None:
        """Restrict the queue to the `limit` pending rows that are claimed first."""
        with self._connection.transaction() as db:
            choice.choose_first(db, self._table, limit)
        self._table = choice_statements.CHOSEN_ROWS
        self.has_selection = True

    def refresh_choice(self) -> None:
        """Update the chosen rows after rows were changed other than through this queue."""
        if self.has_choice:
            with self._connection.transaction() as db:
                self._update_whole_choice(db)

    def choose_numbers(self, numbers: Sequence[int]) -> None:
        """Restrict the queue to the rows with these numbers, whatever their status is."""
        with self._connection.transaction() as db:
            choice.choose_numbers(db, numbers)
        self._table = choice_statements.CHOSEN_ROWS
        self.has_selection = True
        self._leave_out_excluded_rows()

    def _leave_out_excluded_rows(self) -> None:
        numbers = Facts(self._connection).get(EXCLUDED_ROWS)
        if numbers:
            with self._connection.transaction() as db:
                choice.leave_out(db, self._table, numbers)
            self._table = choice_statements.CHOSEN_ROWS

    def any_unfinished(self, numbers: Sequence[int]) -> bool:
        """Whether one of these rows is pending or in flight."""
        statement = choice_statements.IS_UNFINISHED
        return any(self._connection.count(statement, (number,)) for number in numbers)

    def pending_rows(self, size_position: int | None) -> Iterator[PendingRow]:
        """Yields the rows that may be claimed, in manifest order.

        Args:
            size_position: position, from 0, of the manifest's column of file sizes; None if there
                is no such column.
        """
        statement = choice_statements.pending_for_pilot(self._table)
        return self._pilot_rows(statement, size_position)

    def rows_by_number(
        self, numbers: Sequence[int], size_position: int | None
    ) -> Iterator[PendingRow]:
        """Yields the rows with these numbers, in the order of the numbers.

        `size_position` is as for `pending_rows`.
        """
        for number in numbers:
            yield from self._pilot_rows(
                choice_statements.PILOT_ROW_OF, size_position, number=number
            )

    def _pilot_rows(
        self, statement: str, size_position: int | None, **parameters: int
    ) -> Iterator[PendingRow]:
        header = None if size_position is None else Facts(self._connection).get(HEADER)
        rows = self._connection.rows(statement, {"header": header, **parameters})
        for number, line, title, url, extension, cells_json in rows:
            cells = json.loads(cells_json)
            size_cell = ""
            if size_position is not None and size_position < len(cells):
                size_cell = cells[size_position]
            yield PendingRow(number, line, title, url, extension, size_cell)

    @property
    def has_choice(self) -> bool:
        """Whether some rows of the job are not chosen: not selected, or excluded."""
        return self._table == choice_statements.CHOSEN_ROWS

    def claimable_count(self) -> int:
        """Returns the number of pending rows that may be claimed."""
        return self._connection.count(choice_statements.claimable_count(self._table))

    def claimable_lines(self) -> Iterator[tuple[int, int]]:
        """Yields the number and the manifest line of each pending row that may be claimed."""
        yield from self._connection.rows(choice_statements.claimable_lines(self._table))

    def remaining_count(self) -> int:
        """Returns the number of rows of the choice that are neither imported nor skipped."""
        return self._connection.count(choice_statements.remaining_count(self._table))

    def retryable_count(self) -> int:
        """Returns the number of rows that `retry_failed` would make pending."""
        return self._connection.count(statements.RETRYABLE_COUNT)

    # Status changes ---------------------------------------------------------------------------

    def recover(self, now: float) -> int:
        """Make the rows unknown that were claimed when the last run crashed; returns their number.

        The POST of such a row may have been sent.
        """
        with self._connection.transaction() as db:
            db.execute(statements.RECOVER_EVENTS, (now,))
            recovered_count = db.execute(statements.RECOVER, (now,)).rowcount
            self._update_whole_choice(db)
            return recovered_count

    def held_rows(self, now: float) -> frozenset[int]:
        """Returns the numbers of rows that a previous run may still send; see `Connection`."""
        return self._connection.held_rows(now)

    def retry_failed(self, now: float) -> int:
        """Make the failed rows of the choice pending; returns their number."""
        with self._connection.transaction() as db:
            db.execute(statements.retry_events(self._table), (now,))
            retried_count = db.execute(statements.retry(self._table)).rowcount
            self._update_whole_choice(db)
            return retried_count

    def claim(
        self, limit: int, now: float, postponed: Collection[int] = frozenset()
    ) -> list[JobRow]:
        """Claim pending rows: store that their POST is about to be sent.

        Rows whose URL expires are claimed first, in the order of their expiry. The other rows
        follow in manifest order.

        Args:
            limit: maximum number of rows.
            now: current time in epoch seconds.
            postponed: numbers of rows that are not claimed yet.

        Returns:
            the claimed rows, with the status and the times that they had before.
        """
        with self._connection.transaction() as db:
            next_rows = self._rows(statements.next_to_claim(self._table), (limit + len(postponed),))
            rows = [row for row in next_rows if row.row_number not in postponed][:limit]
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
        """Store status updates. `now` is the current time in epoch seconds."""
        if not changes:
            return
        events = [
            (change.row_number, now, change.status, change.reason, change.code)
            for change in changes
        ]
        with self._connection.transaction() as db:
            db.executemany(statements.ADD_EVENT, events)
            db.executemany(statements.APPLY, [_parameters(change) for change in changes])
            self._update_choice(db, [(change.status, change.row_number) for change in changes])

    def _update_choice(self, db: Database, statuses: Sequence[tuple[Status, int]]) -> None:
        """Update the statuses in the table of the choice: pairs of a new status and a number."""
        if self.has_choice:
            db.executemany(choice_statements.UPDATE_CHOSEN, statuses)

    def _update_whole_choice(self, db: Database) -> None:
        if self.has_choice:
            db.execute(choice_statements.UPDATE_ALL_CHOSEN)

    # Rows that are not finished ---------------------------------------------------------------

    def pending_sources(self, after: int, limit: int) -> list[VideoSource]:
        """Returns the sources of rows that may be claimed, in the order of their numbers.

        Args:
            after: only rows with a higher number are returned.
            limit: maximum number of rows.
        """
        statement = statements.pending_sources(self._table)
        return [VideoSource(*values) for values in self._connection.rows(statement, (after, limit))]

    def pending_by_reference(self, reference_ids: Iterable[str]) -> list[JobRow]:
        """Returns the rows that may be claimed and have one of these reference IDs."""
        ids = list(reference_ids)
        if not ids:
            return []
        return self._rows(statements.pending_by_reference(self._table, len(ids)), ids)

    def in_flight(self) -> list[JobRow]:
        """Returns the rows that a previous run left in flight, in the order of their creation."""
        positions = dict(self._connection.rows(statements.IN_FLIGHT_POSITIONS))
        rows = []
        previous_position = 0
        for row in self._rows(statements.IN_FLIGHT):
            # A row that is no longer in the manifest has no position.
            position = positions[row.row_number] or 0
            count = self._connection.count(
                statements.IMPORTED_BETWEEN, (previous_position, position)
            )
            rows.append(replace(row, imported_between_count=count))
            previous_position = position
        return rows

    def recently_imported(self, limit: int) -> list[JobRow]:
        """Returns the imported rows that were sent last, in the order of their POSTs."""
        return self._rows(statements.RECENTLY_IMPORTED, (limit,))[::-1]

    def unfinished(self, limit: int) -> list[JobRow]:
        """Returns the rows in flight and the rows that may be claimed, in manifest order.

        Args:
            limit: maximum number of rows. If there are more, the returned rows are distributed
                evenly over the manifest.
        """
        count, sample = statements.unfinished(self._table)
        total = self._connection.count(count)
        limit = min(limit, total)
        return self._rows(sample, (limit, total, limit, total))

    def _rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[JobRow]:
        rows = self._connection.rows(statement, parameters)
        with self._connection.decoding():
            return [
                JobRow(number, reference_id, url, title, extension, Status(status), *other_values)
                for number, reference_id, url, title, extension, status, *other_values in rows
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
