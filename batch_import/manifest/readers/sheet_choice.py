"""Which sheets of a workbook are read: the one with the videos, or all that have some.

This file must not know how a workbook is opened.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, islice
from typing import Final

from batch_import.configuration.settings import ReadingOptions
from batch_import.manifest.columns.aliases import SOURCE_URL, fold
from batch_import.manifest.columns.header import SAMPLE_RECORDS, Header, evidence_of, find_header
from batch_import.manifest.columns.values import CellKind
from batch_import.manifest.readers.record import (
    Block,
    CellViolation,
    Content,
    Record,
    is_blank,
    limited,
)
from batch_import.manifest.readers.sheet_table import SheetTable
from batch_import.models import Problem

#: Known names that make a header sure.
_SURE: Final = 2


@dataclass(frozen=True, slots=True)
class ManifestSheet:
    """A sheet with a header.

    Attributes:
        before: rows of the sheets that are read before it; its own are counted on from there.
    """

    table: SheetTable
    header: Header
    before: int = 0

    @property
    def name(self) -> str:
        """The sheet's name."""
        return self.table.name

    @property
    def fits(self) -> tuple[CellKind, bool, int]:
        """How much it looks like the videos; a single link may stand on any cover sheet."""
        kind, rows = self.header.evidence
        return kind, self.header.known >= _SURE, min(rows, _SURE)

    def has_videos(self, best: "ManifestSheet") -> bool:
        """Whether it looks like the videos, if those of the best sheet are."""
        kind, rows = self.header.evidence
        if kind < CellKind.PATH:
            return False
        is_table = rows >= min(_SURE, best.header.evidence.rows)
        return self.header.known >= _SURE or (kind >= best.header.evidence.kind and is_table)

    def blocks(self) -> Iterator[Block]:
        """The rows below the header."""
        for block in self.table.blocks(self.header):
            lines, comments = self._counted(block.lines), self._counted(block.comments)
            yield replace(block, lines=lines, comments=comments)

    def problems(self) -> Iterator[Problem]:
        """What is wrong with the sheet as a whole."""
        for problem in self.table.problems(self.header):
            yield replace(problem, line=problem.line + self.before)

    def hidden_columns(self) -> frozenset[int]:
        """Positions of the columns that people do not see."""
        return self.table.hidden_columns(len(self.header.names))

    def _counted(self, lines: Sequence[int]) -> Sequence[int]:
        return [self.before + line for line in lines] if self.before else lines


def sheet_of(name: str, table: SheetTable, options: ReadingOptions) -> ManifestSheet:
    """A sheet and its header.

    Args:
        name: the manifest's, for messages.

    Raises:
        ManifestError: it has no header.
    """
    header = find_header(name, _start(table), options)
    fields = ((fold(field), column) for field, column in options.map.items())
    chosen = next((column for field, column in fields if field == fold(SOURCE_URL)), None)
    linked = table.with_links(header, chosen)
    if table.has_links:
        rows = [cells for line, cells, _ in _start(table) if line > header.line]
        linked = replace(linked, evidence=evidence_of(rows))
    return ManifestSheet(table, linked)


def _start(table: SheetTable) -> list[Record]:
    records = (record for record in table.records() if not is_blank(record[1]))
    return list(islice(records, SAMPLE_RECORDS))


def one(sheet: ManifestSheet) -> Content:
    """A sheet alone."""
    form = (f"sheet “{sheet.name}”", sheet.header.place("row"), sheet.header.note)
    return Content(
        ", ".join(filter(None, form)),
        sheet.header.names,
        sheet.blocks,
        problems=tuple(sheet.problems()),
        hidden=sheet.hidden_columns(),
    )


def together(name: str, sheets: Sequence[ManifestSheet]) -> Content:
    """Several sheets, one below the other; columns of one name are one column.

    The rows of a sheet are counted on from the last row of the one before it.

    Args:
        name: the manifest's, for messages.
    """
    befores = accumulate((sheet.table.height for sheet in sheets[:-1]), initial=0)
    taken = [replace(sheet, before=at) for sheet, at in zip(sheets, befores, strict=True)]
    places = [_places(sheet.header.names) for sheet in taken]
    keys = list(dict.fromkeys(key for place in places for key in place))
    names = {
        key: label
        for sheet, place in zip(reversed(taken), reversed(places), strict=True)
        for key, label in zip(place, sheet.header.names, strict=True)
    }
    orders = [[place.get(key) for key in keys] for place in places]

    def blocks() -> Iterator[Block]:
        for sheet, order in zip(taken, orders, strict=True):
            for block in sheet.blocks():
                yield _in_order(block, order)

    form = ", ".join(f"“{sheet.name}” (rows from {sheet.before + 1})" for sheet in taken)
    return Content(
        f"sheets {form}",
        limited(name, [names[key] for key in keys]),
        blocks,
        problems=tuple(problem for sheet in taken for problem in sheet.problems()),
        hidden=frozenset(
            order.index(position)
            for sheet, order in zip(taken, orders, strict=True)
            for position in sheet.hidden_columns()
        ),
    )


def _in_order(block: Block, order: Sequence[int | None]) -> Block:
    """A block whose columns are at other positions; blank where it has none."""
    blank = [""] * len(block.lines)
    columns = [blank if at is None else block.columns[at] for at in order]
    new = {old: position for position, old in enumerate(order) if old is not None}

    def moved(violation: CellViolation) -> CellViolation:
        return violation if violation[0] is None else (new[violation[0]], violation[1])

    violations = {at: list(map(moved, found)) for at, found in block.violations.items()}
    return replace(block, columns=columns, violations=violations)


def _places(names: Sequence[str]) -> dict[tuple[str, int], int]:
    """Each name, and how often it was there before → its position."""
    seen: Counter[str] = Counter()
    places = {}
    for at, name in enumerate(names):
        places[fold(name), seen[fold(name)]] = at
        seen[fold(name)] += 1
    return places
