"""Write a copy of the manifest as CSV, with all safe corrections, for review."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from batch_import.errors import UsageError
from batch_import.manifest.read import Manifest
from batch_import.manifest.rows import Rows
from batch_import.reports.writers.csv_writer import csv_file

#: How many corrections the message lists as examples.
_MAX_EXAMPLES: Final = 10


@dataclass(slots=True)
class CorrectedManifest:
    """The corrected manifest.

    Attributes:
        rows: number of rows that were written.
        cells: number of cells that were corrected.
        first: the first few corrected cells: line number, column name and new value.
        left_out: line numbers of the rows that were not written, because it is unknown which cell
            belongs to which column.
    """

    file: Path
    rows: int = 0
    cells: int = 0
    first: list[tuple[int, str, str]] = field(default_factory=list)
    left_out: list[int] = field(default_factory=list)


class ManifestCorrector:
    """Writes the corrected manifest, one chunk of rows after another."""

    def __init__(
        self, file: Path, header: Sequence[str], write: Callable[[Sequence[str]], object]
    ) -> None:
        self.fixed = CorrectedManifest(file)
        self._header = header
        self._write = write

    def add(self, rows: Rows) -> None:
        """Write a chunk of rows with their corrections."""
        for line, cells in rows.corrected_cells():
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
            if len(fixed.first) == _MAX_EXAMPLES:
                break
            fixed.first.append((rows.lines[at], self._header[position], value))


@contextmanager
def correction(manifest: Manifest, file: Path | None) -> Iterator[ManifestCorrector | None]:
    """Open the file to write to. Yields None if `file` is None.

    Raises:
        UsageError: the path is no CSV file, or is the manifest itself.
        StateError: the file cannot be written.
    """
    if file is None:
        yield None
        return
    if file.suffix.lower() != ".csv":
        raise UsageError(
            f"{file} is not a .csv file. The corrected manifest is written as CSV.",
            "Give a name that ends in .csv.",
            setting="fix",
        )
    if file.exists() and file.resolve() == manifest.path.resolve():
        raise UsageError(
            f"{file} is the manifest itself, which is never overwritten.",
            "Give another file name.",
            setting="fix",
        )
    with csv_file(file, manifest.header, "Is it open elsewhere? Close it there.") as write:
        yield ManifestCorrector(file, manifest.header, write)
