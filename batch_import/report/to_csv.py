"""A table into a CSV file: UTF-8 with a byte order mark, so that Excel opens it right.

The file is there whole or not at all. This file must not know what the table means.
"""

import csv
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from batch_import.errors import StateError


def write_csv(path: Path, header: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """Write a table, in place of what was there.

    Raises:
        StateError: the file cannot be written; what was there before is untouched.
    """
    partial: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        partial = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(lines)
            file.flush()
            os.fsync(file.fileno())
        partial.chmod(0o666 & ~_umask())
        partial.replace(path)
        partial = None
    except OSError as error:
        raise StateError(
            f"{path} cannot be written: {error.strerror or error}.",
            "All state is saved: mend that (is it open elsewhere?), then: batch-import report",
        ) from None
    finally:
        if partial:
            partial.unlink(missing_ok=True)


def _umask() -> int:
    """The process's umask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
