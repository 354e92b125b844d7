"""A table into a CSV file: UTF-8 with a byte order mark, so that Excel opens it right.

This file must not know what the table means.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from batch_import.files import replacing

_HINT = "All state is saved: mend that (is it open elsewhere?), then: batch-import report"


def write_csv(path: Path, header: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """Write a table, in place of what was there.

    Raises:
        StateError: the file cannot be written; what was there before is untouched.
    """
    with replacing(path, _HINT, encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(lines)
