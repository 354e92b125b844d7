"""Which results are written again, and what is read first."""

from pathlib import Path

import openpyxl
import pytest

from batch_import.models import ManifestRow, Status, StatusUpdate
from batch_import.reports import manual_columns
from batch_import.reports.write import write_results
from batch_import.state import facts
from batch_import.state.store import Store


@pytest.fixture
def store() -> Store:
    store = Store(None)
    rows = [ManifestRow(n, f"r{n}", f"r{n}", "https://h/v.mp4", "T", "mp4", ()) for n in (2, 3)]
    store.load(rows, 1.0, facts=[facts.MANIFEST.of("m.csv")])
    return store


def headings(path: Path) -> list[object]:
    return [cell.value for cell in openpyxl.load_workbook(path)["Videos"][1]]


def test_a_workbook_that_nobody_edited_is_not_read(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_results(tmp_path, store, ["xlsx"], now=2.0)

    def read(*_: object) -> None:
        raise AssertionError("it is read")

    monkeypatch.setattr(manual_columns, "read_manual_content", read)
    before = (tmp_path / "results.xlsx").stat().st_ino
    write_results(tmp_path, store, ["xlsx"], now=3.0)
    assert (tmp_path / "results.xlsx").stat().st_ino != before


def test_added_columns_are_kept_by_every_later_write(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "results.xlsx"
    write_results(tmp_path, store, ["xlsx"], now=2.0)
    book = openpyxl.load_workbook(path)
    sheet = book["Videos"]
    sheet.cell(1, sheet.max_column + 1, "Editor")
    sheet.cell(2, sheet.max_column, "Ada")
    book.save(path)
    for _ in range(3):
        write_results(tmp_path, store, ["xlsx"], now=3.0)
        assert "Editor" in headings(path)


def test_failed_csv_is_written_again_only_if_it_may_differ(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "failed.csv"

    def written() -> int:
        write_results(tmp_path, store, [], now=2.0)
        return path.stat().st_ino

    first = written()
    assert written() == first
    store.queue.apply([StatusUpdate(1, Status.FAILED, error="no", code="source-unavailable")], 3.0)
    failed = written()
    assert failed != first
    path.write_text("what somebody else wrote", encoding="utf-8")
    edited = written()
    assert path.read_text(encoding="utf-8-sig").count("r2") == 1
    rows = [ManifestRow(n, f"r{n}", f"r{n}", "https://h/v.mp4", "T", "mp4", ()) for n in (3, 2)]
    store.load(rows, 4.0, facts=[facts.MANIFEST.of("m.csv")])
    assert written() != edited


def test_the_results_have_the_name_of_the_folder_not_of_the_last_manifest(
    tmp_path: Path, store: Store
) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    write_results(folder, store, ["html", "xlsx"], now=2.0)
    page = (folder / "results.html").read_text(encoding="utf-8")
    assert "<title>library – import results</title>" in page
    book = openpyxl.load_workbook(folder / "results.xlsx")
    assert "Import of library" in [cell.value for sheet in book for cell in sheet["A"]]
