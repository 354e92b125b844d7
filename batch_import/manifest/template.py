"""Write template manifests: a header, and a comment row that explains each column.

This module must not know how manifests are read.
"""

import csv
import io
from pathlib import Path
from typing import Final

import xlsxwriter

from batch_import.errors import UsageError
from batch_import.manifest.columns.aliases import FIELDS
from batch_import.manifest.extensions import ACCEPTED_EXTENSIONS

_FILE_STEM: Final = "manifest"
#: Explanation of each field, in the order of `FIELDS`. The `#` makes this row a comment.
_EXPLANATIONS: Final = (
    "# This row is left out. Here: the direct address of the video file, https://…",
    "The title of the video",
    f"One of {', '.join(sorted(ACCEPTED_EXTENSIONS))}; may stay blank where the address ends in it",
    "Your own ID of the video, no two the same; may stay blank",
)
#: Width of each column in the workbook, in characters.
_COLUMN_WIDTHS: Final = (60, 40, 16, 24)
#: Excel's number of the format “Text”. Without this format, Excel changes the ID 0042 to 42.
_TEXT_FORMAT: Final = 49


def write_templates(folder: Path) -> list[Path]:
    """Write a CSV file and a workbook into a folder. The folder is created if necessary.

    Returns:
        The paths of both files.

    Raises:
        UsageError: one of the files exists already, or cannot be written.
    """
    contents = {folder / f"{_FILE_STEM}.csv": _csv(), folder / f"{_FILE_STEM}.xlsx": _xlsx()}
    for path in contents:
        if path.exists():
            raise UsageError(f"{path} is there already.", "Rename it, or go to another folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in contents.items():
            path.write_bytes(content)
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be written to: {error.strerror or error}.",
            "Make it writable, or go to another folder.",
        ) from None
    return list(contents)


def _csv() -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([FIELDS, _EXPLANATIONS])
    # Excel needs the byte order mark to detect UTF-8.
    return text.getvalue().encode("utf-8-sig")


def _xlsx() -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        sheet = book.add_worksheet("Videos")
        text_format = book.add_format({"num_format": _TEXT_FORMAT})
        for column, width in enumerate(_COLUMN_WIDTHS):
            sheet.set_column(column, column, width, text_format)
        sheet.write_row(0, 0, FIELDS, book.add_format({"bold": True}))
        sheet.write_row(1, 0, _EXPLANATIONS, book.add_format({"italic": True, "text_wrap": True}))
        sheet.freeze_panes(1, 0)
    return content.getvalue()
