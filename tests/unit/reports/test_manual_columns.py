"""Texts that people add to the workbook are kept, whatever else they change."""

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from batch_import.models import ManifestColumns, ManifestRow, Media, Status, StatusUpdate
from batch_import.reports.write import write_results
from batch_import.state.store import Store

COLUMNS = ManifestColumns(("sourceUrl", "filename", "referenceId"), (0, 1, None, 2))
NOTES = ["P1", 2, "P3"]
Book = openpyxl.Workbook


@pytest.fixture
def store() -> Store:
    store = Store(None)
    urls = [f"https://h.example.com/{n}.mp4" for n in (1, 2, 3)]
    manifest = [
        ManifestRow(n, f"r{n}", f"r{n}", url, f"T{n}", "mp4", (url, f"T{n}", f"r{n}"))
        for n, url in enumerate(urls, 1)
    ]
    store.load(manifest, 1.0, COLUMNS)
    numbers = [row.row_number for row in store.queue.claim(3, 2.0)]
    changes = [
        StatusUpdate(number, Status.IMPORTED, media=Media(f"m{number}", f"k{number}", "r"))
        for number in numbers[:2]
    ]
    store.queue.apply([*changes, StatusUpdate(numbers[2], Status.FAILED, error="codec")], 3.0)
    return store


def column_number(sheet: Worksheet, heading: str) -> int:
    return next(cell.column for cell in sheet[1] if cell.value == heading)


def workbook_with_notes(folder: Path, store: Store) -> Book:
    """Return a workbook with a column of notes."""
    write_results(folder, store, ["xlsx"], now=4.0)
    book = openpyxl.load_workbook(folder / "results.xlsx")
    sheet = book["Videos"]
    at = sheet.max_column + 1
    sheet.cell(1, at, "Owner")
    for row, note in enumerate(NOTES, 2):
        sheet.cell(row, at, note)
    return book


def write_again(folder: Path, book: Book, store: Store) -> tuple[Book, list[str]]:
    book.save(folder / "results.xlsx")
    said = list(write_results(folder, store, ["xlsx"], now=5.0))
    write_results(folder, store, ["xlsx"], now=6.0)  # the notes are also copied a second time
    return openpyxl.load_workbook(folder / "results.xlsx"), said


def column_values(sheet: Worksheet, heading: str) -> list[object]:
    at = column_number(sheet, heading)
    return [sheet.cell(row, at).value for row in range(2, sheet.max_row + 1)]


def kept_notes(book: Book) -> list[tuple[object, ...]]:
    return list(book["Kept notes"].iter_rows(2, values_only=True))


def rename_sheet(book: Book) -> None:
    book["Videos"].title = "Videos final"


def add_title(book: Book) -> None:
    book["Videos"].insert_rows(1, 2)
    book["Videos"]["A1"] = "My library"


def rename_reference(book: Book) -> None:
    sheet = book["Videos"]
    sheet.cell(1, column_number(sheet, "referenceId")).value = "Our number"


def delete_columns(book: Book) -> None:
    book["Videos"].delete_cols(1, 4)


def move_reference_to_the_end(book: Book) -> None:
    sheet = book["Videos"]
    at = column_number(sheet, "referenceId")
    cells = [cell.value for cell in next(sheet.iter_cols(at, at))]
    sheet.delete_cols(at)
    for row, value in enumerate(cells, 1):
        sheet.cell(row, sheet.max_column if row > 1 else sheet.max_column + 1, value)


def copy_sheet(book: Book) -> None:
    copy = book.create_sheet("Copy", 0)
    for line in book["Videos"].iter_rows(values_only=True):
        copy.append(line)


def delete_summary(book: Book) -> None:
    del book["Summary"]


@pytest.mark.parametrize(
    "change",
    [
        rename_sheet, add_title, rename_reference, delete_columns, move_reference_to_the_end,
        copy_sheet, delete_summary,
    ],
)  # fmt: skip
def test_a_column_of_notes_stays_with_its_rows(
    tmp_path: Path, store: Store, change: Callable[[Book], None]
) -> None:
    book = workbook_with_notes(tmp_path, store)
    change(book)
    after, _ = write_again(tmp_path, book, store)
    assert column_values(after["Videos"], "Owner") == NOTES
    assert column_values(after["Videos"], "referenceId") == ["r1", "r2", "r3"]


def test_text_above_the_table_is_kept_and_reported(tmp_path: Path, store: Store) -> None:
    book = workbook_with_notes(tmp_path, store)
    add_title(book)
    after, said = write_again(tmp_path, book, store)
    assert kept_notes(after) == [("Videos", None, None, "My library")]
    assert len(said) == 1
    assert "Kept notes" in said[0]


def test_a_column_without_a_heading_is_kept(tmp_path: Path, store: Store) -> None:
    book = workbook_with_notes(tmp_path, store)
    sheet = book["Videos"]
    sheet.cell(1, sheet.max_column).value = None
    after, _ = write_again(tmp_path, book, store)
    last = after["Videos"].max_column
    assert [after["Videos"].cell(row, last).value for row in range(1, 5)] == [None, *NOTES]


@pytest.mark.parametrize("before", [True, False])
def test_an_added_column_with_a_heading_of_the_results_is_kept(
    tmp_path: Path, store: Store, *, before: bool
) -> None:
    book = workbook_with_notes(tmp_path, store)
    sheet = book["Videos"]
    at = sheet.max_column + 1
    if before:
        sheet.insert_cols(1)
        at = 1
    sheet.cell(1, at, "status")
    sheet.cell(2, at, "approved")
    after, _ = write_again(tmp_path, book, store)
    lines = list(after["Videos"].iter_rows(values_only=True))
    places = [n for n, heading in enumerate(lines[0]) if heading == "status"]
    assert [[line[n] for n in places] for line in lines[1:3]] == [
        ["Imported", "approved"], ["Imported", None],
    ]  # fmt: skip


def test_an_added_sheet_is_kept(tmp_path: Path, store: Store) -> None:
    book = workbook_with_notes(tmp_path, store)
    plan = book.create_sheet("Plan")
    plan.append(["who", "when"])
    plan.append(["Ada", 7])
    after, _ = write_again(tmp_path, book, store)
    assert list(after["Plan"].iter_rows(values_only=True)) == [("who", "when"), ("Ada", 7)]


def test_notes_in_needs_attention_stay_while_the_row_is_there(tmp_path: Path, store: Store) -> None:
    book = workbook_with_notes(tmp_path, store)
    sheet = book["Needs attention"]
    sheet.cell(1, 8, "My note")
    sheet.cell(2, 8, "called them")
    after, _ = write_again(tmp_path, book, store)
    assert column_values(after["Needs attention"], "My note") == ["called them"]
    store.queue.apply([StatusUpdate(3, Status.IMPORTED, media=Media("m", "k", "r"))], 7.0)
    write_results(tmp_path, store, ["xlsx"], now=8.0)
    after = openpyxl.load_workbook(tmp_path / "results.xlsx")
    assert ("Needs attention", "r3", "My note", "called them") in kept_notes(after)


def test_notes_of_removed_rows_are_kept(tmp_path: Path, store: Store) -> None:
    book = workbook_with_notes(tmp_path, store)
    sheet = book["Videos"]
    sheet.cell(4, column_number(sheet, "referenceId")).value = "no such row"
    sheet.cell(6, column_number(sheet, "duration")).value = "sum: 3"
    after, said = write_again(tmp_path, book, store)
    assert column_values(after["Videos"], "Owner") == ["P1", 2, None]
    assert set(kept_notes(after)) == {
        ("Videos", "no such row", "Owner", "P3"), ("Videos", None, None, "sum: 3"),
    }  # fmt: skip
    assert said[0].startswith("2 notes in ")


def test_notes_of_rows_that_cannot_be_recognized_are_kept(tmp_path: Path, store: Store) -> None:
    book = workbook_with_notes(tmp_path, store)
    sheet = book["Videos"]
    for heading in ("referenceId", "key", "mediaId", "ingestId"):
        sheet.delete_cols(column_number(sheet, heading))
    after, _ = write_again(tmp_path, book, store)
    expected = [("Videos", f"row {n}", "Owner", note) for n, note in enumerate(NOTES, 2)]
    assert kept_notes(after) == expected


def test_rows_without_reference_ids_are_recognized_by_other_ids(
    tmp_path: Path, store: Store
) -> None:
    book = workbook_with_notes(tmp_path, store)
    sheet = book["Videos"]
    sheet.delete_cols(column_number(sheet, "referenceId"))
    after, _ = write_again(tmp_path, book, store)
    assert column_values(after["Videos"], "Owner")[:2] == NOTES[:2]
    assert [line[3] for line in kept_notes(after)] == ["P3"]  # its row failed, and has no media
