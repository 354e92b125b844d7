"""Write a table to a CSV file, and read it: UTF-8 with byte order mark, which Excel needs.

Cells that a spreadsheet would execute are escaped. This module must not know what the table means.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from batch_import.csv_escaping import escape, unescape
from batch_import.errors import StateError
from batch_import.files import replace_text_file
from batch_import.reports import WRITE_HINT

#: The largest value of a C `long` on all systems, including Windows.
_MAX_CELL_LENGTH = 2**31 - 1


@contextmanager
def csv_file(
    path: Path,
    header: Sequence[str],
    hint: str = WRITE_HINT,
    guard: Callable[[str], str] = escape,
    *,
    private: bool = False,
) -> Iterator[Callable[[Sequence[str]], object]]:
    """Open a CSV file to be written line by line. It replaces the existing file at the end.

    Args:
        hint: what a person can do if it cannot be written.
        guard: escapes cells that a spreadsheet would execute, or also those that it would change.
        private: whether only the user may read it.

    Yields:
        a function that writes a line.

    Raises:
        StateError: the file cannot be written. An existing file is unchanged.
    """
    with replace_text_file(path, hint, encoding="utf-8-sig", newline="", private=private) as file:
        writer = csv.writer(file)

        def write(line: Sequence[str]) -> None:
            writer.writerow(map(guard, line))

        write(header)
        yield write


def write_csv(
    path: Path,
    header: Sequence[str],
    lines: Iterable[Sequence[str]],
    guard: Callable[[str], str] = escape,
    *,
    private: bool = False,
) -> None:
    """Write a table, and replace the existing file.

    Args:
        guard: escapes cells that a spreadsheet would execute, or also those that it would change.
        private: whether only the user may read it.

    Raises:
        StateError: the file cannot be written. An existing file is unchanged.
    """
    with csv_file(path, header, guard=guard, private=private) as write:
        for line in lines:
            write(line)


def read_csv(path: Path) -> Iterator[dict[str, str]]:
    """Yields the lines of a file that was written here, as they were before they were escaped.

    Raises:
        StateError: it cannot be read.
    """
    csv.field_size_limit(_MAX_CELL_LENGTH)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line in csv.DictReader(file):
                yield {name: unescape(cell) for name, cell in line.items()}
    except OSError as error:
        raise StateError(f"{path} cannot be read: {error.strerror or error}.") from None
