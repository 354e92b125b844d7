"""Separated text → records: commas, semicolons, tabs, vertical bars, or one cell a line.

It must not know what a column means, or what a DataFrame is.

`csv` is used rather than pandas, because pandas drops or shifts cells of over-wide rows without
a word, and cannot tell on which line a row stands.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Final, NamedTuple

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ManifestError
from batch_import.manifest.columns.header import (
    NO_EVIDENCE,
    SAMPLE_RECORDS,
    Header,
    evidence_of,
    find_header,
)
from batch_import.manifest.columns.values import CellKind
from batch_import.manifest.readers.csv_records import (
    ADDRESS,
    EXCEL_SEPARATOR,
    LONGEST_CELL,
    RecordReader,
)
from batch_import.manifest.readers.record import (
    Block,
    Content,
    Record,
    is_blank,
    is_comment,
)
from batch_import.manifest.readers.text import DecodedFile

#: No text holds a zero character, so nothing is separated by it.
_NONE: Final = "\0"
_SPOKEN: Final = {
    # Where two would do, the one that is rarer in texts.
    "\t": "tab-separated",
    "|": "separated by vertical bars",
    ";": "semicolon-separated",
    ",": "comma-separated",
    _NONE: "one cell a line",
}
_HALF: Final = 0.5
#: The share of the rows that are as wide as the header, but for a few that are broken.
_NEARLY_ALL: Final = 0.9
#: One known word may stand in any line by chance.
_SURE: Final = 2
#: Characters that the first line may have for its separator to be named there.
_EXCEL_LINE: Final = 100
#: Characters that are read where quotes are never closed.
_SOME: Final = 4096


def read(text: DecodedFile, options: ReadingOptions) -> Content:
    """Find separator and header.

    Raises:
        ManifestError: there is no header, or it cannot be trusted.
        OSError: the file cannot be read.
    """
    csv.field_size_limit(LONGEST_CELL)
    separator, header, addresses = _layout(text, options)

    def blocks() -> Iterator[Block]:
        with text.open_lines(newline="") as stream:
            yield from RecordReader(text.source.name, stream, separator, addresses).blocks(header)

    form = (_SPOKEN[separator], header.place("line"), header.note, text.note)
    return Content(", ".join(filter(None, form)), header.names, blocks)


# Which separator ------------------------------------------------------------------------------


def _layout(text: DecodedFile, options: ReadingOptions) -> tuple[str, Header, frozenset[int]]:
    """The separator that makes most sense of the first records; header and address columns then."""
    name = text.source.name
    said = EXCEL_SEPARATOR.match(text.start(_EXCEL_LINE))
    separators = [said[1]] if said and said[1] in _SPOKEN else list(_SPOKEN)
    samples = {separator: _sample(text, separator) for separator in separators}

    def sense(separator: str) -> _Sense:
        sample = samples[separator] or _cut(text, separator)
        return _sense(name, separator, sample, options)

    best = max(samples, key=sense)
    sample = samples[best] or list(_records(text, best))
    return best, find_header(name, sample, options), _address_columns(sample)


def _address_columns(sample: list[Record]) -> frozenset[int]:
    """Which columns hold addresses, by their positions."""
    found = Counter(
        at for _, cells, _ in sample for at, cell in enumerate(cells) if ADDRESS.match(cell)
    )
    return frozenset(at for at, count in found.items() if count > _HALF * (len(sample) - 1))


def _sample(text: DecodedFile, separator: str) -> list[Record]:
    """The first records; fewer where they make no sense any more."""
    sample: list[Record] = []
    with suppress(ManifestError):
        records = (record for record in _records(text, separator) if not is_blank(record[1]))
        sample.extend(islice(records, SAMPLE_RECORDS))
    return sample


def _cut(text: DecodedFile, separator: str) -> list[Record]:
    """The first lines, cut without regard to quotes, where those are never closed."""
    lines = text.start(_SOME).splitlines()[:SAMPLE_RECORDS]
    return [(number, line.split(separator), None) for number, line in enumerate(lines, 1)]


def _records(text: DecodedFile, separator: str) -> Iterator[Record]:
    with text.open_lines(newline="") as stream:
        yield from RecordReader(text.source.name, stream, separator).records()


class _Sense(NamedTuple):
    """How much sense the first records make under a separator; the greater, the more.

    Attributes:
        known: fields among the names of the header; one may be there by chance.
        kind: what the best column holds. A list of addresses must not be cut at the commas that
            some of them have: what is left of them ends in no file's name.
        splits: nearly all rows are as wide as the header, and wider than one cell.
        rows: how many cells of that column are of that kind.
        alike: the share of the rows that are as wide as the header.
        single: for one column, how little speaks for further ones.
        whole: how few rows have broken quotes.
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
        # Rows without a header, or a header that is broken.
        rows = [cells for _, cells, _ in sample]
        header = Header(tuple(rows[0]) if rows else (), 0, 0, evidence_of(rows))
    width = len(header.names)
    widths = [len(cells) for line, cells, _ in sample if line > header.line]
    alike = _share(widths, width.__eq__)
    known = header.known if header.known >= _SURE else 0
    is_evident = header.evidence.kind >= CellKind.PATH
    kind, count = header.evidence if is_evident else NO_EVIDENCE
    broken = sum(1 for _, _, fault in sample if fault) / max(1, len(sample))
    if width > 1:
        # Where the header lacks a name, or is broken, another separator may fit better.
        splits = (alike > _NEARLY_ALL or not widths) and not header.note and broken <= _HALF
        return _Sense(known, kind, splits, count, header.known + alike, 1, -broken)
    # A header with broken quotes is one all the same.
    headed = header.line or any(fault for _, _, fault in sample[:1])
    single = _HALF if separator == _NONE else 1 - alike
    fit = header.known + (0 if headed else _HALF)
    return _Sense(known, kind, splits=False, rows=count, alike=fit, single=single, whole=-broken)


def _share(widths: Sequence[int], fits: Callable[[int], bool]) -> float:
    return sum(map(fits, widths)) / max(1, len(widths))
