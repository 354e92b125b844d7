"""Reads everything that people added to `results.xlsx`, before the program writes it again.

People add columns, sheets and texts. They also rename sheets and headings, put a title above the
table, move columns and copy sheets. Therefore a table is recognized by its headings, and a row by
its reference ID. A text that has no cell in the next version of the workbook becomes a `Note`; no
text is lost. This module must not know how the workbook is written.

In this module, a *line* is a row of a sheet as a sequence of cells; a *row* is a row of the job.
The program's *own* columns and sheets are those that it writes itself.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook

from batch_import.errors import StateError, command_ref
from batch_import.reports.manual_content import (
    ATTENTION_COLUMNS,
    ATTENTION_SHEET,
    COLUMNS_HEADING,
    GROUP_SHEETS_HEADING,
    KEY_COLUMNS,
    NOTE_COLUMNS,
    NOTES_SHEET,
    NOTHING_TEXT,
    SUMMARY_SHEET,
    VIDEOS_SHEET,
    AddedColumns,
    Line,
    ManualContent,
    Note,
    RowKey,
    Value,
)
from batch_import.reports.table import Table

#: Number of lines at the top of a sheet that may have the headings: people put a title above them,
#: but not more.
_MAX_HEADER_LINES: Final = 20
#: Number of lines from which a column of reference IDs is recognized if its heading was changed.
_SAMPLE_LINES: Final = 50


def read_manual_content(
    path: Path, table: Table, is_reference: Callable[[str], bool] = lambda _: False
) -> ManualContent:
    """Returns everything that people added to a workbook that is about to be replaced.

    Args:
        path: path of the workbook; it need not exist.
        table: the table of the next version.
        is_reference: a function that returns whether a text is the reference ID of a row.

    Raises:
        StateError: the workbook cannot be read. It must not be replaced, because it may have
            additions.
    """
    if not path.exists():
        return ManualContent()
    try:
        book = CalamineWorkbook.from_path(str(path))
        return _PreviousWorkbook(book, table, is_reference).manual_content()
    except (CalamineError, OSError, ValueError) as error:
        raise StateError(
            f"{path} was not replaced, because it may have columns of yours, and cannot be read:"
            f" {error}.",
            f"Repair the file, or move it away; then: {command_ref('report')}",
        ) from None


class _PreviousWorkbook:
    """The workbook that is about to be replaced."""

    def __init__(
        self, book: CalamineWorkbook, table: Table, is_reference: Callable[[str], bool]
    ) -> None:
        self._book = book
        self._is_reference = is_reference
        #: Heading → name of the program's own columns.
        self._own_columns = {column.heading: column.name for column in table.for_people().columns}
        self._group_sheets: list[str] = []
        if SUMMARY_SHEET in book.sheet_names:
            self._read_summary()
        self._notes: list[Note] = []

    def manual_content(self) -> ManualContent:
        """Returns everything that people added."""
        names = self._book.sheet_names
        earlier_notes = self._earlier_notes()
        videos_sheet = self._videos_sheet()
        videos = AddedColumns()
        if videos_sheet:
            videos = self._added_columns(videos_sheet, self._own_columns)
        attention = AddedColumns()
        if ATTENTION_SHEET in names:
            headings = {heading: heading for heading, _ in ATTENTION_COLUMNS}
            attention = self._added_columns(ATTENTION_SHEET, headings)
        for name in set(self._group_sheets) & set(names):
            self._note_group(name, videos)
        own_sheets = {videos_sheet, ATTENTION_SHEET, SUMMARY_SHEET, NOTES_SHEET}
        own_sheets.update(self._group_sheets)
        added_sheets = []
        for name in names:
            lines = [] if name in own_sheets else self._lines(name)
            if any(map(_is_filled, lines)):
                added_sheets.append((name, lines))
        all_notes = [*earlier_notes, *self._notes]
        return ManualContent(videos, attention, added_sheets, frozenset(earlier_notes), all_notes)

    def _read_summary(self) -> None:
        """Read from the summary which columns and sheets the program itself had written."""
        lines = [
            (str(line[0]), str(line[1])) for line in self._lines(SUMMARY_SHEET) if len(line) > 1
        ]
        titles = [title for title, _ in lines]
        if COLUMNS_HEADING in titles:
            # The line below has the headings of this list.
            listed = lines[titles.index(COLUMNS_HEADING) + 2 :]
            self._own_columns = {
                heading: name for heading, name in listed if heading
            } | self._own_columns
        if GROUP_SHEETS_HEADING in titles:
            below = titles[titles.index(GROUP_SHEETS_HEADING) + 1 :]
            self._group_sheets = below[: below.index("")] if "" in below else below

    def _earlier_notes(self) -> list[Note]:
        """Returns the notes in the sheet of notes."""
        if NOTES_SHEET not in self._book.sheet_names:
            return []
        notes = []
        for line in self._lines(NOTES_SHEET)[1:]:
            if len(line) >= len(NOTE_COLUMNS):
                sheet, row, column, value = line[: len(NOTE_COLUMNS)]
                if value != "":
                    notes.append(Note(str(sheet), _text(row), str(column), value))
        return notes

    def _videos_sheet(self) -> str:
        """Returns the name of the sheet of all rows, even if it was renamed; empty if none."""
        other_sheets = {ATTENTION_SHEET, SUMMARY_SHEET, NOTES_SHEET, *self._group_sheets}
        candidates = [name for name in self._book.sheet_names if name not in other_sheets]
        if VIDEOS_SHEET in self._book.sheet_names:
            candidates.insert(0, VIDEOS_SHEET)
        for name in candidates:
            first_lines = list(islice(self._iter_lines(name), _MAX_HEADER_LINES))
            if self._header_index(first_lines, self._own_columns) >= 0:
                return name
        return ""

    def _header_index(self, lines: Sequence[Line], own_columns: Mapping[str, str]) -> int:
        """Returns the index of the line with the headings; -1 if there is none."""
        counts = [len({str(cell) for cell in line} & own_columns.keys()) for line in lines]
        max_count = max(counts, default=0)
        # A single heading may also be a cell of a row.
        is_header = max_count > 0 and max_count >= min(2, len(own_columns))
        return counts.index(max_count) if is_header else -1

    def _added_columns(self, sheet: str, own_columns: Mapping[str, str]) -> AddedColumns:
        """Returns the columns that were added to a sheet. Texts without a cell become notes.

        Args:
            sheet: name of the sheet.
            own_columns: heading → name of the program's own columns in this sheet.
        """
        lines = self._lines(sheet)
        header_index = self._header_index(lines[:_MAX_HEADER_LINES], own_columns)
        if header_index < 0:
            self._note_lines(sheet, [line for line in lines if str(line[0]) != NOTHING_TEXT])
            return AddedColumns()
        header = [str(cell) for cell in lines[header_index]]
        lines_below = lines[header_index + 1 :]
        self._note_lines(sheet, lines[:header_index])
        own_positions = _own_positions(header, own_columns)
        key_column = next((name for name in KEY_COLUMNS if name in own_positions.values()), "")
        if key_column != "referenceId":
            position = self._renamed_reference_column(header, own_positions, lines_below)
            if position >= 0:
                own_positions[position] = key_column = "referenceId"
        positions = []
        for position, heading in enumerate(header):
            is_used = heading or any(line[position] != "" for line in lines_below)
            if position not in own_positions and is_used:
                positions.append(position)
        if not key_column:
            self._note_columns(sheet, header, positions, lines_below, header_index + 2)
            return AddedColumns()
        key_position = next(
            position for position, name in own_positions.items() if name == key_column
        )
        cells = self._cells_by_key(sheet, positions, key_column, key_position, lines_below)
        if not positions:
            return AddedColumns()
        return AddedColumns([header[position] for position in positions], cells, key_column)

    def _cells_by_key(
        self,
        sheet: str,
        positions: Sequence[int],
        key_column: str,
        key_position: int,
        lines: Sequence[Line],
    ) -> dict[RowKey, Line]:
        """Returns the cells at some positions of each line that are not all empty, by row."""
        row_counts: Counter[str] = Counter()
        cells: dict[RowKey, Line] = {}
        for line in lines:
            key_text = _text(line[key_position])
            values = [line[position] for position in positions]
            if not key_text:
                # The program writes a reference ID in each line. A line without one was added by
                # people, for example for a sum; then all of its cells become notes.
                is_own_line = key_column != "referenceId" or str(line[0]) == NOTHING_TEXT
                self._note_lines(sheet, [values if is_own_line else line])
                continue
            if any(value != "" for value in values):
                cells[key_text, row_counts[key_text]] = values
            row_counts[key_text] += 1
        return cells

    def _renamed_reference_column(
        self, header: Sequence[str], own_positions: Mapping[int, str], lines: Sequence[Line]
    ) -> int:
        """Returns the position of a column of reference IDs with another heading; -1 if none."""
        for position in range(len(header)):
            sample = lines[:_SAMPLE_LINES]
            values = [_text(line[position]) for line in sample if line[position] != ""]
            reference_count = sum(map(self._is_reference, values))
            are_mostly_references = reference_count > len(values) / 2
            if position not in own_positions and are_mostly_references:
                return position
        return -1

    def _note_group(self, sheet: str, videos: AddedColumns) -> None:
        """Create notes for everything that people wrote into the sheet of a group.

        A text that the sheet of all rows has in the same row and column is left out.

        Args:
            sheet: name of the sheet.
            videos: the columns that were added to the sheet of all rows.
        """
        added = self._added_columns(sheet, self._own_columns)
        for row_key, values in added.cells.items():
            reference_id, _ = row_key
            values_in_videos = dict(
                zip(videos.headings, videos.cells.get(row_key, ()), strict=False)
            )
            for heading, value in zip(added.headings, values, strict=True):
                if value != "" and values_in_videos.get(heading) != value:
                    self._notes.append(Note(sheet, reference_id, heading, value))

    def _note_lines(self, sheet: str, lines: Iterable[Line]) -> None:
        """Create notes without row and column for all cells of some lines."""
        for line in lines:
            self._notes += [Note(sheet, "", "", value) for value in line if value != ""]

    def _note_columns(
        self,
        sheet: str,
        header: Sequence[str],
        positions: Sequence[int],
        lines: Sequence[Line],
        first_number: int,
    ) -> None:
        """Create notes for the cells at some positions of lines, whose numbers begin with one."""
        for number, line in enumerate(lines, first_number):
            self._notes += [
                Note(sheet, f"row {number}", header[position], line[position])
                for position in positions
                if line[position] != ""
            ]

    def _iter_lines(self, sheet: str) -> Iterator[Line]:
        return iter(self._book.get_sheet_by_name(sheet).iter_rows())

    def _lines(self, sheet: str) -> list[Line]:
        return list(self._iter_lines(sheet))


def _own_positions(header: Sequence[str], own_columns: Mapping[str, str]) -> dict[int, str]:
    """Returns the program's own columns in a header: position → name.

    People may add a column with the heading of an own column. Of two columns with the same heading,
    the own column is the one beside the same heading as in the program's order.
    """
    order = list(own_columns)
    positions = {}
    for index, heading in enumerate(order):
        candidates = [position for position, text in enumerate(header) if text == heading]
        before, after = order[index - 1 : index], order[index + 1 : index + 2]
        beside_neighbour = [
            position
            for position in candidates
            if header[max(0, position - 1) : position] == before
            or header[position + 1 : position + 2] == after
        ]
        for position in (beside_neighbour or candidates)[:1]:
            positions[position] = own_columns[heading]
    return positions


def _is_filled(line: Line) -> bool:
    return any(value != "" for value in line)


def _text(value: Value) -> str:
    """Returns a cell as text. If a person typed an ID of digits again, the cell is a number."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
