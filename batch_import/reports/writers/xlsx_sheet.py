"""A sheet of a workbook, written from top to bottom, and the formats of its cells.

Text stays text, even if it looks like a number or a formula. This module must not know what a sheet
is about.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from html import escape
from typing import Final

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from batch_import.models import Status

#: What a cell may hold.
Value = str | int | float | bool | datetime | date | time | timedelta

# Excel's limits (support.microsoft.com, "Excel specifications and limits").
LAST_ROW: Final = 1_048_575
MAX_CELL_LENGTH: Final = 32_767
MAX_LINK_LENGTH: Final = 2_079
#: Some versions of Excel show longer text in a cell with the format "text" as ####.
MAX_TEXT_FORMAT_LENGTH: Final = 255

MAX_DECIMALS: Final = 10

_CLICKABLE: Final = re.compile(r"https?://[^\s\"<>\x00-\x1f\x7f-\x9f\ufffe\uffff]+")
_MASK: Final = "***"
#: XlsxWriter's number of the paper.
_A4: Final = 9
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


class Styles:
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
        #: By digits behind the point: as many as the manifest has.
        self.decimal = [
            book.add_format({**plain, "num_format": f"0.{'0' * digits}" if digits else "0"})
            for digits in range(MAX_DECIMALS + 1)
        ]
        self.wrapped = book.add_format({**plain, "text_wrap": True})
        self.link = book.add_format({**plain, "font_color": "#1558B0", "underline": 1})
        self.title = book.add_format({"bold": True, "font_size": 16})
        self.bold = book.add_format({"bold": True, "bottom": 1, "bottom_color": "#26323D"})
        self.moment = book.add_format({**plain, "num_format": "yyyy-mm-dd hh:mm:ss"})
        self.day = book.add_format({**plain, "num_format": "yyyy-mm-dd"})
        self.status = {
            status: book.add_format({**plain, "font_color": text, "bg_color": back})
            for status, (text, back) in _COLOURS.items()
        }


class SheetWriter:
    """A sheet that is written from top to bottom.

    Args:
        links: maximum number of its cells that are links.

    Attributes:
        write_string, write_number: functions that write a cell: row, column, value, style.
    """

    def __init__(self, sheet: Worksheet, styles: Styles, links: int = 0) -> None:
        self.sheet = sheet
        self.styles = styles
        self.row = 0
        self._links = links
        self.write_string = _write_method(sheet, "write_string")
        self.write_number = _write_method(sheet, "write_number")

    def text(self, column: int, text: str, style: Format | None = None) -> None:
        """Write a text that stays text."""
        if text:
            plain = self.styles.text if len(text) <= MAX_TEXT_FORMAT_LENGTH else self.styles.long
            self.write_string(self.row, column, _fit_text(text), style or plain)

    def link(self, column: int, url: str) -> None:
        """Write a link; a text if the URL cannot be one."""
        if self._links and _can_be_link(url):
            self._links -= 1
            self.sheet.write_url(self.row, column, url, self.styles.link, url)
        else:
            self.text(column, url)

    def value(self, column: int, value: Value) -> None:
        """Write a value that a person wrote, with its type."""
        if isinstance(value, str):
            self.text(column, value)
        elif isinstance(value, bool):
            self.sheet.write_boolean(self.row, column, value)
        elif isinstance(value, int | float):
            self.number(column, value)
        elif isinstance(value, datetime):
            self.sheet.write_datetime(self.row, column, value, self.styles.moment)
        elif isinstance(value, date):
            day = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a sheet has no zone
            self.sheet.write_datetime(self.row, column, day, self.styles.day)
        else:
            self.text(column, str(value))

    def number(self, column: int, value: float) -> None:
        """Write a number that is a name or a count: left-aligned, without a number format."""
        self.write_number(self.row, column, value, self.styles.number)

    def decimal(self, column: int, value: float, decimals: int) -> None:
        """Write a number with a fixed number of decimals."""
        self.write_number(self.row, column, value, self.styles.decimal[decimals])

    def write_header(self, columns: Sequence[tuple[str, float]]) -> None:
        """Write the first row, which stays visible, and set the widths of the columns."""
        self.sheet.set_row(0, 20)
        self.sheet.freeze_panes(1, 0)
        for column, (heading, width) in enumerate(columns):
            self.sheet.set_column(column, column, width)
            self.text(column, heading, self.styles.heading)
        self.row = 1

    def finish_table(self, width: int) -> None:
        """Set what depends on the number of rows."""
        self.sheet.autofilter(0, 0, max(1, self.row - 1), max(0, width - 1))
        # Ids of digits are text on purpose; Excel need not point at each.
        self.sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{LAST_ROW + 1}"})
        self.sheet.set_landscape()
        self.sheet.set_paper(_A4)
        self.sheet.set_margins(left=0.4, right=0.4, top=0.4, bottom=0.6)
        self.sheet.set_footer("&L&A&RPage &P of &N")
        self.sheet.repeat_rows(0)
        self.sheet.fit_to_pages(1, 0)


def _write_method(sheet: Worksheet, name: str) -> Callable[..., object]:
    """Returns a method that writes a cell, without the check for names such as "A1".

    That check would take a tenth of the time of all writing.
    """
    method = getattr(type(sheet), name)
    return partial(getattr(method, "__wrapped__", method), sheet)


def _can_be_link(url: str) -> bool:
    if _MASK in url or len(url) > MAX_LINK_LENGTH:
        return False
    return _CLICKABLE.fullmatch(url) is not None


def _fit_text(text: str) -> str:
    """Returns a text in the form that a cell can hold."""
    if len(text) > MAX_CELL_LENGTH // 2:
        text = _truncate(text)
    if text.startswith("<r>") and text.endswith("</r>"):
        # XlsxWriter takes such text for markup of its own, so it gets just that.
        return f'<r><t xml:space="preserve">{escape(text, quote=False)}</t></r>'
    return text


def _truncate(text: str) -> str:
    units = text.encode("utf-16-le")  # Excel counts UTF-16 code units
    if len(units) <= 2 * MAX_CELL_LENGTH:
        return text
    return units[: 2 * (MAX_CELL_LENGTH - 1)].decode("utf-16-le", "ignore") + "…"
