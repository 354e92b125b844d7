"""What people added by hand to an earlier copy of the spreadsheet: whole columns, by reference ID.

This file must not know how the next copy is written.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook

from batch_import.errors import StateError, command
from batch_import.reports.table import Table

#: The sheet of all rows, the one that tells about it, and where in that one the columns begin.
VIDEOS: Final = "Videos"
SUMMARY: Final = "Summary"
COLUMNS: Final = "Columns of the sheet Videos"
_REFERENCE: Final = "referenceId"

Value = str | int | float | bool | datetime | date | time | timedelta
#: The nth row (from 0) with a reference ID: invalid rows may share one.
_Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Added:
    """The columns that people added.

    Attributes:
        headings: what stands above them, from left to right.
        cells: a row's cells under these headings.
    """

    headings: Sequence[str] = ()
    cells: Mapping[_Place, Sequence[Value]] = field(default_factory=dict)

    def rows(self) -> "_Rows":
        """Look the cells up, row after row."""
        return _Rows(self)


class _Rows:
    def __init__(self, added: Added) -> None:
        self._added = added
        self._blank = [""] * len(added.headings)
        self._seen: Counter[str] = Counter()

    def of(self, reference: str) -> Sequence[Value]:
        """The cells of the next row with this reference ID."""
        if not self._added.cells:
            return self._blank
        nth = self._seen[reference]
        self._seen[reference] += 1
        return self._added.cells.get((reference, nth), self._blank)


def added(path: Path, table: Table) -> Added:
    """Read what people added to the file that is about to be written anew.

    Raises:
        StateError: it cannot be read, so that nobody knows what would be lost.
    """
    if not path.exists():
        return Added()
    try:
        book = CalamineWorkbook.from_path(str(path))
        if VIDEOS not in book.sheet_names:
            return Added()
        lines = book.get_sheet_by_name(VIDEOS).iter_rows()
        return _added(lines, _ours(book, table))
    except (CalamineError, OSError, ValueError) as error:
        raise StateError(
            f"{path} may hold columns of yours and stays as it is: {error}.",
            f"Fix that, or move it away; then: {command('report')}",
        ) from None


def _ours(book: CalamineWorkbook, table: Table) -> dict[str, str]:
    """Heading → name of the columns that were not added: as the earlier file itself tells."""
    ours = {column.heading: column.name for column in table.columns}
    if SUMMARY in book.sheet_names:
        lines = [list(map(str, line[:2])) for line in book.get_sheet_by_name(SUMMARY).iter_rows()]
        titles = [line[0] for line in lines]
        if COLUMNS in titles:
            listed = lines[titles.index(COLUMNS) + 2 :]
            ours |= {heading: name for heading, name in listed if heading}
    return ours


def _added(lines: Iterator[list[Value]], ours: Mapping[str, str]) -> Added:
    header = [str(cell) for cell in next(lines, [])]
    places = [at for at, heading in enumerate(header) if heading and heading not in ours]
    if not places:
        return Added()
    reference = next((at for at, text in enumerate(header) if ours.get(text) == _REFERENCE), None)
    if reference is None:
        raise ValueError(f"it has no column {_REFERENCE}, so that its rows cannot be told apart")
    seen: Counter[str] = Counter()
    cells: dict[_Place, Sequence[Value]] = {}
    for line in lines:
        key = _text(line[reference])
        values = [line[at] for at in places]
        if any(value != "" for value in values):
            cells[key, seen[key]] = values
        seen[key] += 1
    return Added([header[at] for at in places], cells)


def _text(value: Value) -> str:
    """A cell that somebody typed anew may have become a number."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
