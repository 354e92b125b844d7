"""Which sheets of a workbook are read: the sheet with the videos, or all sheets with videos.

This file must not know how a workbook is opened.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, islice
from typing import Final

from batch_import.configuration.settings import ReadingOptions
from batch_import.manifest.columns.aliases import SOURCE_URL, fold
from batch_import.manifest.columns.header import (
    SAMPLE_RECORDS,
    Header,
    find_header,
    find_url_column,
    score_rows,
)
from batch_import.manifest.columns.values import CellKind
from batch_import.manifest.readers.record import (
    Block,
    CellViolation,
    Content,
    Record,
    check_header_width,
    is_blank,
)
from batch_import.manifest.readers.sheet_table import SheetTable
from batch_import.models import Problem

#: Minimum number of known column names in the header of a sheet with videos.
_MIN_KNOWN_NAMES: Final = 2
#: Minimum number of rows with a URL. A single URL may be on any cover sheet.
_MIN_ROWS: Final = 2


@dataclass(frozen=True, slots=True)
class ManifestSheet:
    """A sheet with a header.

    Attributes:
        line_offset: is added to the row numbers, if several sheets are read as one.
    """

    table: SheetTable
    header: Header
    line_offset: int = 0

    @property
    def name(self) -> str:
        """The sheet's name."""
        return self.table.name

    @property
    def score(self) -> tuple[CellKind, bool, int]:
        """A score of how likely the sheet lists the videos. Greater is more likely."""
        kind, rows = self.header.video_score
        return kind, self.header.known_field_count >= _MIN_KNOWN_NAMES, min(rows, _MIN_ROWS)

    def has_videos(self, best: "ManifestSheet") -> bool:
        """Whether the sheet also lists videos, compared with the sheet with the best score."""
        kind, rows = self.header.video_score
        if kind < CellKind.PATH:
            return False
        is_table = rows >= min(_MIN_ROWS, best.header.video_score.rows)
        is_known = self.header.known_field_count >= _MIN_KNOWN_NAMES
        return is_known or (kind >= best.header.video_score.kind and is_table)

    def blocks(self) -> Iterator[Block]:
        """Yield the rows below the header."""
        for block in self.table.blocks(self.header):
            lines, comments = self._with_offset(block.lines), self._with_offset(block.comments)
            yield replace(block, lines=lines, comments=comments)

    def problems(self) -> Iterator[Problem]:
        """Yield the problems of the sheet as a whole."""
        for problem in self.table.problems(self.header):
            yield replace(problem, line=problem.line + self.line_offset)

    def hidden_columns(self) -> frozenset[int]:
        """The positions of hidden columns."""
        return self.table.hidden_columns(len(self.header.names))

    def _with_offset(self, lines: Sequence[int]) -> Sequence[int]:
        return [self.line_offset + line for line in lines] if self.line_offset else lines


def open_sheet(name: str, table: SheetTable, options: ReadingOptions) -> ManifestSheet:
    """Find the header of a sheet.

    Args:
        name: name of the manifest, for messages.

    Raises:
        ManifestError: the sheet has no header.
    """
    header = _header_of(name, table, options)
    fields = ((fold(field), column) for field, column in options.map.items())
    chosen = next((column for field, column in fields if field == fold(SOURCE_URL)), None)
    header = table.with_hyperlinks(header, chosen)
    if table.has_hyperlinks:
        rows = [cells for line, cells, _ in _start(table) if line > header.line]
        header = replace(header, video_score=score_rows(rows))
    return ManifestSheet(table, header)


def _header_of(name: str, table: SheetTable, options: ReadingOptions) -> Header:
    records = _start(table)
    if find_url_column(records) is not None:
        return find_header(name, records, options)
    header = find_header(name, table.with_urls(records), options)
    texts = [cells for line, cells, _ in records if line > header.line]
    return replace(header, video_score=score_rows(texts))


def _start(table: SheetTable) -> list[Record]:
    records = (record for record in table.records() if not is_blank(record[1]))
    return list(islice(records, SAMPLE_RECORDS))


def single_sheet_content(sheet: ManifestSheet) -> Content:
    """The content of a single sheet."""
    form = (f"sheet “{sheet.name}”", sheet.header.describe_position("row"), sheet.header.note)
    return Content(
        ", ".join(filter(None, form)),
        sheet.header.names,
        sheet.blocks,
        problems=tuple(sheet.problems()),
        hidden=sheet.hidden_columns(),
    )


def merged_content(name: str, sheets: Sequence[ManifestSheet]) -> Content:
    """The content of several sheets, one after another. Columns with the same name are merged.

    The row numbers of a sheet continue after the last row of the previous sheet.

    Args:
        name: name of the manifest, for messages.
    """
    offsets = accumulate((sheet.table.height for sheet in sheets[:-1]), initial=0)
    shifted = [
        replace(sheet, line_offset=offset) for sheet, offset in zip(sheets, offsets, strict=True)
    ]
    positions = [_column_positions(sheet.header.names) for sheet in shifted]
    keys = list(dict.fromkeys(key for of_sheet in positions for key in of_sheet))
    names = {
        key: label
        for sheet, of_sheet in zip(reversed(shifted), reversed(positions), strict=True)
        for key, label in zip(of_sheet, sheet.header.names, strict=True)
    }
    orders = [[of_sheet.get(key) for key in keys] for of_sheet in positions]

    def blocks() -> Iterator[Block]:
        for sheet, order in zip(shifted, orders, strict=True):
            for block in sheet.blocks():
                yield _in_order(block, order)

    form = ", ".join(f"“{sheet.name}” (rows from {sheet.line_offset + 1})" for sheet in shifted)
    return Content(
        f"sheets {form}",
        check_header_width(name, [names[key] for key in keys]),
        blocks,
        problems=tuple(problem for sheet in shifted for problem in sheet.problems()),
        hidden=frozenset(
            order.index(position)
            for sheet, order in zip(shifted, orders, strict=True)
            for position in sheet.hidden_columns()
        ),
    )


def _in_order(block: Block, order: Sequence[int | None]) -> Block:
    """Reorder the columns of a block.

    Args:
        order: the old position of each new column; None for a blank column.
    """
    blank = [""] * len(block.lines)
    columns = [blank if old is None else block.columns[old] for old in order]
    new = {old: position for position, old in enumerate(order) if old is not None}

    def moved(violation: CellViolation) -> CellViolation:
        return violation if violation[0] is None else (new[violation[0]], violation[1])

    violations = {at: list(map(moved, found)) for at, found in block.violations.items()}
    return replace(block, columns=columns, violations=violations)


def _column_positions(names: Sequence[str]) -> dict[tuple[str, int], int]:
    """(folded name, occurrence index) → position of the column."""
    occurrences: Counter[str] = Counter()
    positions = {}
    for position, name in enumerate(names):
        positions[fold(name), occurrences[fold(name)]] = position
        occurrences[fold(name)] += 1
    return positions
