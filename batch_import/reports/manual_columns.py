"""What people added to the previous version of the workbook: columns, sheets and notes.

People rename sheets and headings, put a title above the table, move columns and copy sheets.
Therefore a table is recognized by its headings, and a row by its reference ID. Texts that have no
cell in the next version become a `Note`, so that nothing is lost. This module must not know how the
next version is written.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from python_calamine import CalamineError, CalamineWorkbook

from batch_import.errors import StateError, command_ref
from batch_import.models import ResultRow
from batch_import.reports.table import Table

#: Names of sheets: all rows, rows that need attention, and a summary. Then two headings in the
#: summary, above the names of group sheets and above the names of columns.
VIDEOS: Final = "Videos"
NEEDS_ATTENTION: Final = "Needs attention"
SUMMARY: Final = "Summary"
SHEETS: Final = "Sheets of groups"
COLUMNS: Final = "Columns of the sheet Videos"
#: Name of the sheet with notes that have no cell.
KEPT: Final = "Kept notes"
KEPT_COLUMNS: Final = (("Sheet", 20), ("Row", 24), ("Column", 24), ("Note", 60))
#: Columns of the sheet of rows that need attention, with their widths.
ATTENTION_COLUMNS: Final = (
    ("line", 7), ("referenceId", 24), ("filename", 36), ("status", 12), ("What is wrong", 60),
    ("What to do", 60), ("sourceUrl", 50),
)  # fmt: skip
NOTHING: Final = "Nothing needs attention."

#: Texts that identify a row, the most reliable first.
_KEYS: Final[Mapping[str, Callable[[ResultRow], str]]] = {
    "referenceId": lambda record: record.reference_id,
    "mediaId": lambda record: record.media_id,
    "key": lambda record: record.key,
    "ingestId": lambda record: record.ingest_id,
}
#: Number of lines in which the headings are searched for. People put a title above them, not a page
#: of text.
_HEADER_ROWS: Final = 20
#: Number of values by which a column of reference IDs is recognized if its heading was changed.
_SAMPLE_ROWS: Final = 50

Value = str | int | float | bool | datetime | date | time | timedelta
#: The nth row (from 0) with a key: invalid rows may share one.
_Place = tuple[str, int]
_Line = Sequence[Value]


class Note(NamedTuple):
    """A text that people wrote and that has no cell in the next version.

    Attributes:
        row: reference ID of its row, or the number of the row in the sheet.
        column: the heading above it.
    """

    sheet: str
    row: str
    column: str
    value: Value


@dataclass(frozen=True, slots=True)
class AddedColumns:
    """The columns that people added to a sheet.

    Attributes:
        headings: their headings from left to right; a heading may be empty.
        cells: the cells of each row in these columns, by the row's key.
        key: which text identifies the rows of the sheet: a name in `_KEYS`.
    """

    headings: Sequence[str] = ()
    cells: Mapping[_Place, _Line] = field(default_factory=dict)
    key: str = "referenceId"

    def rows(self) -> "ManualCells":
        """Returns an object that gives the cells row by row."""
        return ManualCells(self)


class ManualCells:
    """The cells in added columns, requested for one row after the other."""

    def __init__(self, added: AddedColumns) -> None:
        self._headings = added.headings
        self._cells = dict(added.cells)
        self._key = _KEYS[added.key]
        self._blank = [""] * len(added.headings)
        self._seen: Counter[str] = Counter()

    def of(self, record: ResultRow) -> _Line:
        """Returns the cells of the next row."""
        if not self._cells:
            return self._blank
        key = self._key(record)
        nth = self._seen[key]
        self._seen[key] += 1
        return self._cells.pop((key, nth), self._blank)

    def left(self, sheet: str) -> Iterator[Note]:
        """Yields the cells of rows that were not requested, as notes."""
        for (key, _), values in self._cells.items():
            for heading, value in zip(self._headings, values, strict=True):
                if value != "":
                    yield Note(sheet, key, heading, value)


@dataclass(frozen=True, slots=True)
class ManualContent:
    """Everything that people added to a workbook.

    Attributes:
        videos, attention: columns added to these sheets.
        sheets: added sheets: name and lines.
        known: notes that had no cell before.
        unplaced: `known`, and notes that have no cell any more.
    """

    videos: AddedColumns = AddedColumns()
    attention: AddedColumns = AddedColumns()
    sheets: Sequence[tuple[str, Sequence[_Line]]] = ()
    known: frozenset[Note] = frozenset()
    unplaced: Sequence[Note] = ()

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.videos.headings or self.attention.headings or self.sheets or self.unplaced)


def read_manual_content(
    path: Path, table: Table, is_reference: Callable[[str], bool] = lambda _: False
) -> ManualContent:
    """Read what people added to the workbook that is about to be replaced.

    Args:
        is_reference: returns whether a text is the reference ID of a row.

    Raises:
        StateError: the workbook cannot be read; therefore additions might be lost.
    """
    if not path.exists():
        return ManualContent()
    try:
        return _Workbook(CalamineWorkbook.from_path(str(path)), table, is_reference).by_hand()
    except (CalamineError, OSError, ValueError) as error:
        raise StateError(
            f"{path} may hold columns of yours and stays as it is: {error}.",
            f"Fix that, or move it away; then: {command_ref('report')}",
        ) from None


class _Workbook:
    def __init__(
        self, book: CalamineWorkbook, table: Table, is_reference: Callable[[str], bool]
    ) -> None:
        self._book = book
        self._is_reference = is_reference
        self._ours = {column.heading: column.name for column in table.for_people().columns}
        self._groups: list[str] = []
        if SUMMARY in book.sheet_names:
            self._read_summary()
        self._notes: list[Note] = []

    def by_hand(self) -> ManualContent:
        names = self._book.sheet_names
        known = self._known_notes()
        videos = self._videos_sheet()
        found = self._added(videos, self._ours) if videos else AddedColumns()
        attention = AddedColumns()
        if NEEDS_ATTENTION in names:
            headings = {heading: heading for heading, _ in ATTENTION_COLUMNS}
            attention = self._added(NEEDS_ATTENTION, headings)
        for name in set(self._groups) & set(names):
            self._note_group(name, found)
        own = {videos, NEEDS_ATTENTION, SUMMARY, KEPT, *self._groups}
        lines = ((name, self._lines(name)) for name in names if name not in own)
        sheets = [(name, sheet) for name, sheet in lines if any(map(_is_filled, sheet))]
        return ManualContent(found, attention, sheets, frozenset(known), [*known, *self._notes])

    def _read_summary(self) -> None:
        """Read from the summary which columns and sheets the program wrote itself."""
        lines = [(str(line[0]), str(line[1])) for line in self._lines(SUMMARY) if len(line) > 1]
        titles = [title for title, _ in lines]
        if COLUMNS in titles:
            listed = lines[titles.index(COLUMNS) + 2 :]
            self._ours = {heading: name for heading, name in listed if heading} | self._ours
        if SHEETS in titles:
            below = titles[titles.index(SHEETS) + 1 :]
            self._groups = below[: below.index("")] if "" in below else below

    def _known_notes(self) -> list[Note]:
        if KEPT not in self._book.sheet_names:
            return []
        lines = self._lines(KEPT)[1:]
        width = len(KEPT_COLUMNS)
        return [
            Note(str(line[0]), _text(line[1]), str(line[2]), line[3])
            for line in lines
            if len(line) >= width and line[3] != ""
        ]

    def _videos_sheet(self) -> str:
        """Returns the name of the sheet of all rows, also if it was renamed; empty if none."""
        names = self._book.sheet_names
        others = (
            name
            for name in names
            if name not in (NEEDS_ATTENTION, SUMMARY, KEPT) and name not in self._groups
        )
        for name in (*(name for name in names if name == VIDEOS), *others):
            if self._header_row(list(islice(self._rows(name), _HEADER_ROWS)), self._ours) >= 0:
                return name
        return ""

    def _header_row(self, lines: Sequence[_Line], ours: Mapping[str, str]) -> int:
        """Returns the index of the line with the headings; -1 if there is none."""
        counts = [len({str(cell) for cell in line} & ours.keys()) for line in lines]
        most = max(counts, default=0)
        return counts.index(most) if most >= min(2, len(ours)) and most else -1

    def _added(self, sheet: str, ours: Mapping[str, str]) -> AddedColumns:
        """Returns the columns added to a sheet; texts that have no cell become notes."""
        lines = self._lines(sheet)
        at = self._header_row(lines[:_HEADER_ROWS], ours)
        if at < 0:
            own = {NOTHING}
            self._note_lines(sheet, [line for line in lines if str(line[0]) not in own])
            return AddedColumns()
        header = [str(cell) for cell in lines[at]]
        below = lines[at + 1 :]
        self._note_lines(sheet, lines[:at])
        names = _own_positions(header, ours)
        key = next((name for name in _KEYS if name in names.values()), "")
        if key != "referenceId" and (place := self._reference_place(header, names, below)) >= 0:
            names[place], key = "referenceId", "referenceId"
        places = [
            place
            for place, heading in enumerate(header)
            if place not in names and (heading or any(line[place] != "" for line in below))
        ]
        if not key:
            self._note_columns(sheet, header, places, below, at + 2)
            return AddedColumns()
        key_place = next(place for place, name in names.items() if name == key)
        return self._cells(sheet, header, places, key, key_place, below)

    def _cells(
        self,
        sheet: str,
        header: Sequence[str],
        places: Sequence[int],
        key: str,
        key_place: int,
        lines: Sequence[_Line],
    ) -> AddedColumns:
        seen: Counter[str] = Counter()
        cells: dict[_Place, _Line] = {}
        for line in lines:
            text = _text(line[key_place])
            values = [line[place] for place in places]
            if not text:
                # The program wrote no row without a reference ID: it may be a sum, for example.
                own = key != "referenceId" or str(line[0]) == NOTHING
                self._note_lines(sheet, [values if own else line])
                continue
            if any(value != "" for value in values):
                cells[text, seen[text]] = values
            seen[text] += 1
        return (
            AddedColumns([header[place] for place in places], cells, key)
            if places
            else AddedColumns()
        )

    def _reference_place(
        self, header: Sequence[str], names: Mapping[int, str], lines: Sequence[_Line]
    ) -> int:
        """Returns the column of reference IDs whose heading was changed; -1 if there is none."""
        for place in range(len(header)):
            values = [_text(line[place]) for line in lines[:_SAMPLE_ROWS] if line[place] != ""]
            known = sum(map(self._is_reference, values))
            if place not in names and known * 2 > len(values):
                return place
        return -1

    def _note_group(self, sheet: str, videos: AddedColumns) -> None:
        """Turn everything that people wrote into the sheet of a group into notes."""
        added = self._added(sheet, self._ours)
        for (row, nth), values in added.cells.items():
            there = dict(zip(videos.headings, videos.cells.get((row, nth), ()), strict=False))
            for heading, value in zip(added.headings, values, strict=True):
                if value != "" and there.get(heading) != value:
                    self._notes.append(Note(sheet, row, heading, value))

    def _note_lines(self, sheet: str, lines: Iterable[_Line]) -> None:
        for line in lines:
            self._notes += [Note(sheet, "", "", value) for value in line if value != ""]

    def _note_columns(
        self,
        sheet: str,
        header: Sequence[str],
        places: Sequence[int],
        lines: Sequence[_Line],
        first: int,
    ) -> None:
        for number, line in enumerate(lines, first):
            self._notes += [
                Note(sheet, f"row {number}", header[place], line[place])
                for place in places
                if line[place] != ""
            ]

    def _rows(self, name: str) -> Iterator[_Line]:
        return iter(self._book.get_sheet_by_name(name).iter_rows())

    def _lines(self, name: str) -> list[_Line]:
        return list(self._rows(name))


def _own_positions(header: Sequence[str], ours: Mapping[str, str]) -> dict[int, str]:
    """Returns the positions of the program's own columns, with their names.

    Of two columns with the same heading, the program's own is the one next to its neighbour in the
    program's order.
    """
    order = list(ours)
    found = {}
    for at, heading in enumerate(order):
        places = [place for place, text in enumerate(header) if text == heading]
        before, after = order[at - 1 : at], order[at + 1 : at + 2]
        beside = [
            place
            for place in places
            if header[max(0, place - 1) : place] == before or header[place + 1 : place + 2] == after
        ]
        for place in (beside or places)[:1]:
            found[place] = ours[heading]
    return found


def _is_filled(line: _Line) -> bool:
    return any(value != "" for value in line)


def _text(value: Value) -> str:
    """Returns a cell as text; a text that was typed again may have become a number."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
