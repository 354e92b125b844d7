"""What a person recognizes rows by: for finding rows that were copied from one job to another."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from batch_import.state.connection import Connection

_ALL: Final = """
    SELECT stripped_address, reference_id, filename FROM row WHERE position IS NOT NULL
"""
_TO_FIX: Final = f"{_ALL} AND status IN ('failed', 'invalid')"


class RowIdentifiers(NamedTuple):
    """What a person recognizes a row by. A text is empty if the row has none.

    Attributes:
        url: the source URL in canonical form, without its signature.
    """

    url: str
    reference_id: str
    title: str


def all_rows(connection: Connection) -> Iterator[RowIdentifiers]:
    """Yields the rows of the manifest."""
    return map(RowIdentifiers._make, connection.stream(_ALL))


def rows_to_fix(connection: Connection) -> Iterator[RowIdentifiers]:
    """Yields the failed and the invalid rows of the manifest."""
    return map(RowIdentifiers._make, connection.stream(_TO_FIX))
