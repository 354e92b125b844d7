"""Find rows without a reference ID in a manifest whose other rows have one. No I/O.

An ID that is made from the URL cannot be changed after the import. This module must not know how a
problem is reported.
"""

from array import array
from collections.abc import Collection, Iterator, Sequence
from typing import Final

#: If less than this fraction of the rows has no ID, the IDs are probably missing by mistake.
_MAX_BLANK_SHARE: Final = 0.5


class BlankIds:
    """Collects the line numbers of the rows without a reference ID."""

    def __init__(self) -> None:
        self._lines = array("L")
        self._row_count = 0

    def add(
        self, lines: Sequence[int], references: Sequence[str], skipped_rows: Collection[int]
    ) -> None:
        """Add the IDs of the next rows.

        Args:
            lines: line number of each row.
            references: ID of each row; empty if it has none.
            skipped_rows: indexes of rows that are ignored.
        """
        self._row_count += len(references) - len(skipped_rows)
        if "" in references:
            self._lines.extend(
                lines[index]
                for index, reference in enumerate(references)
                if not reference and index not in skipped_rows
            )

    def find_lines(self) -> Iterator[int]:
        """Yield the line number of each row without an ID, if most rows have one."""
        if len(self._lines) < _MAX_BLANK_SHARE * self._row_count:
            yield from self._lines
