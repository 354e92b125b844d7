"""Reads URL, reference ID and title of rows, to find rows that were copied between two manifests.

This module must not know how rows are compared.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from batch_import.state.connection import Connection

_ALL: Final = """
    SELECT stripped_address, reference_id, filename FROM row WHERE position IS NOT NULL
"""
_TO_FIX: Final = f"{_ALL} AND status IN ('failed', 'invalid')"


class RowIdentifiers(NamedTuple):
    """The texts by which a person recognizes a row. A text is empty if the row does not have it.

    Attributes:
        url: the source URL in canonical form, without its signature.
    """

    url: str
    reference_id: str
    title: str


def all_rows(connection: Connection) -> Iterator[RowIdentifiers]:
    """Yields the identifiers of all rows of the manifest, in any order."""
    return map(RowIdentifiers._make, connection.stream(_ALL))


def rows_to_fix(connection: Connection) -> Iterator[RowIdentifiers]:
    """Yields the identifiers of the failed and the invalid rows of the manifest, in any order."""
    return map(RowIdentifiers._make, connection.stream(_TO_FIX))
