"""Rows that were sent, and rows that wait, by URL: for comparing the jobs of one account."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from batch_import.state.connection import Connection

_WAITING: Final = """
    SELECT line, stripped_address, reference_id FROM row
    WHERE status = 'pending' AND position IS NOT NULL ORDER BY position LIMIT ?
"""
_SENT: Final = """
    SELECT line, stripped_address, reference_id FROM row
    WHERE status IN ('creating', 'processing', 'unknown', 'imported')
"""


class RowUrl(NamedTuple):
    """A row, by its URL.

    Attributes:
        line: line number in the manifest.
        url: the source URL in canonical form, without its signature.
    """

    line: int
    url: str
    reference_id: str


def waiting_rows(connection: Connection, limit: int) -> Iterator[RowUrl]:
    """Yields the first rows that were never sent, in the order of the manifest."""
    return map(RowUrl._make, connection.stream(_WAITING, (limit,)))


def sent_rows(connection: Connection) -> Iterator[RowUrl]:
    """Yields the rows whose video the platform has, or may have."""
    return map(RowUrl._make, connection.stream(_SENT))
