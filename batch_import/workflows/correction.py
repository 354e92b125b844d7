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

#: Maximum number of corrections that are listed as examples.
_MAX_EXAMPLES: Final = 10


@dataclass(slots=True)
class CorrectedManifest:
    """The corrected copy of a manifest.

    Attributes:
        path: path of the copy.
        row_count: number of rows that were written.
        cell_count: number of cells that were corrected.
        examples: the first few corrected cells: line number, column name and new value.
        omitted_lines: line numbers of the rows that were not written, because it is unknown which
            cell belongs to which column.
    """

    path: Path
    row_count: int = 0
    cell_count: int = 0
    examples: list[tuple[int, str, str]] = field(default_factory=list)
    omitted_lines: list[int] = field(default_factory=list)


class ManifestCorrector:
    """Writes the corrected manifest, one chunk of rows after another.

    Args:
        write_row: writes the cells of one row.

    Attributes:
        result: what was written so far.
    """

    def __init__(
        self, path: Path, header: Sequence[str], write_row: Callable[[Sequence[str]], object]
    ) -> None:
        self.result = CorrectedManifest(path)
        self._header = header
        self._write_row = write_row

    def add(self, rows: Rows) -> None:
        """Write a chunk of rows with their corrections, and count the corrections."""
        result = self.result
        for line, cells in rows.corrected_cells():
            if cells is None:
                result.omitted_lines.append(line)
            else:
                result.row_count += 1
                self._write_row(cells)
        result.cell_count += len(rows.fixes)
        for (index, position), value in sorted(rows.fixes.items()):
            if len(result.examples) == _MAX_EXAMPLES:
                break
            result.examples.append((rows.lines[index], self._header[position], value))


@contextmanager
def open_corrector(manifest: Manifest, file: Path | None) -> Iterator[ManifestCorrector | None]:
    """Open the corrected copy of a manifest. Yields None if `file` is None.

    Args:
        file: path of the copy.

    Raises:
        UsageError: the path does not end in `.csv`, or is the manifest itself.
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
    hint = "If it is open in another program, close it there."
    with csv_file(file, manifest.header, hint) as write_row:
        yield ManifestCorrector(file, manifest.header, write_row)
