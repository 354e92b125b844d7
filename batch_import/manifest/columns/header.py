"""Which record is the header: below comments and title lines, or none at all.

This file must not know any format, nor which column becomes which field.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ManifestError, named
from batch_import.manifest.columns.aliases import SOURCE_URL, holds_address, known_fields
from batch_import.manifest.readers.record import Record, is_blank, limited

#: Records among which the header is looked for.
HEADER_WITHIN: Final = 20
#: One known word may stand in any line by chance.
_SURE: Final = 2


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns, and how surely they are.

    Attributes:
        line: where it stands in the file, from 1; 0 where the file has none.
        known: how many fields are among the names.
    """

    names: tuple[str, ...]
    line: int
    known: int

    def place(self, unit: str) -> str:
        """Where it stands, in words, counted in lines or rows; empty where all would look first."""
        if not self.line:
            return "without a header"
        return f"header on {unit} {self.line}" if self.line > 1 else ""


def find_header(name: str, start: Sequence[Record], options: ReadingOptions) -> Header:
    """Find the header among the first records.

    Args:
        name: the manifest's, for messages.

    Raises:
        ManifestError: there is none, or it cannot be trusted.
    """
    records = [record for record in start if not is_blank(record[1])]
    if not records:
        raise ManifestError(
            f"The manifest {name} holds nothing but blank lines.", "Put a header line and rows in."
        )
    if options.columns:
        return _named(name, records, options)
    line, names, fault = _best(records, options)
    if holds_address(names) and not known_fields(names, options.map.values()):
        return _missing(name, line, names)
    if fault:
        raise ManifestError(
            f"The manifest {name} has a broken header on line {line}: {fault.reason}.", fault.hint
        )
    return Header(limited(name, names), line, known_fields(names, options.map.values()))


def is_sure(name: str, start: Sequence[Record], options: ReadingOptions) -> bool:
    """Whether a header is among the first records, beyond doubt."""
    try:
        return find_header(name, start, options).known >= _SURE
    except ManifestError:
        return False


def _best(records: Sequence[Record], options: ReadingOptions) -> Record:
    """The first record that surely is a header, else the first one that is no comment."""
    own = options.map.values()
    for record in records[:HEADER_WITHIN]:
        cells = record[1]
        if known_fields(cells, own) >= _SURE and not holds_address(cells):
            return record
    return next((record for record in records if not record[1][0].startswith("#")), records[0])


def _named(name: str, records: Sequence[Record], options: ReadingOptions) -> Header:
    """The user's own names, for a file that has none."""
    columns = options.columns
    line, cells, _ = next(
        (record for record in records if not record[1][0].startswith("#")), records[0]
    )
    width = max((at for at, cell in enumerate(cells, 1) if cell.strip()), default=0)
    if width > len(columns):
        raise ManifestError(
            f"{named('columns')} names {len(columns)} columns; line {line} of the manifest {name}"
            f" has {width} cells.",
            "Name all of them, in their order; one that is not needed may be left empty: a,,c.",
        )
    return Header(columns, 0, known_fields(columns, options.map.values()))


def _missing(name: str, line: int, cells: Sequence[str]) -> Header:
    """The first record is a row. A single column can only be the addresses."""
    if len(cells) == 1:
        return Header((SOURCE_URL,), 0, 0)
    sketch = ",".join(
        SOURCE_URL if holds_address([cell]) else str(at) for at, cell in enumerate(cells, 1)
    )
    raise ManifestError(
        f"The manifest {name} has no header: line {line} holds a URL instead of names of columns.",
        f"Name its columns, one of them filename for the titles: {named('columns', sketch)}",
    )
