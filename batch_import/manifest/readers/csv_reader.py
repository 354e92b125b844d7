"""Separated text → records: commas, semicolons, tabs, vertical bars, or one cell a line.

It must not know what a column means, or what a DataFrame is.

`csv` is used rather than pandas, because pandas drops or shifts cells of over-wide rows without
a word, and cannot tell on which line a row stands.
"""

import csv
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice, repeat
from operator import itemgetter
from typing import Final, NamedTuple, TextIO

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ManifestError
from batch_import.manifest.columns.header import (
    NO_EVIDENCE,
    SAMPLE_RECORDS,
    Header,
    evidence_of,
    find_header,
)
from batch_import.manifest.columns.values import Kind
from batch_import.manifest.readers.record import (
    BLOCK_RECORDS,
    Block,
    Content,
    Fault,
    Record,
    block_of,
    is_blank,
    is_comment,
)
from batch_import.manifest.readers.text import Text

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
#: Characters. Behind a quote that is never closed all that follows is one cell.
_LONGEST_CELL: Final = 1 << 22
_LONGEST_VALUE: Final = 200
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_EXCEL_LINE: Final = 100
_SOME: Final = 4096
#: Excel's own way to name the separator, on the first line.
_EXCEL_SAYS: Final = re.compile(r'"?sep=(.)"?[\r\n]+')


def read(text: Text, options: ReadingOptions) -> Content:
    """Find separator and header.

    Raises:
        ManifestError: there is no header, or it cannot be trusted.
        OSError: the file cannot be read.
    """
    csv.field_size_limit(_LONGEST_CELL)
    separator, header = _layout(text, options)

    def blocks() -> Iterator[Block]:
        with text.open_lines(newline="") as stream:
            yield from _Reader(text.source.name, stream, separator).blocks(header)

    form = (_SPOKEN[separator], header.place("line"), header.note, text.note)
    return Content(", ".join(filter(None, form)), header.names, blocks)


# Which separator ------------------------------------------------------------------------------


def _layout(text: Text, options: ReadingOptions) -> tuple[str, Header]:
    """The separator under which the first records make most sense, and the header then."""
    name = text.source.name
    said = _EXCEL_SAYS.match(text.start(_EXCEL_LINE))
    separators = [said[1]] if said and said[1] in _SPOKEN else list(_SPOKEN)
    samples = {separator: _sample(text, separator) for separator in separators}

    def sense(separator: str) -> _Sense:
        sample = samples[separator] or _cut(text, separator)
        return _sense(name, separator, sample, options)

    best = max(samples, key=sense)
    return best, find_header(name, samples[best] or list(_records(text, best)), options)


def _sample(text: Text, separator: str) -> list[Record]:
    """The first records; fewer where they make no sense any more."""
    sample: list[Record] = []
    with suppress(ManifestError):
        records = (record for record in _records(text, separator) if not is_blank(record[1]))
        sample.extend(islice(records, SAMPLE_RECORDS))
    return sample


def _cut(text: Text, separator: str) -> list[Record]:
    """The first lines, cut without regard to quotes, where those are never closed."""
    lines = text.start(_SOME).splitlines()[:SAMPLE_RECORDS]
    return [(number, line.split(separator), None) for number, line in enumerate(lines, 1)]


def _records(text: Text, separator: str) -> Iterator[Record]:
    with text.open_lines(newline="") as stream:
        yield from _Reader(text.source.name, stream, separator).records()


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
    """

    known: int
    kind: Kind
    splits: bool
    rows: int
    alike: float
    single: float


def _sense(name: str, separator: str, sample: list[Record], options: ReadingOptions) -> _Sense:
    if options.columns:
        widths = [len(cells) for _, cells, _ in sample if not is_comment(cells)]
        wanted = len(options.columns)
        alike, fits = _share(widths, wanted.__eq__), _share(widths, wanted.__le__)
        return _Sense(0, Kind.BLANK, alike > _NEARLY_ALL, 0, alike, fits)
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
    is_evident = header.evidence.kind >= Kind.PATH
    kind, count = header.evidence if is_evident else NO_EVIDENCE
    if width > 1:
        # Where the header lacks a name, or is broken, another separator may fit better.
        splits = (alike > _NEARLY_ALL or not widths) and not header.note and not _is_broken(sample)
        return _Sense(known, kind, splits, count, header.known + alike, 1)
    alike = 0 if header.line else _HALF
    single = _HALF if separator == _NONE else 1 - _share(widths, width.__eq__)
    return _Sense(known, kind, splits=False, rows=count, alike=header.known + alike, single=single)


def _is_broken(sample: Sequence[Record]) -> bool:
    return sum(1 for _, _, fault in sample if fault) > _HALF * len(sample)


def _share(widths: Sequence[int], fits: Callable[[int], bool]) -> float:
    return sum(map(fits, widths)) / max(1, len(widths))


# Reading --------------------------------------------------------------------------------------


class _Lines(Iterator[str]):
    """The physical lines of a file. Those that were handed out can be given back.

    Attributes:
        number: of the line that was handed out last, from 1.
        taken: the lines handed out one by one since this was cleared.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._back: deque[str] = deque()
        self.number = 0
        self.taken: list[str] = []

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else next(self._stream)
        self.number += 1
        self.taken.append(line)
        return line

    def many(self, count: int) -> list[str]:
        """Hand out some lines at once; none where the file ends."""
        lines = [self._back.popleft() for _ in range(min(count, len(self._back)))]
        lines += islice(self._stream, count - len(lines))
        self.number += len(lines)
        return lines

    def give_back(self, lines: Sequence[str]) -> None:
        """Take back the lines handed out last."""
        self._back.extendleft(reversed(lines))
        self.number -= len(lines)


class _Reader:
    """Reads one open file: record by record, or many lines at once where those are simple."""

    def __init__(self, name: str, stream: TextIO, separator: str) -> None:
        self._name = name
        self._separator = separator
        self._lines = _Lines(stream)
        self._width: int | None = None
        self._read = partial(csv.reader, delimiter=separator)
        self._strict = self._read(self._lines, strict=True)
        self._escaped = self._read(self._lines, strict=True, escapechar="\\")

    def blocks(self, header: Header) -> Iterator[Block]:
        """Read everything behind the header."""
        while self._lines.number < header.line:
            self._record()
        self._width = width = len(header.names)
        while lines := self._lines.many(BLOCK_RECORDS):
            if any(map(str.strip, lines)):
                yield self._simple(lines, width) or self._careful(lines, width)

    def records(self) -> Iterator[Record]:
        """Read everything, one by one."""
        while record := self._record():
            yield record

    def _simple(self, lines: list[str], width: int) -> Block | None:
        """Read lines that are a record each, all as wide as the header: most are."""
        columns = self._unquoted(lines, width) or self._quoted(lines, width)
        if not columns:
            return None
        first = columns[0]
        if not all(map(str.strip, first)) or "#" in map(itemgetter(0), first):
            return None  # blank, or a comment
        return Block(range(self._lines.number - len(lines) + 1, self._lines.number + 1), columns)

    def _unquoted(self, lines: list[str], width: int) -> list[list[str]] | None:
        """Cut lines at the separators: half the time of `csv`."""
        text = "".join(lines)
        if '"' in text or set(map(str.count, lines, repeat(self._separator))) != {width - 1}:
            return None
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        cells = text.removesuffix("\n").replace("\n", self._separator).split(self._separator)
        return [cells[position::width] for position in range(width)]

    def _quoted(self, lines: list[str], width: int) -> list[tuple[str, ...]] | None:
        try:
            rows = list(self._read(lines, strict=True))
        except csv.Error:
            return None
        if len(rows) != len(lines) or {len(cells) for cells in rows} != {width}:
            return None
        return list(zip(*rows, strict=True))

    def _careful(self, lines: list[str], width: int) -> Block:
        last = self._lines.number
        self._lines.give_back(lines)

        def records() -> Iterator[Record]:
            while self._lines.number < last and (record := self._record()):
                yield record

        return block_of(records(), width)

    def _record(self) -> Record | None:
        """Read one record; None where the file ends.

        A record that breaks the rules of quoting gets a `Fault` and its cells as well as they
        can be told; reading goes on behind it.

        Raises:
            ManifestError: a quote is not closed before the file ends.
        """
        self._lines.taken.clear()
        start = self._lines.number + 1
        try:
            cells = next(self._strict)
        except StopIteration:
            return None
        except csv.Error as error:
            escaped = self._with_backslashes()
            return (start, escaped, None) if escaped else self._broken(start, error)
        if start == 1 and _EXCEL_SAYS.fullmatch(self._lines.taken[0]):
            cells = []
        if self._width not in (None, len(cells)):
            cells = self._with_backslashes() or cells
        return start, cells, None

    def _with_backslashes(self) -> list[str] | None:
        """Read the last record again, as a program would have written it that escapes quotes.

        Only where that makes it right: elsewhere a backslash is a character like any other.
        """
        taken = self._lines.taken.copy()
        if not any('\\"' in line for line in taken):
            return None
        self._again()
        try:
            cells = next(self._escaped)
        except (csv.Error, StopIteration):
            cells = []
        if cells and self._width in (None, len(cells)):
            return cells
        self._again()
        for _ in taken:
            next(self._lines)
        return None

    def _again(self) -> None:
        self._lines.give_back(self._lines.taken)
        self._lines.taken.clear()

    def _broken(self, start: int, error: csv.Error) -> Record:
        """Read a refused record once more, leniently.

        The strict and the lenient reader agree up to the character that was refused, so the
        lenient one finds exactly one record in these lines.
        """
        lines = self._lines.taken
        if "field limit" in str(error):
            raise self._unclosed("has a row without end; it began", start)
        cells = next(self._read(lines))
        text = "".join(lines)
        if "end of data" in str(error):
            # The cell that was never closed is the last one; lines before it are other cells'.
            opened = start + _line_ends(text) - _line_ends(cells[-1])
            raise self._unclosed("ends inside quotes that were opened", opened)
        span = f"; lines {start} to {self._lines.number} were taken for one row"
        fault = Fault(
            "quoting",
            f"the quotes of this row are broken{span if len(lines) > 1 else ''}",
            text.rstrip("\r\n")[:_LONGEST_VALUE],
            'Put the cell in quotes and write every quote inside of it twice ("").',
        )
        return start, cells, fault

    def _unclosed(self, what: str, line: int) -> ManifestError:
        return ManifestError(
            f"The manifest {self._name} {what} on line {line}.",
            'Close them; a quote inside of quotes is written twice ("").',
        )


def _line_ends(text: str) -> int:
    return sum(1 for _ in _LINE_END.finditer(text))
