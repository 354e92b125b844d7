"""Find rows that are probably headings, remarks or totals between the rows of videos. No I/O.

This module must not know the rules for single fields.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from batch_import.manifest.columns.headings import split_words
from batch_import.manifest.columns.values import MIN_HEADING_COLUMNS, is_measure
from batch_import.manifest.read import Chunk
from batch_import.manifest.readers.record import RecordFault

#: Words with which a row of totals starts.
_TOTAL_WORDS: Final = frozenset(
    """
    total totals subtotal subtotals sum gesamt insgesamt summe zwischensumme somme totale totali
    totaal suma soma
    """.split()
)
_HINT: Final = "If it is no video, delete the row; otherwise fill in its other cells."


def with_heading_rows(
    chunk: Chunk, source_url: int, filename: int | None, reference_id: int | None
) -> Chunk:
    """Return a chunk in which each row that may be a heading has a fault.

    A row may be a heading if exactly one of its cells is filled, and this is not the source URL. A
    row may be a total if it has no source URL, and only numbers after a word such as “Total”; or
    only numbers, and neither a title nor an ID.

    Args:
        source_url: position of the column of source URLs.
        filename, reference_id: positions of these columns; None if there is no such column.
    """
    urls: list[str] = chunk.frame[source_url].tolist()
    rows_without_url = [
        index for index, url in enumerate(urls) if not url.strip() and index not in chunk.faults
    ]
    if not rows_without_url or len(chunk.frame.columns) < MIN_HEADING_COLUMNS:
        return chunk
    columns = [chunk.frame[position].tolist() for position in chunk.frame.columns]
    name_columns = [columns[at] for at in (filename, reference_id) if at is not None]
    faults = dict(chunk.faults)
    for index in rows_without_url:
        filled_cells = [column[index] for column in columns if column[index].strip()]
        if len(filled_cells) == 1:
            reason = "only one cell of this row is filled; it may be a heading"
        elif filled_cells and _are_totals(
            filled_cells, has_name=any(column[index].strip() for column in name_columns)
        ):
            reason = "this row has no URL, and only numbers; it may be a total of other rows"
        else:
            continue
        faults[index] = RecordFault("row-heading", reason, filled_cells[0], _HINT)
    return replace(chunk, faults=faults)


def _are_totals(cells: Sequence[str], *, has_name: bool) -> bool:
    """Whether the filled cells of a row may be totals of other rows.

    Args:
        has_name: whether the row has a title or an ID.
    """
    # The second word, too: “Grand total”, “Sous-total”.
    has_total_word = not _TOTAL_WORDS.isdisjoint(split_words(cells[0])[:2])
    if has_name and not has_total_word:
        return False
    return all(is_measure(cell.strip()) for cell in cells[has_total_word:])
