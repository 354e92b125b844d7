"""Choose which sheets of a workbook are read: the best sheet with videos, or all with videos.

Several sheets are read as if they were one sheet. This module must not know how a workbook is
opened.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import accumulate, islice
from typing import Final

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ManifestError
from batch_import.manifest.columns.aliases import FILENAME, REFERENCE_ID, SOURCE_URL, fold
from batch_import.manifest.columns.candidates import Candidates, ColumnChoice, shorten
from batch_import.manifest.columns.header import (
    SAMPLE_RECORDS,
    Header,
    find_header,
    find_url_column,
    sample_columns,
    score_rows,
)
from batch_import.manifest.columns.source_column import choose_source
from batch_import.manifest.columns.text_columns import choose_id, choose_title
from batch_import.manifest.columns.values import CellKind, may_be_heading
from batch_import.manifest.readers.record import (
    Block,
    CellViolation,
    Content,
    Record,
    cells_of,
    check_header_width,
    is_blank,
)
from batch_import.manifest.readers.sheet_table import SheetTable
from batch_import.models import Problem

#: Number of known column names from which a header is surely the header of a manifest.
_MIN_KNOWN_NAMES: Final = 2
#: Number of rows with a URL from which a sheet is a table of videos. A single URL may be on any
#: cover sheet.
_MIN_ROWS: Final = 2


@dataclass(frozen=True, slots=True)
class ManifestSheet:
    """A sheet with a header.

    Attributes:
        table: the records of the sheet.
        header: the header of the sheet.
        line_offset: number that is added to the row numbers, if several sheets are read as one.
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
        """A score of how likely the sheet lists the videos. Greater is more likely.

        The score is: the kind of cells of the best column, whether the header has usual names, and
        the number of rows with such a cell, up to the number that is sufficient.
        """
        kind, row_count = self.header.video_score
        return kind, self.header.known_field_count >= _MIN_KNOWN_NAMES, min(row_count, _MIN_ROWS)

    def has_videos(self, best: "ManifestSheet") -> bool:
        """Whether the sheet lists videos, too.

        Args:
            best: the sheet with the best score. A sheet without usual column names lists videos
                only if its cells are as likely to be videos as the cells of the best sheet.
        """
        kind, row_count = self.header.video_score
        if kind < CellKind.PATH:
            return False
        is_table = row_count >= min(_MIN_ROWS, best.header.video_score.row_count)
        has_known_names = self.header.known_field_count >= _MIN_KNOWN_NAMES
        is_as_likely = is_table and kind >= best.header.video_score.kind
        return has_known_names or is_as_likely

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
        """Return the positions of hidden columns."""
        return self.table.hidden_columns(len(self.header.names))

    def _with_offset(self, lines: Sequence[int]) -> Sequence[int]:
        return [self.line_offset + line for line in lines] if self.line_offset else lines


def open_sheet(name: str, table: SheetTable, options: ReadingOptions) -> ManifestSheet:
    """Find the header of a sheet, and decide how its hyperlinks are used.

    Args:
        name: name of the manifest, for messages.
        table: the records of the sheet.
        options: the user's decisions about how the file is read.

    Raises:
        ManifestError: the sheet has no header.
    """
    header = _find_header(name, table, options)
    mapped_columns = [
        column for field, column in options.map.items() if fold(field) == fold(SOURCE_URL)
    ]
    header = table.use_hyperlinks(header, mapped_columns[0] if mapped_columns else None)
    if table.has_hyperlinks:
        rows = [cells for line, cells, _ in _first_records(table) if line > header.line]
        header = replace(header, video_score=score_rows(rows))
    return ManifestSheet(table, header)


def _find_header(name: str, table: SheetTable, options: ReadingOptions) -> Header:
    records = _first_records(table)
    if find_url_column(records) is not None:
        return find_header(name, records, options)
    header = find_header(name, table.replace_by_hyperlinks(records), options)
    # The score is of the texts: `use_hyperlinks` compares it with the hyperlinks.
    texts = [cells for line, cells, _ in records if line > header.line]
    return replace(header, video_score=score_rows(texts))


def _first_records(table: SheetTable) -> list[Record]:
    records = (record for record in table.records() if not is_blank(cells_of(record)))
    return list(islice(records, SAMPLE_RECORDS))


def single_sheet_content(sheet: ManifestSheet) -> Content:
    """Return the content of a single sheet."""
    position = sheet.header.describe_position("row")
    description = (f"sheet “{sheet.name}”", position, sheet.header.note)
    return Content(
        ", ".join(filter(None, description)),
        sheet.header.names,
        sheet.blocks,
        problems=tuple(sheet.problems()),
        hidden_columns=sheet.hidden_columns(),
    )


def merged_content(name: str, sheets: Sequence[ManifestSheet], options: ReadingOptions) -> Content:
    """Return the content of several sheets, one after another.

    Columns of one name are merged, and so are the columns that are recognized as the same field.
    The row numbers of a sheet continue after the last row of the previous sheet.

    Args:
        name: name of the manifest, for messages.
        sheets: the sheets, in the order of the workbook.
        options: the user's decisions about how the file is read.
    """
    offsets = accumulate((sheet.table.height for sheet in sheets[:-1]), initial=0)
    shifted = [
        replace(sheet, line_offset=offset) for sheet, offset in zip(sheets, offsets, strict=True)
    ]
    headers, notes = _with_common_names(sheets, options)
    column_keys = [_column_keys(header) for header in headers]
    #: Key → name of the column, in the order of first occurrence.
    merged_names: dict[_ColumnKey, str] = {}
    for header, keys in zip(headers, column_keys, strict=True):
        for key, heading in zip(keys, header, strict=True):
            merged_names.setdefault(key, heading)
    #: For each sheet: the position in the sheet of each merged column; None if the sheet lacks it.
    orders = [
        [keys.index(key) if key in keys else None for key in merged_names] for keys in column_keys
    ]

    def blocks() -> Iterator[Block]:
        for sheet, order in zip(shifted, orders, strict=True):
            for block in sheet.blocks():
                yield _reorder(block, order)

    listed = ", ".join(f"“{sheet.name}” (rows from {sheet.line_offset + 1})" for sheet in shifted)
    return Content(
        f"sheets {listed}",
        check_header_width(name, list(merged_names.values())),
        blocks,
        notes=tuple(notes),
        problems=tuple(problem for sheet in shifted for problem in sheet.problems()),
        hidden_columns=frozenset(
            order.index(position)
            for sheet, order in zip(shifted, orders, strict=True)
            for position in sheet.hidden_columns()
        ),
    )


def _with_common_names(
    sheets: Sequence[ManifestSheet], options: ReadingOptions
) -> tuple[list[list[str]], list[str]]:
    """Give the columns of a field the same name in all sheets.

    A column is renamed only if its sheet has no column with the common name.

    Returns:
        The column names of each sheet; and a note for the user about each renamed column.
    """
    headers = [list(sheet.header.names) for sheet in sheets]
    mapped = {fold(field): column for field, column in options.map.items()}
    positions = [_positions_of_fields(sheet) for sheet in sheets]
    notes = []
    for field in _CHOOSERS:
        common_name = mapped.get(fold(field), "")
        if fold(field) in mapped and not any(_has_name(header, common_name) for header in headers):
            continue
        for sheet, header, position_of in zip(sheets, headers, positions, strict=True):
            if field not in position_of:
                continue
            old_name = header[position_of[field]]
            common_name = common_name or old_name
            if not _has_name(header, common_name):
                header[position_of[field]] = common_name
                notes.append(
                    f"Sheet “{shorten(sheet.name)}”: “{shorten(old_name)}” is read as"
                    f" “{shorten(common_name)}”, the {field} of another sheet."
                )
    return headers, notes


def _has_name(header: Sequence[str], name: str) -> bool:
    return fold(name) in map(fold, header)


#: Field → function that finds its column in one sheet.
_CHOOSERS: Final[Mapping[str, Callable[[Candidates], ColumnChoice | None]]] = {
    SOURCE_URL: choose_source,
    FILENAME: choose_title,
    REFERENCE_ID: choose_id,
}


def _positions_of_fields(sheet: ManifestSheet) -> dict[str, int]:
    """Return field → position of its column in a sheet. Fields with an unclear column are missing.

    The column of a field that the user has mapped may have another name in some sheets.
    """
    rows = [
        cells
        for line, cells, _ in _first_records(sheet.table)
        if line > sheet.header.line and not may_be_heading(cells)
    ]
    names = sheet.header.names
    candidates = Candidates(sample_columns([row[: len(names)] for row in rows], names))
    with suppress(ManifestError):
        for field, choose in _CHOOSERS.items():
            candidates.take(field, choose(candidates))
    return {field: choice.position for field, choice in candidates.taken.items()}


def _reorder(block: Block, order: Sequence[int | None]) -> Block:
    """Reorder the columns of a block.

    Args:
        order: the old position of each new column; None for a blank column.
    """
    blank_column = [""] * len(block.lines)
    columns = [blank_column if old is None else block.columns[old] for old in order]
    new_positions = {old: new for new, old in enumerate(order) if old is not None}
    violations: dict[int, list[CellViolation]] = {}
    for index, row_violations in block.violations.items():
        violations[index] = [
            (None if position is None else new_positions[position], violation)
            for position, violation in row_violations
        ]
    return replace(block, columns=columns, violations=violations)


#: Identifies a column in all sheets: its folded name, and its occurrence index among the columns
#: with this name, from 0.
_ColumnKey = tuple[str, int]


def _column_keys(names: Sequence[str]) -> list[_ColumnKey]:
    """Return the key of each column of a header."""
    occurrences: Counter[str] = Counter()
    keys = []
    for name in names:
        keys.append((fold(name), occurrences[fold(name)]))
        occurrences[fold(name)] += 1
    return keys
