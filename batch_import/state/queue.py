"""The queue of rows to import: which are next, and what became of them.

Only rows in flight are Python objects; all others stay in the file. Every method is one
transaction, and what it wrote is on the disk when it returns (`synchronous=FULL`): an intent must
outlive a power cut. In a run, one thread alone uses it. This file must not know why a row changes
its status.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from batch_import.models import JobRow, LineRange, Status, StatusUpdate, VideoSource
from batch_import.state import choice, choice_statements, statements
from batch_import.state.choice import PendingRow
from batch_import.state.connection import Connection, Database
from batch_import.state.facts import HEADER, Facts


class Queue:
    """The rows of one job, through one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        #: The table that pending rows are taken from: all rows, or the chosen ones.
        self._table = choice_statements.ALL_ROWS

    # Which rows -------------------------------------------------------------------------------

    def choose(self, wanted: Sequence[LineRange | str]) -> None:
        """Restrict this connection to these rows; to none of them, if `wanted` is empty: all rows.

        Args:
            wanted: by the lines in which they begin, or by their reference IDs.

        Raises:
            UsageError: one of them is no row of the manifest.
        """
        self._table = choice_statements.ALL_ROWS
        if wanted:
            with self._connection.transaction() as db:
                choice.choose(db, wanted)
            self._table = choice_statements.CHOSEN_ROWS

    def choose_first(self, limit: int) -> None:
        """Restrict this connection to so many of its pending rows: those that are claimed first."""
        with self._connection.transaction() as db:
            choice.choose_first(db, self._table, limit)
        self._table = choice_statements.CHOSEN_ROWS

    def follow(self) -> None:
        """Rows of the choice have changed otherwise than through this queue."""
        if self.has_choice:
            with self._connection.transaction() as db:
                self._follow_all(db)

    def choose_numbers(self, numbers: Sequence[int]) -> None:
        """Restrict this connection to these rows, by their numbers, whatever their status is."""
        with self._connection.transaction() as db:
            choice.choose_numbers(db, numbers)
        self._table = choice_statements.CHOSEN_ROWS

    def any_unfinished(self, numbers: Sequence[int]) -> bool:
        """Whether one of these rows is pending or in flight."""
        statement = choice_statements.IS_UNFINISHED
        return any(self._connection.count(statement, (number,)) for number in numbers)

    def pending_rows(self, size: int | None) -> Iterator[PendingRow]:
        """The rows that may be claimed, in manifest order.

        Args:
            size: position of the manifest's column of sizes, if it has one.
        """
        statement = choice_statements.pending_for_pilot(self._table)
        return self._pilot_rows(statement, size)

    def rows_of(self, numbers: Sequence[int], size: int | None) -> Iterator[PendingRow]:
        """The rows with these numbers, in manifest order; `size` as above."""
        for number in numbers:
            yield from self._pilot_rows(choice_statements.PILOT_ROW_OF, size, number=number)

    def _pilot_rows(self, statement: str, size: int | None, **more: int) -> Iterator[PendingRow]:
        header = None if size is None else Facts(self._connection).get(HEADER)
        found = self._connection.rows(statement, {"header": header, **more})
        for number, line, title, url, extension, cells in found:
            texts = json.loads(cells)
            cell = texts[size] if size is not None and size < len(texts) else ""
            yield PendingRow(number, line, title, url, extension, cell)

    @property
    def has_choice(self) -> bool:
        """Whether this connection is restricted to some rows."""
        return self._table == choice_statements.CHOSEN_ROWS

    def claimable_count(self) -> int:
        """How many pending rows may be claimed."""
        return self._connection.count(statements.claimable_count(self._table))

    def remaining_count(self) -> int:
        """How many rows of the choice are neither imported nor skipped."""
        return self._connection.count(statements.remaining_count(self._table))

    def retryable_count(self) -> int:
        """How many rows `retry_failed` would send again."""
        return self._connection.count(statements.RETRYABLE_COUNT)

    # Before and between -----------------------------------------------------------------------

    def recover(self, now: float) -> int:
        """After a crash: rows whose POST may have left become unknown. Returns how many."""
        with self._connection.transaction() as db:
            db.execute(statements.RECOVER_EVENTS, (now,))
            recovered = db.execute(statements.RECOVER, (now,)).rowcount
            self._follow_all(db)
            return recovered

    def still_held(self, now: float) -> frozenset[int]:
        """As in `Connection`."""
        return self._connection.still_held(now)

    def retry_failed(self, now: float) -> int:
        """Failed rows of the choice go back to pending, at the user's request. Returns how many."""
        with self._connection.transaction() as db:
            db.execute(statements.retry_events(self._table), (now,))
            retried = db.execute(statements.retry(self._table)).rowcount
            self._follow_all(db)
            return retried

    def claim(self, limit: int, now: float) -> list[JobRow]:
        """Take pending rows to be created: the intent is saved before the POST is sent.

        Rows whose URL expires come first, the soonest first; then in manifest order.
        """
        with self._connection.transaction() as db:
            rows = self._rows(statements.next_to_claim(self._table), (limit,))
            if not rows:
                return rows
            db.executemany(statements.CLAIM, [(now, row.number) for row in rows])
            self._follow(db, [(Status.CREATING, row.number) for row in rows])
            db.executemany(
                statements.ADD_EVENT, [(row.number, now, Status.CREATING, "", "") for row in rows]
            )
        return rows

    def apply(self, changes: Sequence[StatusUpdate], now: float) -> None:
        """Commit what an answer meant for its rows."""
        if not changes:
            return
        with self._connection.transaction() as db:
            db.executemany(
                statements.ADD_EVENT, [(c.number, now, c.status, c.reason, c.code) for c in changes]
            )
            db.executemany(statements.APPLY, [_parameters(change) for change in changes])
            self._follow(db, [(change.status, change.number) for change in changes])

    def _follow(self, db: Database, statuses: Sequence[tuple[Status, int]]) -> None:
        """Keep the statuses of chosen rows beside them."""
        if self.has_choice:
            db.executemany(choice_statements.FOLLOW, statuses)

    def _follow_all(self, db: Database) -> None:
        if self.has_choice:
            db.execute(choice_statements.FOLLOW_ALL)

    # Rows that are not finished ---------------------------------------------------------------

    def pending_sources(self, after: int, limit: int) -> list[VideoSource]:
        """Where claimable rows are fetched from, in the order of their numbers, from `after` on."""
        statement = statements.pending_sources(self._table)
        return [VideoSource(*values) for values in self._connection.rows(statement, (after, limit))]

    def pending_by_reference(self, reference_ids: Iterable[str]) -> list[JobRow]:
        """Claimable rows that have one of these reference IDs."""
        names = list(reference_ids)
        if not names:
            return []
        return self._rows(statements.pending_by_reference(self._table, len(names)), names)

    def in_flight(self) -> list[JobRow]:
        """Rows that an earlier run left in flight, in the order of their creation."""
        rows = self._rows(statements.IN_FLIGHT)
        positions = dict(self._connection.rows(statements.IN_FLIGHT_POSITIONS))
        places = [positions[row.number] or 0 for row in rows]
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
        """The imported rows that were sent last, in the order of their sending."""
        return self._rows(statements.RECENTLY_IMPORTED, (limit,))[::-1]

    def unfinished(self, limit: int) -> list[JobRow]:
        """Rows that are not finished, in manifest order.

        Args:
            limit: of more rows, so many are picked, evenly from the first to the last.
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
    """For `APPLY`."""
    media = change.media
    return {
        "number": change.number,
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
