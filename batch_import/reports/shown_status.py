"""The status of a row that is shown to people. No I/O.

A row that is being created is shown as processing while a run is in progress, and as unknown
otherwise.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from batch_import.models import ResultRow, Status
from batch_import.reports.labels import needs_attention
from batch_import.state.reader import Reader


def with_shown_status(records: Iterable[ResultRow], *, running: bool) -> Iterator[ResultRow]:
    """Yields each row with the status that is shown to people."""
    status = Status.PROCESSING if running else Status.UNKNOWN
    for record in records:
        yield record._replace(status=status) if record.status is Status.CREATING else record


def rows_needing_attention(reader: Reader, *, running: bool) -> Iterator[ResultRow]:
    """Yields the rows that a person has to check."""
    found = chain(reader.records_with_codes(), _being_created(reader, running=running))
    for record in with_shown_status(found, running=running):
        if needs_attention(record.status, record.codes):
            yield record


def problem_groups(reader: Reader, *, running: bool) -> Iterator[tuple[ResultRow, int]]:
    """Yields one row of each group of rows with the same problem, and the size of the group."""
    alone = ((record, 1) for record in _being_created(reader, running=running))
    for record, row_count in chain(reader.problem_groups(), alone):
        yield from ((each, row_count) for each in with_shown_status([record], running=running))


def _being_created(reader: Reader, *, running: bool) -> Iterator[ResultRow]:
    """Yields the rows without a code that are shown as unknown, because no run is in progress.

    Rows with a code are already in `records_with_codes`.
    """
    if not running:
        yield from (row for row in reader.records((Status.CREATING,)) if not row.codes)
