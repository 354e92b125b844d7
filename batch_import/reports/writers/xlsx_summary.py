"""Writes the sheet of the workbook with counts, causes, and the meaning of the columns.

`manual_columns.py` reads this sheet to find out which sheets and columns the program itself wrote.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from xlsxwriter.worksheet import Worksheet

from batch_import.reports.labels import STATUSES
from batch_import.reports.manual_content import COLUMNS_HEADING, GROUP_SHEETS_HEADING
from batch_import.reports.summary import ReportInfo, Summary
from batch_import.reports.table import Table
from batch_import.reports.writers.xlsx_sheet import MAX_TABLE_ROWS, SheetWriter, Styles


def write_summary(
    sheet: Worksheet,
    styles: Styles,
    table: Table,
    summary: Summary,
    about: ReportInfo,
    group_sheets: Sequence[str] = (),
) -> None:
    """Write the sheet.

    Args:
        sheet: an empty sheet.
        styles: the cell formats of the workbook.
        table: the columns of the results.
        summary: counts of all rows.
        about: general information.
        group_sheets: names of the sheets that have groups of rows; empty if rows are not grouped.
    """
    writer = SheetWriter(sheet, styles)
    sheet.set_column(0, 0, 72)
    sheet.set_column(1, 1, 20)
    sheet.set_column(2, 2, 60)
    sheet.fit_to_pages(1, 0)
    writer.text(0, f"Import of {about.name}", styles.title)
    writer.row = 1
    writer.text(0, f"As of {_format_time(about.written_at)}")
    writer.row = 2
    if summary.total > MAX_TABLE_ROWS:
        writer.text(
            0, f"A sheet can have {MAX_TABLE_ROWS:,} videos. All videos are in results.csv."
        )
    writer.row = 3
    _write_block(writer, ("Status", "Videos", "Meaning"), _status_lines(summary))
    _write_block(writer, ("What went wrong", "Videos", "Source host"), _cause_lines(summary))
    if group_sheets:
        _write_block(writer, (GROUP_SHEETS_HEADING,), [(name,) for name in group_sheets])
    writer.text(0, COLUMNS_HEADING, styles.bold)
    writer.row += 1
    _write_block(
        writer,
        ("Heading", "Name", "Content"),
        [(column.heading, column.name, column.meaning) for column in table.columns],
    )


def _write_block(
    writer: SheetWriter, header: Sequence[str], lines: Iterable[Sequence[str | int]]
) -> None:
    """Write a small table, with an empty line below."""
    for column, text in enumerate(header):
        writer.text(column, text, writer.styles.bold)
    for line in lines:
        writer.row += 1
        for column, cell in enumerate(line):
            writer.value(column, cell)
    writer.row += 2


def _status_lines(summary: Summary) -> Iterator[tuple[str, int, str]]:
    for status, texts in STATUSES.items():
        if summary.counts[status]:
            yield texts.label, summary.counts[status], texts.meaning
    yield "All", summary.total, ""


def _cause_lines(summary: Summary) -> list[tuple[str, int, str]]:
    return [(cause.reason, count, cause.host) for cause, count in summary.most_frequent()]


def _format_time(epoch_seconds: float) -> str:
    return f"{datetime.fromtimestamp(epoch_seconds, UTC):%Y-%m-%d %H:%M} UTC"
