"""Write a table for review as CSV or XLSX, row by row in constant memory.

The file is read again as a manifest. This module must not know what the table means.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from batch_import.csv_escaping import escape_for_editing
from batch_import.errors import UsageError, setting_ref
from batch_import.files import replace_binary_file
from batch_import.reports.writers.csv_writer import csv_file
from batch_import.reports.writers.xlsx_file import open_workbook
from batch_import.reports.writers.xlsx_sheet import LAST_ROW, SheetWriter, Styles

#: File extensions of the formats.
FORMATS: Final = (".csv", ".xlsx")
_HINT: Final = "Close the file if another program has it open, or give another name."


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table.

    Attributes:
        width: width in a workbook, in characters.
        is_number: whether its cells are numbers without a sign, or empty.
        is_safe: whether no spreadsheet executes or changes its cells. If true, they need no mark.
    """

    heading: str
    width: int
    is_number: bool = False
    is_safe: bool = False


@contextmanager
def table_file(
    path: Path, columns: Sequence[TableColumn], title: str
) -> Iterator[Callable[[list[str]], object]]:
    """Write a table that replaces the file at `path` once it is complete.

    Args:
        title: name of the sheet of a workbook.

    Yields:
        A function that writes the cells of a row. It may change the list.

    Raises:
        StateError: the file cannot be written; the previous file is unchanged.
        UsageError: a workbook cannot hold so many rows.
    """
    write = _xlsx if path.suffix.lower() == ".xlsx" else _csv
    with write(path, columns, title) as write_row:
        yield write_row


@contextmanager
def _csv(
    path: Path, columns: Sequence[TableColumn], title: str
) -> Iterator[Callable[[list[str]], object]]:
    del title
    unsafe = [at for at, column in enumerate(columns) if not column.is_safe]
    #: Position of a column → its last cell without and with its mark. Most cells are like the last.
    last = dict.fromkeys(unsafe, ("", ""))
    with csv_file(path, [column.heading for column in columns], _HINT, guard=str) as write:

        def write_row(cells: list[str]) -> None:
            for at in unsafe:
                if cells[at] != last[at][0]:
                    last[at] = cells[at], escape_for_editing(cells[at])
                cells[at] = last[at][1]
            write(cells)

        yield write_row


@contextmanager
def _xlsx(
    path: Path, columns: Sequence[TableColumn], title: str
) -> Iterator[Callable[[list[str]], object]]:
    with replace_binary_file(path, _HINT) as file, open_workbook(file, title) as book:
        sheet = SheetWriter(book.add_worksheet(title), Styles(book))
        sheet.write_header([(column.heading, column.width) for column in columns])
        numbers = [column.is_number for column in columns]

        def write_row(cells: list[str]) -> None:
            if sheet.row > LAST_ROW:
                raise UsageError(
                    f"A workbook cannot hold more than {LAST_ROW:,} rows.",
                    f"Write a .csv file with {setting_ref('output')}.",
                )
            for at, cell in enumerate(cells):
                if cell and numbers[at]:
                    sheet.number(at, float(cell))
                else:
                    sheet.text(at, cell)
            sheet.row += 1

        yield write_row
        sheet.finish_table(len(columns))
