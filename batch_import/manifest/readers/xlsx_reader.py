"""A sheet of an Excel workbook → records. The only file that knows workbooks.

It must not know what a column means. Cells become the text that a person sees: `123`, not `123.0`;
`2025-03-04`; `TRUE`. But the workbook's reader tells no number formats (zeros in front that only
`0000` shows), no formulas, no targets of links, and takes errors (`#N/A`) for blank.
"""

import datetime as dt
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import accumulate, islice
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
from batch_import.errors import ManifestError, named
from batch_import.manifest.columns.aliases import fold
from batch_import.manifest.columns.header import SAMPLE_RECORDS, Header, find_header
from batch_import.manifest.columns.values import Kind
from batch_import.manifest.readers.manifest_file import BLOCK, Source
from batch_import.manifest.readers.record import (
    Block,
    Content,
    Record,
    in_blocks,
    is_blank,
    limited,
)

_Cell = str | float | int | bool | dt.date | dt.datetime | dt.time | dt.timedelta

#: The setting `sheet` takes it for all sheets that have videos.
ALL_SHEETS: Final = "all"
_SURE: Final = 2
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


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A sheet with a header.

    Attributes:
        before: rows of the sheets that are read before it; its own are counted on from there.
    """

    cells: CalamineSheet
    header: Header
    before: int = 0

    @property
    def name(self) -> str:
        return str(self.cells.name)

    @property
    def fits(self) -> tuple[Kind, bool, int]:
        """How much it looks like the videos; a single link may stand on any cover sheet."""
        kind, rows = self.header.evidence
        return kind, self.header.known >= _SURE, min(rows, _SURE)

    def has_videos(self, best: "_Sheet") -> bool:
        """Whether it looks like the videos, if those of the best sheet are."""
        kind, rows = self.header.evidence
        if kind < Kind.PATH:
            return False
        is_table = rows >= min(_SURE, best.header.evidence.rows)
        return self.header.known >= _SURE or (kind >= best.header.evidence.kind and is_table)

    def records(self) -> Iterator[Record]:
        """The rows below the header."""
        for line, cells, fault in _records(self.cells, self.header.line):
            yield self.before + line, cells, fault


def read(source: Source, options: ReadingOptions) -> Content:
    """Load the sheet with the videos, and find its header.

    The sheet is kept: loading is what takes time.

    Raises:
        ManifestError: it is no workbook, has no such sheet, or the sheet has no header.
    """
    _refuse_too_large(source)
    try:
        with source.open() as stream, load_workbook(stream) as book:
            titles = _titles(source.name, book, options.sheet)
            every = [book.get_sheet_by_name(title) for title in titles]
    except CalamineError as error:
        raise _unreadable(source.name, str(error)) from error
    sheets = _with_headers(source.name, every, options)
    sheet = max(sheets, key=lambda sheet: sheet.fits)
    with_videos = [other for other in sheets if other.has_videos(sheet)]
    if options.sheet == ALL_SHEETS and len(with_videos) > 1:
        return _all(source.name, with_videos, [one for one in sheets if one not in with_videos])
    others = [other for other in with_videos if other is not sheet]

    def blocks() -> Iterator[Block]:
        return in_blocks(sheet.records(), len(sheet.header.names))

    form = (f"sheet “{sheet.name}”", sheet.header.place("row"), sheet.header.note)
    return Content(", ".join(filter(None, form)), sheet.header.names, blocks, _not_read(others))


def _with_headers(
    name: str, every: Sequence[CalamineSheet], options: ReadingOptions
) -> list[_Sheet]:
    """The sheets that can be read.

    Raises:
        ManifestError: there is none; what is said is true of the first that is not blank.
    """
    sheets: list[_Sheet] = []
    errors: list[tuple[bool, ManifestError]] = []
    for cells in every:
        start = _start(cells)
        try:
            sheets.append(_Sheet(cells, find_header(name, start, options)))
        except ManifestError as error:
            errors.append((not start, error))
    if not sheets:
        raise min(errors, key=lambda pair: pair[0])[1]
    return sheets


def _not_read(others: Sequence[_Sheet]) -> tuple[str, ...]:
    if not others:
        return ()
    listed = ", ".join(f"“{other.name}”" for other in others)
    one, every = named("sheet", others[0].name), named("sheet", ALL_SHEETS)
    note = (
        f"Not read, though they have addresses too: sheets {listed}. To read one: {one};"
        f" to read all: {every}"
    )
    return (note,)


def _all(name: str, sheets: Sequence[_Sheet], left_out: Sequence[_Sheet]) -> Content:
    """All sheets that have videos, one below the other; columns of one name are one column.

    The rows of a sheet are counted on from the last row of the one before it.
    """
    befores = accumulate(map(_height, sheets[:-1]), initial=0)
    taken = [replace(sheet, before=at) for sheet, at in zip(sheets, befores, strict=True)]
    places = [_places(sheet.header.names) for sheet in taken]
    keys = list(dict.fromkeys(key for place in places for key in place))
    names = {
        key: label
        for sheet, place in zip(reversed(taken), reversed(places), strict=True)
        for key, label in zip(place, sheet.header.names, strict=True)
    }

    def records() -> Iterator[Record]:
        for sheet, place in zip(taken, places, strict=True):
            order = [place.get(key, -1) for key in keys]
            width = len(sheet.header.names)
            for line, cells, fault in sheet.records():
                row = [*cells[:width], *[""] * (width - len(cells)), ""]
                yield line, [row[at] for at in order] + cells[width:], fault

    form = "sheets " + ", ".join(
        f"“{sheet.name}” (rows from {sheet.before + 1})" for sheet in taken
    )
    left = ", ".join(f"“{sheet.name}”" for sheet in left_out)
    notes = (f"Not read, for they have no videos: sheets {left}",) if left else ()
    header = limited(name, [names[key] for key in keys])
    return Content(form, header, lambda: in_blocks(records(), len(header)), notes)


def _height(sheet: _Sheet) -> int:
    """The number of the last row."""
    return sheet.cells.end[0] + 1 if sheet.cells.end else 0


def _places(names: Sequence[str]) -> dict[tuple[str, int], int]:
    """Each name, and how often it was there before → its position."""
    seen: Counter[str] = Counter()
    places = {}
    for at, name in enumerate(names):
        places[fold(name), seen[fold(name)]] = at
        seen[fold(name)] += 1
    return places


def _titles(name: str, book: CalamineWorkbook, wanted: str | None) -> list[str]:
    """The sheets that may be meant: the one that is named, or all that a person sees."""
    titles = [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.typ is SheetTypeEnum.WorkSheet
        and (wanted not in (None, ALL_SHEETS) or sheet.visible is SheetVisibleEnum.Visible)
    ]
    if not titles:
        raise _unreadable(name, "it has no sheet of cells")
    if wanted is None or (wanted == ALL_SHEETS and wanted not in titles):
        return titles
    if wanted not in titles:
        listed = ", ".join(f"“{title}”" for title in titles)
        raise ManifestError(f"The manifest {name} has no sheet “{wanted}”.", f"It has: {listed}.")
    return [wanted]


def _start(sheet: CalamineSheet) -> list[Record]:
    records = (record for record in _records(sheet, 0) if not is_blank(record[1]))
    return list(islice(records, SAMPLE_RECORDS))


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
