"""Which record is the header: below comments and title lines, or none at all. Pure.

Known names tell it; where there are none, the rows do: the header is above the first row with an
address, and as wide as the rows are. This file must not know any format, nor which column becomes
which field.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ManifestError, named
from batch_import.manifest.columns.aliases import SOURCE_URL, field_of, known_fields
from batch_import.manifest.columns.candidates import Candidates
from batch_import.manifest.columns.source_column import choose_source
from batch_import.manifest.columns.text_columns import choose_title
from batch_import.manifest.columns.values import (
    CellKind,
    SampleColumn,
    holds_address,
    is_measure,
    kind_of,
)
from batch_import.manifest.readers.record import Record, is_blank, limited

#: Records among which the header is looked for.
HEADER_WITHIN: Final = 20
#: Records that tell what the columns hold.
SAMPLE_RECORDS: Final = 100
#: One known word may stand in any line by chance.
_SURE: Final = 2


class Evidence(NamedTuple):
    """How much rows look like videos; the greater, the more.

    Attributes:
        kind: the best that a column holds.
        rows: how many of the first rows have a cell of that kind there.
    """

    kind: CellKind = CellKind.BLANK
    rows: int = 0


NO_EVIDENCE: Final = Evidence()


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns, and how surely they are.

    Attributes:
        line: where it stands in the file, from 1; 0 where the file has none.
        known: how many fields are among the names.
        evidence: how much the rows look like videos.
        note: what is odd about it, in words; else empty.
    """

    names: tuple[str, ...]
    line: int
    known: int
    evidence: Evidence = NO_EVIDENCE
    note: str = ""

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
    record = _known(records, options) or _above_rows(records)
    if record is None:
        return _without(name, records)
    line, cells, fault = record
    if fault:
        raise ManifestError(
            f"The manifest {name} has a broken header on line {line}: {fault.reason}.", fault.hint
        )
    rows = [cells for at, cells, _ in records if at > line and not cells[0].startswith("#")]
    names, note = _completed(list(cells), rows)
    known = known_fields(names, options.map.values())
    return Header(limited(name, names), line, known, evidence_of(rows), note)


def _known(records: Sequence[Record], options: ReadingOptions) -> Record | None:
    """The first record with names that are known, and no address."""
    own = options.map.values()
    for record in records[:HEADER_WITHIN]:
        cells = record[1]
        if known_fields(cells, own) >= _SURE and not holds_address(cells):
            return record
    return None


def _above_rows(records: Sequence[Record]) -> Record | None:
    """The record that is most like a header of the rows with addresses; None: they have none.

    Where no row has an address, it is the first record that is no comment.
    """
    plain = [record for record in records if not _is_remark(record[1])] or list(records)
    place = _place_of_addresses(plain)
    if place is None:
        return plain[0]
    above: list[Record] = []
    for record in plain:
        if _is_row(record[1], place):
            break
        above.append(record)
    fitting = [record for record in above[:HEADER_WITHIN] if _may_name(record[1], place)]
    return max(fitting, key=lambda record: _likeness(record[1]), default=None)


def _is_remark(cells: Sequence[str]) -> bool:
    return cells[0].startswith("#") and (cells[0].strip() != "#" or not any(cells[1:]))


def _is_row(cells: Sequence[str], place: int) -> bool:
    return place < len(cells) and holds_address([cells[place]])


def _place_of_addresses(records: Sequence[Record]) -> int | None:
    """The position in which most rows have a web address.

    A single one above others that are elsewhere stands in a title line.
    """
    counts: dict[int, list[int]] = {}
    for _, cells, _ in records:
        for at, cell in enumerate(cells):
            if holds_address([cell]):
                count = counts.setdefault(at, [0, 0])
                count[0] += kind_of(cell) >= CellKind.PAGE
                count[1] += 1
    return max(counts, key=lambda at: (counts[at], -at)) if counts else None


def _may_name(cells: Sequence[str], place: int) -> bool:
    """Whether a record above the rows could name their columns, or all but one of them."""
    filled = [cell for cell in cells if cell.strip()]
    if holds_address(cells) or not filled:
        return False
    return (place < len(cells) and bool(cells[place].strip())) or len(filled) == place


def _likeness(cells: Sequence[str]) -> tuple[int, int]:
    """How much a record is like a header: many cells, none of which is a number or a date."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return len(filled), -sum(map(is_measure, filled))


def _completed(names: list[str], rows: Sequence[Sequence[str]]) -> tuple[list[str], str]:
    """Name the column whose name is missing, where all rows have one cell more than the header."""
    width = len(names) + 1
    if not rows or any(len(_used(row)) != width for row in rows):
        return names, ""
    known = [at for at, name in enumerate(names) if field_of(name) == SOURCE_URL]
    addressed = _place_of_addresses([(0, list(row), None) for row in rows])
    is_first = addressed is not None and known == [addressed - 1]
    missing = 1 if is_first else width
    names.insert(missing - 1, f"column {missing}")
    return names, f"the header has {width - 1} names, the rows have {width} cells"


def _used(cells: Sequence[str]) -> Sequence[str]:
    """Without blank cells at the end."""
    last = max((at for at, cell in enumerate(cells, 1) if cell.strip()), default=0)
    return cells[:last]


def evidence_of(rows: Sequence[Sequence[str]]) -> Evidence:
    """What the best of the columns holds."""
    columns = _columns_of(rows)
    return max((Evidence(c.kind, c.of_kind(c.kind)) for c in columns), default=NO_EVIDENCE)


def _columns_of(rows: Sequence[Sequence[str]], names: Sequence[str] = ()) -> list[SampleColumn]:
    width = max(map(len, rows), default=0)
    return [
        SampleColumn(
            at,
            names[at] if at < len(names) else f"column {at + 1}",
            tuple(row[at].strip() if at < len(row) else "" for row in rows),
        )
        for at in range(width)
    ]


def _named(name: str, records: Sequence[Record], options: ReadingOptions) -> Header:
    """The user's own names, for a file that has none."""
    columns = options.columns
    line, cells, _ = next((r for r in records if not r[1][0].startswith("#")), records[0])
    width = max((at for at, cell in enumerate(cells, 1) if cell.strip()), default=0)
    if width > len(columns):
        raise ManifestError(
            f"{named('columns')} names {len(columns)} columns; line {line} of the manifest"
            f" {name} has {width} cells.",
            "Name all of them, in their order; one that is not needed may be left empty: a,,c.",
        )
    evidence = evidence_of([record[1] for record in records])
    return Header(columns, 0, known_fields(columns, options.map.values()), evidence)


def _without(name: str, records: Sequence[Record]) -> Header:
    """No record is a header. The values name the columns, where they leave no doubt."""
    rows = [record[1] for record in records if not _is_remark(record[1])]
    candidates = Candidates(_columns_of(rows))
    if len(candidates.columns) == 1:
        return Header((SOURCE_URL,), 0, 0, evidence_of(rows))
    try:
        candidates.take(SOURCE_URL, choose_source(candidates))
        choose_title(candidates)
    except ManifestError as error:
        raise _unnamed(name, records, candidates) from error
    names = [column.name for column in candidates.columns]
    return Header(limited(name, names), 0, 0, evidence_of(rows))


def _unnamed(name: str, records: Sequence[Record], candidates: Candidates) -> ManifestError:
    line = next(line for line, cells, _ in records if not _is_remark(cells))
    sketch = [
        SOURCE_URL if column.kind >= CellKind.PAGE else str(column.position + 1)
        for column in candidates.columns
    ]
    columns = named("columns", ",".join(sketch))
    return ManifestError(
        f"The manifest {name} has no header: line {line} holds a URL instead of names of columns.",
        f"Name its columns, one of them filename for the titles: {columns}",
    )
