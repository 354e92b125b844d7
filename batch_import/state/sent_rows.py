"""Rows of two jobs that have the same URL: one job has sent it, the other has not."""

import heapq
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

from batch_import.state.connection import Connection

_WAITING: Final = """
    SELECT line, stripped_address, reference_id, 0 FROM row
    WHERE status = 'pending' AND position IS NOT NULL ORDER BY stripped_address
"""
_SENT: Final = """
    SELECT line, stripped_address, reference_id, 1 FROM row
    WHERE status IN ('creating', 'processing', 'unknown', 'imported') ORDER BY stripped_address
"""


class RowUrl(NamedTuple):
    """A row, by its URL.

    Attributes:
        line: line number in the manifest.
        url: the source URL in canonical form, without its signature.
        is_sent: whether the platform has its video, or may have it.
    """

    line: int
    url: str
    reference_id: str
    is_sent: bool


def rows_sent_elsewhere(ours: Connection, others: Connection) -> Iterator[tuple[RowUrl, RowUrl]]:
    """Yields the rows of `ours` that wait, and that `others` has sent under other reference IDs.

    Yields:
        the row that waits, and the first row that was sent with its URL, in the order of URLs.
    """
    waiting = map(RowUrl._make, ours.stream(_WAITING))
    sent = map(RowUrl._make, others.stream(_SENT))
    rows = heapq.merge(waiting, sent, key=attrgetter("url"))
    for _, same_url in groupby(rows, attrgetter("url")):
        by_sent: tuple[list[RowUrl], list[RowUrl]] = ([], [])
        for row in same_url:
            by_sent[row.is_sent].append(row)
        waiting_rows, sent_rows = by_sent
        sent_ids = {row.reference_id for row in sent_rows}
        yield from (
            (row, sent_rows[0])
            for row in waiting_rows
            if sent_rows and row.reference_id not in sent_ids
        )
