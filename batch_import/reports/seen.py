"""Rows as people see them: nobody has to know that one is just being created. Pure.

While a run is in progress such a row is processing; without one, nobody knows what became of it.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from batch_import.models import Record, Status
from batch_import.reports.labels import needs_attention
from batch_import.state.reader import Reader


def seen(records: Iterable[Record], *, running: bool) -> Iterator[Record]:
    """Each row, with the status that people are to see."""
    status = Status.PROCESSING if running else Status.UNKNOWN
    for record in records:
        yield record._replace(status=status) if record.status is Status.CREATING else record


def needing_attention(reader: Reader, *, running: bool) -> Iterator[Record]:
    """Rows that somebody has to look at."""
    being_created = () if running else reader.records((Status.CREATING,))
    for record in seen(chain(reader.records_with_codes(), being_created), running=running):
        if needs_attention(record.status, record.codes):
            yield record
