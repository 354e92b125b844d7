"""Read an Excel workbook: the records of its sheet with the videos.

A cell becomes the text that Excel shows: `123`, not `123.0`; `2025-03-04`; `TRUE`; `00042` if the
number format shows leading zeros. This module must not know the meaning of columns.
"""

import re
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import compress
from operator import not_
from typing import Final

from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    SheetMetadata,
    SheetTypeEnum,
    SheetVisibleEnum,
    load_workbook,
)

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ManifestError
from batch_import.manifest.readers import sheet_choice
from batch_import.manifest.readers.manifest_file import ManifestFile
from batch_import.manifest.readers.record import Content
from batch_import.manifest.readers.sheet_choice import ManifestSheet
from batch_import.manifest.readers.sheet_details import InvalidPart, WorkbookParts
from batch_import.manifest.readers.sheet_extent import find_oversized_sheet
from batch_import.manifest.readers.sheet_table import SheetTable
from batch_import.manifest.rules.violation import warning
from batch_import.models import Problem

#: The value of the setting `sheet` that means all sheets with videos.
ALL_SHEETS: Final = "all"
#: Maximum size of all parts of a workbook together, decompressed, in bytes.
_MOST_BYTES: Final = 1 << 30
#: What the parts of damaged workbooks raise.
_NO_WORKBOOK: Final = (
    *(InvalidPart, zipfile.BadZipFile, zlib.error),
    *(NotImplementedError, RuntimeError, EOFError),
)
_SHEET: Final = re.compile(r"worksheets/[^/]*\.xml$")
#: What other kinds of workbooks have: their cells are not looked at before they are loaded.
_OTHER: Final = re.compile(r"^/?(xl/workbook\.bin|content\.xml)$", re.IGNORECASE)

_SAVE_AS_XLSX: Final = "Save it as “Excel Workbook (.xlsx)” or as “CSV UTF-8” and try again."


def read(source: ManifestFile, options: ReadingOptions) -> Content:
    """Load the sheet with the videos, and find its header.

    The sheet stays in memory, because loading it takes most of the time.

    Raises:
        ManifestError: the file is no workbook, it has no such sheet, or the sheet has no header.
    """
    _refuse_too_large(source)
    try:
        with source.open() as stream, load_workbook(stream) as book:
            every = _worksheets(source.name, book, options.sheet)
            cells = [book.get_sheet_by_name(sheet.name) for sheet in every]
        with _opened(source) as parts:
            tables = [SheetTable(sheet, parts.details(sheet.name)) for sheet in cells]
            rows = {sheet.name: parts.rows(sheet.name) for sheet in cells if len(cells) > 1}
    except (CalamineError, InvalidPart, zipfile.BadZipFile, zlib.error) as error:
        raise _unreadable(source.name, str(error)) from error
    is_named = options.sheet not in (None, ALL_SHEETS)
    shown = [is_named or sheet.visible is SheetVisibleEnum.Visible for sheet in every]
    if not any(shown):
        raise _unreadable(source.name, "it has no sheet of cells that is not hidden")
    visible = _with_headers(source.name, list(compress(tables, shown)), options)
    hidden = _if_readable(source.name, compress(tables, map(not_, shown)), options)
    best = max(visible, key=lambda sheet: sheet.score)
    with_videos = [sheet for sheet in visible if sheet.has_videos(best)]
    if options.sheet == ALL_SHEETS and len(with_videos) > 1:
        content, taken = sheet_choice.merged_content(source.name, with_videos), with_videos
    else:
        content, taken = sheet_choice.single_sheet_content(best), [best]
    names = {sheet.name for sheet in taken}
    further = {s.name for s in (*visible, *hidden) if s.has_videos(best)} - names
    without = {name for name, count in rows.items() if count} - names - further
    return replace(
        content,
        notes=tuple(_without_videos(_counted(rows, without))),
        problems=(*_unread(_counted(rows, further)), *content.problems),
    )


@contextmanager
def _opened(source: ManifestFile) -> Iterator[WorkbookParts]:
    """Open the ZIP archive of the workbook, for details that python-calamine does not give."""
    with source.open() as stream, zipfile.ZipFile(stream) as archive:
        yield WorkbookParts(archive)


def _worksheets(name: str, book: CalamineWorkbook, wanted: str | None) -> list[SheetMetadata]:
    """The candidate sheets: the named one, or all."""
    sheets = [sheet for sheet in book.sheets_metadata if sheet.typ is SheetTypeEnum.WorkSheet]
    if not sheets:
        raise _unreadable(name, "it has no sheet of cells")
    named = [sheet for sheet in sheets if sheet.name == wanted]
    if wanted in (None, ALL_SHEETS):
        return named or sheets
    if not named:
        listed = ", ".join(f"“{sheet.name}”" for sheet in sheets)
        raise ManifestError(f"The manifest {name} has no sheet “{wanted}”.", f"It has: {listed}.")
    return named


def _with_headers(
    name: str, tables: Sequence[SheetTable], options: ReadingOptions
) -> list[ManifestSheet]:
    """The sheets that have a header.

    Raises:
        ManifestError: there is none. The message is about the first sheet that is not blank.
    """
    sheets: list[ManifestSheet] = []
    errors: list[tuple[bool, ManifestError]] = []
    for table in tables:
        try:
            sheets.append(sheet_choice.open_sheet(name, table, options))
        except ManifestError as error:
            errors.append((not table.height, error))
    if not sheets:
        raise min(errors, key=lambda pair: pair[0])[1]
    return sheets


def _if_readable(
    name: str, tables: Iterable[SheetTable], options: ReadingOptions
) -> Iterator[ManifestSheet]:
    for table in tables:
        with suppress(ManifestError):
            yield sheet_choice.open_sheet(name, table, options)


def _counted(rows: Mapping[str, int], names: Collection[str]) -> str:
    """Load the given sheets, in the order of the workbook."""
    return ", ".join(
        f"“{name}” ({count} row{'' if count == 1 else 's'})"
        for name, count in rows.items()
        if name in names
    )


def _unread(sheets: str) -> Iterator[Problem]:
    """A note about other sheets with videos."""
    if sheets:
        reason = "only one sheet is read, and others have videos, too"
        hint = "Choose another sheet by its name, or all, with the setting sheet."
        yield warning("sheet-unread", reason, hint).problem(1, "", sheets)


def _without_videos(sheets: str) -> Iterator[str]:
    if sheets:
        yield f"Not read, for they have no videos: sheets {sheets}"


# Workbooks that cannot be read ----------------------------------------------------------------


def _refuse_too_large(source: ManifestFile) -> None:
    try:
        with source.open() as stream, zipfile.ZipFile(stream) as parts:
            size = sum(part.file_size for part in parts.infolist())
            if size > _MOST_BYTES:
                raise _too_large(source.name, f"unpacks to {size} bytes")
            names = parts.namelist()
            if not any(map(_SHEET.search, names)) or any(map(_OTHER.search, names)):
                raise _unreadable(source.name, "it holds no worksheets of Excel")
            if largest := find_oversized_sheet(parts):
                rows, columns = largest
                raise _too_large(source.name, f"has a sheet of {rows} rows and {columns} columns")
    except _NO_WORKBOOK as error:
        raise _unreadable(source.name, str(error)) from error


def _too_large(name: str, what: str) -> ManifestError:
    return ManifestError(
        f"The manifest {name} {what}, too much to be read.",
        "Delete cells far off from the table, or copy the table to a workbook of its own.",
    )


def _unreadable(name: str, why: str) -> ManifestError:
    return ManifestError(f"The manifest {name} cannot be read as a workbook: {why}.", _SAVE_AS_XLSX)
