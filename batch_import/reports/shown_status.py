"""The status of a row as people see it. No I/O.

It differs from the stored status in one case. A row with the status `creating`, whose POST is being
sent, is shown as processing while a run is in progress. Without a run, it is shown as unknown.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from batch_import.models import ResultRow, Status
from batch_import.reports.labels import needs_attention
from batch_import.state.reader import Reader


def with_shown_status(rows: Iterable[ResultRow], *, is_running: bool) -> Iterator[ResultRow]:
    """Yields each row with the status that people see.

    Args:
        rows: rows with the stored status.
        is_running: whether a run of the job is in progress.
    """
    status_of_creating = Status.PROCESSING if is_running else Status.UNKNOWN
    for row in rows:
        if row.status is Status.CREATING:
            yield row._replace(status=status_of_creating)
        else:
            yield row


def rows_needing_attention(reader: Reader, *, is_running: bool) -> Iterator[ResultRow]:
    """Yields the rows that a person has to check, with the status that people see."""
    rows = chain(reader.records_with_codes(), _interrupted_rows(reader, is_running=is_running))
    for row in with_shown_status(rows, is_running=is_running):
        if needs_attention(row.status, row.codes):
            yield row


def problem_groups(reader: Reader, *, is_running: bool) -> Iterator[tuple[ResultRow, int]]:
    """Yields one row of each group of rows with the same problem, and the size of the group."""
    groups_of_one = ((row, 1) for row in _interrupted_rows(reader, is_running=is_running))
    for stored_row, row_count in chain(reader.problem_groups(), groups_of_one):
        for row in with_shown_status([stored_row], is_running=is_running):
            yield row, row_count


def _interrupted_rows(reader: Reader, *, is_running: bool) -> Iterator[ResultRow]:
    """Yields the rows without a code whose POST was interrupted by the end of the run.

    Rows with a code are not included, because `records_with_codes` yields them.
    """
    if not is_running:
        yield from (row for row in reader.records((Status.CREATING,)) if not row.codes)
