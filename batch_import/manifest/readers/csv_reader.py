"""Read separated text: commas, semicolons, tabs, vertical bars, or one cell per line.

The module `csv` is used rather than pandas, because pandas silently drops or shifts cells of rows
that are too wide, and does not give line numbers. The separator is detected by trying all of them
on the first records. This module must not know the meaning of columns.
"""

import csv
from collections.abc import Iterator, Sequence
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
    cells_of,
    is_blank,
    is_comment,
)
from batch_import.manifest.readers.text import DecodedFile

#: A separator that never occurs, because no text contains a NUL character: one cell per line.
_NO_SEPARATOR: Final = "\0"
#: Separator → description for the user. If two separators are equally good, the first one here is
#: used, because it is rarer in texts.
_SEPARATORS: Final = {
    "\t": "tab-separated",
    "|": "separated by vertical bars",
    ";": "semicolon-separated",
    ",": "comma-separated",
    _NO_SEPARATOR: "one cell a line",
}
#: Maximum fraction of records with invalid quotes.
_MAX_FAULT_SHARE: Final = 0.5
#: Half a point in a score: no separator is worse than a separator that splits most rows, and better
#: than a separator that splits few rows. A file without a header is as good as half a usual name.
_HALF_POINT: Final = 0.5
#: Minimum fraction of rows that are as wide as the header. A few rows may be damaged.
_MIN_EQUAL_SHARE: Final = 0.9
#: Minimum number of known column names in a header. A single known word may occur by chance.
_MIN_KNOWN_NAMES: Final = 2
#: Number of the first characters in which a first line like `sep=;` is searched.
_EXCEL_LINE_LENGTH: Final = 100
#: Maximum number of characters that are read to detect the separator if a quote is never closed.
_SAMPLE_CHARACTERS: Final = 4096


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

    description = (_SEPARATORS[separator], header.describe_position("line"), header.note, text.note)
    return Content(", ".join(filter(None, description)), header.names, blocks)


# Which separator ------------------------------------------------------------------------------


def _choose_separator(text: DecodedFile, options: ReadingOptions) -> tuple[str, Header, RowLayout]:
    """Choose the separator that fits the first records best, with its header and layout."""
    name = text.source.name
    separators = list(_SEPARATORS)
    excel_line = EXCEL_SEPARATOR_LINE.match(text.start(_EXCEL_LINE_LENGTH))
    if excel_line and excel_line[1] in _SEPARATORS:
        separators = [excel_line[1]]
    samples = {separator: _sample(text, separator, options) for separator in separators}

    def score(separator: str) -> _SeparatorScore:
        sample = samples[separator] or _split_first_lines(text, separator)
        return _score(name, separator, sample, options)

    best = max(samples, key=score)
    sample = samples[best] or list(_records(text, best))
    header = find_header(name, sample, options)
    return best, header, RowLayout(len(header.names), find_url_column(sample))


def _sample(text: DecodedFile, separator: str, options: ReadingOptions) -> list[Record]:
    """Return the first records; if a record cannot be parsed, only the records before it.

    The records are parsed twice. Only the layout, which the first pass finds, shows whether an
    unclosed quote has joined several rows to one record.
    """
    first_records = _first_records(text, separator)
    sample = first_records or _split_first_lines(text, separator)
    try:
        header = find_header(text.source.name, sample, options)
    except ManifestError:
        return first_records
    layout = RowLayout(len(header.names), find_url_column(first_records))
    return _first_records(text, separator, layout)


def _first_records(
    text: DecodedFile, separator: str, layout: RowLayout | None = None
) -> list[Record]:
    sample: list[Record] = []
    with suppress(ManifestError):
        records = (
            record for record in _records(text, separator, layout) if not is_blank(cells_of(record))
        )
        sample.extend(islice(records, SAMPLE_RECORDS))
    return sample


def _split_first_lines(text: DecodedFile, separator: str) -> list[Record]:
    """Split the first lines without regard to quotes. Used if a quote is never closed."""
    lines = text.start(_SAMPLE_CHARACTERS).splitlines()[:SAMPLE_RECORDS]
    return [(number, line.split(separator), None) for number, line in enumerate(lines, 1)]


def _records(
    text: DecodedFile, separator: str, layout: RowLayout | None = None
) -> Iterator[Record]:
    with text.open_lines(newline="") as stream:
        yield from RecordReader(text.source.name, stream, separator, layout).records()


class _SeparatorScore(NamedTuple):
    """A score of how well a separator fits the first records. Greater is better.

    Earlier attributes have priority.

    Attributes:
        known_field_count: number of fields that have a usual name in the header; 0 if only one has.
        kind: the best kind of cells in a column. This prevents a list of URLs from being split at
            commas within the URLs, because the parts do not end in file names.
        has_equal_rows: whether nearly all rows are as wide as the header, and have several cells.
        row_count: number of cells of that kind in the column.
        layout_score: how well the rows fit the header: with several columns, the number of fields
            with a usual name plus the fraction of rows that are as wide as the header.
        split_share: fraction of the rows that the separator splits into enough cells: 1 if the
            header has several columns, a half if there is no separator.
        quote_score: the negative fraction of rows with invalid quotes.
    """

    known_field_count: int
    kind: CellKind
    has_equal_rows: bool
    row_count: int
    layout_score: float
    split_share: float
    quote_score: float


def _score(
    name: str, separator: str, sample: list[Record], options: ReadingOptions
) -> _SeparatorScore:
    if options.columns:
        return _score_by_width(sample, len(options.columns))
    try:
        header = find_header(name, sample, options)
    except ManifestError:
        # The file has no header, or the header is damaged.
        rows = [cells for _, cells, _ in sample]
        header = Header(tuple(rows[0]) if rows else (), 0, 0, score_rows(rows))
    width = len(header.names)
    widths = [len(cells) for line, cells, _ in sample if line > header.line]
    equal_share = _share_of_true([row_width == width for row_width in widths])
    known_count = header.known_field_count
    significant_count = known_count if known_count >= _MIN_KNOWN_NAMES else 0
    lists_videos = header.video_score.kind >= CellKind.PATH
    kind, row_count = header.video_score if lists_videos else LOWEST_SCORE
    fault_share = sum(1 for _, _, fault in sample if fault) / max(1, len(sample))
    if width > 1:
        # With a note, the header lacks a name: another separator may fit better.
        is_regular = (equal_share > _MIN_EQUAL_SHARE or not widths) and not header.note
        return _SeparatorScore(
            significant_count,
            kind,
            has_equal_rows=is_regular and fault_share <= _MAX_FAULT_SHARE,
            row_count=row_count,
            layout_score=known_count + equal_share,
            split_share=1,
            quote_score=-fault_share,
        )
    # A header with invalid quotes is a header nevertheless.
    has_header = header.line or any(fault for _, _, fault in sample[:1])
    return _SeparatorScore(
        significant_count,
        kind,
        has_equal_rows=False,
        row_count=row_count,
        layout_score=known_count + (0 if has_header else _HALF_POINT),
        split_share=_HALF_POINT if separator == _NO_SEPARATOR else 1 - equal_share,
        quote_score=-fault_share,
    )


def _score_by_width(sample: list[Record], width: int) -> _SeparatorScore:
    """Return the score of a separator if the user named the columns: by the width of the rows."""
    widths = [len(cells) for _, cells, _ in sample if not is_comment(cells)]
    equal_share = _share_of_true([row_width == width for row_width in widths])
    return _SeparatorScore(
        known_field_count=0,
        kind=CellKind.BLANK,
        has_equal_rows=equal_share > _MIN_EQUAL_SHARE,
        row_count=0,
        layout_score=equal_share,
        split_share=_share_of_true([row_width >= width for row_width in widths]),
        quote_score=0,
    )


def _share_of_true(values: Sequence[bool]) -> float:
    """Return the fraction of values that are true; 0 if there are no values."""
    return sum(values) / max(1, len(values))
