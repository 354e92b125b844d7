"""The records of one sheet: each cell as text, as Excel shows it, and problems of cells.

Values and merged cells come from python-calamine, other details from the XML (`sheet_details.py`).
A line number is the number of a row in the sheet, from 1. The position of a column counts from 0 at
the first column that is not empty. This module must not know files, nor which column becomes which
field.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from typing import Final

from python_calamine import CalamineSheet

from batch_import.manifest.columns.aliases import SOURCE_URL, field_of, fold
from batch_import.manifest.columns.candidates import COLUMN_BY_NUMBER, heading_of
from batch_import.manifest.columns.header import SAMPLE_RECORDS, Header, score_rows
from batch_import.manifest.columns.values import CellKind
from batch_import.manifest.readers.number_formats import format_number
from batch_import.manifest.readers.record import (
    Block,
    CellViolation,
    Record,
    is_blank,
    split_into_blocks,
)
from batch_import.manifest.readers.sheet_details import CellPosition, SheetDetails
from batch_import.manifest.rules.violation import Violation, warning
from batch_import.models import Problem

_Cell = str | float | int | bool | dt.date | dt.datetime | dt.time | dt.timedelta

#: Number of digits that Excel stores and shows.
_EXCEL_DIGITS: Final = 15
#: Smallest number from which floating-point numbers cannot represent every whole number.
_MAX_EXACT_INTEGER: Final = 2**53
#: Maximum number of merged ranges in a problem.
_MAX_LISTED_RANGES: Final = 5

_HIDDEN_ROW = warning(
    "row-hidden",
    "this row is hidden in the workbook, and is imported all the same",
    "Show it there, or delete it.",
)
_STRUCK_ROW = warning(
    "row-struck",
    "this row is struck through in the workbook, and is imported all the same",
    "If the video must not be imported, delete the row; otherwise remove the line through it.",
)
_UNCALCULATED = Violation(
    "cell-formula",
    "the cell's formula was never calculated",
    "Open the workbook in Excel or LibreOffice, save it, and try again.",
)
_TOO_MANY_DIGITS = Violation(
    "cell-digits",
    f"a workbook keeps {_EXCEL_DIGITS} digits of a number, and this one has more",
    "Format the column as text there, then enter the numbers again from where they come from.",
)


class SheetTable:
    """A sheet whose records can be read several times."""

    def __init__(self, sheet: CalamineSheet, details: SheetDetails) -> None:
        self._sheet = sheet
        self._details = details
        self._first_column = (sheet.start or (0, 0))[1]
        self._merged_ranges = sheet.merged_cell_ranges or []
        self._merged_columns = self._merged_columns_by_row()
        #: Row number → violations of the rows that were read, until `blocks` yields them.
        self._violations: defaultdict[int, list[CellViolation]] = defaultdict(list)
        #: Positions of the columns in which hyperlinks replace texts.
        self._hyperlink_columns: frozenset[int] = frozenset()
        #: Position of the column whose hyperlinks become an additional column; None if there is
        #: none.
        self._additional_column: int | None = None

    @property
    def name(self) -> str:
        """The name of the sheet."""
        return self._sheet.name

    @property
    def height(self) -> int:
        """The number of the last row; 0 if the sheet is empty."""
        return self._sheet.end[0] + 1 if self._sheet.end else 0

    @property
    def has_hyperlinks(self) -> bool:
        """Whether `use_hyperlinks` decided to use the hyperlinks of a column."""
        return bool(self._hyperlink_columns) or self._additional_column is not None

    def records(self, after: int = 0) -> Iterator[Record]:
        """Yield the rows after a row number."""
        values_above: dict[int, str] = {}
        for line, row in enumerate(self._sheet.iter_rows(), 1):
            cells = [cell if type(cell) is str else self._text_of(line, position, cell)
                     for position, cell in enumerate(row)]  # fmt: skip
            if self._merged_columns and line in self._merged_columns:
                self._fill_merged_cells(cells, self._merged_columns[line], values_above)
            if line > after:
                yield line, self._add_details(line, cells), None

    def blocks(self, header: Header) -> Iterator[Block]:
        """Yield the rows after the header in blocks, with the violations of their cells."""
        self._violations.clear()
        for block in split_into_blocks(self.records(header.line), len(header.names)):
            violations = {}
            for index, line in enumerate(block.lines):
                row_violations = self._violations.pop(line, [])
                if line in self._details.hidden_rows:
                    row_violations = [*row_violations, (None, _HIDDEN_ROW)]
                if self._is_struck(line, [column[index] for column in block.columns]):
                    row_violations = [*row_violations, (None, _STRUCK_ROW)]
                if row_violations:
                    violations[index] = row_violations
            self._violations.clear()
            yield replace(block, violations=violations) if violations else block

    def _is_struck(self, line: int, cells: Sequence[str]) -> bool:
        """Whether most of the filled cells of a row are struck through."""
        struck_count = self._details.struck_counts.get(line, 0)
        return struck_count > 0 and 2 * struck_count > sum(1 for cell in cells if cell.strip())

    def use_hyperlinks(self, header: Header, source_column: str | None) -> Header:
        """Decide how hyperlinks are used, and return the header, which may get a column.

        In the column of source URLs, and in every column of URLs, a hyperlink replaces a text that
        is no URL. If no hyperlink is in a column with the name of source URLs, the hyperlinks of
        another column become an additional column, if their targets are more likely to be videos
        than the texts of any column.

        Args:
            header: the header that was found by the texts.
            source_column: name of the column that the user mapped to the source URL; None if there
                is none. If the sheet has no such column, this may be the additional column.
        """
        counts = self._count_hyperlinks(header.line)
        columns = list(enumerate(header.names))
        mapped = []
        if source_column:
            mapped = [
                position for position, name in columns if _is_called(source_column, position, name)
            ]
        source_columns = mapped or [
            position for position, name in columns if field_of(name) == SOURCE_URL
        ]
        named = frozenset(source_columns) & counts.keys()
        self._hyperlink_columns = named | self._url_columns(header, counts.keys())
        others = [position for position, _ in counts.most_common() if 0 <= position < len(columns)]
        if mapped or named or not others:
            return header
        if not self._has_better_links(others[0], header):
            return header
        self._additional_column = others[0]
        heading = heading_of(header.names[others[0]], others[0])
        note = ", ".join(filter(None, (header.note, f"hyperlinks of “{heading}” as {SOURCE_URL}")))
        return replace(
            header,
            names=(*header.names, SOURCE_URL),
            known_field_count=header.known_field_count + 1,
            note=note,
        )

    def replace_by_hyperlinks(self, records: Sequence[Record]) -> list[Record]:
        """Return records in which the targets of hyperlinks replace their texts in one column.

        It is the column with the most hyperlinks. The header of a sheet is found by the URLs below
        it. A cell that is the only filled cell of its row is kept, because it is a title or a note
        above the header.
        """
        counts = self._count_hyperlinks(0).most_common(1)
        if not counts:
            return list(records)
        column, _ = counts[0]
        replaced = []
        for line, cells, fault in records:
            link = self._details.links.get(self._cell_position(line, column))
            is_row = len(cells) == 1 or sum(1 for cell in cells if cell.strip()) > 1
            if link and is_row and 0 <= column < len(cells) and "://" not in cells[column]:
                cells = [*cells[:column], link, *cells[column + 1 :]]  # noqa: PLW2901
            replaced.append((line, cells, fault))
        return replaced

    def _count_hyperlinks(self, after: int) -> Counter[int]:
        """Return position of a column → its number of hyperlinks after a row number."""
        links = self._details.links
        return Counter(column - self._first_column for row, column in links if row > after)

    def _url_columns(self, header: Header, positions: Collection[int]) -> frozenset[int]:
        """Return those positions of columns at which most of the first texts are URLs."""
        if not positions:
            return frozenset()
        rows = [
            cells
            for _, cells, _ in islice(self.records(header.line), SAMPLE_RECORDS)
            if not is_blank(cells)
        ]
        return frozenset(
            position
            for position in positions
            if position >= 0
            and score_rows([cells[position : position + 1] for cells in rows]).kind >= CellKind.PAGE
        )

    def _has_better_links(self, position: int, header: Header) -> bool:
        """Whether hyperlinks of a column are more likely to be videos than the texts of the sheet.

        Args:
            position: position of the column.
        """
        rows = (
            [link]
            for (row, column), link in self._details.links.items()
            if row > header.line and column - self._first_column == position
        )
        kind = score_rows(list(islice(rows, SAMPLE_RECORDS))).kind
        return kind >= CellKind.PATH and kind > header.video_score.kind

    def hidden_columns(self, width: int) -> frozenset[int]:
        """Return the positions of hidden columns.

        Args:
            width: number of columns of the header.
        """
        hidden = {column - self._first_column for column in self._details.hidden_columns}
        return frozenset(hidden & set(range(width)))

    def problems(self, header: Header) -> Iterator[Problem]:
        """Yield the problems of the sheet as a whole."""
        if self._details.has_filter:
            hint = "Clear the filter, or delete the rows that it hides."
            reason = "a filter is active; the rows that it hides are imported all the same"
            yield warning("sheet-filter", reason, hint).problem(max(1, header.line), "", "")
        # Only ranges of several rows below the header matter. Rows count from 0 here.
        ranges = [(first, last) for first, last in self._merged_ranges
                  if first[0] >= header.line and last[0] > first[0]]  # fmt: skip
        if ranges:
            listed = ", ".join(
                f"{_cell_reference(*first)}:{_cell_reference(*last)}"
                for first, last in ranges[:_MAX_LISTED_RANGES]
            )
            more = ", …" if len(ranges) > _MAX_LISTED_RANGES else ""
            reason = "cells are merged; each of their rows gets their value, unless it is a URL"
            hint = "Unmerge them, and fill in the cell of each row."
            first_line = ranges[0][0][0] + 1
            yield warning("cells-merged", reason, hint).problem(first_line, "", listed + more)

    def _merged_columns_by_row(self) -> dict[int, set[int]]:
        """Return row number → positions of the columns with a merged cell of several rows."""
        columns: defaultdict[int, set[int]] = defaultdict(set)
        for (top, column), (bottom, _) in self._merged_ranges:
            if bottom > top:
                for row in range(top, bottom + 1):
                    columns[row + 1].add(column - self._first_column)
        return dict(columns)

    @staticmethod
    def _fill_merged_cells(
        cells: list[str], merged_columns: set[int], values_above: dict[int, str]
    ) -> None:
        """Copy the values of merged cells from above into a row, unless the row is blank.

        A URL is not copied, because several rows would have the same video.

        Args:
            cells: the cells of the row, which are changed.
            merged_columns: positions of the columns with a merged cell.
            values_above: position of a column → value of its last merged cell; updated.
        """
        blank = is_blank(cells)
        for position in merged_columns:
            if position >= len(cells):
                continue
            if cells[position].strip():
                values_above[position] = cells[position]
            # The default text is not copied, either: there is no value above.
            elif not blank and "://" not in values_above.get(position, "://"):
                cells[position] = values_above[position]

    def _add_details(self, line: int, cells: list[str]) -> list[str]:
        """Add the details of the XML to the cells of a row, and return the same list."""
        details = self._details
        if details.errors or details.uncalculated or details.link_texts:
            for position, cell in enumerate(cells):
                place = self._cell_position(line, position)
                if place in details.uncalculated:
                    self._violations[line].append((position, _UNCALCULATED))
                elif not cell or place in details.link_texts:
                    text = details.link_texts.get(place, cell)
                    cells[position] = details.errors.get(place) or text
        for position in self._hyperlink_columns:
            place = self._cell_position(line, position)
            is_in_row = position < len(cells)
            if is_in_row and "://" not in cells[position] and place not in details.errors:
                cells[position] = details.links.get(place, cells[position])
        if self._additional_column is not None:
            place = self._cell_position(line, self._additional_column)
            cells.append(details.links.get(place, ""))
        return cells

    def _cell_position(self, line: int, position: int) -> CellPosition:
        """Return the position of a cell in the sheet, which the details have as key."""
        return line, position + self._first_column

    def _text_of(self, line: int, position: int, cell: _Cell) -> str:
        """Return a cell as text, as Excel shows it."""
        match cell:
            case bool():
                return self._note_format(line, position, "a truth value", str(cell).upper())
            case float() | int():
                return self._number_text(line, position, float(cell))
            case dt.timedelta():
                minutes, seconds = divmod(round(cell.total_seconds()), 60)
                text = f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
                return self._note_format(line, position, "a time", text)
            case dt.datetime():
                return self._note_format(line, position, "a date", cell.isoformat(" ", "seconds"))
            case dt.time():
                return self._note_format(line, position, "a time", cell.isoformat("seconds"))
            case _:
                return self._note_format(line, position, "a date", str(cell))

    def _number_text(self, line: int, position: int, number: float) -> str:
        """Return a number as text, without an exponent, and rounded to the digits of Excel."""
        code = self._details.formats.get(self._cell_position(line, position))
        if code and (formatted := format_number(number, code)) is not None:
            return formatted
        if number.is_integer() and abs(number) < _MAX_EXACT_INTEGER:
            text = str(int(number))
        else:
            text = f"{Decimal(f'{number:.{_EXCEL_DIGITS}g}'):f}"
        if number.is_integer() and abs(number) >= 10**_EXCEL_DIGITS:
            self._violations[line].append((position, _TOO_MANY_DIGITS))
        elif code:
            description = f"a number that the sheet shows otherwise ({code})"
            return self._note_format(line, position, description, text)
        return text

    def _note_format(self, line: int, position: int, description: str, text: str) -> str:
        """Add a warning that Excel may show a cell otherwise, and return the cell's text.

        The warning is reported only for a column that becomes a field.
        """
        hint = f"It was read as {text}. If that is not right, enter it again as text."
        violation = warning("cell-format", f"the cell holds {description}", hint)
        self._violations[line].append((position, violation))
        return text


def _is_called(wanted_name: str, position: int, name: str) -> bool:
    """Whether the user means this column, by its name or by its number as in `column 3`."""
    by_number = COLUMN_BY_NUMBER.fullmatch(wanted_name.strip())
    has_number = by_number is not None and int(by_number[1]) == position + 1
    return fold(name) == fold(wanted_name) or has_number


def _cell_reference(row: int, column: int) -> str:
    """Return the cell reference (`D2`) of a row and a column, which count from 0."""
    letters, number = "", column + 1
    while number:
        number, remainder = divmod(number - 1, 26)
        letters = chr(ord("A") + remainder) + letters
    return f"{letters}{row + 1}"
