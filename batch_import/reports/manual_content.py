"""What people added to `results.xlsx`: read by `manual_columns.py`, written by the writer.

A text that has no cell in the next version of the workbook becomes a `Note`. A *line* is a row of a
sheet as a sequence of cells; a *row* is a row of the job.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

from batch_import.models import ResultRow

#: Names of the program's own sheets: all rows, rows that need attention, and a summary.
VIDEOS_SHEET: Final = "Videos"
ATTENTION_SHEET: Final = "Needs attention"
SUMMARY_SHEET: Final = "Summary"
#: Headings in the summary, above the names of the sheets of groups, and above the own columns.
GROUP_SHEETS_HEADING: Final = "Sheets of groups"
COLUMNS_HEADING: Final = "Columns of the sheet Videos"
#: Name of the sheet with all notes, and its columns with their widths in characters.
NOTES_SHEET: Final = "Kept notes"
NOTE_COLUMNS: Final = (("Sheet", 20), ("Row", 24), ("Column", 24), ("Note", 60))
#: Columns of the sheet of rows that need attention, with their widths in characters.
ATTENTION_COLUMNS: Final = (
    ("line", 7), ("referenceId", 24), ("filename", 36), ("status", 12), ("What is wrong", 60),
    ("What to do", 60), ("sourceUrl", 50),
)  # fmt: skip
#: The text in that sheet if it has no rows.
NOTHING_TEXT: Final = "Nothing needs attention."

#: Columns whose text identifies a row, the most reliable first → function that returns the text.
KEY_COLUMNS: Final[Mapping[str, Callable[[ResultRow], str]]] = {
    "referenceId": lambda row: row.reference_id,
    "mediaId": lambda row: row.media_id,
    "key": lambda row: row.key,
    "ingestId": lambda row: row.ingest_id,
}

#: The value of a cell.
Value = str | int | float | bool | datetime | date | time | timedelta
#: Identifies a row of a sheet: the text in its key column, and the number of earlier rows with the
#: same text. Several invalid rows may have the same reference ID.
RowKey = tuple[str, int]
#: The cells of one row of a sheet.
Line = Sequence[Value]


class Note(NamedTuple):
    """A text that people wrote, and that has no cell in the next version of the workbook.

    Attributes:
        sheet: name of the sheet in which it was written.
        row: reference ID of its row, or the number of the line, such as `row 7`; may be empty.
        column: heading of its column; may be empty.
        value: the text, or another value.
    """

    sheet: str
    row: str
    column: str
    value: Value


@dataclass(frozen=True, slots=True)
class AddedColumns:
    """The columns that people added to a sheet.

    Attributes:
        headings: headings of these columns from left to right; a heading may be empty.
        cells: key of a row → the row's cells in these columns.
        key_column: the column whose text is the first part of the keys: a name in `KEY_COLUMNS`.
    """

    headings: Sequence[str] = ()
    cells: Mapping[RowKey, Line] = field(default_factory=dict)
    key_column: str = "referenceId"

    def by_row(self) -> "ManualCells":
        """Returns an object that returns the cells row by row."""
        return ManualCells(self)


class ManualCells:
    """Returns the cells in added columns, for one row after the other.

    Args:
        added: the added columns.
    """

    def __init__(self, added: AddedColumns) -> None:
        self._headings = added.headings
        self._remaining_cells = dict(added.cells)
        self._key_text = KEY_COLUMNS[added.key_column]
        self._empty_cells = [""] * len(added.headings)
        self._row_counts: Counter[str] = Counter()

    def cells_of(self, row: ResultRow) -> Line:
        """Returns the cells of a row. It must be called once for each row, in their order."""
        if not self._remaining_cells:
            return self._empty_cells
        key_text = self._key_text(row)
        earlier_count = self._row_counts[key_text]
        self._row_counts[key_text] += 1
        return self._remaining_cells.pop((key_text, earlier_count), self._empty_cells)

    def remaining_notes(self, sheet: str) -> Iterator[Note]:
        """Yields a note for each cell that `cells_of` did not return, because its row is gone.

        Args:
            sheet: name of the sheet.
        """
        for (key, _), values in self._remaining_cells.items():
            for heading, value in zip(self._headings, values, strict=True):
                if value != "":
                    yield Note(sheet, key, heading, value)


@dataclass(frozen=True, slots=True)
class ManualContent:
    """Everything that people added to a workbook.

    Attributes:
        videos, attention: columns that were added to the sheet of all rows, and to the sheet of
            rows that need attention.
        sheets: name and lines of each added sheet.
        earlier_notes: notes in the sheet of notes.
        notes: `earlier_notes`, and notes for texts that have no cell any more.
    """

    videos: AddedColumns = AddedColumns()
    attention: AddedColumns = AddedColumns()
    sheets: Sequence[tuple[str, Sequence[Line]]] = ()
    earlier_notes: frozenset[Note] = frozenset()
    notes: Sequence[Note] = ()

    def __bool__(self) -> bool:
        """Whether people added anything."""
        return bool(self.videos.headings or self.attention.headings or self.sheets or self.notes)
