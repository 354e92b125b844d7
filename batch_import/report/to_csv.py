"""A table into a CSV file: UTF-8 with a byte order mark, so that Excel opens it right.

What a spreadsheet would run is guarded. This file must not know what the table means.
"""

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from batch_import.files import replacing
from batch_import.guard import guarded
from batch_import.report import HINT


def write_csv(
    path: Path,
    header: Sequence[str],
    lines: Iterable[Sequence[str]],
    guard: Callable[[str], str] = guarded,
) -> None:
    """Write a table, in place of what was there.

    Args:
        guard: what keeps spreadsheets from running a cell, or also from changing it.

    Raises:
        StateError: the file cannot be written; what was there before is untouched.
    """
    with replacing(path, HINT, encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(map(guard, header))
        writer.writerows(map(guard, line) for line in lines)
