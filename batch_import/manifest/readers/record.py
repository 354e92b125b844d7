"""The common types of all readers: records of a manifest, in blocks.

This module must not know any format, nor the meaning of columns.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from batch_import.errors import ManifestError
from batch_import.manifest.rules.violation import Violation
from batch_import.models import Problem

#: Number of records per block: enough that the cost per block is small, and few enough that the
#: garbage collector does not run.
BLOCK_RECORDS: Final = 250
_ADDRESS: Final = re.compile(r"\s*(?:https?|s3|az|gs)://", re.IGNORECASE)
#: Maximum number of columns, as in a spreadsheet. Rows are padded to the width of the header, so
#: that an extremely wide header would fill the memory.
_MOST_COLUMNS: Final = 16_384


@dataclass(frozen=True, slots=True)
class RecordFault:
    """Why it is unclear which cell of a record is which column.

    Attributes:
        code: a problem code: `width`, `quoting`, `row-heading`, `repeated-key`, `renditions` or
            `syntax`.
        reason: one sentence, without the value.
        value: the part of the record that shows the fault.
        hint: how to fix it.
    """

    code: str
    reason: str
    value: str
    hint: str


#: A problem of a record that the reader found: the position of the column (None for the whole
#: record), and the violation.
CellViolation = tuple[int | None, Violation]

#: A raw record: the number of its first line, from 1; its cells; and its fault. It is a plain
#: tuple, because a manifest may have a million of them.
Record = tuple[int, list[str], RecordFault | None]


@dataclass(frozen=True, slots=True)
class Block:
    """A block of consecutive records, by column.

    Attributes:
        lines: number of the first line of each record, from 1.
        columns: the cells, one sequence per column of the header.
        faults: index in this block → the fault of the record.
        comments: line numbers of comments, which are no records.
        violations: index in this block → problems of single cells of the record.
    """

    lines: Sequence[int]
    columns: Sequence[Sequence[str]]
    faults: dict[int, RecordFault] = field(default_factory=dict)
    comments: Sequence[int] = ()
    violations: dict[int, list[CellViolation]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a manifest file.

    Attributes:
        format_description: description of the format for the user: `tab-separated, Windows-1252`.
        header: names of the columns.
        blocks: a function that yields all records after the header. Each call starts at the first
            record. Blank records are skipped.
        notes: sentences about parts of the file that are not read.
        problems: problems of the file as a whole.
        hidden: positions of columns that are hidden in the workbook.
    """

    format_description: str
    header: tuple[str, ...]
    blocks: Callable[[], Iterator[Block]]
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    hidden: frozenset[int] = frozenset()


def split_into_blocks(
    records: Iterable[Record], width: int, *, comments: bool = True
) -> Iterator[Block]:
    """Group records into blocks; see `make_block`."""
    stream = iter(records)
    while some := list(islice(stream, BLOCK_RECORDS)):
        yield make_block(some, width, comments=comments)


def make_block(records: Iterable[Record], width: int, *, comments: bool = True) -> Block:
    """Make one block of records. Each is padded to the header's width; blank ones are skipped.

    Args:
        comments: whether rows can be comments, which are skipped too.
    """
    lines: list[int] = []
    rows: list[list[str]] = []
    faults: dict[int, RecordFault] = {}
    left_out: list[int] = []
    for line, cells, fault in records:
        if is_blank(cells) and not fault:
            continue
        if comments and is_comment(cells):
            left_out.append(line)
            continue
        if fault := fault or (_misfit(cells, width) if len(cells) != width else None):
            faults[len(rows)] = fault
        cells[width:] = [""] * (width - len(cells))
        lines.append(line)
        rows.append(cells)
    columns = list(zip(*rows, strict=True)) or [()] * width
    return Block(lines, columns, faults, left_out)


def is_blank(cells: Sequence[str]) -> bool:
    """Whether all cells are blank. The first cell decides for most rows."""
    return not cells or (not cells[0].strip() and not any(map(str.strip, cells)))


def is_comment(cells: Sequence[str]) -> bool:
    """Whether a row is a comment: its first cell is `#`, or starts with `# `.

    `#5 of our tips` is a title. A row with a URL in another cell is never a comment, because a row
    that is mistaken for a comment would be lost.
    """
    return (
        cells[0].startswith("#")
        and not cells[0][1:2].strip()
        and not any(map(_ADDRESS.match, cells[1:]))
    )


def check_header_width(name: str, header: Sequence[str]) -> tuple[str, ...]:
    """Check the width of a header.

    Raises:
        ManifestError: it has more columns than a spreadsheet can have.
    """
    if len(header) > _MOST_COLUMNS:
        raise ManifestError(
            f"The manifest {name} has {len(header)} columns; {_MOST_COLUMNS} are the most.",
            "Leave out those that are not needed.",
        )
    return tuple(header)


def _misfit(cells: list[str], width: int) -> RecordFault | None:
    """Whether a row of a different width would lose cells if it is fitted to the header.

    Missing cells are blank, because programs omit blank cells at the end of a row.
    """
    surplus = cells[width:]
    if not any(map(str.strip, surplus)):
        return None
    return RecordFault(
        "width",
        f"this row has {len(cells)} cells, the header has {width}",
        ",".join(surplus),
        "Put cells that hold the separator in quotes.",
    )
