"""What is known of a job's rows: counts, records, events. Nothing here writes.

This file must not know where what it tells is shown.
"""

import itertools
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from batch_import.models import (
    EMPTY_COLUMNS,
    POSSIBLE_DUPLICATE_CODE,
    Counts,
    ManifestColumns,
    ResultRow,
    Status,
    StatusChange,
)
from batch_import.state import statements
from batch_import.state.connection import Connection
from batch_import.state.facts import HEADER, Facts
from batch_import.state.timeline import Timeline, timeline

#: Faster than `Status(text)`.
_STATUSES: Final = {str(status): status for status in Status}
#: Rows that are decoded together, column by column: three times as fast as one by one, and a
#: megabyte of memory.
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class InFlightRow:
    """A row in flight. `since`: when it was last sent, or found, in epoch seconds."""

    line: int
    reference_id: str
    status: Status
    since: float


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A row that is not sent, for it may be a video that was sent before."""

    line: int
    title: str
    source_url: str
    reason: str


class Reader:
    """The rows of one job, to be looked at."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        #: By their numbers; one is never given to other columns.
        self._headers: dict[int, ManifestColumns] = {}

    # Counts -----------------------------------------------------------------------------------

    def counts(self, *, running: bool = False) -> Counts:
        """How many rows are where.

        Args:
            running: a run is in progress, so that a row being created is in flight. Without one
                nobody knows what became of it.
        """
        found = dict(self._connection.rows(statements.COUNTS))
        creating = found.pop(Status.CREATING, 0)
        home = Status.PROCESSING if running else Status.UNKNOWN
        found[home] = found.get(home, 0) + creating
        with self._connection.decoding():
            counted = {str(Status(status)): count for status, count in found.items()}
        return Counts(total=sum(counted.values()), **counted)

    def adopted_count(self) -> int:
        """How many imported rows were in the account already: the job sent no POST for them."""
        return self._connection.count(statements.ADOPTED_COUNT)

    # Rows -------------------------------------------------------------------------------------

    def records(self, statuses: Sequence[Status] = ()) -> Iterator[ResultRow]:
        """Rows with all that is known of them, in manifest order; removed rows last.

        Args:
            statuses: only rows of these; all rows where none is given.
        """
        # Two queries, each in the order of an index: to sort all rows would take megabytes.
        for statement in statements.records(len(statuses)):
            yield from self._records(statement, statuses)

    def records_between(self, first: int, last: int) -> Iterator[ResultRow]:
        """Rows of the manifest by their places in it, both ends included, in its order."""
        return self._records(statements.RECORDS_BETWEEN, (first, last))

    def blocks(self, size: int) -> Iterator[list[ResultRow]]:
        """All rows in the order of `records`, by places; each block as of when it is read.

        No block is read for longer than a moment: while somebody reads, SQLite cannot shorten its
        log, and each commit of a run would cost more.
        """
        for first in range(0, self.last_position() + 1, size):
            yield list(self.records_between(first, first + size - 1))
        yield list(self.removed_records())

    def removed_records(self) -> Iterator[ResultRow]:
        """Rows that are no longer in the manifest, in the order in which they came."""
        return self._records(statements.REMOVED_RECORDS, ())

    def first_imported(self, limit: int) -> Iterator[ResultRow]:
        """Some of the imported rows, found without a look at any other row."""
        return self._records(statements.FIRST_IMPORTED, (limit,))

    def any_imported_since(self, event: int) -> bool:
        """Whether a row was imported after an event."""
        return bool(self._connection.count(statements.ANY_IMPORTED_SINCE, (event,)))

    def last_position(self) -> int:
        """The place of the manifest's last row, from 0; -1 where there is none."""
        return self._connection.count(statements.LAST_POSITION)

    def last_event(self) -> int:
        """The number of the latest change of a row; numbers only grow."""
        return self._connection.count(statements.LAST_EVENT)

    def blocks_with(self, status: Status, size: int) -> set[int | None]:
        """Which blocks of so many places hold rows of a status; None as in `changed_blocks`."""
        found = self._connection.rows(statements.BLOCKS_WITH, (size, status))
        return {block for (block,) in found}

    def changed_blocks(self, size: int, since: int) -> set[int | None]:
        """Which blocks of so many places hold rows that changed after an event.

        None stands for the rows that are no longer in the manifest.
        """
        return {
            block for (block,) in self._connection.rows(statements.CHANGED_BLOCKS, (size, since))
        }

    def records_with_codes(self) -> Iterator[ResultRow]:
        """Rows of which a problem or a failure is known, in the order of `records`."""
        for statement in statements.RECORDS_WITH_CODES:
            yield from self._records(statement, ())

    def troubles(self) -> Iterator[tuple[ResultRow, int]]:
        """Rows of which a problem or a failure is known: one of those alike, and how many.

        Alike are rows of one status, one error and one source host.
        """
        with self._connection.decoding():
            for row in self._connection.rows(statements.RECORDS_BY_TROUBLE):
                (record,) = self._decoded([row[:-1]])
                yield record, row[-1]

    def find_by_reference(self, reference_id: str) -> tuple[int, ResultRow] | None:
        """The row with a reference ID, and its number; None where there is none."""
        # Of rows that share a reference ID, it is the identity of the first alone.
        for statement in (statements.RECORD_BY_IDENTITY, statements.RECORD_BY_REFERENCE):
            found = self._numbered(statement, reference_id)
            if found:
                return found
        return None

    def is_reference(self, text: str) -> bool:
        """Whether a text is the reference ID of a row."""
        return self._connection.row(statements.ANY_ROW_WITH_REFERENCE, (text,)) is not None

    def find_by_line(self, line: int) -> tuple[int, ResultRow] | None:
        """The row on a line of the manifest, and its number; None where there is none."""
        return self._numbered(statements.RECORD_BY_LINE, line)

    def reference_ids_near(self, text: str, limit: int) -> list[str]:
        """Up to so many reference IDs before and after a text, in alphabetical order."""
        return [
            name
            for statement in (statements.REFERENCE_IDS_BEFORE, statements.REFERENCE_IDS_AFTER)
            for (name,) in self._connection.rows(statement, (text, limit))
        ]

    def oldest_in_flight(self) -> InFlightRow | None:
        """The row in flight that was sent, or found in the account, first."""
        found = self._connection.row(statements.OLDEST_IN_FLIGHT)
        if found is None:
            return None
        line, reference, status, since = found
        with self._connection.decoding():
            return InFlightRow(line, reference, Status(status), since)

    def held_count(self) -> int:
        """How many rows are held, because they may be videos that were sent before."""
        return self._connection.count(statements.HELD_COUNT, (POSSIBLE_DUPLICATE_CODE,))

    def held_rows(self) -> Iterator[HeldRow]:
        """The rows that are held, in manifest order."""
        found = self._connection.stream(statements.HELD_ROWS, (POSSIBLE_DUPLICATE_CODE,))
        return itertools.starmap(HeldRow, found)

    def expiring_urls(self) -> Iterator[tuple[int, float]]:
        """Pending rows whose URL expires: line, and epoch seconds."""
        yield from self._connection.stream(statements.EXPIRING_URLS, (math.inf,))

    def _numbered(self, statement: str, value: str | int) -> tuple[int, ResultRow] | None:
        """The first row that a query finds, and its number."""
        found = next(self._records(statement, (value,)), None)
        return (found.number, found) if found else None

    def _records(self, statement: str, parameters: Sequence[Any]) -> Iterator[ResultRow]:
        with self._connection.decoding():
            for rows in self._connection.batches(statement, parameters, _AT_ONCE):
                yield from self._decoded(rows)

    def _decoded(self, rows: Sequence[tuple[Any, ...]]) -> list[ResultRow]:
        (
            line, status, error, codes, reference, name, url, extension, cells,
            removed, looked_at, width, height, header, *texts,
        ) = zip(*rows, strict=True)  # fmt: skip
        columns = (
            line,
            map(_STATUSES.__getitem__, status),
            error,
            [tuple(text.split()) if text else () for text in codes],
            reference,
            name,
            url,
            extension,
            map(tuple, json.loads(f"[{','.join(cells)}]")),
            map(self._columns, header),
            map(bool, removed),
            map(bool, looked_at),
            [size if size[0] else None for size in zip(width, height, strict=True)],
            *texts,
        )
        return list(map(ResultRow._make, zip(*columns, strict=True)))

    # Columns ----------------------------------------------------------------------------------

    def columns(self) -> ManifestColumns:
        """Those of the manifest that was loaded last."""
        return self._columns(Facts(self._connection).get(HEADER))

    def other_columns(self) -> list[ManifestColumns]:
        """Those of other manifests that rows still belong to; the latest first."""
        return self._columns_of(statements.OTHER_HEADERS)

    def other_failed_columns(self) -> list[ManifestColumns]:
        """Those of them that failed and invalid rows of the manifest belong to."""
        return self._columns_of(statements.FAILED_HEADERS)

    def _columns_of(self, statement: str) -> list[ManifestColumns]:
        current = Facts(self._connection).get(HEADER)
        found = self._connection.rows(statement, (current,))
        return [self._columns(number) for (number,) in found]

    def _columns(self, number: int) -> ManifestColumns:
        if number not in self._headers:
            found = self._connection.row(statements.HEADER, (number,))
            if found is None:
                return EMPTY_COLUMNS
            with self._connection.decoding():
                names, fields = map(json.loads, found)
                self._headers[number] = ManifestColumns(tuple(names), tuple(fields))
        return self._headers[number]

    # Events -----------------------------------------------------------------------------------

    def events(self, number: int) -> list[StatusChange]:
        """What happened to a row, by its number, in order of time."""
        found = self._connection.rows(statements.EVENTS, (number,))
        with self._connection.decoding():
            return [
                StatusChange(time, Status(status), reason, code)
                for time, status, reason, code in found
            ]

    def event_span(self) -> tuple[float, float] | None:
        """When the first and the last event was, in epoch seconds; None before the first."""
        first = self._connection.row(statements.FIRST_EVENT_TIME)
        last = self._connection.row(statements.LAST_EVENT_TIME)
        return (first[0], last[0]) if first else None

    def timeline(self, parts: int) -> Timeline | None:
        """When rows were first sent and when imported, in so many equal parts of time.

        None before the first row was sent.
        """
        return timeline(self._connection, parts)

    def processing_times(self, limit: int, longest: float) -> list[float]:
        """Seconds between a row's POST and its being seen online, the latest rows first.

        Args:
            limit: how many rows, at most.
            longest: what took longer is left out: no run waits so long, so that another run saw
                it, later than it was done.
        """
        found = self._connection.rows(statements.PROCESSING_TIMES, (longest, limit))
        return [seconds for (seconds,) in found]
