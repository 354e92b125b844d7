"""Writes a table to a CSV file, and reads such a file. Cells are escaped for spreadsheets.

The encoding is UTF-8 with a byte order mark, from which Excel recognizes UTF-8. This module must
not know what the columns of the table mean.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from batch_import.csv_escaping import escape, unescape
from batch_import.errors import StateError
from batch_import.files import replace_text_file
from batch_import.reports import WRITE_HINT

#: Maximum number of characters of a cell that is read: no limit in practice. It is the largest
#: value of a C `long` on all systems, including Windows.
_MAX_CELL_LENGTH = 2**31 - 1


@contextmanager
def csv_file(
    path: Path,
    header: Sequence[str],
    hint: str = WRITE_HINT,
    escape_cell: Callable[[str], str] = escape,
    *,
    is_private: bool = False,
) -> Iterator[Callable[[Sequence[str]], object]]:
    """Open a CSV file to be written line by line. The existing file is replaced at the end.

    Args:
        path: path of the file.
        header: headings of the columns.
        hint: what a person can do if the file cannot be written.
        escape_cell: escapes a cell that a spreadsheet would execute (`escape`), or also a cell that
            a spreadsheet would change (`escape_for_editing`).
        is_private: whether only the user may read the file.

    Yields:
        A function that writes the cells of a line.

    Raises:
        StateError: the file cannot be written. An existing file is unchanged.
    """
    with replace_text_file(
        path, hint, encoding="utf-8-sig", newline="", private=is_private
    ) as file:
        writer = csv.writer(file)

        def write(line: Sequence[str]) -> None:
            writer.writerow(map(escape_cell, line))

        write(header)
        yield write


def write_csv(
    path: Path,
    header: Sequence[str],
    lines: Iterable[Sequence[str]],
    escape_cell: Callable[[str], str] = escape,
    *,
    is_private: bool = False,
) -> None:
    """Write a table to a CSV file, and replace the existing file.

    Args:
        path, header, escape_cell, is_private: as for `csv_file`.
        lines: the cells of each line.

    Raises:
        StateError: the file cannot be written. An existing file is unchanged.
    """
    with csv_file(path, header, escape_cell=escape_cell, is_private=is_private) as write:
        for line in lines:
            write(line)


def read_csv(path: Path) -> Iterator[dict[str, str]]:
    """Yields the lines of a file that this module wrote, as heading → unescaped cell.

    Raises:
        StateError: the file cannot be read.
    """
    csv.field_size_limit(_MAX_CELL_LENGTH)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line in csv.DictReader(file):
                yield {name: unescape(cell) for name, cell in line.items()}
    except OSError as error:
        raise StateError(f"{path} cannot be read: {error.strerror or error}.") from None
