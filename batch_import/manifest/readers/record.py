"""The common types of all readers: records of a manifest, in blocks.

A record is a line of the file that may be a row of the manifest: the header and comments are
records too. This module must not know any format, nor the meaning of columns.
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
_URL_START: Final = re.compile(r"\s*(?:https?|s3|az|gs)://", re.IGNORECASE)
#: Maximum number of columns, as in a spreadsheet. All rows are padded to the width of the header;
#: therefore an extremely wide header would fill the memory.
_MAX_COLUMNS: Final = 16_384


@dataclass(frozen=True, slots=True)
class RecordFault:
    """Why the cells of a record are uncertain. Its row gets this problem, and is not sent.

    Attributes:
        code: a problem code: `width`, `quoting`, `row-heading`, `repeated-key`, `renditions`,
            `no-object` or `syntax`.
        reason: one sentence, without the value.
        value: the part of the record that shows the fault.
        hint: a sentence that says how to fix the fault.
    """

    code: str
    reason: str
    value: str
    hint: str


#: A violation that the reader found: the position of the column, from 0 (None for the whole
#: record), and the violation.
CellViolation = tuple[int | None, Violation]

#: A raw record: the number of its first line, from 1; its cells; and its fault, or None. A record
#: is a plain tuple, because a manifest may have a million records.
Record = tuple[int, list[str], RecordFault | None]


@dataclass(frozen=True, slots=True)
class Block:
    """A block of consecutive records, by column.

    Attributes:
        lines: number of the first line of each record, from 1.
        columns: the cells, one sequence per column of the header.
        faults: index of a record in this block → its fault.
        comments: line numbers of the comments between the records.
        violations: index of a record in this block → the violations in its cells.
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
        blocks: a function that yields all records after the header, without blank records. Each
            call starts at the first record.
        notes: sentences for the user about parts of the file that are not read.
        problems: problems of the file as a whole.
        hidden_columns: positions of columns that are hidden in the workbook.
    """

    format_description: str
    header: tuple[str, ...]
    blocks: Callable[[], Iterator[Block]]
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    hidden_columns: frozenset[int] = frozenset()


def split_into_blocks(
    records: Iterable[Record], width: int, *, comments: bool = True
) -> Iterator[Block]:
    """Yield the records in blocks; see `make_block`."""
    remaining = iter(records)
    while block_records := list(islice(remaining, BLOCK_RECORDS)):
        yield make_block(block_records, width, comments=comments)


def make_block(records: Iterable[Record], width: int, *, comments: bool = True) -> Block:
    """Return one block of records. Blank records are left out.

    Args:
        width: number of columns of the header. Each record is padded or cut to this width.
        comments: whether a record can be a comment. Comments are left out, too.
    """
    lines: list[int] = []
    rows: list[list[str]] = []
    faults: dict[int, RecordFault] = {}
    comment_lines: list[int] = []
    for line, cells, reader_fault in records:
        if is_blank(cells) and not reader_fault:
            continue
        if comments and is_comment(cells):
            comment_lines.append(line)
            continue
        fault = reader_fault or _width_fault(cells, width)
        if fault:
            faults[len(rows)] = fault
        cells[width:] = [""] * (width - len(cells))
        lines.append(line)
        rows.append(cells)
    columns = list(zip(*rows, strict=True)) or [()] * width
    return Block(lines, columns, faults, comment_lines)


def cells_of(record: Record) -> list[str]:
    """Return the cells of a raw record."""
    return record[1]


def is_blank(cells: Sequence[str]) -> bool:
    """Whether all cells are blank."""
    # The first condition is enough for most rows, and fast.
    return not cells or (not cells[0].strip() and not any(map(str.strip, cells)))


def is_comment(cells: Sequence[str]) -> bool:
    """Whether a row is a comment: its first cell is `#`, or starts with `# `.

    `#5 of our tips` is a title. A row with a URL in another cell is never a comment, because a row
    that is mistaken for a comment would be lost.
    """
    is_marked = cells[0].startswith("#") and not cells[0][1:2].strip()
    return is_marked and not any(map(_URL_START.match, cells[1:]))


def check_header_width(name: str, header: Sequence[str]) -> tuple[str, ...]:
    """Return the header, after a check of its width.

    Args:
        name: name of the manifest, for messages.

    Raises:
        ManifestError: the header has more columns than a spreadsheet can have.
    """
    if len(header) > _MAX_COLUMNS:
        raise ManifestError(
            f"The manifest {name} has {len(header)} columns; {_MAX_COLUMNS} are the most.",
            "Leave out the columns that are not needed.",
        )
    return tuple(header)


def _width_fault(cells: list[str], width: int) -> RecordFault | None:
    """Return the fault of a row that has more filled cells than the header has columns.

    A row with fewer cells has no fault, because programs omit blank cells at the end of a row.
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
