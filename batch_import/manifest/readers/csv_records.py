"""Parse the lines of separated text into records, and recover from invalid quotes.

This module must not know the names of the header, nor how the separator was detected.
"""

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice, repeat
from operator import itemgetter
from typing import Final, NamedTuple, TextIO

from batch_import.errors import ManifestError
from batch_import.manifest.columns.header import Header
from batch_import.manifest.columns.values import CellKind, kind_of
from batch_import.manifest.extensions import extension_of
from batch_import.manifest.readers.record import (
    BLOCK_RECORDS,
    Block,
    Record,
    RecordFault,
    make_block,
)

#: Maximum length of a cell, in characters. After a quote that is never closed, the rest of the file
#: would be one cell.
MAX_CELL_LENGTH: Final = 1 << 22
#: Excel's notation for the separator, on the first line.
EXCEL_SEPARATOR_LINE: Final = re.compile(r'"?sep=(.)"?[\r\n]+')
URL_START: Final = re.compile(r"\s*[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_LONGEST_VALUE: Final = 200
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
#: Maximum number of cells in a row before the header is known.
_NARROW: Final = 2


class RowLayout(NamedTuple):
    """What all rows of a file have in common.

    Attributes:
        width: number of cells in a row.
        url_column: position of the column of URLs, from 0; None if no column has URLs.
    """

    width: int
    url_column: int | None


class _Lines(Iterator[str]):
    """An iterator over the physical lines of a file. Lines can be pushed back.

    Attributes:
        number: number of the last line that was returned, from 1.
        taken: the lines that were returned one by one since this list was cleared.
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
        """Return several lines at once; none at the end of the file."""
        lines = [self._back.popleft() for _ in range(min(count, len(self._back)))]
        lines += islice(self._stream, count - len(lines))
        self.number += len(lines)
        return lines

    def give_back(self, lines: Sequence[str]) -> None:
        """Push back the last returned lines: they are returned again."""
        self._back.extendleft(reversed(lines))
        self.number -= len(lines)


class RecordReader:
    """Parses one open file: record by record, or many lines at once if they have no quotes."""

    def __init__(
        self, name: str, stream: TextIO, separator: str, layout: RowLayout | None = None
    ) -> None:
        self._name = name
        self._layout = layout
        #: A quote was not closed; therefore a later quote may be its end.
        self._read_again = False
        self._separator = separator
        self._lines = _Lines(stream)
        self._width: int | None = None
        self._read = partial(csv.reader, delimiter=separator)
        self._strict = self._read(self._lines, strict=True)
        self._escaped = self._read(self._lines, strict=True, escapechar="\\")

    def blocks(self, header: Header) -> Iterator[Block]:
        """Yield all records after the header."""
        while self._lines.number < header.line:
            self._record()
        self._width = width = len(header.names)
        while lines := self._lines.many(BLOCK_RECORDS):
            if any(map(str.strip, lines)):
                yield self._simple(lines, width) or self._careful(lines, width)

    def records(self) -> Iterator[Record]:
        """Yield all records one by one."""
        while record := self._record():
            yield record

    def _simple(self, lines: list[str], width: int) -> Block | None:
        """Parse many lines at once, if each is one record and as wide as the header."""
        columns = self._unquoted(lines, width) or self._quoted(lines, width)
        if not columns:
            return None
        first = columns[0]
        if not all(map(str.strip, first)) or "#" in map(itemgetter(0), first):
            return None  # blank, or a comment
        return Block(range(self._lines.number - len(lines) + 1, self._lines.number + 1), columns)

    def _unquoted(self, lines: list[str], width: int) -> list[list[str]] | None:
        """Split lines at the separators, which takes half the time of `csv`."""
        text = "".join(lines)
        if '"' in text or set(map(str.count, lines, repeat(self._separator))) != {width - 1}:
            return None
        # A line has one end, whichever of the three it is.
        without_ends = map(str.rstrip, lines, repeat("\r\n"))
        cells = self._separator.join(without_ends).split(self._separator)
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

        return make_block(records(), width)

    def _record(self) -> Record | None:
        """Parse one record; None at the end of the file.

        A record with invalid quotes gets a `RecordFault`, and cells that are a best guess. Parsing
        continues after it.

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
        if start == 1 and EXCEL_SEPARATOR_LINE.fullmatch(self._lines.taken[0]):
            cells = []
        if self._width not in (None, len(cells)):
            cells = self._with_backslashes() or cells
        if len(self._lines.taken) > 1 and self._swallows_rows(cells):
            return self._opened(start)
        return start, cells, None

    def _swallows_rows(self, cells: Sequence[str]) -> bool:
        """Whether a record whose quotes are valid still looks like several rows.

        A text of several lines is valid CSV. Therefore the quote is invalid only if the lines can
        also be read without it: the lines before one line are a row, and that line is a row too.
        """
        if self._layout is None:
            return False
        is_whole = len(cells) == self._layout.width
        lines = self._lines.taken
        urls = [self._url_of_row(line, is_whole=is_whole) for line in lines]
        rows = [at for at, url in enumerate(urls) if url and at]
        # Only two, because the lines before a line may be very many.
        before = [
            self._url_of_row(*lines[:at], is_whole=is_whole) for at in {*rows[:1], *rows[-1:]}
        ]
        # A text beside the URL of a file may contain the URL of a page.
        kind = max((kind_of(urls[at]) for at in rows), default=CellKind.BLANK)
        return any(url and kind >= kind_of(url) for url in before)

    def _contains_rows(self) -> bool:
        """Whether a later line of a record with invalid quotes looks like a row."""
        lines = self._lines.taken[1:]
        return any(self._url_of_row(line, is_whole=False) for line in lines)

    def _split(self, *lines: str) -> list[str]:
        """Split lines into cells as if a quote that is not closed at their end were not there."""
        cells = next(self._read(lines), [])
        if sum(line.count('"') for line in lines) % 2:
            cells[-1:] = cells[-1].split(self._separator)
        return cells

    def _url_of_row(self, *lines: str, is_whole: bool) -> str:
        """The URL of lines that look like one row; empty if they do not.

        Args:
            is_whole: whether a row must have a cell for every column. Otherwise the last cells may
                be missing, if the URL ends in the extension of a video.
        """
        if not any("://" in line for line in lines):
            return ""
        cells = self._split(*lines)
        width, url_column = self._layout or (_NARROW, None)
        urls = cells if url_column is None else cells[url_column : url_column + 1]
        url = next(filter(URL_START.match, urls), "").strip()
        is_short = not is_whole and len(cells) > 1 and extension_of(url)
        return url if len(cells) >= width or is_short else ""

    def _opened(self, start: int) -> Record:
        """End a record that swallowed rows after its first line. The others are parsed again."""
        first, *others = self._lines.taken
        end = self._lines.number
        self._lines.give_back(others)
        self._read_again = True
        taken = f"line {end}" if len(others) == 1 else f"lines {start + 1} to {end}"
        fault = RecordFault(
            "quoting",
            f"a quote is opened here that takes in {taken}, which look like rows of their own",
            first.rstrip("\r\n")[:_LONGEST_VALUE],
            'Close the quote, or take it out; a quote inside of quotes is written twice ("").',
        )
        return start, next(self._read([first]), []), fault

    def _with_backslashes(self) -> list[str] | None:
        """Parse the last record again with backslash escapes, as some programs write quotes.

        The result is used only if it is valid. Otherwise a backslash is an ordinary character.
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
        """Parse an invalid record again in lenient mode.

        The strict and the lenient parser agree up to the invalid character. Therefore the lenient
        parser finds exactly one record in these lines.
        """
        lines = self._lines.taken
        if len(lines) > 1 and self._contains_rows():
            return self._opened(start)
        if "field limit" in str(error):
            raise self._unclosed("has a row without end; it began", start)
        cells = next(self._read(lines))
        text = "".join(lines)
        if "end of data" in str(error):
            # The cell with the open quote is the last one; the lines before belong to other cells.
            opened = start + _line_ends(text) - _line_ends(cells[-1])
            if not self._read_again:
                raise self._unclosed("ends inside quotes that were opened", opened)
        span = f"; lines {start} to {self._lines.number} were taken for one row"
        fault = RecordFault(
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
