"""Read an Excel workbook: the records of its sheet with the videos.

A cell becomes the text that Excel shows: `123`, not `123.0`; `2025-03-04`; `TRUE`; `00042` if the
number format shows leading zeros. python-calamine loads the sheets. This module must not know the
meaning of columns.
"""

import re
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
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
from batch_import.manifest.readers.sheet_details import WorkbookParts
from batch_import.manifest.readers.sheet_extent import find_oversized_sheet
from batch_import.manifest.readers.sheet_table import SheetTable
from batch_import.manifest.readers.sheet_xml import InvalidPart
from batch_import.manifest.readers.zip_directory import has_two_directories
from batch_import.manifest.rules.violation import warning
from batch_import.models import Problem

#: The value of the setting `sheet` that means all sheets with videos.
ALL_SHEETS: Final = "all"
#: Maximum size of all parts of a workbook together, decompressed, in bytes.
_MAX_BYTES: Final = 1 << 30
#: Exceptions that `zipfile` and `find_oversized_sheet` raise for damaged and encrypted workbooks.
_UNREADABLE_ERRORS: Final = (
    InvalidPart,
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
)
_SHEET_PART: Final = re.compile(r"worksheets/[^/]*\.xml$")
#: Parts of other kinds of workbooks (binary and OpenDocument), whose size cannot be calculated
#: before they are loaded.
_OTHER_WORKBOOK_PART: Final = re.compile(r"^/?(xl/workbook\.bin|content\.xml)$", re.IGNORECASE)

_SAVE_AS_XLSX: Final = "Save it as “Excel Workbook (.xlsx)” or as “CSV UTF-8” and try again."


def read(source: ManifestFile, options: ReadingOptions) -> Content:
    """Load a workbook, choose the sheet with the videos, and find its header.

    The sheet stays in memory, because loading it takes most of the time.

    Raises:
        ManifestError: the file is no workbook, it has no such sheet, or the sheet has no header.
    """
    _refuse_too_large(source)
    try:
        with source.open() as stream, load_workbook(stream) as book:
            sheets = _candidate_sheets(source.name, book, options.sheet)
            loaded_sheets = [book.get_sheet_by_name(sheet.name) for sheet in sheets]
        with _open_parts(source) as parts:
            tables = [SheetTable(sheet, parts.details(sheet.name)) for sheet in loaded_sheets]
            row_counts = {}
            if len(sheets) > 1:
                row_counts = {sheet.name: parts.count_rows(sheet.name) for sheet in sheets}
    except (CalamineError, InvalidPart, zipfile.BadZipFile, zlib.error) as error:
        raise _unreadable(source.name, str(error)) from error
    is_named = options.sheet not in (None, ALL_SHEETS)
    are_shown = [is_named or sheet.visible is SheetVisibleEnum.Visible for sheet in sheets]
    if not any(are_shown):
        raise _unreadable(source.name, "it has no sheet of cells that is not hidden")
    shown_tables = [table for table, is_shown in zip(tables, are_shown, strict=True) if is_shown]
    hidden_tables = [
        table for table, is_shown in zip(tables, are_shown, strict=True) if not is_shown
    ]
    visible = _sheets_with_header(source.name, shown_tables, options)
    hidden = _readable_sheets(source.name, hidden_tables, options)
    best = max(visible, key=lambda sheet: sheet.score)
    chosen = [best]
    if options.sheet == ALL_SHEETS:
        chosen = [sheet for sheet in visible if sheet.has_videos(best)] or [best]
    if len(chosen) > 1:
        content = sheet_choice.merged_content(source.name, chosen, options)
    else:
        content = sheet_choice.single_sheet_content(best)
    chosen_names = {sheet.name for sheet in chosen}
    other_names = {sheet.name for sheet in (*visible, *hidden) if sheet.has_videos(best)}
    unread_names = other_names - chosen_names
    names_without_videos = {name for name, count in row_counts.items() if count}
    names_without_videos -= chosen_names | unread_names
    return replace(
        content,
        notes=(
            *content.notes,
            *_notes_about_ignored_sheets(_list_sheets(row_counts, names_without_videos)),
        ),
        problems=(*_unread_problems(_list_sheets(row_counts, unread_names)), *content.problems),
    )


@contextmanager
def _open_parts(source: ManifestFile) -> Iterator[WorkbookParts]:
    """Open the ZIP archive of the workbook, for details that python-calamine does not give."""
    with source.open() as stream, zipfile.ZipFile(stream) as archive:
        yield WorkbookParts(archive)


def _candidate_sheets(
    name: str, book: CalamineWorkbook, wanted_name: str | None
) -> list[SheetMetadata]:
    """Return the sheet that the user named, or all sheets with cells.

    Args:
        name: name of the manifest, for messages.
        book: the workbook.
        wanted_name: value of the setting `sheet`. A sheet may have the name `all`, too.
    """
    sheets = [sheet for sheet in book.sheets_metadata if sheet.typ is SheetTypeEnum.WorkSheet]
    if not sheets:
        raise _unreadable(name, "it has no sheet of cells")
    named_sheets = [sheet for sheet in sheets if sheet.name == wanted_name]
    if named_sheets:
        return named_sheets
    if wanted_name in (None, ALL_SHEETS):
        return sheets
    listed = ", ".join(f"“{sheet.name}”" for sheet in sheets)
    raise ManifestError(f"The manifest {name} has no sheet “{wanted_name}”.", f"It has: {listed}.")


def _sheets_with_header(
    name: str, tables: Sequence[SheetTable], options: ReadingOptions
) -> list[ManifestSheet]:
    """Return the sheets that have a header.

    Raises:
        ManifestError: no sheet has a header. The message is about the first sheet that is not
            blank.
    """
    sheets: list[ManifestSheet] = []
    errors: list[tuple[bool, ManifestError]] = []
    for table in tables:
        try:
            sheets.append(sheet_choice.open_sheet(name, table, options))
        except ManifestError as error:
            is_blank = table.height == 0
            errors.append((is_blank, error))
    if not sheets:
        _, first_error = min(errors, key=lambda entry: entry[0])
        raise first_error
    return sheets


def _readable_sheets(
    name: str, tables: Iterable[SheetTable], options: ReadingOptions
) -> Iterator[ManifestSheet]:
    """Yield the sheets that have a header."""
    for table in tables:
        with suppress(ManifestError):
            yield sheet_choice.open_sheet(name, table, options)


def _list_sheets(row_counts: Mapping[str, int], names: Collection[str]) -> str:
    """Return the names of some sheets with their numbers of rows, in the order of the workbook."""
    return ", ".join(
        f"“{name}” ({count} row{'' if count == 1 else 's'})"
        for name, count in row_counts.items()
        if name in names
    )


def _unread_problems(sheets: str) -> list[Problem]:
    """Return a warning about other sheets with videos, if there are any."""
    if not sheets:
        return []
    reason = "only one sheet is read, and others have videos, too"
    hint = "Choose another sheet by its name, or all, with the setting sheet."
    return [warning("sheet-unread", reason, hint).problem(1, "", sheets)]


def _notes_about_ignored_sheets(sheets: str) -> tuple[str, ...]:
    """Return a note about the sheets without videos, if there are any."""
    return (f"Not read, because they have no videos: sheets {sheets}",) if sheets else ()


# Workbooks that cannot be read ----------------------------------------------------------------


def _refuse_too_large(source: ManifestFile) -> None:
    """Refuse a workbook that would need too much memory, or whose size cannot be calculated."""
    try:
        with source.open() as stream, zipfile.ZipFile(stream) as archive:
            if has_two_directories(stream) or _has_duplicates(archive.namelist()):
                raise _unreadable(source.name, "programs may read two different contents from it")
            size = sum(part.file_size for part in archive.infolist())
            if size > _MAX_BYTES:
                raise _too_large(source.name, f"unpacks to {size} bytes")
            names = archive.namelist()
            has_sheets = any(map(_SHEET_PART.search, names))
            if not has_sheets or any(map(_OTHER_WORKBOOK_PART.search, names)):
                raise _unreadable(source.name, "it holds no worksheets of Excel")
            extent = find_oversized_sheet(archive)
            if extent:
                rows, columns = extent
                raise _too_large(source.name, f"has a sheet of {rows} rows and {columns} columns")
    except _UNREADABLE_ERRORS as error:
        raise _unreadable(source.name, str(error)) from error


def _has_duplicates(names: Sequence[str]) -> bool:
    """Whether two parts have the same name; the standard of Office files ignores letter case."""
    return len({name.casefold() for name in names}) < len(names)


def _too_large(name: str, description: str) -> ManifestError:
    return ManifestError(
        f"The manifest {name} {description}, too much to be read.",
        "Delete cells far off from the table, or copy the table to a workbook of its own.",
    )


def _unreadable(name: str, reason: str) -> ManifestError:
    return ManifestError(
        f"The manifest {name} cannot be read as a workbook: {reason}.", _SAVE_AS_XLSX
    )
