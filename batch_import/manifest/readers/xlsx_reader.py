"""A sheet of an Excel workbook → records. The only file that knows workbooks.

It must not know what a column means. Cells become the text that a person sees: `123`, not `123.0`;
`2025-03-04`; `TRUE`. But the workbook's reader tells no number formats (zeros in front that only
`0000` shows), no formulas, no targets of links, and takes errors (`#N/A`) for blank.
"""

import datetime as dt
import re
import zipfile
import zlib
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Final

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
    load_workbook,
)

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ManifestError
from batch_import.manifest.columns.header import HEADER_WITHIN, find_header, is_sure
from batch_import.manifest.readers.manifest_file import BLOCK, Source
from batch_import.manifest.readers.record import Block, Content, Record, in_blocks, is_blank

_Cell = str | float | int | bool | dt.date | dt.datetime | dt.time | dt.timedelta

#: Bytes that all parts of a workbook may unpack to.
_MOST_BYTES: Final = 1 << 30
#: The reader keeps every cell between the first and the last one, 24 bytes each, and takes the
#: whole process down where there is no room for them.
_MOST_CELLS: Final = 40_000_000
_LETTERS: Final = 26
#: Bytes that name a cell's place at most, to find it where two blocks meet.
_LONGEST_PLACE: Final = 32
_SHEET: Final = re.compile(r"worksheets/[^/]*\.xml$")
_WIDE: Final = re.compile(rb""" r=["']([A-Z]{2,3})\d""")
_ROW: Final = re.compile(rb""" r=["'][A-Z]*(\d{1,9})["']""")
#: Digits that Excel keeps of a number, and shows.
_DIGITS: Final = 15

_SAVE_AS_XLSX: Final = "Save it as “Excel Workbook (.xlsx)” or as “CSV UTF-8” and try again."


def read(source: Source, options: ReadingOptions) -> Content:
    """Load a sheet, and find its header. The sheet is kept: loading is what takes time.

    Raises:
        ManifestError: it is no workbook, has no such sheet, or the sheet has no header.
    """
    _refuse_too_large(source)
    try:
        with source.open() as stream, load_workbook(stream) as book:
            sheet = _chosen(source.name, book, options)
    except CalamineError as error:
        raise _unreadable(source.name, str(error)) from error
    header = find_header(source.name, _start(sheet), options)

    def blocks() -> Iterator[Block]:
        return in_blocks(_records(sheet, header.line), len(header.names))

    form = (f"sheet “{sheet.name}”", header.place("row"))
    return Content(", ".join(filter(None, form)), header.names, blocks)


def _chosen(name: str, book: CalamineWorkbook, options: ReadingOptions) -> CalamineSheet:
    """The sheet that the user names; else the first with known columns; else just the first."""
    titles = _titles(name, book, options.sheet)
    sheets = map(book.get_sheet_by_name, titles)
    known = (sheet for sheet in sheets if is_sure(name, _start(sheet), options))
    return next(known, None) or book.get_sheet_by_name(titles[0])


def _titles(name: str, book: CalamineWorkbook, wanted: str | None) -> list[str]:
    """The sheets that may be meant: the one that is named, or all that a person sees."""
    titles = [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.typ is SheetTypeEnum.WorkSheet
        and (wanted or sheet.visible is SheetVisibleEnum.Visible)
    ]
    if not titles:
        raise _unreadable(name, "it has no sheet of cells")
    if wanted is None:
        return titles
    if wanted not in titles:
        listed = ", ".join(f"“{title}”" for title in titles)
        raise ManifestError(f"The manifest {name} has no sheet “{wanted}”.", f"It has: {listed}.")
    return [wanted]


def _start(sheet: CalamineSheet) -> list[Record]:
    records = (record for record in _records(sheet, 0) if not is_blank(record[1]))
    return list(islice(records, HEADER_WITHIN))


def _records(sheet: CalamineSheet, behind: int) -> Iterator[Record]:
    """The rows behind one of the sheet's row numbers."""
    for line, row in enumerate(sheet.iter_rows(), 1):
        if line > behind:
            yield line, [cell if type(cell) is str else _text(cell) for cell in row], None


def _text(cell: _Cell) -> str:
    """What a person sees in the cell."""
    match cell:
        case float():
            return _number(cell)
        case bool():
            return str(cell).upper()
        case dt.timedelta():
            minutes, seconds = divmod(round(cell.total_seconds()), 60)
            return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
        case dt.datetime():
            return cell.isoformat(" ", "seconds")
        case dt.time():
            return cell.isoformat("seconds")
        case _:
            return str(cell)


def _number(number: float) -> str:
    """Never with an exponent, nor with digits that the workbook does not have."""
    if number.is_integer() and abs(number) < 10**_DIGITS:
        return str(int(number))
    return f"{Decimal(f'{number:.{_DIGITS}g}'):f}"


# Workbooks that cannot be read ----------------------------------------------------------------


def _refuse_too_large(source: Source) -> None:
    try:
        with source.open() as stream, zipfile.ZipFile(stream) as parts:
            size = sum(part.file_size for part in parts.infolist())
            if size > _MOST_BYTES:
                raise _too_large(source.name, f"unpacks to {size} bytes")
            sheets = [part for part in parts.namelist() if _SHEET.search(part)]
            if not sheets:
                raise _unreadable(source.name, "it holds no worksheets of Excel")
            for part in sheets:
                _refuse_stray_cells(source.name, parts, part)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise _unreadable(source.name, str(error)) from error


def _refuse_stray_cells(name: str, parts: zipfile.ZipFile, part: str) -> None:
    """Only a sheet that is wide can be too large: none has more than 1,048,576 rows."""
    letters = max(_found(parts, part, _WIDE), key=_column, default=b"")
    if not letters:
        return
    rows = max(map(int, _found(parts, part, _ROW)), default=0)
    if rows * _column(letters) > _MOST_CELLS:
        raise _too_large(name, f"has a sheet of {rows} rows and {_column(letters)} columns")


def _found(parts: zipfile.ZipFile, part: str, pattern: re.Pattern[bytes]) -> Iterator[bytes]:
    """All that a pattern finds in a part of the workbook."""
    tail = b""
    with parts.open(part) as stream:
        while block := stream.read(BLOCK):
            yield from pattern.findall(tail + block)
            tail = block[-_LONGEST_PLACE:]


def _column(letters: bytes) -> int:
    """`A` is 1, `AA` is 27."""
    number = 0
    for letter in letters:
        number = number * _LETTERS + letter - ord("A") + 1
    return number


def _too_large(name: str, what: str) -> ManifestError:
    return ManifestError(
        f"The manifest {name} {what}, too much to be read.",
        "Delete cells far off from the table, or copy the table to a workbook of its own.",
    )


def _unreadable(name: str, why: str) -> ManifestError:
    return ManifestError(f"The manifest {name} cannot be read as a workbook: {why}.", _SAVE_AS_XLSX)
