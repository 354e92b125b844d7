"""Find the header of a manifest, which may be below comments and title lines, or missing. No I/O.

A record with known column names is the header. If there is none, the header is the record above the
first row with a URL that is as wide as the rows. This module must not know the file format, nor
which column becomes which field.
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
from batch_import.manifest.readers.record import Record, check_header_width, is_blank

#: How many of the first records are searched for the header.
MAX_SEARCHED_RECORDS: Final = 20
#: How many records are used to find out what the columns contain.
SAMPLE_RECORDS: Final = 100
#: Minimum number of known column names in a header. A single known word may occur by chance.
_SURE: Final = 2


class VideoListScore(NamedTuple):
    """How likely it is that rows list videos. Greater means more likely.

    Attributes:
        kind: the best kind of cells that a column has.
        rows: number of the first rows that have a cell of the kind in the column.
    """

    kind: CellKind = CellKind.BLANK
    rows: int = 0


LOWEST_SCORE: Final = VideoListScore()


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a manifest.

    Attributes:
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
        """The position of the header as text, in lines or rows; empty if it is the first line."""
        if not self.line:
            return "without a header"
        return f"header on {unit} {self.line}" if self.line > 1 else ""


def find_header(name: str, start: Sequence[Record], options: ReadingOptions) -> Header:
    """Find the header among the first records.

    Args:
        name: name of the manifest, for messages.

    Raises:
        ManifestError: there is no header, or it is not certain which record it is.
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
    known = count_known_fields(names, options.map.values())
    return Header(check_header_width(name, names), line, known, score_rows(rows), note)


def _known(records: Sequence[Record], options: ReadingOptions) -> Record | None:
    """The first record with known column names and no URL, or rather one with all mapped names."""
    own = {fold(name) for name in options.map.values() if name.strip()}
    known = [
        record
        for record in records[:MAX_SEARCHED_RECORDS]
        if count_known_fields(record[1], own) >= _SURE and not has_url(record[1])
    ]
    return max(known, key=lambda record: len(own.intersection(map(fold, record[1]))), default=None)


def _above_rows(records: Sequence[Record]) -> Record | None:
    """The record that looks most like a header of the rows with URLs; None if there is none.

    If no row has a URL, it is the first record that is not a comment.
    """
    plain = [record for record in records if not _is_remark(record[1])] or list(records)
    place = find_url_column(plain)
    if place is None:
        return plain[0]
    above: list[Record] = []
    for record in plain:
        if _is_row(record[1], place):
            break
        above.append(record)
    fitting = [record for record in above[:MAX_SEARCHED_RECORDS] if _may_name(record[1], place)]
    return max(fitting, key=lambda record: _likeness(record[1]), default=None)


def _is_remark(cells: Sequence[str]) -> bool:
    return cells[0].startswith("#") and (cells[0].strip() != "#" or not any(cells[1:]))


def _is_row(cells: Sequence[str], place: int) -> bool:
    return place < len(cells) and has_url([cells[place]])


def find_url_column(records: Sequence[Record]) -> int | None:
    """The position of the column in which most rows have a URL.

    A single URL above rows that have it in another column belongs to a title line.
    """
    counts: dict[int, list[int]] = {}
    for _, cells, _ in records:
        for at, cell in enumerate(cells):
            if has_url([cell]):
                count = counts.setdefault(at, [0, 0])
                count[0] += kind_of(cell) >= CellKind.PAGE
                count[1] += 1
    return max(counts, key=lambda at: (counts[at], -at)) if counts else None


def _may_name(cells: Sequence[str], place: int) -> bool:
    """Whether a record could be the header of the rows: as wide, or one cell less."""
    filled = [cell for cell in cells if cell.strip()]
    if has_url(cells) or not filled:
        return False
    return (place < len(cells) and bool(cells[place].strip())) or len(filled) == place


def _likeness(cells: Sequence[str]) -> tuple[int, int]:
    """A score of how much a record looks like a header: many cells, and no numbers or dates."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return len(filled), -sum(map(is_measure, filled))


def _completed(names: list[str], rows: Sequence[Sequence[str]]) -> tuple[list[str], str]:
    """Add a name for the last column, if all rows have one cell more than the header."""
    width = len(names) + 1
    if not rows or any(len(_used(row)) != width for row in rows):
        return names, ""
    known = [at for at, name in enumerate(names) if field_of(name) == SOURCE_URL]
    addressed = find_url_column([(0, list(row), None) for row in rows])
    is_first = addressed is not None and known == [addressed - 1]
    missing = 1 if is_first else width
    names.insert(missing - 1, f"column {missing}")
    return names, f"the header has {width - 1} names, the rows have {width} cells"


def _used(cells: Sequence[str]) -> Sequence[str]:
    """Remove blank cells at the end."""
    last = max((at for at, cell in enumerate(cells, 1) if cell.strip()), default=0)
    return cells[:last]


def score_rows(rows: Sequence[Sequence[str]]) -> VideoListScore:
    """Calculate the evidence of the best column."""
    columns = _columns_of(rows)
    return max(
        (VideoListScore(c.kind, c.count_of_kind(c.kind)) for c in columns), default=LOWEST_SCORE
    )


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
    """Use the column names of the option `columns`, for a file without a header."""
    columns = options.columns
    line, cells, _ = next((r for r in records if not r[1][0].startswith("#")), records[0])
    width = max((at for at, cell in enumerate(cells, 1) if cell.strip()), default=0)
    if width > len(columns):
        raise ManifestError(
            f"{setting_ref('columns')} names {len(columns)} columns; line {line} of the manifest"
            f" {name} has {width} cells.",
            "Name all of them, in their order; one that is not needed may be left empty: a,,c.",
        )
    evidence = score_rows([record[1] for record in records])
    return Header(columns, 0, count_known_fields(columns, options.map.values()), evidence)


def _without(name: str, records: Sequence[Record]) -> Header:
    """Name the columns of a file without a header by their values, if these are unambiguous."""
    rows = [record[1] for record in records if not _is_remark(record[1])]
    candidates = Candidates(_columns_of(rows))
    if len(candidates.columns) == 1:
        return Header((SOURCE_URL,), 0, 0, score_rows(rows))
    try:
        candidates.take(SOURCE_URL, choose_source(candidates))
        choose_title(candidates)
    except ManifestError as error:
        raise _unnamed(name, records, candidates) from error
    names = [column.name for column in candidates.columns]
    return Header(check_header_width(name, names), 0, 0, score_rows(rows))


def _unnamed(name: str, records: Sequence[Record], candidates: Candidates) -> ManifestError:
    line = next(line for line, cells, _ in records if not _is_remark(cells))
    sketch = [
        SOURCE_URL if column.kind >= CellKind.PAGE else str(column.position + 1)
        for column in candidates.columns
    ]
    columns = setting_ref("columns", ",".join(sketch))
    return ManifestError(
        f"The manifest {name} has no header: line {line} holds a URL instead of names of columns.",
        f"Name its columns, one of them filename for the titles: {columns}",
    )
