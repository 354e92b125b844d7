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

_NAME: Final = "manifest"
_EXPLAINED: Final = (
    "# This row is left out. Here: the direct address of the video file, https://…",
    "The title of the video",
    f"One of {', '.join(sorted(ACCEPTED_EXTENSIONS))}; may stay blank where the address ends in it",
    "Your own ID of the video, no two the same; may stay blank",
)
#: Width of a column, in characters.
_WIDTHS: Final = (60, 40, 16, 24)
#: Excel's number of the text format. Without it, Excel changes the ID 0042 to 42.
_AS_TEXT: Final = 49


def write_templates(folder: Path) -> list[Path]:
    """Write a CSV file and a workbook into a folder. The folder is created if necessary.

    Raises:
        UsageError: one of the files exists already, or cannot be written.
    """
    contents = {folder / f"{_NAME}.csv": _csv(), folder / f"{_NAME}.xlsx": _xlsx()}
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
    csv.writer(text).writerows([FIELDS, _EXPLAINED])
    # Excel needs the byte order mark to detect UTF-8.
    return text.getvalue().encode("utf-8-sig")


def _xlsx() -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        sheet = book.add_worksheet("Videos")
        text = book.add_format({"num_format": _AS_TEXT})
        for column, width in enumerate(_WIDTHS):
            sheet.set_column(column, column, width, text)
        sheet.write_row(0, 0, FIELDS, book.add_format({"bold": True}))
        sheet.write_row(1, 0, _EXPLAINED, book.add_format({"italic": True, "text_wrap": True}))
        sheet.freeze_panes(1, 0)
    return content.getvalue()
