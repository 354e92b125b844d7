"""Write the results as a workbook for people: all videos, rows that need attention, and a summary.

Rows are written one by one, so that the memory does not grow with their number. What people added
to the previous workbook is kept. This module must not know what the table means.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Final

from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from batch_import.addresses.masking import mask
from batch_import.files import replace_binary_file
from batch_import.models import ResultRow
from batch_import.reports import WRITE_HINT
from batch_import.reports.labels import STATUSES, advice, needs_attention
from batch_import.reports.manual_columns import (
    ATTENTION_COLUMNS,
    KEPT,
    KEPT_COLUMNS,
    NEEDS_ATTENTION,
    NOTHING,
    SUMMARY,
    VIDEOS,
    AddedColumns,
    ManualContent,
    Note,
    read_manual_content,
)
from batch_import.reports.summary import ReportInfo, Summary
from batch_import.reports.table import Column, Table, in_batches, problem_text
from batch_import.reports.writers.cell_types import CellType, as_date, as_number, column_type
from batch_import.reports.writers.sheet_names import SheetNames
from batch_import.reports.writers.xlsx_file import open_workbook
from batch_import.reports.writers.xlsx_sheet import (
    LAST_ROW,
    MAX_TEXT_FORMAT_LENGTH,
    SheetWriter,
    Styles,
    Value,
)
from batch_import.reports.writers.xlsx_summary import write_summary

#: Maximum number of links in a sheet. Excel's limit is 65,530, but XlsxWriter keeps about one
#: kilobyte per link in memory until the workbook is closed.
MAX_LINKS: Final = 2_000
#: Number of rows from which the type of a manifest's column is derived.
_SAMPLE_ROWS: Final = 1_000
#: Maximum number of sheets for groups; rows of further groups share one sheet. Each sheet has an
#: open file until the end.
_MAX_GROUP_SHEETS: Final = 50
_OTHER_GROUPS: Final = "Other groups"
_NO_GROUP: Final = "(blank)"
#: Number of characters that fit into a line of the two long columns of rows that need attention.
_LINE_CHARACTERS: Final = 52
#: Widths of columns in characters; other columns have `_DEFAULT_WIDTH`.
_WIDTHS: Final = {
    "line": 7, "status": 13, "error": 16, "referenceId": 24, "filename": 36, "sourceUrl": 44,
    "extension": 10, "embedUrl": 44, "embedCode": 24, "title": 40, "duration": 10,
    "createdDate": 20,
}  # fmt: skip
_DEFAULT_WIDTH: Final = 20
#: Total width of the columns that are printed: as much as can be read on a page.
_MAX_PRINTED_WIDTH: Final = 175


def write_xlsx(
    path: Path,
    table: Table,
    records: Iterable[ResultRow],
    rows: int,
    about: ReportInfo,
    by_hand: ManualContent | None = None,
) -> Sequence[Note]:
    """Write the workbook, and replace the existing file. What people added is kept.

    Args:
        rows: approximate number of records.
        by_hand: what people added, if known already.

    Returns:
        notes of people that have no cell any more. They are in a sheet of their own.

    Raises:
        StateError: the workbook cannot be written, or the existing one cannot be read. It is
            unchanged.
    """
    by_hand = read_manual_content(path, table) if by_hand is None else by_hand
    with (
        replace_binary_file(path, WRITE_HINT) as file,
        open_workbook(file, "Import results") as book,
    ):
        return _Writing(book, table.for_people(), by_hand, rows).write(records, about)


class _Writing:
    """A workbook that is being written."""

    def __init__(self, book: Workbook, table: Table, by_hand: ManualContent, rows: int) -> None:
        self._book = book
        self._table = table
        self._by_hand = by_hand
        self._rows = rows
        self._styles = Styles(book)
        kept = [name for name, _ in by_hand.sheets]
        self._names = SheetNames([VIDEOS, NEEDS_ATTENTION, SUMMARY, KEPT, *kept])
        self._groups: dict[str, _Videos] = {}

    def write(self, records: Iterable[ResultRow], about: ReportInfo) -> Sequence[Note]:
        """Write all sheets; returns the notes that have no cell any more."""
        records = iter(records)
        sample = list(islice(records, _SAMPLE_ROWS))
        self._types = _types(self._table, sample)
        summary = Summary()
        videos = self._videos(VIDEOS, self._by_hand.videos)
        sheet = self._book.add_worksheet(NEEDS_ATTENTION)
        attention = _Attention(sheet, self._by_hand.attention, self._styles)
        for rows in in_batches(summary.count(chain(sample, records))):
            table = list(self._table.lines(rows))
            for record, cells in zip(rows, table, strict=True):
                videos.write(record, cells)
                attention.write(record)
            self._write_groups(rows, table)
        groups = list(self._groups.values())
        for each in (videos, *groups):
            each.finish()
        attention.finish()
        sheet = self._book.add_worksheet(SUMMARY)
        names = [str(group.sheet.name) for group in groups]
        write_summary(sheet, self._styles, self._table, summary, about, names)
        for name, lines in self._by_hand.sheets:
            _Plain(self._book.add_worksheet(name), self._styles).write(lines)
        lost = [*videos.by_hand.left(VIDEOS), *attention.by_hand.left(NEEDS_ATTENTION)]
        unplaced = [*self._by_hand.unplaced, *lost]
        if unplaced:
            _Kept(self._book.add_worksheet(KEPT), self._styles).write(unplaced)
        return [note for note in unplaced if note not in self._by_hand.known]

    def _videos(self, name: str, added: AddedColumns) -> "_Videos":
        sheet = self._book.add_worksheet(name)
        return _Videos(sheet, self._table, self._types, added, self._styles, self._rows)

    def _write_groups(self, rows: Sequence[ResultRow], lines: Iterable[Sequence[str]]) -> None:
        if self._table.group:
            values = self._table.group.cells(rows)
            for value, record, cells in zip(values, rows, lines, strict=True):
                self._group(value).write(record, cells)

    def _group(self, value: str) -> "_Videos":
        name = value or _NO_GROUP
        if name not in self._groups and len(self._groups) >= _MAX_GROUP_SHEETS:
            name = _OTHER_GROUPS
        if name not in self._groups:
            self._groups[name] = self._videos(self._names.unused_name(name), AddedColumns())
        return self._groups[name]


def _types(table: Table, sample: Sequence[ResultRow]) -> Mapping[int, CellType]:
    """Returns the types of the columns that are not text, by position."""
    found = {}
    for place, column in enumerate(table.columns):
        if column.is_from_manifest or column.name == "createdDate":
            found[place] = column_type(column.heading, column.cells(sample))
    return {place: kind for place, kind in found.items() if kind is not CellType.TEXT}


class _Videos(SheetWriter):
    """A sheet with the results table and what people added to it.

    Attributes:
        by_hand: the cells of people's columns, row by row.
    """

    def __init__(
        self,
        sheet: Worksheet,
        table: Table,
        types: Mapping[int, CellType],
        added: AddedColumns,
        styles: Styles,
        rows: int,
    ) -> None:
        super().__init__(sheet, styles, MAX_LINKS)
        self._columns = table.columns
        self._width = len(table.columns) + len(added.headings)
        self.by_hand = added.rows()
        # Each row may have a link to its embed page; remaining links are for the source URLs.
        self._source_links = max(0, MAX_LINKS - rows)
        #: What writes the columns that are not just text, by their places.
        self._special = [
            (place, writer)
            for place, column in enumerate(table.columns)
            if (writer := self._writer(column, types.get(place, CellType.TEXT)))
        ]
        self._plain = sorted({*range(len(table.columns))} - {place for place, _ in self._special})
        widths = [_WIDTHS.get(column.name, _DEFAULT_WIDTH) for column in table.columns]
        own = list(zip(table.header, widths, strict=True))
        self.write_header([*own, *((heading, _DEFAULT_WIDTH) for heading in added.headings)])
        self._printed = _printed_column_count([*widths, *(_DEFAULT_WIDTH for _ in added.headings)])

    def write(self, record: ResultRow, cells: Sequence[str]) -> None:
        """Write a row."""
        if self.row > LAST_ROW:
            return
        write, row, style = self.write_string, self.row, self.styles.text
        for place in self._plain:
            text = cells[place]
            if not text:
                continue
            if len(text) <= MAX_TEXT_FORMAT_LENGTH and text[0] != "<":
                write(row, place, text, style)
            else:
                self.text(place, text)
        for place, write_special in self._special:
            if cells[place]:
                write_special(place, cells[place], record)
        for place, value in enumerate(self.by_hand.of(record), len(cells)):
            self.value(place, value)
        self.row += 1

    def finish(self) -> None:
        """Set what depends on the number of rows."""
        self.finish_table(self._width)
        self.sheet.print_area(0, 0, max(1, self.row - 1), self._printed - 1)

    def _writer(
        self, column: Column, kind: CellType
    ) -> Callable[[int, str, ResultRow], object] | None:
        by_name: dict[str, Callable[[int, str, ResultRow], object]] = {
            "line": lambda place, _, record: self.number(place, record.line),
            "status": self._write_status,
            "embedUrl": lambda place, text, _: self.link(place, text),
            "sourceUrl": self._write_source,
        }
        by_type: dict[CellType, Callable[[int, str, ResultRow], object]] = {
            CellType.NUMBER: self._write_number,
            CellType.DATE: self._write_date,
        }
        own = None if column.is_from_manifest else by_name.get(column.name)
        return own or by_type.get(kind)

    def _write_status(self, place: int, _: str, record: ResultRow) -> None:
        label, style = STATUSES[record.status].label, self.styles.status[record.status]
        self.write_string(self.row, place, label, style)

    def _write_source(self, place: int, text: str, _: ResultRow) -> None:
        write = self.link if self._source_links else self.text
        self._source_links -= bool(self._source_links)
        write(place, text)

    def _write_number(self, place: int, text: str, _: ResultRow) -> None:
        if found := as_number(text):
            self.decimal(place, *found)
        else:
            self.text(place, text)

    def _write_date(self, place: int, text: str, _: ResultRow) -> None:
        if found := as_date(text):
            days, has_time = found
            style = self.styles.moment if has_time else self.styles.day
            self.write_number(self.row, place, days, style)
        else:
            self.text(place, text)


class _Attention(SheetWriter):
    """The sheet of rows that need attention: why, and what to do."""

    def __init__(self, sheet: Worksheet, added: AddedColumns, styles: Styles) -> None:
        super().__init__(sheet, styles, MAX_LINKS)
        self.by_hand = added.rows()
        self._width = len(ATTENTION_COLUMNS) + len(added.headings)
        self.write_header(
            [*ATTENTION_COLUMNS, *((heading, _DEFAULT_WIDTH) for heading in added.headings)]
        )

    def write(self, record: ResultRow) -> None:
        """Write a row, if it needs attention."""
        if not needs_attention(record.status, record.codes) or self.row > LAST_ROW:
            return
        reason = mask(problem_text(record))
        todo = advice(record.status, record.codes, record.error)
        # LibreOffice does not calculate the height of wrapped text.
        lines = max(len(reason), len(todo)) // _LINE_CHARACTERS + 1
        self.sheet.set_row(self.row, min(15 * lines, 400))
        self.value(0, record.line)
        self.text(1, record.reference_id)
        self.text(2, mask(record.filename))
        self.text(3, STATUSES[record.status].label, self.styles.status[record.status])
        self.text(4, reason, self.styles.wrapped)
        self.text(5, todo, self.styles.wrapped)
        self.link(6, mask(record.source_url))
        for place, value in enumerate(self.by_hand.of(record), len(ATTENTION_COLUMNS)):
            self.value(place, value)
        self.row += 1

    def finish(self) -> None:
        """Set what depends on the number of rows."""
        if self.row == 1:
            self.text(0, NOTHING, self.styles.long)
        self.finish_table(self._width)


class _Plain(SheetWriter):
    """A sheet that people added."""

    def write(self, lines: Iterable[Sequence[Value]]) -> None:
        """Write its values."""
        for cells in lines:
            for place, value in enumerate(cells):
                self.value(place, value)
            self.row += 1


class _Kept(SheetWriter):
    """The sheet of notes that have no cell any more."""

    def write(self, notes: Iterable[Note]) -> None:
        """Write one note per line."""
        self.write_header(KEPT_COLUMNS)
        for note_ in notes:
            for place, value in enumerate(note_):
                self.value(place, value)
            self.row += 1
        self.finish_table(len(KEPT_COLUMNS))


def _printed_column_count(widths: Sequence[float]) -> int:
    """Returns how many columns fit on a page, at least one."""
    total = 0.0
    for count, width in enumerate(widths):
        total += width
        if total > _MAX_PRINTED_WIDTH:
            return max(1, count)
    return len(widths)
