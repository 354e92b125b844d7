"""Read separated text: commas, semicolons, tabs, vertical bars, or one cell per line.

The module `csv` is used rather than pandas, because pandas silently drops or shifts cells of rows
that are too wide, and does not give line numbers. This module must not know the meaning of columns.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Final, NamedTuple

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ManifestError
from batch_import.manifest.columns.header import (
    LOWEST_SCORE,
    SAMPLE_RECORDS,
    Header,
    find_header,
    find_url_column,
    score_rows,
)
from batch_import.manifest.columns.values import CellKind
from batch_import.manifest.readers.csv_records import (
    EXCEL_SEPARATOR_LINE,
    MAX_CELL_LENGTH,
    RecordReader,
    RowLayout,
)
from batch_import.manifest.readers.record import (
    Block,
    Content,
    Record,
    is_blank,
    is_comment,
)
from batch_import.manifest.readers.text import DecodedFile

#: A separator that never occurs, for one cell per line: no text contains a NUL character.
_NONE: Final = "\0"
_SPOKEN: Final = {
    # Ordered: if two separators are equally good, the separator that is rarer in texts is used.
    "\t": "tab-separated",
    "|": "separated by vertical bars",
    ";": "semicolon-separated",
    ",": "comma-separated",
    _NONE: "one cell a line",
}
_HALF: Final = 0.5
#: Minimum fraction of rows that are as wide as the header. A few rows may be damaged.
_NEARLY_ALL: Final = 0.9
#: Minimum number of known column names in a header. A single known word may occur by chance.
_SURE: Final = 2
#: Maximum length of a first line like `sep=;`, in characters.
_EXCEL_LINE: Final = 100
#: Maximum number of characters that are read to detect the separator if a quote is never closed.
_SOME: Final = 4096


def read(text: DecodedFile, options: ReadingOptions) -> Content:
    """Detect the separator, and find the header.

    Raises:
        ManifestError: there is no header, or it is not certain which record it is.
        OSError: the file cannot be read.
    """
    csv.field_size_limit(MAX_CELL_LENGTH)
    separator, header, layout = _choose_separator(text, options)

    def blocks() -> Iterator[Block]:
        with text.open_lines(newline="") as stream:
            yield from RecordReader(text.source.name, stream, separator, layout).blocks(header)

    form = (_SPOKEN[separator], header.describe_position("line"), header.note, text.note)
    return Content(", ".join(filter(None, form)), header.names, blocks)


# Which separator ------------------------------------------------------------------------------


def _choose_separator(text: DecodedFile, options: ReadingOptions) -> tuple[str, Header, RowLayout]:
    """Choose the separator that fits the first records best, with its header and layout."""
    name = text.source.name
    said = EXCEL_SEPARATOR_LINE.match(text.start(_EXCEL_LINE))
    separators = [said[1]] if said and said[1] in _SPOKEN else list(_SPOKEN)
    samples = {separator: _sample(text, separator, options) for separator in separators}

    def sense(separator: str) -> _Sense:
        sample = samples[separator] or _cut(text, separator)
        return _sense(name, separator, sample, options)

    best = max(samples, key=sense)
    sample = samples[best] or list(_records(text, best))
    header = find_header(name, sample, options)
    return best, header, RowLayout(len(header.names), find_url_column(sample))


def _sample(text: DecodedFile, separator: str, options: ReadingOptions) -> list[Record]:
    """The first records, up to one that cannot be parsed.

    They are read twice, because only their layout shows whether a quote swallows rows.
    """
    first = _first_records(text, separator)
    try:
        header = find_header(text.source.name, first or _cut(text, separator), options)
    except ManifestError:
        return first
    layout = RowLayout(len(header.names), find_url_column(first))
    return _first_records(text, separator, layout)


def _first_records(
    text: DecodedFile, separator: str, layout: RowLayout | None = None
) -> list[Record]:
    sample: list[Record] = []
    with suppress(ManifestError):
        records = (r for r in _records(text, separator, layout) if not is_blank(r[1]))
        sample.extend(islice(records, SAMPLE_RECORDS))
    return sample


def _cut(text: DecodedFile, separator: str) -> list[Record]:
    """Split the first lines without regard to quotes, if a quote is never closed."""
    lines = text.start(_SOME).splitlines()[:SAMPLE_RECORDS]
    return [(number, line.split(separator), None) for number, line in enumerate(lines, 1)]


def _records(
    text: DecodedFile, separator: str, layout: RowLayout | None = None
) -> Iterator[Record]:
    with text.open_lines(newline="") as stream:
        yield from RecordReader(text.source.name, stream, separator, layout).records()


class _Sense(NamedTuple):
    """A score of how well a separator fits the first records. Greater is better.

    Attributes:
        known: number of fields among the names of the header.
        kind: the best kind of cells in a column. It prevents that a list of URLs is split at commas
            within the URLs, because the parts do not end in file names.
        splits: nearly all rows are as wide as the header, and have more than one cell.
        rows: number of cells of the kind in the column.
        alike: fraction of the rows that are as wide as the header.
        single: for a single column, how little suggests further columns.
        whole: how few rows have invalid quotes.
    """

    known: int
    kind: CellKind
    splits: bool
    rows: int
    alike: float
    single: float
    whole: float


def _sense(name: str, separator: str, sample: list[Record], options: ReadingOptions) -> _Sense:
    if options.columns:
        widths = [len(cells) for _, cells, _ in sample if not is_comment(cells)]
        wanted = len(options.columns)
        alike, fits = _share(widths, wanted.__eq__), _share(widths, wanted.__le__)
        return _Sense(0, CellKind.BLANK, alike > _NEARLY_ALL, 0, alike, fits, 0)
    try:
        header = find_header(name, sample, options)
    except ManifestError:
        # The file has no header, or the header is damaged.
        rows = [cells for _, cells, _ in sample]
        header = Header(tuple(rows[0]) if rows else (), 0, 0, score_rows(rows))
    width = len(header.names)
    widths = [len(cells) for line, cells, _ in sample if line > header.line]
    alike = _share(widths, width.__eq__)
    known = header.known_field_count if header.known_field_count >= _SURE else 0
    is_evident = header.video_score.kind >= CellKind.PATH
    kind, count = header.video_score if is_evident else LOWEST_SCORE
    broken = sum(1 for _, _, fault in sample if fault) / max(1, len(sample))
    if width > 1:
        # The header lacks a name, or is damaged: another separator may fit better.
        splits = (alike > _NEARLY_ALL or not widths) and not header.note and broken <= _HALF
        return _Sense(known, kind, splits, count, header.known_field_count + alike, 1, -broken)
    # A header with invalid quotes is a header nevertheless.
    headed = header.line or any(fault for _, _, fault in sample[:1])
    single = _HALF if separator == _NONE else 1 - alike
    fit = header.known_field_count + (0 if headed else _HALF)
    return _Sense(known, kind, splits=False, rows=count, alike=fit, single=single, whole=-broken)


def _share(widths: Sequence[int], fits: Callable[[int], bool]) -> float:
    return sum(map(fits, widths)) / max(1, len(widths))
