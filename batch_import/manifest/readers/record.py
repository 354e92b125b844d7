"""What every reader of a format yields: the manifest's records, many at a time.

This file must not know any format, nor what a column means.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from batch_import.errors import ManifestError
from batch_import.manifest.rules.violation import Violation
from batch_import.models import Problem

#: Records that a reader takes at a time: enough to spread the cost of a step, few enough for
#: the collector of garbage not to look at them.
BLOCK_RECORDS: Final = 250
_ADDRESS: Final = re.compile(r"\s*https?://", re.IGNORECASE)
#: As many as a spreadsheet has. Rows are filled up to the header's width, so a header without
#: end would fill the memory.
_MOST_COLUMNS: Final = 16_384


@dataclass(frozen=True, slots=True)
class RecordFault:
    """Why the cells of a record cannot be trusted.

    Attributes:
        code: `width`, `quoting`, `repeated-key`, `renditions` or `syntax`: see `models.Problem`.
        reason: what is wrong, one sentence without the value.
        value: the part of the record that shows it.
        hint: how to mend it.
    """

    code: str
    reason: str
    value: str
    hint: str


#: What a reader found out about a record whose cells can be told apart: the column's position, or
#: None for the whole record, and what is wrong.
CellViolation = tuple[int | None, Violation]

#: The first line of the record in the file, from 1; its cells; and what is wrong with it as a
#: whole. A plain tuple, because a manifest may hold a million of them.
Record = tuple[int, list[str], RecordFault | None]


@dataclass(frozen=True, slots=True)
class Block:
    """Records that follow each other, by column.

    Attributes:
        lines: the first line in the file of each record, from 1.
        columns: the cells, one sequence a column of the header.
        faults: index in this block → why the record's cells cannot be trusted.
        comments: the lines of comments that were left out.
        violations: index in this block → what is wrong with single cells of the record.
    """

    lines: Sequence[int]
    columns: Sequence[Sequence[str]]
    faults: dict[int, RecordFault] = field(default_factory=dict)
    comments: Sequence[int] = ()
    violations: dict[int, list[CellViolation]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Content:
    """What a reader found in a file.

    Attributes:
        form: how the file was read, in words: `tab-separated, Windows-1252`.
        header: names of the columns.
        blocks: reads all records behind the header, from the first one at every call. None of
            them is blank.
        notes: what was seen and is not read, one line each.
        problems: what is wrong with the file as a whole, though it can be read.
        hidden: positions of columns that people do not see.
    """

    form: str
    header: tuple[str, ...]
    blocks: Callable[[], Iterator[Block]]
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    hidden: frozenset[int] = frozenset()


def in_blocks(records: Iterable[Record], width: int, *, comments: bool = True) -> Iterator[Block]:
    """Gather records; see `block_of`."""
    stream = iter(records)
    while some := list(islice(stream, BLOCK_RECORDS)):
        yield block_of(some, width, comments=comments)


def block_of(records: Iterable[Record], width: int, *, comments: bool = True) -> Block:
    """Make one block of records, each as wide as the header, without those that are blank.

    Args:
        comments: rows can be comments, and those are left out too.
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
    """Most rows are settled by their first cell."""
    return not cells or (not cells[0].strip() and not any(map(str.strip, cells)))


def is_comment(cells: Sequence[str]) -> bool:
    """A row that is there for people: its first cell is `#`, or begins with `# `.

    `#5 of our tips` is a title, and a row that is taken for a comment would be lost. So a row with
    a web address in another cell is none.
    """
    return (
        cells[0].startswith("#")
        and not cells[0][1:2].strip()
        and not any(map(_ADDRESS.match, cells[1:]))
    )


def limited(name: str, header: Sequence[str]) -> tuple[str, ...]:
    """Refuse a header that is wider than any spreadsheet.

    Raises:
        ManifestError: it is.
    """
    if len(header) > _MOST_COLUMNS:
        raise ManifestError(
            f"The manifest {name} has {len(header)} columns; {_MOST_COLUMNS} are the most.",
            "Leave out those that are not needed.",
        )
    return tuple(header)


def _misfit(cells: list[str], width: int) -> RecordFault | None:
    """Whether a row of another width than the header's loses anything when it is made to fit.

    Missing cells count as empty: programs leave empty cells at the end of a row away.
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
