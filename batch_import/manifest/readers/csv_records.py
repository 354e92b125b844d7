"""Parse the lines of separated text into records, and recover from invalid quotes.

A record may have several lines, if a line end is inside quotes. Therefore a quote that is not
closed joins the rows after it to one record, up to the next quote. This module must not know the
names of the header, nor how the separator was detected.
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
#: Maximum length of the text of a record in a problem, in characters.
_MAX_VALUE_LENGTH: Final = 200
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
#: Minimum number of cells of a line that looks like a row, before the header is known.
_MIN_ROW_CELLS: Final = 2


class RowLayout(NamedTuple):
    """The layout that all rows of a file have in common.

    Attributes:
        width: number of cells in a row.
        url_column: position of the column of URLs, from 0; None if no column has URLs.
    """

    width: int
    url_column: int | None


class _Lines(Iterator[str]):
    """An iterator over the physical lines of a file. Lines can be pushed back.

    Attributes:
        number: number of the last line that was returned, from 1; 0 before the first line.
        of_record: the lines that `next` returned since the caller cleared this list: the lines of
            the current record.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._pushed_back: deque[str] = deque()
        self.number = 0
        self.of_record: list[str] = []

    def __next__(self) -> str:
        line = self._pushed_back.popleft() if self._pushed_back else next(self._stream)
        self.number += 1
        self.of_record.append(line)
        return line

    def read_many(self, count: int) -> list[str]:
        """Return up to `count` lines at once; an empty list at the end of the file."""
        lines = [self._pushed_back.popleft() for _ in range(min(count, len(self._pushed_back)))]
        lines += islice(self._stream, count - len(lines))
        self.number += len(lines)
        return lines

    def push_back(self, lines: Sequence[str]) -> None:
        """Push back the last returned lines. They are the next to be returned again."""
        self._pushed_back.extendleft(reversed(lines))
        self.number -= len(lines)


class RecordReader:
    """Parses one open file: many lines at once if that is possible, otherwise record by record.

    Args:
        name: name of the manifest, for messages.
        stream: the open file, with unchanged line ends.
        separator: the character between cells.
        layout: the layout of the rows; None as long as it is not known.
    """

    def __init__(
        self, name: str, stream: TextIO, separator: str, layout: RowLayout | None = None
    ) -> None:
        self._name = name
        self._layout = layout
        #: Whether a quote was not closed; then a later quote may be the end of it.
        self._has_unclosed_quote = False
        self._separator = separator
        self._lines = _Lines(stream)
        #: Number of columns; None until the header was read.
        self._width: int | None = None
        self._csv_reader = partial(csv.reader, delimiter=separator)
        self._strict_records = self._csv_reader(self._lines, strict=True)
        self._escaped_records = self._csv_reader(self._lines, strict=True, escapechar="\\")

    def blocks(self, header: Header) -> Iterator[Block]:
        """Yield all records after the header."""
        while self._lines.number < header.line:
            self._next_record()
        self._width = width = len(header.names)
        while lines := self._lines.read_many(BLOCK_RECORDS):
            if any(map(str.strip, lines)):
                yield self._parse_together(lines, width) or self._parse_one_by_one(lines, width)

    def records(self) -> Iterator[Record]:
        """Yield all records one by one."""
        while record := self._next_record():
            yield record

    # Many lines at once -----------------------------------------------------------------------

    def _parse_together(self, lines: list[str], width: int) -> Block | None:
        """Return lines as one block; None unless each is a row that is as wide as the header."""
        columns = self._split_unquoted(lines, width) or self._split_quoted(lines, width)
        if not columns:
            return None
        first_column = columns[0]
        has_blank_cells = not all(map(str.strip, first_column))
        if has_blank_cells or "#" in map(itemgetter(0), first_column):
            return None  # a row may be blank, or a comment
        last_line = self._lines.number
        return Block(range(last_line - len(lines) + 1, last_line + 1), columns)

    def _split_unquoted(self, lines: list[str], width: int) -> list[list[str]] | None:
        """Split lines without quotes at the separators, which takes half the time of `csv`."""
        text = "".join(lines)
        if '"' in text or set(map(str.count, lines, repeat(self._separator))) != {width - 1}:
            return None
        without_line_ends = map(str.rstrip, lines, repeat("\r\n"))
        cells = self._separator.join(without_line_ends).split(self._separator)
        return [cells[position::width] for position in range(width)]

    def _split_quoted(self, lines: list[str], width: int) -> list[tuple[str, ...]] | None:
        try:
            rows = list(self._csv_reader(lines, strict=True))
        except csv.Error:
            return None
        if len(rows) != len(lines) or {len(cells) for cells in rows} != {width}:
            return None
        return list(zip(*rows, strict=True))

    # One record after another -----------------------------------------------------------------

    def _parse_one_by_one(self, lines: list[str], width: int) -> Block:
        last_line = self._lines.number
        self._lines.push_back(lines)

        def records() -> Iterator[Record]:
            while self._lines.number < last_line and (record := self._next_record()):
                yield record

        return make_block(records(), width)

    def _next_record(self) -> Record | None:
        """Parse one record; None at the end of the file.

        A record with invalid quotes gets a `RecordFault`, and cells that are a best guess. Parsing
        continues with the next record.

        Raises:
            ManifestError: a quote is not closed before the file ends.
        """
        self._lines.of_record.clear()
        start = self._lines.number + 1
        try:
            cells = next(self._strict_records)
        except StopIteration:
            return None
        except csv.Error as error:
            escaped_cells = self._parse_with_backslashes()
            if escaped_cells:
                return start, escaped_cells, None
            return self._invalid_record(start, error)
        if start == 1 and EXCEL_SEPARATOR_LINE.fullmatch(self._lines.of_record[0]):
            cells = []
        if self._width is not None and self._width != len(cells):
            cells = self._parse_with_backslashes() or cells
        if len(self._lines.of_record) > 1 and self._has_joined_rows(cells):
            return self._end_after_first_line(start)
        return start, cells, None

    def _has_joined_rows(self, cells: Sequence[str]) -> bool:
        """Whether the current record, whose quotes are valid, still looks like several rows.

        A cell may have several lines. Therefore the record is several rows only if one of its lines
        looks like a row, and the lines before that line look like a row, too.
        """
        if self._layout is None:
            return False
        must_be_complete = len(cells) == self._layout.width
        lines = self._lines.of_record
        urls = [self._url_of_row(line, must_be_complete=must_be_complete) for line in lines]
        row_starts = [index for index, url in enumerate(urls) if url and index > 0]
        # Only the first and the last are checked, because the lines before may be very many.
        urls_before = [
            self._url_of_row(*lines[:index], must_be_complete=must_be_complete)
            for index in {*row_starts[:1], *row_starts[-1:]}
        ]
        # A text beside the URL of a file may contain the URL of a page.
        best_kind = max((kind_of(urls[index]) for index in row_starts), default=CellKind.BLANK)
        return any(url and best_kind >= kind_of(url) for url in urls_before)

    def _url_of_row(self, *lines: str, must_be_complete: bool) -> str:
        """Return the URL in lines that look like one row; empty if they do not.

        Args:
            lines: consecutive lines of the file.
            must_be_complete: whether a row must have a cell for every column. Otherwise the last
                cells may be missing, if the URL ends in the extension of a video.
        """
        if not any("://" in line for line in lines):
            return ""
        cells = self._split_leniently(*lines)
        width, url_column = self._layout or (_MIN_ROW_CELLS, None)
        candidates = cells if url_column is None else cells[url_column : url_column + 1]
        url = next(filter(URL_START.match, candidates), "").strip()
        is_row_without_last_cells = not must_be_complete and len(cells) > 1 and extension_of(url)
        return url if len(cells) >= width or is_row_without_last_cells else ""

    def _split_leniently(self, *lines: str) -> list[str]:
        """Split lines into cells, and ignore a quote that is not closed at the end of the lines."""
        cells = next(self._csv_reader(lines), [])
        has_open_quote = sum(line.count('"') for line in lines) % 2 == 1
        if has_open_quote:  # the last cell is the rest of the lines
            cells[-1:] = cells[-1].split(self._separator)
        return cells

    def _end_after_first_line(self, start: int) -> Record:
        """End a record that has joined rows after its first line. The others are parsed again."""
        first_line, *other_lines = self._lines.of_record
        end = self._lines.number
        self._lines.push_back(other_lines)
        self._has_unclosed_quote = True
        joined = f"line {end}" if len(other_lines) == 1 else f"lines {start + 1} to {end}"
        fault = RecordFault(
            "quoting",
            f"a quote is opened here that takes in {joined}, which look like rows of their own",
            first_line.rstrip("\r\n")[:_MAX_VALUE_LENGTH],
            'Close the quote, or take it out; a quote inside of quotes is written twice ("").',
        )
        return start, next(self._csv_reader([first_line]), []), fault

    def _parse_with_backslashes(self) -> list[str] | None:
        """Parse the current record again with backslash escapes, as some programs write quotes.

        Returns:
            The cells; None if the result is not valid. Then a backslash is an ordinary character.
        """
        lines = self._lines.of_record.copy()
        if not any('\\"' in line for line in lines):
            return None
        self._rewind_record()
        try:
            cells = next(self._escaped_records)
        except (csv.Error, StopIteration):
            cells = []
        if cells and self._width in (None, len(cells)):
            return cells
        # Restore the position after the record.
        self._rewind_record()
        for _ in lines:
            next(self._lines)
        return None

    def _rewind_record(self) -> None:
        """Push back the lines of the current record."""
        self._lines.push_back(self._lines.of_record)
        self._lines.of_record.clear()

    def _invalid_record(self, start: int, error: csv.Error) -> Record:
        """Parse an invalid record again in lenient mode.

        The strict and the lenient parser agree up to the invalid character. Therefore the lenient
        parser finds exactly one record in these lines.

        Args:
            start: line number of the record.
            error: the error of the strict parser.

        Raises:
            ManifestError: a quote is not closed before the file ends.
        """
        lines = self._lines.of_record
        if any(self._url_of_row(line, must_be_complete=False) for line in lines[1:]):
            return self._end_after_first_line(start)
        if "field limit" in str(error):
            raise self._unclosed_error("has a row without end; it began", start)
        cells = next(self._csv_reader(lines))
        text = "".join(lines)
        if "end of data" in str(error) and not self._has_unclosed_quote:
            # The cell with the open quote is the last one. The lines before are of other cells.
            quote_line = start + _count_line_ends(text) - _count_line_ends(cells[-1])
            raise self._unclosed_error("ends inside quotes that were opened", quote_line)
        span = f"; lines {start} to {self._lines.number} were taken for one row"
        fault = RecordFault(
            "quoting",
            f"the quotes of this row are broken{span if len(lines) > 1 else ''}",
            text.rstrip("\r\n")[:_MAX_VALUE_LENGTH],
            'Put the cell in quotes and write every quote inside of it twice ("").',
        )
        return start, cells, fault

    def _unclosed_error(self, description: str, line: int) -> ManifestError:
        return ManifestError(
            f"The manifest {self._name} {description} on line {line}.",
            'Close them; a quote inside of quotes is written twice ("").',
        )


def _count_line_ends(text: str) -> int:
    return sum(1 for _ in _LINE_END.finditer(text))
