"""The records of one sheet: each cell as Excel shows it, and problems of cells.

Values and merged cells come from python-calamine, other details from the XML (`sheet_details.py`).
This module must not know files, nor which column is which field.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
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
_DIGITS: Final = 15
#: Largest number up to which other programs store every whole number exactly.
_EXACT: Final = 2**53
_RANGES_SHOWN: Final = 5

_HIDDEN = warning(
    "row-hidden",
    "this row is hidden in the workbook, and is imported all the same",
    "Show it there, or delete it.",
)
_UNCALCULATED = Violation(
    "cell-formula",
    "the cell's formula was never calculated",
    "Open the workbook in Excel or LibreOffice, save it, and try again.",
)
_TOO_MANY_DIGITS = Violation(
    "cell-digits",
    f"a workbook keeps {_DIGITS} digits of a number, and this one has more",
    "Format the column as text there, then enter the numbers again from where they come from.",
)


class SheetTable:
    """A sheet whose records can be read several times."""

    def __init__(self, sheet: CalamineSheet, details: SheetDetails) -> None:
        self._sheet = sheet
        self._details = details
        self._first_column = (sheet.start or (0, 0))[1]
        self._ranges = sheet.merged_cell_ranges or []
        self._merged = self._merged_below()
        self._violations: defaultdict[int, list[CellViolation]] = defaultdict(list)
        #: Columns in which hyperlinks replace texts, and the column whose hyperlinks become an
        #: additional column.
        self._linked: frozenset[int] = frozenset()
        self._added: int | None = None

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
        """Whether hyperlinks are used in a column."""
        return bool(self._linked) or self._added is not None

    def records(self, behind: int = 0) -> Iterator[Record]:
        """Yield the rows after a row number."""
        above: dict[int, str] = {}
        for line, row in enumerate(self._sheet.iter_rows(), 1):
            cells = [cell if type(cell) is str else self._text(line, at, cell)
                     for at, cell in enumerate(row)]  # fmt: skip
            if self._merged and line in self._merged:
                self._fill(cells, self._merged[line], above)
            if line > behind:
                yield line, self._with_details(line, cells), None

    def blocks(self, header: Header) -> Iterator[Block]:
        """Yield the rows after the header in blocks, with problems of cells."""
        self._violations.clear()
        for block in split_into_blocks(self.records(header.line), len(header.names)):
            violations = {}
            for at, line in enumerate(block.lines):
                found = self._violations.pop(line, [])
                if line in self._details.hidden_rows:
                    found = [*found, (None, _HIDDEN)]
                if found:
                    violations[at] = found
            self._violations.clear()
            yield replace(block, violations=violations) if violations else block

    def with_hyperlinks(self, header: Header, chosen: str | None) -> Header:
        """Decide how hyperlinks are used, and return the header, which may get a column.

        In the column of source URLs, a hyperlink replaces a text that is no URL. If there is no
        such column, the hyperlinks of another column become an additional column, if they look
        more like videos than any text does.

        Args:
            chosen: name of the column that the user mapped to the source URL; None if there is
                none. A name of no column of the sheet may be the name of the additional column.
        """
        counts = self._hyperlink_counts(header.line)
        columns = list(enumerate(header.names))
        mapped = [at for at, name in columns if chosen and _is_called(chosen, at, name)]
        own = mapped or [at for at, name in columns if field_of(name) == SOURCE_URL]
        self._linked = frozenset(own) & counts.keys()
        others = [at for at, _ in counts.most_common() if 0 <= at < len(header.names)]
        if mapped or self._linked or not others or not self._leads_to_more(others[0], header):
            return header
        self._added = others[0]
        of = heading_of(header.names[others[0]], others[0])
        note = ", ".join(filter(None, (header.note, f"hyperlinks of “{of}” as {SOURCE_URL}")))
        names = (*header.names, SOURCE_URL)
        return replace(
            header, names=names, known_field_count=header.known_field_count + 1, note=note
        )

    def with_urls(self, records: Sequence[Record]) -> list[Record]:
        """Replace texts of the column with the most hyperlinks by their targets.

        The header of a sheet is found by the URLs below it. A cell that is the only one of its row
        is kept, because it is a title or a note above the header.
        """
        column = next((at for at, _ in self._hyperlink_counts(0).most_common()), None)
        if column is None:
            return list(records)
        replaced = []
        for line, cells, fault in records:
            link = self._details.links.get(self._place(line, column))
            is_row = len(cells) == 1 or sum(1 for cell in cells if cell.strip()) > 1
            if link and is_row and 0 <= column < len(cells) and "://" not in cells[column]:
                cells = [*cells[:column], link, *cells[column + 1 :]]  # noqa: PLW2901
            replaced.append((line, cells, fault))
        return replaced

    def _hyperlink_counts(self, behind: int) -> Counter[int]:
        """Position of a column → its number of hyperlinks after a row number."""
        links = self._details.links
        return Counter(column - self._first_column for row, column in links if row > behind)

    def _leads_to_more(self, at: int, header: Header) -> bool:
        links = (
            [link]
            for (row, column), link in self._details.links.items()
            if row > header.line and column - self._first_column == at
        )
        kind = score_rows(list(islice(links, SAMPLE_RECORDS))).kind
        return kind >= CellKind.PATH and kind > header.video_score.kind

    def hidden_columns(self, width: int) -> frozenset[int]:
        """The positions of hidden columns."""
        hidden = {column - self._first_column for column in self._details.hidden_columns}
        return frozenset(hidden & set(range(width)))

    def problems(self, header: Header) -> Iterator[Problem]:
        """Yield the problems of the sheet as a whole."""
        if self._details.filtered:
            hint = "Clear the filter, or delete the rows that it hides."
            reason = "a filter is active; the rows that it hides are imported all the same"
            yield warning("sheet-filter", reason, hint).problem(max(1, header.line), "", "")
        ranges = [(first, last) for first, last in self._ranges
                  if first[0] >= header.line and last[0] > first[0]]  # fmt: skip
        if ranges:
            named = ", ".join(
                f"{_place(*first)}:{_place(*last)}" for first, last in ranges[:_RANGES_SHOWN]
            )
            more = ", …" if len(ranges) > _RANGES_SHOWN else ""
            reason = (
                "cells are merged; each of their rows gets their value, unless it is an address"
            )
            hint = "Unmerge them, and fill in what each row is to have."
            line = ranges[0][0][0] + 1
            yield warning("cells-merged", reason, hint).problem(line, "", named + more)

    def _merged_below(self) -> dict[int, dict[int, int]]:
        """Row → column that belongs to a merged cell from above → the first row of that cell."""
        found: defaultdict[int, dict[int, int]] = defaultdict(dict)
        for (top, column), (bottom, _) in self._ranges:
            if bottom > top:
                for row in range(top, bottom + 1):
                    found[row + 1][column - self._first_column] = top + 1
        return dict(found)

    @staticmethod
    def _fill(cells: list[str], merged: dict[int, int], above: dict[int, str]) -> None:
        """Copy the values of merged cells from above into a row, unless the row is blank."""
        blank = is_blank(cells)
        for at in merged:
            if at >= len(cells):
                continue
            if cells[at].strip():
                above[at] = cells[at]
            elif not blank and "://" not in above.get(at, "://"):
                cells[at] = above[at]

    def _with_details(self, line: int, cells: list[str]) -> list[str]:
        """Add the details of the XML to a row."""
        details = self._details
        if details.errors or details.uncalculated or details.shown:
            for at, cell in enumerate(cells):
                place = self._place(line, at)
                if place in details.uncalculated:
                    self._violations[line].append((at, _UNCALCULATED))
                elif not cell or place in details.shown:
                    cells[at] = details.errors.get(place) or details.shown.get(place, cell)
        for at in self._linked:
            place = self._place(line, at)
            if at < len(cells) and "://" not in cells[at] and place not in details.errors:
                cells[at] = details.links.get(place, cells[at])
        if self._added is not None:
            cells.append(details.links.get(self._place(line, self._added), ""))
        return cells

    def _place(self, line: int, at: int) -> CellPosition:
        return line, at + self._first_column

    def _text(self, line: int, at: int, cell: _Cell) -> str:
        """Format a cell as Excel shows it."""
        match cell:
            case bool():
                return self._noted(line, at, "a truth value", str(cell).upper())
            case float() | int():
                return self._number(line, at, float(cell))
            case dt.timedelta():
                minutes, seconds = divmod(round(cell.total_seconds()), 60)
                text = f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
                return self._noted(line, at, "a time", text)
            case dt.datetime():
                return self._noted(line, at, "a date", cell.isoformat(" ", "seconds"))
            case dt.time():
                return self._noted(line, at, "a time", cell.isoformat("seconds"))
            case _:
                return self._noted(line, at, "a date", str(cell))

    def _number(self, line: int, at: int, number: float) -> str:
        """Format a number without an exponent, and without digits that the workbook lacks."""
        code = self._details.formats.get(self._place(line, at))
        if code and (text := format_number(number, code)) is not None:
            return text
        if number.is_integer() and abs(number) < _EXACT:
            text = str(int(number))
        else:
            text = f"{Decimal(f'{number:.{_DIGITS}g}'):f}"
        if number.is_integer() and abs(number) >= 10**_DIGITS:
            self._violations[line].append((at, _TOO_MANY_DIGITS))
        elif code:
            return self._noted(line, at, f"a number that the sheet shows otherwise ({code})", text)
        return text

    def _noted(self, line: int, at: int, what: str, text: str) -> str:
        """The problem of a number whose format is not supported. It matters only for fields."""
        hint = f"It was read as {text}. If that is not right, enter it again as text."
        self._violations[line].append((at, warning("cell-format", f"the cell holds {what}", hint)))
        return text


def _is_called(chosen: str, at: int, name: str) -> bool:
    """Whether the user named this column, by its name or as `column 3`."""
    place = COLUMN_BY_NUMBER.fullmatch(chosen.strip())
    return fold(name) == fold(chosen) or (place is not None and int(place[1]) == at + 1)


def _place(row: int, column: int) -> str:
    """The cell reference (`D2`) of a row and a column, which count from 0."""
    letters, number = "", column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row + 1}"
