"""Find rows that are probably headings or remarks between the rows of videos. No I/O.

This module must not know the rules for single fields.
"""

from dataclasses import replace
from typing import Final

from batch_import.manifest.read import Chunk
from batch_import.manifest.readers.record import RecordFault

#: Minimum number of columns of a manifest in which headings are searched. In a manifest with two
#: columns, a row with only a title is a video without its URL.
_MIN_COLUMNS: Final = 3


def with_heading_rows(chunk: Chunk, source_url: int) -> Chunk:
    """Return a chunk in which each row that may be a heading has a fault.

    A row may be a heading if exactly one of its cells is filled, and this is not the source URL.

    Args:
        source_url: position of the column of source URLs.
    """
    urls: list[str] = chunk.frame[source_url].tolist()
    rows_without_url = [
        index for index, url in enumerate(urls) if not url.strip() and index not in chunk.faults
    ]
    if not rows_without_url or len(chunk.frame.columns) < _MIN_COLUMNS:
        return chunk
    columns = [chunk.frame[position].tolist() for position in chunk.frame.columns]
    faults = dict(chunk.faults)
    for index in rows_without_url:
        filled_cells = [column[index] for column in columns if column[index].strip()]
        if len(filled_cells) == 1:
            faults[index] = RecordFault(
                "row-heading",
                "only one cell of this row is filled; it may be a heading",
                filled_cells[0],
                "If it is no video, delete the row; otherwise fill in its other cells.",
            )
    return replace(chunk, faults=faults)
