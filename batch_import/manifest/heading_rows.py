"""Find rows that are probably headings or remarks between the videos. No I/O.

This module must not know rules for fields.
"""

from dataclasses import replace
from typing import Final

from batch_import.manifest.read import Chunk
from batch_import.manifest.readers.record import RecordFault

#: Minimum number of columns. With two, a row without a URL may have a title, and is no heading.
_MIN_COLUMNS: Final = 3


def with_heading_rows(chunk: Chunk, source_url: int) -> Chunk:
    """Add a fault to each row in which one cell is filled, and this is not the source URL.

    Args:
        source_url: position of the column of source URLs.
    """
    urls: list[str] = chunk.frame[source_url].tolist()
    blank = [at for at, url in enumerate(urls) if not url.strip() and at not in chunk.faults]
    if not blank or len(chunk.frame.columns) < _MIN_COLUMNS:
        return chunk
    columns = [chunk.frame[position].tolist() for position in chunk.frame.columns]
    faults = dict(chunk.faults)
    for at in blank:
        filled = [column[at] for column in columns if column[at].strip()]
        if len(filled) == 1:
            faults[at] = RecordFault(
                "row-heading",
                "only one cell of this row is filled; it may be a heading",
                filled[0],
                "If it is no video, delete the row; otherwise fill in its other cells.",
            )
    return replace(chunk, faults=faults)
