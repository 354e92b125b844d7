"""Writes a sheet of a workbook from top to bottom, and defines the formats of cells.

A text is written as text, even if it looks like a number or a formula. This module must not know
what a sheet contains.
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

#: The value of a cell.
Value = str | int | float | bool | datetime | date | time | timedelta

# Excel's limits (support.microsoft.com, "Excel specifications and limits"): the index of the last
# row, from 0, and numbers of characters.
LAST_ROW: Final = 1_048_575
#: Maximum number of rows below the headings, which are in the row with the index 0.
MAX_TABLE_ROWS: Final = LAST_ROW
MAX_CELL_LENGTH: Final = 32_767
MAX_LINK_LENGTH: Final = 2_079
#: Maximum number of characters in a cell with the format "text". Some versions of Excel show longer
#: text as ####.
MAX_TEXT_FORMAT_LENGTH: Final = 255
#: Maximum number of digits behind the decimal point.
MAX_DECIMALS: Final = 10

#: A URL that can be a hyperlink.
_CLICKABLE: Final = re.compile(r"https?://[^\s\"<>\x00-\x1f\x7f-\x9f\ufffe\uffff]+")
#: Part of a masked URL, which cannot be opened.
_MASK: Final = "***"
#: Number of the paper size A4 in XlsxWriter.
_A4: Final = 9
#: Colours of the text and of the background of each status.
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
        # "@" is Excel's format for text. A number that a person types into such a cell stays text.
        self.text = book.add_format({**plain, "num_format": "@"})
        #: For texts longer than `MAX_TEXT_FORMAT_LENGTH`.
        self.long_text = book.add_format(plain)
        self.number = book.add_format({**plain, "align": "left"})
        #: Formats of numbers, by the number of digits behind the decimal point.
        self.decimal = [
            book.add_format({**plain, "num_format": f"0.{'0' * digits}" if digits else "0"})
            for digits in range(MAX_DECIMALS + 1)
        ]
        self.wrapped = book.add_format({**plain, "text_wrap": True})
        self.link = book.add_format({**plain, "font_color": "#1558B0", "underline": 1})
        self.title = book.add_format({"bold": True, "font_size": 16})
        self.bold = book.add_format({"bold": True, "bottom": 1, "bottom_color": "#26323D"})
        self.date_time = book.add_format({**plain, "num_format": "yyyy-mm-dd hh:mm:ss"})
        self.date = book.add_format({**plain, "num_format": "yyyy-mm-dd"})
        self.status = {
            status: book.add_format({**plain, "font_color": text, "bg_color": back})
            for status, (text, back) in _COLOURS.items()
        }


class SheetWriter:
    """Writes a sheet from top to bottom. Its methods write into the current row.

    Args:
        sheet: the sheet.
        styles: the cell formats of the workbook.
        max_links: maximum number of cells that are hyperlinks.

    Attributes:
        row: index of the current row, from 0.
        write_string, write_number: functions that write a cell without checks. Their arguments are
            row, column, value and cell format.
    """

    def __init__(self, sheet: Worksheet, styles: Styles, max_links: int = 0) -> None:
        self.sheet = sheet
        self.styles = styles
        self.row = 0
        self._remaining_links = max_links
        self.write_string = _write_method(sheet, "write_string")
        self.write_number = _write_method(sheet, "write_number")

    def text(self, column: int, text: str, style: Format | None = None) -> None:
        """Write a text, unless it is empty. The default style is that of text."""
        if not text:
            return
        if style is None:
            is_long = len(text) > MAX_TEXT_FORMAT_LENGTH
            style = self.styles.long_text if is_long else self.styles.text
        self.write_string(self.row, column, _fit_text(text), style)

    def link(self, column: int, url: str) -> None:
        """Write a hyperlink; a text if the URL cannot be a link, or if there are too many links."""
        if self._remaining_links and _can_be_link(url):
            self._remaining_links -= 1
            self.sheet.write_url(self.row, column, url, self.styles.link, url)
        else:
            self.text(column, url)

    def value(self, column: int, value: Value) -> None:
        """Write a value with its type."""
        if isinstance(value, str):
            self.text(column, value)
        elif isinstance(value, bool):
            self.sheet.write_boolean(self.row, column, value)
        elif isinstance(value, int | float):
            self.number(column, value)
        elif isinstance(value, datetime):
            self.sheet.write_datetime(self.row, column, value, self.styles.date_time)
        elif isinstance(value, date):
            midnight = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - no time zone
            self.sheet.write_datetime(self.row, column, midnight, self.styles.date)
        else:
            self.text(column, str(value))

    def number(self, column: int, value: float) -> None:
        """Write a number such as a count: left-aligned, without a number format."""
        self.write_number(self.row, column, value, self.styles.number)

    def decimal(self, column: int, value: float, decimals: int) -> None:
        """Write a number with a fixed number of digits behind the decimal point."""
        self.write_number(self.row, column, value, self.styles.decimal[decimals])

    def write_header(self, columns: Sequence[tuple[str, float]]) -> None:
        """Write the first row, which stays visible, and set the widths of the columns.

        Args:
            columns: heading and width in characters of each column.
        """
        self.sheet.set_row(0, 20)
        self.sheet.freeze_panes(1, 0)
        for column, (heading, width) in enumerate(columns):
            self.sheet.set_column(column, column, width)
            self.text(column, heading, self.styles.heading)
        self.row = 1

    def finish_table(self, column_count: int) -> None:
        """Add filters to the headings, and set how the sheet is printed, after all rows."""
        self.sheet.autofilter(0, 0, max(1, self.row - 1), max(0, column_count - 1))
        # IDs of digits are text on purpose; otherwise Excel would mark each as an error.
        self.sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{LAST_ROW + 1}"})
        self.sheet.set_landscape()
        self.sheet.set_paper(_A4)
        self.sheet.set_margins(left=0.4, right=0.4, top=0.4, bottom=0.6)
        self.sheet.set_footer("&L&A&RPage &P of &N")
        self.sheet.repeat_rows(0)
        self.sheet.fit_to_pages(1, 0)


def _write_method(sheet: Worksheet, name: str) -> Callable[..., object]:
    """Returns a method of a sheet without XlsxWriter's check for cell names such as "A1".

    The check would take a tenth of the time for writing a workbook.
    """
    method = getattr(type(sheet), name)
    return partial(getattr(method, "__wrapped__", method), sheet)


def _can_be_link(url: str) -> bool:
    """Whether a text can be the URL of a hyperlink in Excel."""
    if _MASK in url or len(url) > MAX_LINK_LENGTH:
        return False
    return _CLICKABLE.fullmatch(url) is not None


def _fit_text(text: str) -> str:
    """Returns a text in a form that XlsxWriter writes into a cell unchanged, or truncated."""
    if len(text) > MAX_CELL_LENGTH // 2:
        text = _truncate(text)
    if text.startswith("<r>") and text.endswith("</r>"):
        # XlsxWriter would write such a text as XML. Therefore the text is escaped, inside of XML.
        return f'<r><t xml:space="preserve">{escape(text, quote=False)}</t></r>'
    return text


def _truncate(text: str) -> str:
    units = text.encode("utf-16-le")  # Excel counts UTF-16 code units
    if len(units) <= 2 * MAX_CELL_LENGTH:
        return text
    return units[: 2 * (MAX_CELL_LENGTH - 1)].decode("utf-16-le", "ignore") + "…"
