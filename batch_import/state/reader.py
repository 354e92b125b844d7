"""What is known of a job's rows: counts, records, events. Nothing here writes.

This file must not know where what it tells is shown.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from batch_import.models import Counts, Event, ManifestColumns, Record, Status, Timeline
from batch_import.state import statements
from batch_import.state.connection import Connection
from batch_import.state.facts import HEADER, Facts


@dataclass(frozen=True, slots=True)
class InFlightRow:
    """A row in flight. `since`: when it was last sent, or found, in epoch seconds."""

    line: int
    reference_id: str
    status: Status
    since: float


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

    def records(self, statuses: Sequence[Status] = (), *, running: bool = True) -> Iterator[Record]:
        """Rows with all that is known of them, in manifest order; removed rows last.

        Args:
            statuses: only rows of these; all rows where none is given.
            running: as in `counts`: without a run, a row being created is unknown.
        """
        # Two queries, each in the order of an index: to sort all rows would take megabytes.
        for statement in statements.records(len(statuses)):
            for _, record in self._records(statement, statuses):
                is_lost = record.status is Status.CREATING and not running
                yield replace(record, status=Status.UNKNOWN) if is_lost else record

    def find_by_reference(self, reference_id: str) -> tuple[int, Record] | None:
        """The row with a reference ID, and its number; None where there is none."""
        # Of rows that share a reference ID, it is the identity of the first alone.
        for statement in (statements.RECORD_BY_IDENTITY, statements.RECORD_BY_REFERENCE):
            found = next(self._records(statement, (reference_id,)), None)
            if found:
                return found
        return None

    def find_by_line(self, line: int) -> tuple[int, Record] | None:
        """The row on a line of the manifest, and its number; None where there is none."""
        return next(self._records(statements.RECORD_BY_LINE, (line,)), None)

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

    def expiring_urls(self) -> Iterator[tuple[int, float]]:
        """Pending rows whose URL expires: line, and epoch seconds."""
        yield from self._connection.rows(statements.EXPIRING_URLS)

    def _records(self, statement: str, parameters: Sequence[Any]) -> Iterator[tuple[int, Record]]:
        found = self._connection.rows(statement, parameters)
        for number, *values in found:
            with self._connection.decoding():
                record = self._record(*values)
            yield number, record

    def _record(  # a row of `statements.records`
        self,
        line: int,
        status: str,
        error: str,
        codes: str,
        reference: str,
        name: str,
        url: str,
        extension: str,
        *rest: Any,
    ) -> Record:
        cells, removed, looked_at, width, height, header, *texts = rest
        return Record(
            line,
            Status(status),
            error,
            tuple(codes.split()),
            reference,
            name,
            url,
            extension,
            tuple(json.loads(cells)),
            self._columns(header),
            bool(removed),
            bool(looked_at),
            (width, height) if width else None,
            *texts,
        )

    # Columns ----------------------------------------------------------------------------------

    def columns(self) -> ManifestColumns:
        """Those of the manifest that was loaded last."""
        return self._columns(Facts(self._connection).get(HEADER))

    def removed_columns(self) -> list[ManifestColumns]:
        """Those of earlier manifests that rows belong to which are removed; the latest first."""
        current = Facts(self._connection).get(HEADER)
        found = self._connection.rows(statements.REMOVED_HEADERS, (current,))
        return [self._columns(number) for (number,) in found]

    def _columns(self, number: int) -> ManifestColumns:
        if number not in self._headers:
            found = self._connection.row(statements.HEADER, (number,))
            with self._connection.decoding():
                names, fields = map(json.loads, found or ("[]", "[]"))
                self._headers[number] = ManifestColumns(tuple(names), tuple(fields))
        return self._headers[number]

    # Events -----------------------------------------------------------------------------------

    def events(self, number: int) -> list[Event]:
        """What happened to a row, by its number, in order of time."""
        found = self._connection.rows(statements.EVENTS, (number,))
        with self._connection.decoding():
            return [
                Event(time, Status(status), reason, code) for time, status, reason, code in found
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
        start, end = self._connection.row(statements.TIMELINE_SPAN)
        if start is None:
            return None
        step = (end - start) / parts or 1.0
        found = self._connection.rows(statements.TIMELINE, (parts - 1, start, step))
        rows = {(status, part): count for status, part, count in found}
        sent, imported = (
            tuple(rows.get((status, part), 0) for part in range(parts))
            for status in (Status.CREATING, Status.IMPORTED)
        )
        return Timeline(start, step, sent, imported)

    def processing_times(self, limit: int, longest: float) -> list[float]:
        """Seconds between a row's POST and its being seen online, the latest rows first.

        Args:
            limit: how many rows, at most.
            longest: what took longer is left out: no run waits so long, so that another run saw
                it, later than it was done.
        """
        found = self._connection.rows(statements.PROCESSING_TIMES, (longest, limit))
        return [seconds for (seconds,) in found]
