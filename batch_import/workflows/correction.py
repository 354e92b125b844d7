"""The manifest, written again as CSV with all safe corrections, for review."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from batch_import.errors import UsageError
from batch_import.manifest.read import Manifest
from batch_import.manifest.rows import Rows
from batch_import.reports.writers.csv_writer import csv_file

#: Corrections that are shown.
_FIRST: Final = 10


@dataclass(slots=True)
class Fixed:
    """What was written.

    Attributes:
        cells: how many were corrected; `first` has the first few, as line, column and new value.
        left_out: lines of rows whose cells cannot be told apart: nobody knows what to write.
    """

    file: Path
    rows: int = 0
    cells: int = 0
    first: list[tuple[int, str, str]] = field(default_factory=list)
    left_out: list[int] = field(default_factory=list)


class Correction:
    """Writes the corrected manifest, chunk after chunk."""

    def __init__(
        self, file: Path, header: Sequence[str], write: Callable[[Sequence[str]], object]
    ) -> None:
        self.fixed = Fixed(file)
        self._header = header
        self._write = write

    def add(self, rows: Rows) -> None:
        """Write some rows."""
        for line, cells in rows.fixed():
            if cells is None:
                self.fixed.left_out.append(line)
            else:
                self.fixed.rows += 1
                self._write(cells)
        self._note(rows)

    def _note(self, rows: Rows) -> None:
        fixed = self.fixed
        fixed.cells += len(rows.fixes)
        for (at, position), value in sorted(rows.fixes.items()):
            if len(fixed.first) == _FIRST:
                break
            fixed.first.append((rows.lines[at], self._header[position], value))


@contextmanager
def correction(manifest: Manifest, file: Path | None) -> Iterator[Correction | None]:
    """Open the file; None where no file is asked for.

    Raises:
        UsageError: the corrected manifest cannot be written there.
        StateError: the file cannot be written.
    """
    if file is None:
        yield None
        return
    if file.suffix.lower() != ".csv":
        raise UsageError(
            f"{file} is not a CSV file, which is what is written.",
            "Name it NAME.csv.",
            setting="fix",
        )
    if file.exists() and file.resolve() == manifest.path.resolve():
        raise UsageError(
            f"{file} is the manifest, which is not written over.",
            "Give the file another name.",
            setting="fix",
        )
    with csv_file(file, manifest.header, "Is it open elsewhere? Close it there.") as write:
        yield Correction(file, manifest.header, write)
