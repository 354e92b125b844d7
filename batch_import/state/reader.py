"""Reads the rows of a job: counts, result rows, and events, which are status changes of rows.

The module writes nothing. It must not know where its results are shown.
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

#: Status by its stored text. A look-up here is faster than `Status(text)`.
_STATUSES: Final = {str(status): status for status in Status}
#: Number of rows that are decoded together, column by column. This is three times as fast as to
#: decode them one by one, and needs one megabyte of memory.
_DECODED_ROWS: Final = 500


@dataclass(frozen=True, slots=True)
class InFlightRow:
    """A row in flight.

    Attributes:
        line: line number of the row in the manifest.
        since: epoch seconds when the row was last sent, or its media was found in the account.
    """

    line: int
    reference_id: str
    status: Status
    since: float


@dataclass(frozen=True, slots=True)
class PossibleDuplicate:
    """A row that is not sent, because its video may have been sent already as another row.

    Attributes:
        line: line number of the row in the manifest.
        reason: which other row it may be, for the user.
    """

    line: int
    title: str
    source_url: str
    reason: str


class Reader:
    """Reads the rows of one job."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        #: Columns of manifest versions, by their number in the table `header`. They are kept,
        #: because a number is never used for other columns later.
        self._headers: dict[int, ManifestColumns] = {}

    # Counts -----------------------------------------------------------------------------------

    def counts(self, *, is_running: bool = False) -> Counts:
        """Returns the number of rows per status.

        Args:
            is_running: whether a run is in progress. If true, a row that is being created counts as
                processing. If false, its run has crashed, and the row counts as unknown.
        """
        stored_counts = dict(self._connection.rows(statements.COUNTS))
        creating_count = stored_counts.pop(Status.CREATING, 0)
        shown_status = Status.PROCESSING if is_running else Status.UNKNOWN
        stored_counts[shown_status] = stored_counts.get(shown_status, 0) + creating_count
        with self._connection.decoding():
            counts = {str(Status(status)): count for status, count in stored_counts.items()}
        return Counts(total=sum(counts.values()), **counts)

    def adopted_count(self) -> int:
        """Returns the number of imported rows that adopted a media and were not sent."""
        return self._connection.count(statements.ADOPTED_COUNT)

    def sent_again_count(self) -> int:
        """Returns the number of imported rows whose POST was repeated after an unclear answer."""
        return self._connection.count(statements.SENT_AGAIN_COUNT)

    def ids_taken_count(self) -> int:
        """Returns the number of rows that failed because others use their reference ID."""
        return self._connection.count(statements.IDS_TAKEN_COUNT)

    # Rows -------------------------------------------------------------------------------------

    def records(self, statuses: Sequence[Status] = ()) -> Iterator[ResultRow]:
        """Yields result rows in manifest order, and then the rows that are no longer in it.

        Args:
            statuses: only rows with these statuses are yielded; all rows if empty.
        """
        # Two queries, each in the order of an index, because sorting all rows needs much memory.
        for statement in statements.records(len(statuses)):
            yield from self._records(statement, statuses)

    def records_at(self, first: int, last: int) -> Iterator[ResultRow]:
        """Yields the rows at these positions of the manifest, from 0; both ends are included."""
        return self._records(statements.RECORDS_BETWEEN, (first, last))

    def blocks(self, size: int) -> Iterator[list[ResultRow]]:
        """Yields all rows in the order of `records`, in blocks of `size` positions.

        The last block has the rows that are no longer in the manifest. Each block is read in a
        transaction of its own. During a long transaction, SQLite could not shorten its log, and
        each commit of a run would become slower.
        """
        for first in range(0, self.last_position() + 1, size):
            yield list(self.records_at(first, first + size - 1))
        yield list(self.removed_records())

    def removed_records(self) -> Iterator[ResultRow]:
        """Yields the rows that are no longer in the manifest, in the order of their numbers."""
        return self._records(statements.REMOVED_RECORDS, ())

    def first_imported(self, limit: int) -> Iterator[ResultRow]:
        """Yields at most `limit` imported rows, in the order of claiming. Reads no other rows."""
        return self._records(statements.FIRST_IMPORTED, (limit,))

    def any_imported_since(self, event: int) -> bool:
        """Whether a row was imported after the event with this number."""
        return bool(self._connection.count(statements.ANY_IMPORTED_SINCE, (event,)))

    def last_position(self) -> int:
        """Returns the position of the manifest's last row, from 1; -1 if it has no rows."""
        return self._connection.count(statements.LAST_POSITION)

    def last_event(self) -> int:
        """Returns the highest event number, which is that of the latest event; 0 if there is none.

        Later events have higher numbers.
        """
        return self._connection.count(statements.LAST_EVENT)

    def blocks_with(self, status: Status, size: int) -> set[int | None]:
        """Returns the indexes, from 0, of the blocks of `size` positions with rows of a status.

        None in the result stands for the rows that are no longer in the manifest.
        """
        rows = self._connection.rows(statements.BLOCKS_WITH, (size, status))
        return {block for (block,) in rows}

    def changed_blocks(self, size: int, since: int) -> set[int | None]:
        """Returns the blocks with rows that changed after an event; otherwise as `blocks_with`.

        Args:
            size: number of positions in a block.
            since: number of the event.
        """
        rows = self._connection.rows(statements.CHANGED_BLOCKS, (size, since))
        return {block for (block,) in rows}

    def records_with_codes(self) -> Iterator[ResultRow]:
        """Yields the rows with a problem or a failure, in the order of `records`."""
        for statement in statements.RECORDS_WITH_CODES:
            yield from self._records(statement, ())

    def problem_groups(self) -> Iterator[tuple[ResultRow, int]]:
        """Yields one row of each group of rows with the same problem, and the number of its rows.

        The rows of a group have the same status, error and source host.
        """
        with self._connection.decoding():
            for *values, row_count in self._connection.rows(statements.RECORDS_BY_TROUBLE):
                (row,) = self._decode([tuple(values)])
                yield row, row_count

    def find_by_reference(self, reference_id: str) -> tuple[int, ResultRow] | None:
        """Returns the row with a reference ID, and the row's number; None if there is none."""
        # The identity is tried first: if several rows have the same reference ID, it is the
        # identity of only one of them, which is the row that is or was sent.
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
        """Returns the number of rows that were sent under another reference ID than the manifest's.

        The manifest got its reference IDs after these rows were sent.
        """
        return self._connection.count(statements.MANIFEST_ID_COUNT)

    def find_by_line(self, line: int) -> tuple[int, ResultRow] | None:
        """Returns the row on a line of the manifest, and its number; None if there is none."""
        return self._find_record(statements.RECORD_BY_LINE, line)

    def reference_ids_near(self, text: str, limit: int) -> list[str]:
        """Returns the reference IDs next to a text in alphabetical order, to suggest one of them.

        Args:
            text: the text.
            limit: maximum number of IDs before the text, and of IDs after it.
        """
        ids_before = self._connection.rows(statements.REFERENCE_IDS_BEFORE, (text, limit))
        ids_after = self._connection.rows(statements.REFERENCE_IDS_AFTER, (text, limit))
        return [reference_id for (reference_id,) in (*ids_before, *ids_after)]

    def oldest_in_flight(self) -> InFlightRow | None:
        """Returns the row in flight that was sent, or found in the account, first."""
        row = self._connection.row(statements.OLDEST_IN_FLIGHT)
        if row is None:
            return None
        line, reference_id, status, since = row
        with self._connection.decoding():
            return InFlightRow(line, reference_id, Status(status), since)

    def invalid_rows(self) -> Iterator[tuple[int, int, str]]:
        """Yields the number, line and codes of each row that cannot be sent, in line order."""
        yield from self._connection.stream(statements.INVALID_ROWS, ())

    def corrected_lines(self) -> frozenset[int]:
        """Returns the lines of rows that were corrected in `failed.csv` and are valid now."""
        return frozenset(line for (line,) in self._connection.rows(statements.CORRECTED_LINES))

    def possible_duplicate_count(self) -> int:
        """Returns the number of rows that `possible_duplicates` yields."""
        return self._connection.count(statements.DUPLICATE_COUNT, (POSSIBLE_DUPLICATE_CODE,))

    def possible_duplicates(self) -> Iterator[PossibleDuplicate]:
        """Yields the rows that are not sent, because they may have been sent already."""
        rows = self._connection.stream(statements.DUPLICATES, (POSSIBLE_DUPLICATE_CODE,))
        return itertools.starmap(PossibleDuplicate, rows)

    def expiring_urls(self) -> Iterator[tuple[int, float]]:
        """Yields line and expiry time (epoch seconds) of each pending row whose URL expires."""
        yield from self._connection.stream(statements.EXPIRING_URLS, (math.inf,))

    def _find_record(self, statement: str, value: str | int) -> tuple[int, ResultRow] | None:
        """Returns the first row of a query's result, and its number; None if there is none."""
        row = next(self._records(statement, (value,)), None)
        return (row.row_number, row) if row else None

    def _records(self, statement: str, parameters: Sequence[Any]) -> Iterator[ResultRow]:
        with self._connection.decoding():
            for rows in self._connection.batches(statement, parameters, _DECODED_ROWS):
                yield from self._decode(rows)

    def _decode(self, rows: Sequence[tuple[Any, ...]]) -> list[ResultRow]:
        """Returns the result rows for the values of a query. Each column is decoded as a whole."""
        (
            lines, statuses, errors, codes, reference_ids, titles, urls, extensions, cells,
            are_removed, are_sizes_requested, widths, heights, headers, *other_columns,
        ) = zip(*rows, strict=True)  # fmt: skip
        decoded_columns = (
            lines,
            map(_STATUSES.__getitem__, statuses),
            errors,
            [tuple(text.split()) if text else () for text in codes],
            reference_ids,
            titles,
            urls,
            extensions,
            map(tuple, json.loads(f"[{','.join(cells)}]")),
            map(self._columns, headers),
            map(bool, are_removed),
            map(bool, are_sizes_requested),
            [size if size[0] else None for size in zip(widths, heights, strict=True)],
            *other_columns,
        )
        return list(map(ResultRow._make, zip(*decoded_columns, strict=True)))

    # Columns ----------------------------------------------------------------------------------

    def columns(self) -> ManifestColumns:
        """Returns the columns of the manifest that was loaded last."""
        return self._columns(Facts(self._connection).get(HEADER))

    def other_columns(self) -> list[ManifestColumns]:
        """Returns the columns of earlier manifest versions that removed rows have, latest first."""
        return self._columns_of(statements.OTHER_HEADERS)

    def other_failed_columns(self) -> list[ManifestColumns]:
        """Returns the columns of earlier manifest versions that failed and invalid rows have."""
        return self._columns_of(statements.FAILED_HEADERS)

    def _columns_of(self, statement: str) -> list[ManifestColumns]:
        """Returns the columns whose numbers a query selects. Its parameter is the latest header."""
        latest_header = Facts(self._connection).get(HEADER)
        rows = self._connection.rows(statement, (latest_header,))
        return [self._columns(number) for (number,) in rows]

    def _columns(self, number: int) -> ManifestColumns:
        """Returns the columns with a number in the table `header`."""
        if number not in self._headers:
            row = self._connection.row(statements.HEADER, (number,))
            if row is None:
                return EMPTY_COLUMNS
            with self._connection.decoding():
                names, fields = map(json.loads, row)
                self._headers[number] = ManifestColumns(tuple(names), tuple(fields))
        return self._headers[number]

    # Events -----------------------------------------------------------------------------------

    def events(self, number: int) -> list[StatusChange]:
        """Returns the status changes of the row with this number, in the order of time."""
        rows = self._connection.rows(statements.EVENTS, (number,))
        with self._connection.decoding():
            return [
                StatusChange(time, Status(status), reason, code)
                for time, status, reason, code in rows
            ]

    def event_span(self) -> tuple[float, float] | None:
        """Returns epoch seconds of the first and the last status change; None if there is none."""
        first_row = self._connection.row(statements.FIRST_EVENT_TIME)
        last_row = self._connection.row(statements.LAST_EVENT_TIME)
        return (first_row[0], last_row[0]) if first_row else None

    def timeline(self, parts: int) -> Timeline | None:
        """Returns the number of sent and of imported rows in `parts` intervals of equal length.

        None before the first row was sent.
        """
        return timeline(self._connection, parts)

    def processing_times(self, limit: int, max_seconds: float) -> list[float]:
        """Returns, for the rows imported last, the seconds from the POST until seen online.

        Args:
            limit: maximum number of rows.
            max_seconds: the longest time that a run waits for a row. Rows with a longer time are
                left out: a later run saw them online, an unknown time after they were online.
        """
        rows = self._connection.rows(statements.PROCESSING_TIMES, (max_seconds, limit))
        return [seconds for (seconds,) in rows]
