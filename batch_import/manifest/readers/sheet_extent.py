"""Calculate the size of the sheets of a workbook before they are loaded, and find sheets too large.

python-calamine loads a sheet as a rectangle from the first to the last cell, with 24 bytes for each
cell, also for empty cells. If the memory is not sufficient, it ends the whole process, without an
exception that could be caught. It also accepts a cell reference that no sheet has, such as
`A99999999999`. This module must not know the contents of cells.
"""

import re
import zipfile
from collections.abc import Iterator
from typing import Final
from xml.parsers.expat import ParserCreate

from batch_import.manifest.readers.manifest_file import BLOCK_BYTES
from batch_import.manifest.readers.sheet_xml import (
    InvalidPart,
    local_name,
    refuse_document_type,
    report_invalid_xml,
)

#: Number of rows and columns of a sheet, including empty ones before the first cell.
Extent = tuple[int, int]

#: Maximum number of cells of all sheets together: about a gigabyte of memory.
MAX_CELLS: Final = 40_000_000
#: Excel's last row and column.
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
_ALPHABET_SIZE: Final = 26
_SHEET_DATA: Final = re.compile(rb"sheetData")
#: Matches a cell reference as spreadsheet programs write it. The groups are column and row.
_REFERENCE: Final = re.compile(rb""" r=["']([A-Z]{1,3})([0-9]{1,7})["']""")
#: Matches an attribute `r` that may be a cell reference in another notation: after other white
#: space than one space, with spaces before the equals sign, or with a value that is no usual cell
#: or row. Then the XML must be parsed, which takes several times as long as a search.
_UNUSUAL_REFERENCE: Final = re.compile(
    rb"""(?<![\w:.-])(?<! )r\s*="""
    rb"""|(?<= )r(?:\s+=|=(?!["'](?:[A-Z]{1,3})?(?:[0-9]{1,6}|10[0-4][0-9]{4})["']))"""
)
#: Matches a reference to a column of two or more letters, and to a row of six or more digits.
_WIDE_REFERENCE: Final = re.compile(rb""" r=["'][A-Z]{2}""")
_TALL_REFERENCE: Final = re.compile(rb""" r=["'][A-Z]*[0-9]{6}""")
#: Maximum number of rows of a sheet without a row number of six or more digits.
_MAX_ROWS_OF_SHORT_SHEET: Final = 99_999
#: The value of a reference to a cell or a row; both parts may be missing.
_REFERENCE_VALUE: Final = re.compile(r"([A-Z]{1,3})?([0-9]{1,7})?")


def find_oversized_sheet(archive: zipfile.ZipFile) -> Extent | None:
    """Return the extent of the largest sheet if the sheets of a workbook are too large together.

    Returns:
        None if the sheets are not too large.

    Raises:
        InvalidPart: a sheet is not valid XML, or has a cell reference that no sheet has.
    """
    # A part with cells is recognized by its content, because it may have any name.
    parts = [part for part in archive.namelist() if _has_cells(archive, part)]
    if sum(_count_cells(_estimate_extent(archive, part)) for part in parts) <= MAX_CELLS:
        return None
    extents = [_measure_extent(archive, part) for part in parts]
    if sum(map(_count_cells, extents)) <= MAX_CELLS:
        return None
    return max(extents, key=_count_cells)


def _count_cells(extent: Extent) -> int:
    rows, columns = extent
    return rows * columns


def _has_cells(archive: zipfile.ZipFile, part: str) -> bool:
    return any(_SHEET_DATA.search(piece) for piece in _pieces(archive, part))


def _estimate_extent(archive: zipfile.ZipFile, part: str) -> Extent:
    """Return an upper bound of the extent of a sheet, by a fast search in its bytes."""
    is_wide = is_tall = False
    for piece in _pieces(archive, part):
        if _must_be_parsed(piece):
            return _parse_extent(archive, part)
        is_wide = is_wide or bool(_WIDE_REFERENCE.search(piece))
        is_tall = is_tall or bool(_TALL_REFERENCE.search(piece))
    row_count = _LAST_ROW if is_tall else _MAX_ROWS_OF_SHORT_SHEET
    column_count = _LAST_COLUMN if is_wide else _ALPHABET_SIZE
    return row_count, column_count


def _measure_extent(archive: zipfile.ZipFile, part: str) -> Extent:
    """Return the exact extent of a sheet."""
    last_row, last_column = 0, b""
    for piece in _pieces(archive, part):
        if _must_be_parsed(piece):
            return _parse_extent(archive, part)
        references = _REFERENCE.findall(piece)
        if references:
            columns = (column for column, _ in references)
            last_column = max(last_column, *columns, key=_column_number)
            last_row = max(last_row, *(int(row) for _, row in references))
    return last_row, _column_number(last_column)


def _must_be_parsed(piece: bytes) -> bool:
    """Whether a piece has an unusual reference, or a tag that is too long for a search."""
    return len(piece) > 2 * BLOCK_BYTES or bool(_UNUSUAL_REFERENCE.search(piece))


def _parse_extent(archive: zipfile.ZipFile, part: str) -> Extent:
    """Return the exact extent of a sheet, by parsing its XML."""
    last_row = last_column = 0

    def start_element(tag: str, attributes: dict[str, str]) -> None:
        nonlocal last_row, last_column
        if local_name(tag) not in ("c", "row") or "r" not in attributes:
            return
        reference = _REFERENCE_VALUE.fullmatch(attributes["r"])
        row = int(reference[2] or 0) if reference else _LAST_ROW + 1
        column = _column_number((reference[1] or "").encode()) if reference else 0
        if row > _LAST_ROW or column > _LAST_COLUMN:
            raise InvalidPart(f"it has a cell at {attributes['r'][:20]!r}, where no sheet has any")
        last_row, last_column = max(last_row, row), max(last_column, column)

    parser = ParserCreate()
    parser.StartDoctypeDeclHandler = refuse_document_type
    parser.StartElementHandler = start_element
    with report_invalid_xml(part):
        for piece in _pieces(archive, part):
            parser.Parse(piece)
        parser.Parse(b"", True)  # noqa: FBT003 - expat's own
    return last_row, last_column


def _pieces(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """Yield a part in pieces of about a block. Each piece ends before a tag.

    Only if a tag is longer than two blocks, a piece ends in it, and is longer than two blocks.
    """
    tail = b""
    with archive.open(part) as stream:
        while block := stream.read(BLOCK_BYTES):
            data = tail + block
            cut = max(0, data.rfind(b"<"))
            if len(data) - cut > 2 * BLOCK_BYTES:
                cut = len(data)
            tail = data[cut:]
            if cut:
                yield data[:cut]
    yield tail


def _column_number(letters: bytes) -> int:
    """Convert the letters of a column: `A` is 1, `AA` is 27; no letters are 0."""
    number = 0
    for letter in letters:
        number = number * _ALPHABET_SIZE + letter - ord("A") + 1
    return number
