"""The results as a workbook for people: all videos, what needs attention, and a summary.

Written row by row, so that memory does not grow with the rows. Text is always text, whatever it
looks like. This file must not know what the table means.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from batch_import.addresses.masking import mask
from batch_import.files import replacing_bytes
from batch_import.models import Record, Status
from batch_import.reports import HINT
from batch_import.reports.labels import ATTENTION, STATUSES, advice
from batch_import.reports.manual_columns import COLUMNS, SUMMARY, VIDEOS, Added, Value, added
from batch_import.reports.summary import About, Summary
from batch_import.reports.table import Table, note

# Excel's limits (support.microsoft.com, "Excel specifications and limits").
LAST_ROW: Final = 1_048_575
LONGEST_CELL: Final = 32_767
LONGEST_LINK: Final = 2_079
#: Longer text in a cell of the type text is shown as #### by some versions.
LONGEST_TYPED: Final = 255
#: Cells of a sheet that can be clicked. Excel's limit is 65,530; XlsxWriter keeps them until the
#: workbook is closed, about a kilobyte each, and memory must not grow with the rows.
LINKS: Final = 2_000

_NEEDS_ATTENTION: Final = "Needs attention"
_ATTENTION_COLUMNS: Final = (
    ("line", 7), ("referenceId", 24), ("filename", 36), ("status", 12), ("What is wrong", 60),
    ("What to do", 60), ("sourceUrl", 50),
)  # fmt: skip
#: Characters that surely fit into a line of the two long ones.
_A_LINE: Final = 52
#: Width in characters; a column that is not here gets `_WIDTH`.
_WIDTHS: Final = {
    "line": 7, "status": 13, "error": 40, "referenceId": 24, "filename": 36, "sourceUrl": 44,
    "extension": 10, "embedUrl": 44, "embedCode": 40, "title": 36, "duration": 10,
}  # fmt: skip
_WIDTH: Final = 20
_CLICKABLE: Final = re.compile(r"https?://[^\s\"<>\x00-\x1f\x7f-\x9f\ufffe\uffff]+")
_MASKED: Final = "***"
#: Text and background of a status.
_COLOURS: Final = {
    Status.IMPORTED: ("#0B5D33", "#DDF3E4"),
    Status.PROCESSING: ("#174A8C", "#DFEBFA"),
    Status.CREATING: ("#174A8C", "#DFEBFA"),
    Status.PENDING: ("#4A5560", "#EEF1F4"),
    Status.UNKNOWN: ("#7A4B00", "#FCEFCF"),
    Status.FAILED: ("#9B1C1C", "#FBE3E1"),
    Status.INVALID: ("#8A3A0A", "#FCE8D9"),
    Status.SKIPPED: ("#4A5560", "#EEF1F4"),
}


def write_xlsx(
    path: Path,
    table: Table,
    records: Iterable[Record],
    rows: int,
    about: About,
    by_hand: Added | None = None,
) -> None:
    """Write the workbook, in place of what was there; columns that people added to that stay.

    Args:
        rows: how many records there are, about.
        by_hand: what people added, where that is known already.

    Raises:
        StateError: it cannot be written, or an earlier copy not be read; that is untouched.
    """
    by_hand = added(path, table) if by_hand is None else by_hand
    with replacing_bytes(path, HINT) as file, _workbook(file) as book:
        styles = _Styles(book)
        summary = Summary()
        videos = _Videos(book.add_worksheet(VIDEOS), table, by_hand, styles, rows)
        attention = _Attention(book.add_worksheet(_NEEDS_ATTENTION), styles)
        for record in summary.watch(records):
            videos.write(record)
            attention.write(record)
        videos.finish()
        attention.finish()
        _write_summary(book.add_worksheet(SUMMARY), styles, table, summary, about)


@contextmanager
def _workbook(file: BinaryIO) -> Iterator[Workbook]:
    """A workbook that leaves nothing behind, whatever happens.

    Raises:
        OSError: it cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="batch-import-") as folder:
        output: Any = _Output(file)
        book = xlsxwriter.Workbook(output, {"constant_memory": True, "tmpdir": folder})
        book.set_properties({"title": "Import results"})
        try:
            yield book
            book.close()
        except XlsxWriterException as error:
            cause = error.args[0] if error.args else None
            raise cause if isinstance(cause, OSError) else OSError(str(error)) from None
        finally:
            # Each sheet has a file of its own there, which must be closed to be removed.
            handles: list[Any] = [sheet.row_data_fh for sheet in book.worksheets()]
            for handle in handles:
                handle.close()


class _Output:
    """A file for XlsxWriter's ZIP writer; after an error, what it still writes goes nowhere.

    For it goes on writing when it is thrown away, and Python would show that error on stderr.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, part: bytes) -> int:
        with self._ending():
            return self._file.write(part)

    def seek(self, offset: int, whence: int = 0) -> int:
        with self._ending():
            return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        with self._ending():
            self._file.flush()

    @contextmanager
    def _ending(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self._file = BytesIO()
            raise


class _Styles:
    """The cell formats of the workbook."""

    def __init__(self, book: Workbook) -> None:
        plain = {"valign": "top"}
        self.heading = book.add_format(
            {"bold": True, "font_color": "#FFFFFF", "bg_color": "#26323D", "valign": "vcenter"}
        )
        #: "@" is Excel's text: what somebody types over such a cell stays text, too.
        self.text = book.add_format({**plain, "num_format": "@"})
        self.long = book.add_format(plain)
        self.number = book.add_format({**plain, "align": "left"})
        self.wrapped = book.add_format({**plain, "text_wrap": True})
        self.link = book.add_format({**plain, "font_color": "#1558B0", "underline": 1})
        self.title = book.add_format({"bold": True, "font_size": 16})
        self.bold = book.add_format({"bold": True, "bottom": 1, "bottom_color": "#26323D"})
        self.moment = book.add_format({**plain, "num_format": "yyyy-mm-dd hh:mm"})
        self.day = book.add_format({**plain, "num_format": "yyyy-mm-dd"})
        self.status = {
            status: book.add_format({**plain, "font_color": text, "bg_color": back})
            for status, (text, back) in _COLOURS.items()
        }


class _Sheet:
    """One sheet, written from top to bottom."""

    def __init__(self, sheet: Worksheet, styles: _Styles) -> None:
        self.sheet = sheet
        self.styles = styles
        self.row = 0
        self._links = LINKS

    def text(self, column: int, text: str, style: Format | None = None) -> None:
        """Write text that stays text."""
        if text:
            plain = self.styles.text if len(text) <= LONGEST_TYPED else self.styles.long
            self.sheet.write_string(self.row, column, _fitting(text), style or plain)

    def link(self, column: int, url: str) -> None:
        """Write a link, or text where it cannot be one."""
        if self._links and _can_be_link(url):
            self._links -= 1
            self.sheet.write_url(self.row, column, url, self.styles.link, url)
        else:
            self.text(column, url)

    def value(self, column: int, value: Value) -> None:
        """Write what somebody else wrote, as what it was."""
        if isinstance(value, str):
            self.text(column, value)
        elif isinstance(value, bool):
            self.sheet.write_boolean(self.row, column, value)
        elif isinstance(value, int | float):
            self.sheet.write_number(self.row, column, value, self.styles.number)
        elif isinstance(value, datetime):
            self.sheet.write_datetime(self.row, column, value, self.styles.moment)
        elif isinstance(value, date):
            day = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a sheet has no zone
            self.sheet.write_datetime(self.row, column, day, self.styles.day)
        else:
            self.text(column, str(value))

    def head(self, columns: Sequence[tuple[str, float]]) -> None:
        """Write the first row, which stays in sight, and set the widths."""
        self.sheet.set_row(0, 20)
        self.sheet.freeze_panes(1, 0)
        for column, (heading, width) in enumerate(columns):
            self.sheet.set_column(column, column, width)
            self.text(column, heading, self.styles.heading)
        self.row = 1

    def foot(self, width: int) -> None:
        """What can be said only when all rows are there."""
        self.sheet.autofilter(0, 0, max(1, self.row - 1), max(0, width - 1))
        # Ids of digits are text on purpose; Excel need not point at each.
        self.sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{LAST_ROW + 1}"})
        self.sheet.set_landscape()
        self.sheet.repeat_rows(0)


class _Videos(_Sheet):
    """The results table, and what people added to it."""

    def __init__(
        self, sheet: Worksheet, table: Table, by_hand: Added, styles: _Styles, rows: int
    ) -> None:
        super().__init__(sheet, styles)
        self._table = table
        self._names = [column.name for column in table.columns]
        self._width = len(table.columns) + len(by_hand.headings)
        self._by_hand = by_hand.rows()
        # Each row may have a link to its embed page; what is left over goes to the sources.
        self._source_links = max(0, LINKS - rows)
        widths = [_WIDTHS.get(name, _WIDTH) for name in self._names]
        own = list(zip(table.header, widths, strict=True))
        self.head([*own, *((heading, _WIDTH) for heading in by_hand.headings)])

    def write(self, record: Record) -> None:
        if self.row > LAST_ROW:
            return
        cells = self._table.line(record)
        for column, (name, text) in enumerate(zip(self._names, cells, strict=True)):
            if text:
                self._write_cell(column, name, text, record)
        by_hand = self._by_hand.of(record.reference_id)
        for column, value in enumerate(by_hand, len(cells)):
            self.value(column, value)
        self.row += 1

    def _write_cell(self, column: int, name: str, text: str, record: Record) -> None:
        match name:
            case "line":
                self.value(column, record.line)
            case "status":
                label = STATUSES[record.status].label
                self.text(column, label, self.styles.status[record.status])
            case "embedUrl":
                self.link(column, text)
            case "sourceUrl" if self._source_links:
                self._source_links -= 1
                self.link(column, text)
            case _:
                self.text(column, text)

    def finish(self) -> None:
        self.foot(self._width)


class _Attention(_Sheet):
    """Rows that somebody has to look at: why, and what to do."""

    def __init__(self, sheet: Worksheet, styles: _Styles) -> None:
        super().__init__(sheet, styles)
        self.head(_ATTENTION_COLUMNS)

    def write(self, record: Record) -> None:
        if record.status not in ATTENTION or self.row > LAST_ROW:
            return
        reason = mask(note(record))
        todo = advice(record.status, record.codes)
        # LibreOffice does not find out by itself how high wrapped text is.
        lines = max(len(reason), len(todo)) // _A_LINE + 1
        self.sheet.set_row(self.row, min(15 * lines, 400))
        self.value(0, record.line)
        self.text(1, record.reference_id)
        self.text(2, mask(record.filename))
        self.text(3, STATUSES[record.status].label, self.styles.status[record.status])
        self.text(4, reason, self.styles.wrapped)
        self.text(5, todo, self.styles.wrapped)
        self.link(6, mask(record.source_url))
        self.row += 1

    def finish(self) -> None:
        if self.row == 1:
            self.text(0, "Nothing needs attention.", self.styles.long)
        self.foot(len(_ATTENTION_COLUMNS))
        self.sheet.fit_to_pages(1, 0)


def _write_summary(
    sheet: Worksheet, styles: _Styles, table: Table, summary: Summary, about: About
) -> None:
    page = _Sheet(sheet, styles)
    sheet.set_column(0, 0, 72)
    sheet.set_column(1, 1, 20)
    sheet.set_column(2, 2, 60)
    sheet.fit_to_pages(1, 0)
    page.text(0, f"Import of {about.name}", styles.title)
    page.row = 1
    page.text(0, f"As of {_moment(about.written)}")
    page.row = 2
    if summary.total > LAST_ROW:
        page.text(0, f"A sheet holds {LAST_ROW:,} videos. All of them are in results.csv.")
    page.row = 3
    _block(page, ("Status", "Videos", "Meaning"), _status_lines(summary))
    _block(page, ("What went wrong", "Videos", "Source host"), _cause_lines(summary))
    page.text(0, COLUMNS, styles.bold)
    page.row += 1
    _block(
        page,
        ("Heading", "Name", "Holds"),
        [(column.heading, column.name, column.meaning) for column in table.columns],
    )


def _block(page: _Sheet, header: Sequence[str], lines: Iterable[Sequence[str | int]]) -> None:
    """A small table with a blank line below it."""
    for column, text in enumerate(header):
        page.text(column, text, page.styles.bold)
    for line in lines:
        page.row += 1
        for column, cell in enumerate(line):
            page.value(column, cell)
    page.row += 2


def _status_lines(summary: Summary) -> Iterator[tuple[str, int, str]]:
    for status, words in STATUSES.items():
        if summary.counts[status]:
            yield words.label, summary.counts[status], words.meaning
    yield "All", summary.total, ""


def _cause_lines(summary: Summary) -> list[tuple[str, int, str]]:
    return [(cause.reason, count, cause.host) for cause, count in summary.worst()]


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def _can_be_link(url: str) -> bool:
    if _MASKED in url or len(url) > LONGEST_LINK:
        return False
    return _CLICKABLE.fullmatch(url) is not None


def _fitting(text: str) -> str:
    """Text as one cell takes it."""
    if len(text) > LONGEST_CELL // 2:
        text = _cut(text)
    if text.startswith("<r>") and text.endswith("</r>"):
        # XlsxWriter takes such text for markup of its own, so it gets just that.
        return f'<r><t xml:space="preserve">{escape(text, quote=False)}</t></r>'
    return text


def _cut(text: str) -> str:
    units = text.encode("utf-16-le")  # Excel counts in these
    if len(units) <= 2 * LONGEST_CELL:
        return text
    return units[: 2 * (LONGEST_CELL - 1)].decode("utf-16-le", "ignore") + "…"
