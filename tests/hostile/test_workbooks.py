"""Workbooks that no spreadsheet writes: their reader would take the whole process down."""

import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import xlsxwriter

from batch_import.errors import ManifestError
from batch_import.manifest.read import open_manifest
from batch_import.manifest.readers import sheet_extent
from batch_import.manifest.readers.manifest_file import BLOCK_BYTES

SHEET = "xl/worksheets/sheet1.xml"
ROW = b'<row r="2"'


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    path = tmp_path / "videos.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Videos")
        sheet.write_row(0, 0, ["sourceUrl", "filename", "extension", "referenceId"])
        for row in range(1, 4):
            url = f"https://e.example.com/{row}.mp4"
            sheet.write_row(row, 0, [url, f"V {row}", "mp4", f"ref-{row}"])
    return path


def changed(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """A workbook with other parts."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def with_cell(attributes: bytes) -> Callable[[dict[str, bytes]], None]:
    def change(parts: dict[str, bytes]) -> None:
        row = b"<row><c " + attributes + b"><v>1</v></c></row>"
        parts[SHEET] = parts[SHEET].replace(b"</sheetData>", row + b"</sheetData>")

    return change


FAR_OFF = [
    b'r="XFD1048576"', b'r="A99999999"', b'r="ZZZZZZ9"', b"r='XFD1048576'", b'r = "XFD1048576"',
    b's="0"\nr="XFD1048576"', b's="0"\tr="XFD1048576"', b's="0"r="XFD1048576"',
    b's="&gt;>" r="XFD1048576"', b'r="xfd1048576"', b'r="A18446744073709551615"',
    b'r="A4294967297"', b'r="-1"', b'r="$XFD$1048576"', b'x="r" r="ZZ1048576"',
    b's="' + b" " * 3 * BLOCK_BYTES + b'" r="XFD1048576"',
    b's="' + b" " * (BLOCK_BYTES - 900) + b'" r="XFD1048576"',
    b"s='<c' r='XFD1048576'",
]  # fmt: skip


@pytest.mark.parametrize("cell", FAR_OFF, ids=lambda cell: repr(cell[:40]))
def test_a_cell_far_off_is_refused_before_it_is_loaded(workbook: Path, cell: bytes) -> None:
    with pytest.raises(ManifestError, match=r"cannot be read as a workbook|too much to be read"):
        open_manifest(changed(workbook, with_cell(cell)))


@pytest.mark.parametrize("cell", [b"", b'r="F6"', b"r='F6'", b'r = "F6"', b's="0"\nr="F6"'])
def test_a_cell_nearby_is_loaded_however_it_is_written(workbook: Path, cell: bytes) -> None:
    manifest = open_manifest(changed(workbook, with_cell(cell)))
    assert sum(len(chunk.frame) for chunk in manifest.chunks()) >= 3


def test_a_row_far_off_is_refused(workbook: Path) -> None:
    def change(parts: dict[str, bytes]) -> None:
        assert ROW in parts[SHEET]
        parts[SHEET] = parts[SHEET].replace(ROW, b'<row r="99999999999"')

    with pytest.raises(ManifestError, match="where no sheet has any"):
        open_manifest(changed(workbook, change))


def test_a_sheet_is_found_whatever_its_part_is_called(workbook: Path) -> None:
    def change(parts: dict[str, bytes]) -> None:
        with_cell(b'r="XFD1048576"')(parts)
        parts["xl/media/picture.png"] = parts[SHEET]
        parts[SHEET] = b"<worksheet/>"
        rels = "xl/_rels/workbook.xml.rels"
        parts[rels] = parts[rels].replace(b"worksheets/sheet1.xml", b"media/picture.png")

    with pytest.raises(ManifestError, match="too much to be read"):
        open_manifest(changed(workbook, change))


@pytest.mark.parametrize("name", ["xl/workbook.bin", "content.xml", "XL/Workbook.bin"])
def test_a_workbook_of_two_kinds_is_refused(workbook: Path, name: str) -> None:
    def change(parts: dict[str, bytes]) -> None:
        parts[name] = b"x"

    with pytest.raises(ManifestError, match="holds no worksheets of Excel"):
        open_manifest(changed(workbook, change))


def test_entities_are_not_expanded(workbook: Path) -> None:
    def change(parts: dict[str, bytes]) -> None:
        entities = b'<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
        with_cell(b'r = "F6"')(parts)
        start, declaration, rest = parts[SHEET].partition(b"?>")
        parts[SHEET] = start + declaration + entities + rest

    with pytest.raises(ManifestError, match="declares entities"):
        open_manifest(changed(workbook, change))


@pytest.mark.parametrize("encoding", [b"XFE1", b"utf-7", b"utf-16", b"shift_jis", b"hex"])
@pytest.mark.parametrize("part", ["[Content_Types].xml", "xl/workbook.xml", "xl/styles.xml", SHEET])
def test_an_encoding_that_nobody_knows_is_one_line(
    workbook: Path, part: str, encoding: bytes
) -> None:
    def change(parts: dict[str, bytes]) -> None:
        with_cell(b'r = "F6" t="e"')(parts)
        parts[part] = parts[part].replace(b"UTF-8", encoding, 1)
        rels = "xl/_rels/workbook.xml.rels"
        parts[rels] = parts[rels].replace(b"UTF-8", encoding, 1)

    with suppress(ManifestError):
        open_manifest(changed(workbook, change))


def test_many_sheets_are_measured_together(workbook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(parts: dict[str, bytes]) -> None:
        for number in range(2, 5):
            parts[f"xl/worksheets/sheet{number}.xml"] = parts[SHEET]

    path = changed(workbook, change)
    monkeypatch.setattr(sheet_extent, "MAX_CELLS", 4 * 4 * 4)
    with zipfile.ZipFile(path) as archive:
        assert sheet_extent.find_oversized_sheet(archive) is None
    monkeypatch.setattr(sheet_extent, "MAX_CELLS", 4 * 4 * 4 - 1)
    with zipfile.ZipFile(path) as archive:
        assert sheet_extent.find_oversized_sheet(archive) == (4, 4)
