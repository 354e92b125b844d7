"""Writes `results.xlsx`: all rows, rows that need attention, and a summary, for people.

Rows are written one by one; therefore the memory does not grow with their number. Columns, sheets
and notes that people added to the previous workbook are written again. This module must not know
what the columns of the table mean.
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
from batch_import.reports.manual_columns import read_manual_content
from batch_import.reports.manual_content import (
    ATTENTION_COLUMNS,
    ATTENTION_SHEET,
    NOTE_COLUMNS,
    NOTES_SHEET,
    NOTHING_TEXT,
    SUMMARY_SHEET,
    VIDEOS_SHEET,
    AddedColumns,
    ManualContent,
    Note,
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

#: Maximum number of hyperlinks in a sheet. Excel's limit is 65,530, but XlsxWriter needs about a
#: kilobyte of memory per link until the workbook is closed.
MAX_LINKS: Final = 2_000
#: Number of rows from whose cells the type of a manifest's column is derived.
_SAMPLE_ROWS: Final = 1_000
#: Maximum number of sheets for groups of rows; all further groups share one sheet. Each sheet needs
#: an open file until the workbook is closed.
_MAX_GROUP_SHEETS: Final = 50
_OTHER_GROUPS: Final = "Other groups"
_NO_GROUP: Final = "(blank)"
#: Number of characters that fit into a line of the columns `What is wrong` and `What to do`.
_LINE_CHARACTERS: Final = 52
#: Widths of columns in characters; other columns have `_DEFAULT_WIDTH`.
_WIDTHS: Final = {
    "line": 7, "status": 13, "error": 16, "referenceId": 24, "filename": 36, "sourceUrl": 44,
    "extension": 10, "embedUrl": 44, "embedCode": 24, "title": 40, "duration": 10,
    "createdDate": 20,
}  # fmt: skip
_DEFAULT_WIDTH: Final = 20
#: Maximum total width of the columns that are printed, in characters: more cannot be read on a
#: page.
_MAX_PRINTED_WIDTH: Final = 175


def write_xlsx(
    path: Path,
    table: Table,
    rows: Iterable[ResultRow],
    row_count: int,
    about: ReportInfo,
    manual_content: ManualContent | None = None,
) -> Sequence[Note]:
    """Write the workbook, and replace the existing file. Additions of people are kept.

    Args:
        path: path of the workbook.
        table: the columns of the results.
        rows: the rows of the job, with the status that people see.
        row_count: approximate number of rows.
        about: general information for the summary.
        manual_content: what people added to the existing workbook; None to read it from the file.

    Returns:
        New notes: texts of people that have no cell any more. They are in the sheet of notes.

    Raises:
        StateError: the workbook cannot be written, or the existing workbook cannot be read. The
            existing file is unchanged.
    """
    if manual_content is None:
        manual_content = read_manual_content(path, table)
    with (
        replace_binary_file(path, WRITE_HINT) as file,
        open_workbook(file, "Import results") as book,
    ):
        writer = _WorkbookWriter(book, table.for_people(), manual_content, row_count)
        return writer.write(rows, about)


class _WorkbookWriter:
    """Writes one workbook."""

    def __init__(
        self, book: Workbook, table: Table, manual_content: ManualContent, row_count: int
    ) -> None:
        self._book = book
        self._table = table
        self._manual_content = manual_content
        self._row_count = row_count
        self._styles = Styles(book)
        added_sheets = [name for name, _ in manual_content.sheets]
        self._sheet_names = SheetNames(
            [VIDEOS_SHEET, ATTENTION_SHEET, SUMMARY_SHEET, NOTES_SHEET, *added_sheets]
        )
        self._group_sheets: dict[str, _ResultsSheet] = {}

    def write(self, rows: Iterable[ResultRow], about: ReportInfo) -> Sequence[Note]:
        """Write all sheets; returns the new notes."""
        iterator = iter(rows)
        sample = list(islice(iterator, _SAMPLE_ROWS))
        self._types = _column_types(self._table, sample)
        summary = Summary()
        videos = self._results_sheet(VIDEOS_SHEET, self._manual_content.videos)
        sheet = self._book.add_worksheet(ATTENTION_SHEET)
        attention = _AttentionSheet(sheet, self._manual_content.attention, self._styles)
        for batch in in_batches(summary.count(chain(sample, iterator))):
            lines = list(self._table.lines(batch))
            for row, cells in zip(batch, lines, strict=True):
                videos.write(row, cells)
                attention.write(row)
            self._write_groups(batch, lines)
        group_sheets = list(self._group_sheets.values())
        for results_sheet in (videos, *group_sheets):
            results_sheet.finish()
        attention.finish()
        sheet = self._book.add_worksheet(SUMMARY_SHEET)
        group_names = [str(group_sheet.sheet.name) for group_sheet in group_sheets]
        write_summary(sheet, self._styles, self._table, summary, about, group_names)
        for name, added_lines in self._manual_content.sheets:
            _AddedSheet(self._book.add_worksheet(name), self._styles).write(added_lines)
        notes = [
            *self._manual_content.notes,
            *videos.manual_cells.remaining_notes(VIDEOS_SHEET),
            *attention.manual_cells.remaining_notes(ATTENTION_SHEET),
        ]
        if notes:
            _NotesSheet(self._book.add_worksheet(NOTES_SHEET), self._styles).write(notes)
        return [note for note in notes if note not in self._manual_content.earlier_notes]

    def _results_sheet(self, name: str, added: AddedColumns) -> "_ResultsSheet":
        sheet = self._book.add_worksheet(name)
        return _ResultsSheet(sheet, self._table, self._types, added, self._styles, self._row_count)

    def _write_groups(self, rows: Sequence[ResultRow], lines: Iterable[Sequence[str]]) -> None:
        """Write rows into the sheets of their groups, if rows are grouped."""
        if self._table.group:
            values = self._table.group.cells(rows)
            for value, row, cells in zip(values, rows, lines, strict=True):
                self._group_sheet(value).write(row, cells)

    def _group_sheet(self, value: str) -> "_ResultsSheet":
        """Returns the sheet of a group; creates it if necessary."""
        name = value or _NO_GROUP
        if name not in self._group_sheets and len(self._group_sheets) >= _MAX_GROUP_SHEETS:
            name = _OTHER_GROUPS
        if name not in self._group_sheets:
            sheet_name = self._sheet_names.unused_name(name)
            self._group_sheets[name] = self._results_sheet(sheet_name, AddedColumns())
        return self._group_sheets[name]


def _column_types(table: Table, sample: Sequence[ResultRow]) -> Mapping[int, CellType]:
    """Returns the types of the columns that are not text: position → type."""
    types = {}
    for position, column in enumerate(table.columns):
        if column.is_from_manifest or column.name == "createdDate":
            cell_type = column_type(column.heading, column.cells(sample))
            if cell_type is not CellType.TEXT:
                types[position] = cell_type
    return types


class _ResultsSheet(SheetWriter):
    """A sheet with the results table and the columns that people added to it.

    Args:
        sheet: the sheet.
        table: the columns of the results.
        types: position of a column → type of its cells; other columns are text.
        added: the columns that people added.
        styles: the cell formats.
        row_count: approximate number of rows of the job.

    Attributes:
        manual_cells: returns the cells in the added columns, row by row.
    """

    def __init__(
        self,
        sheet: Worksheet,
        table: Table,
        types: Mapping[int, CellType],
        added: AddedColumns,
        styles: Styles,
        row_count: int,
    ) -> None:
        super().__init__(sheet, styles, MAX_LINKS)
        self._width = len(table.columns) + len(added.headings)
        self.manual_cells = added.by_row()
        #: Number of source URLs that may still become links. Each row may need a link to its embed
        #: page; only the other links are available for source URLs.
        self._remaining_source_links = max(0, MAX_LINKS - row_count)
        #: Position of each column that is not only text, and the function that writes its cells.
        self._special_columns: list[tuple[int, _CellFunction]] = []
        self._text_positions: list[int] = []
        for position, column in enumerate(table.columns):
            function = self._cell_function(column, types.get(position, CellType.TEXT))
            if function:
                self._special_columns.append((position, function))
            else:
                self._text_positions.append(position)
        widths = [_WIDTHS.get(column.name, _DEFAULT_WIDTH) for column in table.columns]
        widths += [_DEFAULT_WIDTH for _ in added.headings]
        headings = [*table.header, *added.headings]
        self.write_header(list(zip(headings, widths, strict=True)))
        self._printed_count = _printed_column_count(widths)

    def write(self, row: ResultRow, cells: Sequence[str]) -> None:
        """Write a row."""
        if self.row > LAST_ROW:
            return
        write_string, index, style = self.write_string, self.row, self.styles.text
        for position in self._text_positions:
            text = cells[position]
            if not text:
                continue
            # Most texts need no check by `text`, which would take longer.
            if len(text) <= MAX_TEXT_FORMAT_LENGTH and text[0] != "<":
                write_string(index, position, text, style)
            else:
                self.text(position, text)
        for position, write_cell in self._special_columns:
            if cells[position]:
                write_cell(position, cells[position], row)
        for position, value in enumerate(self.manual_cells.cells_of(row), len(cells)):
            self.value(position, value)
        self.row += 1

    def finish(self) -> None:
        """Set the properties that depend on the number of rows."""
        self.finish_table(self._width)
        self.sheet.print_area(0, 0, max(1, self.row - 1), self._printed_count - 1)

    def _cell_function(self, column: Column, cell_type: CellType) -> "_CellFunction | None":
        """Returns the function that writes the cells of a column; None for texts."""
        by_name: dict[str, _CellFunction] = {
            "line": lambda position, _, row: self.number(position, row.line),
            "status": self._write_status,
            "embedUrl": lambda position, text, _: self.link(position, text),
            "sourceUrl": self._write_source,
        }
        by_type: dict[CellType, _CellFunction] = {
            CellType.NUMBER: self._write_number,
            CellType.DATE: self._write_date,
        }
        if not column.is_from_manifest and column.name in by_name:
            return by_name[column.name]
        return by_type.get(cell_type)

    def _write_status(self, position: int, _: str, row: ResultRow) -> None:
        label, style = STATUSES[row.status].label, self.styles.status[row.status]
        self.write_string(self.row, position, label, style)

    def _write_source(self, position: int, text: str, _: ResultRow) -> None:
        if self._remaining_source_links:
            self._remaining_source_links -= 1
            self.link(position, text)
        else:
            self.text(position, text)

    def _write_number(self, position: int, text: str, _: ResultRow) -> None:
        number = as_number(text)
        if number:
            self.decimal(position, *number)
        else:
            self.text(position, text)

    def _write_date(self, position: int, text: str, _: ResultRow) -> None:
        date = as_date(text)
        if date:
            days, has_time = date
            style = self.styles.date_time if has_time else self.styles.date
            self.write_number(self.row, position, days, style)
        else:
            self.text(position, text)


#: Writes a cell: position of the column, text of the cell, and row.
_CellFunction = Callable[[int, str, ResultRow], object]


class _AttentionSheet(SheetWriter):
    """The sheet of rows that need attention: what is wrong, and what to do.

    Attributes:
        manual_cells: returns the cells in the columns that people added, row by row.
    """

    def __init__(self, sheet: Worksheet, added: AddedColumns, styles: Styles) -> None:
        super().__init__(sheet, styles, MAX_LINKS)
        self.manual_cells = added.by_row()
        self._width = len(ATTENTION_COLUMNS) + len(added.headings)
        self.write_header(
            [*ATTENTION_COLUMNS, *((heading, _DEFAULT_WIDTH) for heading in added.headings)]
        )

    def write(self, row: ResultRow) -> None:
        """Write a row, if it needs attention."""
        if not needs_attention(row.status, row.codes) or self.row > LAST_ROW:
            return
        reason = mask(problem_text(row))
        row_advice = advice(row.status, row.codes, row.error)
        # LibreOffice does not calculate the height of wrapped text. A line has 15 points; Excel
        # allows rows of up to 409 points.
        line_count = max(len(reason), len(row_advice)) // _LINE_CHARACTERS + 1
        self.sheet.set_row(self.row, min(15 * line_count, 400))
        self.value(0, row.line)
        self.text(1, row.reference_id)
        self.text(2, mask(row.filename))
        self.text(3, STATUSES[row.status].label, self.styles.status[row.status])
        self.text(4, reason, self.styles.wrapped)
        self.text(5, row_advice, self.styles.wrapped)
        self.link(6, mask(row.source_url))
        manual_cells = self.manual_cells.cells_of(row)
        for position, value in enumerate(manual_cells, len(ATTENTION_COLUMNS)):
            self.value(position, value)
        self.row += 1

    def finish(self) -> None:
        """Set the properties that depend on the number of rows."""
        if self.row == 1:
            self.text(0, NOTHING_TEXT, self.styles.long_text)
        self.finish_table(self._width)


class _AddedSheet(SheetWriter):
    """A sheet that people added."""

    def write(self, lines: Iterable[Sequence[Value]]) -> None:
        """Write the cells of all lines."""
        for cells in lines:
            for position, value in enumerate(cells):
                self.value(position, value)
            self.row += 1


class _NotesSheet(SheetWriter):
    """The sheet of texts that people wrote, and that have no cell any more."""

    def write(self, notes: Iterable[Note]) -> None:
        """Write one note per line."""
        self.write_header(NOTE_COLUMNS)
        for note in notes:
            for position, value in enumerate(note):
                self.value(position, value)
            self.row += 1
        self.finish_table(len(NOTE_COLUMNS))


def _printed_column_count(widths: Sequence[float]) -> int:
    """Returns the number of columns that fit on a page, at least one."""
    total_width = 0.0
    for count, width in enumerate(widths):
        total_width += width
        if total_width > _MAX_PRINTED_WIDTH:
            return max(1, count)
    return len(widths)
