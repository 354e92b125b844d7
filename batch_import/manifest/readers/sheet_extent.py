"""How many cells the sheets of a workbook span, before any is loaded.

The loader keeps every cell between the first and the last one of a sheet, 24 bytes each, and takes
the whole process down where there is no room for them: no error can be caught. It takes a place
that no sheet has, such as `A99999999999`, like any other. This file must not know what cells hold.
"""

import re
import zipfile
from collections.abc import Iterator
from typing import Final
from xml.parsers.expat import ParserCreate

from batch_import.manifest.readers.manifest_file import BLOCK_BYTES
from batch_import.manifest.readers.sheet_details import (
    InvalidPart,
    local_name,
    refuse_document_type,
    report_invalid_xml,
)

#: Rows and columns of a sheet, from its first place on.
Extent = tuple[int, int]

#: What the sheets may span together: about a gigabyte.
MAX_CELLS: Final = 40_000_000
#: Excel's last row and column.
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
_LETTERS: Final = 26
_BYTES: Final = re.compile(rb"sheetData")
#: A place as spreadsheets write it, and what may be any other: then the XML is parsed, which takes
#: several times as long.
_PLACE: Final = re.compile(rb""" r=["']([A-Z]{1,3})([0-9]{1,7})["']""")
_UNUSUAL: Final = re.compile(
    rb"""(?<![\w:.-])(?<! )r\s*="""
    rb"""|(?<= )r(?:\s+=|=(?!["'](?:[A-Z]{1,3})?(?:[0-9]{1,6}|10[0-4][0-9]{4})["']))"""
)
_WIDE: Final = re.compile(rb""" r=["'][A-Z]{2}""")
_TALL: Final = re.compile(rb""" r=["'][A-Z]*[0-9]{6}""")
#: Rows of a sheet that is not tall.
_SHORT: Final = 99_999
_ANY_PLACE: Final = re.compile(r"([A-Z]{1,3})?([0-9]{1,7})?")


def find_oversized_sheet(archive: zipfile.ZipFile) -> Extent | None:
    """The largest sheet of a workbook whose sheets span too much; None where there is room.

    Raises:
        BadPart: a sheet is no proper XML, or a cell has a place that no sheet has.
    """
    sheets = [part for part in archive.namelist() if _holds_cells(archive, part)]
    if sum(map(_cells, (_at_most(archive, part) for part in sheets))) <= MAX_CELLS:
        return None
    extents = [_measured(archive, part) for part in sheets]
    return max(extents, key=_cells) if sum(map(_cells, extents)) > MAX_CELLS else None


def _cells(extent: Extent) -> int:
    rows, columns = extent
    return rows * columns


def _holds_cells(archive: zipfile.ZipFile, part: str) -> bool:
    """Whatever it is called: the workbook names its sheets' parts as it likes."""
    return any(_BYTES.search(piece) for piece in _pieces(archive, part))


def _at_most(archive: zipfile.ZipFile, part: str) -> Extent:
    """What a sheet may span, by a quick look at its bytes."""
    wide = tall = False
    for piece in _pieces(archive, part):
        if len(piece) > 2 * BLOCK_BYTES or _UNUSUAL.search(piece):
            return _parsed(archive, part)
        wide = wide or bool(_WIDE.search(piece))
        tall = tall or bool(_TALL.search(piece))
    return _LAST_ROW if tall else _SHORT, _LAST_COLUMN if wide else _LETTERS


def _measured(archive: zipfile.ZipFile, part: str) -> Extent:
    rows, columns = 0, b""
    for piece in _pieces(archive, part):
        if len(piece) > 2 * BLOCK_BYTES or _UNUSUAL.search(piece):
            return _parsed(archive, part)
        if places := _PLACE.findall(piece):
            columns = max(columns, *(letters for letters, _ in places), key=_column)
            rows = max(rows, *(int(row) for _, row in places))
    return rows, _column(columns)


def _parsed(archive: zipfile.ZipFile, part: str) -> Extent:
    rows = columns = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal rows, columns
        if local_name(tag) not in ("c", "row") or "r" not in attributes:
            return
        place = _ANY_PLACE.fullmatch(attributes["r"])
        row = int(place[2] or 0) if place else _LAST_ROW + 1
        column = _column((place[1] or "").encode()) if place else 0
        if row > _LAST_ROW or column > _LAST_COLUMN:
            raise InvalidPart(f"it has a cell at {attributes['r'][:20]!r}, where no sheet has any")
        rows, columns = max(rows, row), max(columns, column)

    parser = ParserCreate()
    parser.StartDoctypeDeclHandler = refuse_document_type
    parser.StartElementHandler = start
    with report_invalid_xml(part):
        for piece in _pieces(archive, part):
            parser.Parse(piece)
        parser.Parse(b"", True)  # noqa: FBT003 - expat's own
    return rows, columns


def _pieces(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """A part in pieces that cut no tag in two; one with a tag of megabytes is a longer piece."""
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


def _column(letters: bytes) -> int:
    """`A` is 1, `AA` is 27."""
    number = 0
    for letter in letters:
        number = number * _LETTERS + letter - ord("A") + 1
    return number
