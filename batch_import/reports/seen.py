"""Rows as people see them: nobody has to know that one is just being created. Pure.

While a run is in progress such a row is processing; without one, nobody knows what became of it.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from batch_import.models import ResultRow, Status
from batch_import.reports.labels import needs_attention
from batch_import.state.reader import Reader


def seen(records: Iterable[ResultRow], *, running: bool) -> Iterator[ResultRow]:
    """Each row, with the status that people are to see."""
    status = Status.PROCESSING if running else Status.UNKNOWN
    for record in records:
        yield record._replace(status=status) if record.status is Status.CREATING else record


def needing_attention(reader: Reader, *, running: bool) -> Iterator[ResultRow]:
    """Rows that somebody has to look at."""
    found = chain(reader.records_with_codes(), _being_created(reader, running=running))
    for record in seen(found, running=running):
        if needs_attention(record.status, record.codes):
            yield record


def troubles(reader: Reader, *, running: bool) -> Iterator[tuple[ResultRow, int]]:
    """The same: of rows that are alike in their trouble only one, and how many there are."""
    alone = ((record, 1) for record in _being_created(reader, running=running))
    for record, rows in chain(reader.problem_groups(), alone):
        yield from ((each, rows) for each in seen([record], running=running))


def _being_created(reader: Reader, *, running: bool) -> Iterator[ResultRow]:
    """Rows that nobody knows about while no run is in progress, beyond those with a code."""
    if not running:
        yield from (row for row in reader.records((Status.CREATING,)) if not row.codes)
