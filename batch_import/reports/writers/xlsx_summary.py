"""The sheet of a workbook with a summary of the import and the meaning of the columns."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from xlsxwriter.worksheet import Worksheet

from batch_import.reports.labels import STATUSES
from batch_import.reports.manual_columns import COLUMNS, SHEETS
from batch_import.reports.summary import ReportInfo, Summary
from batch_import.reports.table import Table
from batch_import.reports.writers.xlsx_sheet import LAST_ROW, SheetWriter, Styles


def write_summary(
    sheet: Worksheet,
    styles: Styles,
    table: Table,
    summary: Summary,
    about: ReportInfo,
    sheets: Sequence[str] = (),
) -> None:
    """Write the sheet.

    Args:
        sheets: names of the sheets that show groups of the rows.
    """
    page = SheetWriter(sheet, styles)
    sheet.set_column(0, 0, 72)
    sheet.set_column(1, 1, 20)
    sheet.set_column(2, 2, 60)
    sheet.fit_to_pages(1, 0)
    page.text(0, f"Import of {about.name}", styles.title)
    page.row = 1
    page.text(0, f"As of {_moment(about.written_at)}")
    page.row = 2
    if summary.total > LAST_ROW:
        page.text(0, f"A sheet holds {LAST_ROW:,} videos. All of them are in results.csv.")
    page.row = 3
    _block(page, ("Status", "Videos", "Meaning"), _status_lines(summary))
    _block(page, ("What went wrong", "Videos", "Source host"), _cause_lines(summary))
    if sheets:
        _block(page, (SHEETS,), [(name,) for name in sheets])
    page.text(0, COLUMNS, styles.bold)
    page.row += 1
    _block(
        page,
        ("Heading", "Name", "Holds"),
        [(column.heading, column.name, column.meaning) for column in table.columns],
    )


def _block(page: SheetWriter, header: Sequence[str], lines: Iterable[Sequence[str | int]]) -> None:
    """Write a small table with an empty line below it."""
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
    return [(cause.reason, count, cause.host) for cause, count in summary.most_frequent()]


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
