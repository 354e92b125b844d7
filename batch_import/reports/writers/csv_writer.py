"""A table into a CSV file, and back: UTF-8 with a byte order mark, so that Excel opens it right.

What a spreadsheet would run is guarded. This file must not know what the table means.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from batch_import.csv_escaping import escape, unescape
from batch_import.errors import StateError
from batch_import.files import replace_text_file
from batch_import.reports import HINT

#: The largest that a C long holds on every system, Windows included.
_LONGEST_CELL = 2**31 - 1


@contextmanager
def csv_file(
    path: Path,
    header: Sequence[str],
    hint: str = HINT,
    guard: Callable[[str], str] = escape,
    *,
    private: bool = False,
) -> Iterator[Callable[[Sequence[str]], object]]:
    """Open a table to be written line by line, in place of what was there.

    Args:
        hint: what a person can do where it cannot be written.
        guard: what keeps spreadsheets from running a cell, or also from changing it.
        private: nobody but its owner may read it.

    Yields:
        What writes a line.

    Raises:
        StateError: the file cannot be written; what was there before is untouched.
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
    """Write a table, in place of what was there.

    Args:
        guard: what keeps spreadsheets from running a cell, or also from changing it.
        private: nobody but its owner may read it.

    Raises:
        StateError: the file cannot be written; what was there before is untouched.
    """
    with csv_file(path, header, guard=guard, private=private) as write:
        for line in lines:
            write(line)


def read_csv(path: Path) -> Iterator[dict[str, str]]:
    """Read a table that was written here, line by line, as it was before it was guarded.

    Raises:
        StateError: it cannot be read.
    """
    csv.field_size_limit(_LONGEST_CELL)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line in csv.DictReader(file):
                yield {name: unescape(cell) for name, cell in line.items()}
    except OSError as error:
        raise StateError(f"{path} cannot be read: {error.strerror or error}.") from None
