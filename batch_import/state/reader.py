"""Read the rows of a job: counts, result rows, events. Nothing here writes.

This module must not know where its results are shown.
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

#: Status by its value, because this is faster than `Status(text)`.
_STATUSES: Final = {str(status): status for status in Status}
#: Number of rows that are decoded together, column by column. This is three times as fast as one by
#: one, and needs one megabyte of memory.
_DECODED_ROWS: Final = 500


@dataclass(frozen=True, slots=True)
class InFlightRow:
    """A row in flight. `since`: epoch seconds when it was last sent, or found in the account."""

    line: int
    reference_id: str
    status: Status
    since: float


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A row that is not sent, because its video may have been sent already as another row."""

    line: int
    title: str
    source_url: str
    reason: str


class Reader:
    """Reads the rows of one job."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        #: Manifest columns by the number of their header. A number is never used for other columns.
        self._headers: dict[int, ManifestColumns] = {}

    # Counts -----------------------------------------------------------------------------------

    def counts(self, *, is_running: bool = False) -> Counts:
        """Returns the number of rows per status.

        Args:
            is_running: whether a run is in progress. If so, a row that is being created counts as
                in flight; otherwise it is unknown.
        """
        found = dict(self._connection.rows(statements.COUNTS))
        creating = found.pop(Status.CREATING, 0)
        home = Status.PROCESSING if is_running else Status.UNKNOWN
        found[home] = found.get(home, 0) + creating
        with self._connection.decoding():
            counted = {str(Status(status)): count for status, count in found.items()}
        return Counts(total=sum(counted.values()), **counted)

    def adopted_count(self) -> int:
        """Returns the number of imported rows that adopted a media and were not sent."""
        return self._connection.count(statements.ADOPTED_COUNT)

    def ids_taken_count(self) -> int:
        """Returns the number of failed rows whose reference ID another media has."""
        return self._connection.count(statements.IDS_TAKEN_COUNT)

    # Rows -------------------------------------------------------------------------------------

    def records(self, statuses: Sequence[Status] = ()) -> Iterator[ResultRow]:
        """Yields result rows in manifest order; rows that were removed from the manifest come last.

        Args:
            statuses: yield only rows with these statuses; all rows if empty.
        """
        # Two queries, each in the order of an index, because sorting all rows needs much memory.
        for statement in statements.records(len(statuses)):
            yield from self._records(statement, statuses)

    def records_at(self, first: int, last: int) -> Iterator[ResultRow]:
        """Yields the rows of the manifest at these positions, both ends included."""
        return self._records(statements.RECORDS_BETWEEN, (first, last))

    def blocks(self, size: int) -> Iterator[list[ResultRow]]:
        """Yields all rows in the order of `records`, in blocks of `size` positions.

        Each block is read in a short transaction of its own. While a transaction reads, SQLite
        cannot shorten its log, which would slow down each commit of a run.
        """
        for first in range(0, self.last_position() + 1, size):
            yield list(self.records_at(first, first + size - 1))
        yield list(self.removed_records())

    def removed_records(self) -> Iterator[ResultRow]:
        """Yields the rows that are no longer in the manifest, in the order of their numbers."""
        return self._records(statements.REMOVED_RECORDS, ())

    def first_imported(self, limit: int) -> Iterator[ResultRow]:
        """Yields some of the imported rows, without reading any other row."""
        return self._records(statements.FIRST_IMPORTED, (limit,))

    def any_imported_since(self, event: int) -> bool:
        """Whether a row was imported after an event."""
        return bool(self._connection.count(statements.ANY_IMPORTED_SINCE, (event,)))

    def last_position(self) -> int:
        """Returns the position of the manifest's last row, from 0; -1 if it has no rows."""
        return self._connection.count(statements.LAST_POSITION)

    def last_event(self) -> int:
        """Returns the number of the latest status change of any row. Numbers only grow."""
        return self._connection.count(statements.LAST_EVENT)

    def blocks_with(self, status: Status, size: int) -> set[int | None]:
        """Returns which blocks of `size` positions have rows of a status.

        None in the result stands for the rows that are no longer in the manifest.
        """
        found = self._connection.rows(statements.BLOCKS_WITH, (size, status))
        return {block for (block,) in found}

    def changed_blocks(self, size: int, since: int) -> set[int | None]:
        """Returns which blocks of `size` positions have rows that changed after an event.

        None in the result stands for the rows that are no longer in the manifest.
        """
        return {
            block for (block,) in self._connection.rows(statements.CHANGED_BLOCKS, (size, since))
        }

    def records_with_codes(self) -> Iterator[ResultRow]:
        """Yields the rows with a problem or a failure, in the order of `records`."""
        for statement in statements.RECORDS_WITH_CODES:
            yield from self._records(statement, ())

    def problem_groups(self) -> Iterator[tuple[ResultRow, int]]:
        """Yields one row of each group with the same problem or failure, and the group's size.

        Rows of a group have the same status, error and source host.
        """
        with self._connection.decoding():
            for row in self._connection.rows(statements.RECORDS_BY_TROUBLE):
                (record,) = self._decode([row[:-1]])
                yield record, row[-1]

    def find_by_reference(self, reference_id: str) -> tuple[int, ResultRow] | None:
        """Returns the row with a reference ID, and its number; None if there is none."""
        # If several rows have the same reference ID, it is the identity of the first one only.
        for statement in (
            statements.RECORD_BY_IDENTITY,
            statements.RECORD_BY_REFERENCE,
            statements.RECORD_BY_MANIFEST_ID,
        ):
            found = self._find_record(statement, reference_id)
            if found:
                return found
        return None

    def is_reference(self, text: str) -> bool:
        """Whether a text is the reference ID of a row."""
        return self._connection.row(statements.ANY_ROW_WITH_REFERENCE, (text,)) is not None

    def first_with_manifest_id(self) -> ResultRow | None:
        """Returns the first row that was sent under another reference ID than the manifest's."""
        return next(self._records(statements.FIRST_WITH_MANIFEST_ID, ()), None)

    def manifest_id_count(self) -> int:
        """Number of rows that were sent under another reference ID than the manifest's."""
        return self._connection.count(statements.MANIFEST_ID_COUNT)

    def find_by_line(self, line: int) -> tuple[int, ResultRow] | None:
        """Returns the row on a line of the manifest, and its number; None if there is none."""
        return self._find_record(statements.RECORD_BY_LINE, line)

    def reference_ids_near(self, text: str, limit: int) -> list[str]:
        """Returns up to `limit` reference IDs before a text in alphabetical order, and after it."""
        return [
            name
            for statement in (statements.REFERENCE_IDS_BEFORE, statements.REFERENCE_IDS_AFTER)
            for (name,) in self._connection.rows(statement, (text, limit))
        ]

    def oldest_in_flight(self) -> InFlightRow | None:
        """Returns the row in flight that was sent, or found in the account, first."""
        found = self._connection.row(statements.OLDEST_IN_FLIGHT)
        if found is None:
            return None
        line, reference, status, since = found
        with self._connection.decoding():
            return InFlightRow(line, reference, Status(status), since)

    def corrected_lines(self) -> frozenset[int]:
        """Lines of the manifest whose row was corrected in `failed.csv` and is valid since."""
        return frozenset(line for (line,) in self._connection.rows(statements.CORRECTED_LINES))

    def held_count(self) -> int:
        """Returns the number of rows that are not sent, because they may have been sent already."""
        return self._connection.count(statements.HELD_COUNT, (POSSIBLE_DUPLICATE_CODE,))

    def held_rows(self) -> Iterator[HeldRow]:
        """Yields the rows that are not sent, because they may have been sent already."""
        found = self._connection.stream(statements.HELD_ROWS, (POSSIBLE_DUPLICATE_CODE,))
        return itertools.starmap(HeldRow, found)

    def expiring_urls(self) -> Iterator[tuple[int, float]]:
        """Yields the line of each pending row whose URL expires, and when, in epoch seconds."""
        yield from self._connection.stream(statements.EXPIRING_URLS, (math.inf,))

    def _find_record(self, statement: str, value: str | int) -> tuple[int, ResultRow] | None:
        """Returns the first row that a query finds, and its number."""
        found = next(self._records(statement, (value,)), None)
        return (found.row_number, found) if found else None

    def _records(self, statement: str, parameters: Sequence[Any]) -> Iterator[ResultRow]:
        with self._connection.decoding():
            for rows in self._connection.batches(statement, parameters, _DECODED_ROWS):
                yield from self._decode(rows)

    def _decode(self, rows: Sequence[tuple[Any, ...]]) -> list[ResultRow]:
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
        """Returns the columns of the manifest that was loaded last."""
        return self._columns(Facts(self._connection).get(HEADER))

    def other_columns(self) -> list[ManifestColumns]:
        """Returns the columns of other manifest versions that rows have; the latest first."""
        return self._columns_of(statements.OTHER_HEADERS)

    def other_failed_columns(self) -> list[ManifestColumns]:
        """Returns the columns of other manifest versions that failed and invalid rows have."""
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
        """Returns the status changes of a row, given by its number, in order of time."""
        found = self._connection.rows(statements.EVENTS, (number,))
        with self._connection.decoding():
            return [
                StatusChange(time, Status(status), reason, code)
                for time, status, reason, code in found
            ]

    def event_span(self) -> tuple[float, float] | None:
        """Returns epoch seconds of the first and the last status change; None if there is none."""
        first = self._connection.row(statements.FIRST_EVENT_TIME)
        last = self._connection.row(statements.LAST_EVENT_TIME)
        return (first[0], last[0]) if first else None

    def timeline(self, parts: int) -> Timeline | None:
        """Returns how many rows were sent and imported, in `parts` intervals of equal length.

        None before the first row was sent.
        """
        return timeline(self._connection, parts)

    def processing_times(self, limit: int, max_seconds: float) -> list[float]:
        """Returns the seconds from a row's POST until it was seen online, for the latest rows.

        Args:
            limit: maximum number of rows.
            max_seconds: longer times are left out. No run waits for longer; therefore a later run
                saw the row, when it had been online for an unknown time.
        """
        found = self._connection.rows(statements.PROCESSING_TIMES, (max_seconds, limit))
        return [seconds for (seconds,) in found]
