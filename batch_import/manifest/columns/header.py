"""Find the header of a manifest, which may be below comments and title lines, or missing. No I/O.

A record is a line of the file as a list of cells. A record with usual column names is the header.
If there is none, the header is the record above the first row with a URL that is as wide as the
rows. This module must not know the file format, nor which column becomes which field.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ManifestError, setting_ref
from batch_import.manifest.columns.aliases import SOURCE_URL, count_known_fields, field_of, fold
from batch_import.manifest.columns.candidates import Candidates
from batch_import.manifest.columns.source_column import choose_source
from batch_import.manifest.columns.text_columns import choose_title
from batch_import.manifest.columns.values import (
    CellKind,
    SampleColumn,
    has_url,
    is_measure,
    kind_of,
)
from batch_import.manifest.readers.record import Record, cells_of, check_header_width, is_blank

#: Number of the first records in which the header is searched.
MAX_SEARCHED_RECORDS: Final = 20
#: Number of the first records that are used to find out the contents of the columns.
SAMPLE_RECORDS: Final = 100
#: Minimum number of usual column names in a header. A single usual word may occur by chance.
_MIN_KNOWN_NAMES: Final = 2


class VideoListScore(NamedTuple):
    """How likely it is that rows list videos. Greater means more likely.

    Attributes:
        kind: the kind of cells of the best column.
        row_count: how many of the first rows have a cell of this kind, or a better one, in this
            column.
    """

    kind: CellKind = CellKind.BLANK
    row_count: int = 0


LOWEST_SCORE: Final = VideoListScore()


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a manifest.

    Attributes:
        names: names of the columns.
        line: line number in the file, from 1; 0 if the file has no header.
        known_field_count: number of fields that have a usual name among `names`.
        video_score: how likely it is that the rows list videos.
        note: a sentence about something unusual; otherwise empty.
    """

    names: tuple[str, ...]
    line: int
    known_field_count: int
    video_score: VideoListScore = LOWEST_SCORE
    note: str = ""

    def describe_position(self, unit: str) -> str:
        """Return the position of the header as text; empty if it is on the first line.

        Args:
            unit: `line` or `row`.
        """
        if not self.line:
            return "without a header"
        return f"header on {unit} {self.line}" if self.line > 1 else ""


def find_header(name: str, start: Sequence[Record], options: ReadingOptions) -> Header:
    """Find the header among the first records.

    Args:
        name: name of the manifest, for messages.
        start: the first records of the file.
        options: the user's decisions about how the file is read.

    Raises:
        ManifestError: there is no header, and the columns cannot be named by their values; or the
            header is damaged.
    """
    records = [record for record in start if not is_blank(cells_of(record))]
    if not records:
        raise ManifestError(
            f"The manifest {name} holds nothing but blank lines.", "Put a header line and rows in."
        )
    if options.columns:
        return _header_from_option(name, records, options)
    record = _find_by_names(records, options) or _find_above_rows(records)
    if record is None:
        return _header_from_values(name, records)
    line, cells, fault = record
    if fault:
        raise ManifestError(
            f"The manifest {name} has a broken header on line {line}: {fault.reason}.", fault.hint
        )
    rows = [row for row_line, row, _ in records if row_line > line and not row[0].startswith("#")]
    names, note = _add_missing_name(list(cells), rows)
    known = count_known_fields(names, options.map.values())
    return Header(check_header_width(name, names), line, known, score_rows(rows), note)


def _find_by_names(records: Sequence[Record], options: ReadingOptions) -> Record | None:
    """Return the first record with usual column names and no URL; None if there is none.

    A record with more of the names that the user mapped to fields has priority.
    """
    mapped_names = {fold(name) for name in options.map.values() if name.strip()}
    candidates = [
        record
        for record in records[:MAX_SEARCHED_RECORDS]
        if count_known_fields(cells_of(record), mapped_names) >= _MIN_KNOWN_NAMES
        and not has_url(cells_of(record))
    ]
    return max(
        candidates,
        key=lambda record: len(mapped_names.intersection(map(fold, cells_of(record)))),
        default=None,
    )


def _find_above_rows(records: Sequence[Record]) -> Record | None:
    """Return the record that looks most like a header of the rows with URLs; None if there is none.

    If no row has a URL, the first record that is not a comment is returned.
    """
    rows = [record for record in records if not _is_comment(cells_of(record))] or list(records)
    url_column = find_url_column(rows)
    if url_column is None:
        return rows[0]
    records_above: list[Record] = []
    for record in rows:
        if _has_url_in(cells_of(record), url_column):
            break
        records_above.append(record)
    candidates = [
        record
        for record in records_above[:MAX_SEARCHED_RECORDS]
        if _may_be_header(cells_of(record), url_column)
    ]
    return max(candidates, key=lambda record: _header_score(cells_of(record)), default=None)


def _is_comment(cells: Sequence[str]) -> bool:
    """Whether a record starts with `#`. A single `#` may be the name of a column of numbers."""
    is_column_name = cells[0].strip() == "#" and any(cells[1:])
    return cells[0].startswith("#") and not is_column_name


def _has_url_in(cells: Sequence[str], position: int) -> bool:
    return position < len(cells) and has_url([cells[position]])


def find_url_column(records: Sequence[Record]) -> int | None:
    """Return the position of the column in which most rows have a URL; None if no row has one.

    If several columns are equally good, the first is returned. A title line above the rows may have
    a URL in another column; this single URL does not matter.
    """
    # Position → two numbers of cells: with a URL that may be of a video, and with any URL.
    counts: dict[int, list[int]] = {}
    for _, cells, _ in records:
        for position, cell in enumerate(cells):
            if has_url([cell]):
                count = counts.setdefault(position, [0, 0])
                count[0] += kind_of(cell) >= CellKind.PAGE
                count[1] += 1
    if not counts:
        return None
    return max(counts, key=lambda position: (counts[position], -position))


def _may_be_header(cells: Sequence[str], url_column: int) -> bool:
    """Whether a record could be the header of rows.

    A header has no URL, and a name for the column of URLs. Only if the URLs are in the last column,
    their name may be missing.
    """
    filled_count = sum(1 for cell in cells if cell.strip())
    if has_url(cells) or not filled_count:
        return False
    has_name = url_column < len(cells) and bool(cells[url_column].strip())
    return has_name or filled_count == url_column


def _header_score(cells: Sequence[str]) -> tuple[int, int]:
    """A score of how much a record looks like a header: many cells, and no numbers or dates."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return len(filled), -sum(map(is_measure, filled))


def _add_missing_name(names: list[str], rows: Sequence[Sequence[str]]) -> tuple[list[str], str]:
    """Add a name, if all rows have one cell more than the header.

    The first name is missing if the name of the column of URLs is one position before the URLs.
    Otherwise the last name is missing.

    Returns:
        The names; and a note for the user, which is empty if no name is missing.
    """
    width = len(names) + 1
    if not rows or any(len(_without_blank_end(row)) != width for row in rows):
        return names, ""
    source_positions = [
        position for position, name in enumerate(names) if field_of(name) == SOURCE_URL
    ]
    url_column = find_url_column([(0, list(row), None) for row in rows])
    is_first_missing = url_column is not None and source_positions == [url_column - 1]
    number = 1 if is_first_missing else width
    names.insert(number - 1, f"column {number}")
    return names, f"the header has {width - 1} names, the rows have {width} cells"


def _without_blank_end(cells: Sequence[str]) -> Sequence[str]:
    """Remove blank cells at the end."""
    width = max((number for number, cell in enumerate(cells, 1) if cell.strip()), default=0)
    return cells[:width]


def score_rows(rows: Sequence[Sequence[str]]) -> VideoListScore:
    """Return how likely it is that rows list videos: the score of the best column."""
    columns = sample_columns(rows)
    return max(
        (VideoListScore(c.kind, c.count_of_kind(c.kind)) for c in columns), default=LOWEST_SCORE
    )


def sample_columns(rows: Sequence[Sequence[str]], names: Sequence[str] = ()) -> list[SampleColumn]:
    """Return the columns of rows that may have different numbers of cells.

    Args:
        names: names of the columns; a column without a name is called by its number.
    """
    width = max(map(len, rows), default=0)
    return [
        SampleColumn(
            position,
            names[position] if position < len(names) else f"column {position + 1}",
            tuple(row[position].strip() if position < len(row) else "" for row in rows),
        )
        for position in range(width)
    ]


def _header_from_option(name: str, records: Sequence[Record], options: ReadingOptions) -> Header:
    """Use the column names of the option `columns`, for a file without a header."""
    columns = options.columns
    rows = [record for record in records if not cells_of(record)[0].startswith("#")]
    first_row = rows[0] if rows else records[0]
    line, cells, _ = first_row
    width = len(_without_blank_end(cells))
    if width > len(columns):
        raise ManifestError(
            f"{setting_ref('columns')} names {len(columns)} columns; line {line} of the manifest"
            f" {name} has {width} cells.",
            "Name all columns, in their order; leave the name of an unneeded column empty: a,,c.",
        )
    score = score_rows([cells_of(record) for record in records])
    return Header(columns, 0, count_known_fields(columns, options.map.values()), score)


def _header_from_values(name: str, records: Sequence[Record]) -> Header:
    """Name the columns of a file without a header by their values.

    Raises:
        ManifestError: it is unclear which column has the source URLs or the titles.
    """
    rows = [cells_of(record) for record in records if not _is_comment(cells_of(record))]
    candidates = Candidates(sample_columns(rows))
    if len(candidates.columns) == 1:
        return Header((SOURCE_URL,), 0, 0, score_rows(rows))
    try:
        candidates.take(SOURCE_URL, choose_source(candidates))
        choose_title(candidates)
    except ManifestError as error:
        raise _missing_header(name, records, candidates) from error
    names = [column.name for column in candidates.columns]
    return Header(check_header_width(name, names), 0, 0, score_rows(rows))


def _missing_header(name: str, records: Sequence[Record], candidates: Candidates) -> ManifestError:
    line = next(line for line, cells, _ in records if not _is_comment(cells))
    example_names = [
        SOURCE_URL if column.kind >= CellKind.PAGE else str(column.position + 1)
        for column in candidates.columns
    ]
    columns = setting_ref("columns", ",".join(example_names))
    return ManifestError(
        f"The manifest {name} has no header: line {line} holds a URL instead of names of columns.",
        f"Name its columns, one of them filename for the titles: {columns}",
    )
