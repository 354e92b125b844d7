"""A file → its header, and its rows in chunks of text columns with line numbers.

A format is one module beside this one that yields `record.Record`s; so far there is CSV.
This file must not know what a column means; that is `columns.py` and `validate.py`.
"""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pandas as pd

from batch_import.errors import ManifestError
from batch_import.manifest import from_csv
from batch_import.manifest.record import Fault, Record

#: Rows of a chunk: enough to let pandas work on columns, few enough to stay small in memory.
CHUNK_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of the manifest, in the file's order.

    Attributes:
        frame: a column of `str` objects per column of the header, labelled by position. Objects,
            not pandas' own string type: rules give the same answer with every pandas,
            with and without pyarrow.
        lines: the first line in the file of each row, from 1.
        faults: index in this chunk → why the row's cells cannot be trusted.
    """

    frame: pd.DataFrame
    lines: list[int]
    faults: dict[int, Fault]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that was found fit to be read.

    Attributes:
        header: the names of the columns as they stand in the file.
        digest: SHA-256 of the file's bytes, in hex.
    """

    path: Path
    header: tuple[str, ...]
    digest: str

    def chunks(self) -> Iterator[Chunk]:
        """Read all rows, from the first one at every call.

        Raises:
            ManifestError: the file can be read no further, and where.
        """
        try:
            rows = islice(from_csv.records(self.path), 1, None)
            while records := list(islice(rows, CHUNK_ROWS)):
                yield _chunk(records, self.header)
        except OSError as error:
            raise _unreadable(self.path, error) from error


def open_manifest(path: Path) -> Manifest:
    """Check that a file can be a manifest at all, and read its header.

    Raises:
        ManifestError: it is missing, unreadable, not CSV in UTF-8, or holds no row.
    """
    try:
        _refuse_missing(path)
        digest = from_csv.digest_of(path)
        start = list(islice(from_csv.records(path), 2))
    except OSError as error:
        raise _unreadable(path, error) from error
    return Manifest(path, _header(path, start), digest)


def _header(path: Path, start: list[Record]) -> tuple[str, ...]:
    if not start:
        raise ManifestError(
            f"The manifest {path} holds nothing but blank lines.", "Put a header line and rows in."
        )
    line, header, fault = start[0]
    from_csv.refuse_other_separator(path, header)
    if fault:
        raise ManifestError(
            f"The manifest {path} has a broken header on line {line}: {fault.reason}.", fault.hint
        )
    if len(start) == 1:
        raise ManifestError(
            f"The manifest {path} has a header and no rows.", "Put a row for each video below it."
        )
    return tuple(header)


def _chunk(records: list[Record], header: tuple[str, ...]) -> Chunk:
    width = len(header)
    faults = {}
    for index, (_, cells, fault) in enumerate(records):
        if fault := fault or (_fit(cells, width) if len(cells) != width else None):
            faults[index] = fault
            _cut(cells, width)
    columns = zip(*(cells for _, cells, _ in records), strict=True)
    frame = pd.DataFrame(
        {position: pd.Series(column, dtype=object) for position, column in enumerate(columns)}
    )
    return Chunk(frame, [line for line, _, _ in records], faults)


def _fit(cells: list[str], width: int) -> Fault | None:
    """Make a row as wide as the header, and say whether that lost anything.

    Missing cells count as empty: programs leave empty cells at the end of a row away.
    """
    surplus = cells[width:]
    _cut(cells, width)
    if not any(map(str.strip, surplus)):
        return None
    return Fault(
        "width",
        f"this row has {width + len(surplus)} cells, the header has {width}",
        ",".join(surplus),
        "Put cells that hold a comma in quotes.",
    )


def _cut(cells: list[str], width: int) -> None:
    cells[width:] = [""] * (width - len(cells))


def _refuse_missing(path: Path) -> None:
    if path.is_dir():
        raise ManifestError(f"The manifest {path} is a folder.", "Name one CSV file inside of it.")
    if not path.exists():
        raise ManifestError(f"There is no manifest {path}.", _nearest(path))
    if not path.is_file():
        # A pipe could be read only once, and a manifest is read several times.
        raise ManifestError(f"The manifest {path} is not a regular file.", "Save it to a file.")


def _nearest(path: Path) -> str:
    if not path.parent.is_dir():
        return f"There is no folder {path.parent} either."
    names = sorted(entry.name for entry in path.parent.iterdir())
    near = difflib.get_close_matches(path.name, names, n=1)
    return f"Did you mean {path.parent / near[0]}?" if near else "Check the name and the folder."


def _unreadable(path: Path, error: OSError) -> ManifestError:
    return ManifestError(
        f"The manifest {path} cannot be read: {error.strerror or error}.",
        "Check that the file exists and that you may read it.",
    )
