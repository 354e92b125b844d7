"""Writes a table as CSV or XLSX, row by row in constant memory.

It is used for new manifests, which people review and the program then reads. This module must not
know what the columns of the table mean.
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
from batch_import.reports.writers.xlsx_sheet import LAST_ROW, MAX_TABLE_ROWS, SheetWriter, Styles

#: File extensions of the supported formats.
FORMATS: Final = (".csv", ".xlsx")
_HINT: Final = "Close the file if another program has it open, or choose another name."


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table.

    Attributes:
        heading: heading of the column.
        width: width in a workbook, in characters.
        is_number: whether each cell is empty or a number without a sign.
        is_safe: whether spreadsheets never execute or change the cells. If true, the cells of a CSV
            file are not escaped.
    """

    heading: str
    width: int
    is_number: bool = False
    is_safe: bool = False


@contextmanager
def table_file(
    path: Path, columns: Sequence[TableColumn], title: str
) -> Iterator[Callable[[list[str]], object]]:
    """Open a table to be written row by row. It replaces the file at `path` when it is complete.

    Args:
        path: path of the file; its extension chooses the format.
        columns: the columns.
        title: name of the sheet in a workbook.

    Yields:
        A function that writes the cells of a row. It may change the list that it gets.

    Raises:
        StateError: the file cannot be written; the previous file is unchanged.
        UsageError: a workbook cannot hold so many rows.
    """
    open_table = _open_xlsx if path.suffix.lower() == ".xlsx" else _open_csv
    with open_table(path, columns, title) as write_row:
        yield write_row


@contextmanager
def _open_csv(
    path: Path, columns: Sequence[TableColumn], title: str
) -> Iterator[Callable[[list[str]], object]]:
    del title
    unsafe_positions = [position for position, column in enumerate(columns) if not column.is_safe]
    # Position of a column → its previous cell, and this cell escaped. Escaping takes long, and most
    # cells are equal to the cell above.
    previous_cells = dict.fromkeys(unsafe_positions, ("", ""))
    headings = [column.heading for column in columns]
    with csv_file(path, headings, _HINT, escape_cell=str) as write:

        def write_row(cells: list[str]) -> None:
            for position in unsafe_positions:
                cell = cells[position]
                if cell != previous_cells[position][0]:
                    previous_cells[position] = cell, escape_for_editing(cell)
                cells[position] = previous_cells[position][1]
            write(cells)

        yield write_row


@contextmanager
def _open_xlsx(
    path: Path, columns: Sequence[TableColumn], title: str
) -> Iterator[Callable[[list[str]], object]]:
    with replace_binary_file(path, _HINT) as file, open_workbook(file, title) as book:
        sheet = SheetWriter(book.add_worksheet(title), Styles(book))
        sheet.write_header([(column.heading, column.width) for column in columns])
        is_number = [column.is_number for column in columns]

        def write_row(cells: list[str]) -> None:
            if sheet.row > LAST_ROW:
                raise UsageError(
                    f"A workbook cannot hold more than {MAX_TABLE_ROWS:,} rows.",
                    f"Write a .csv file with {setting_ref('output')}.",
                )
            for position, cell in enumerate(cells):
                if cell and is_number[position]:
                    sheet.number(position, float(cell))
                else:
                    sheet.text(position, cell)
            sheet.row += 1

        yield write_row
        sheet.finish_table(len(columns))
