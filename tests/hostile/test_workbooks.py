"""Refuses workbooks that no spreadsheet writes, and that could crash the process or mislead it."""

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd
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


def change_parts(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """Change the parts of a workbook, the files in its archive: name → content."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def with_cell(attributes: bytes) -> Callable[[dict[str, bytes]], None]:
    """Return a change that adds a row with a cell with these XML attributes."""

    def change(parts: dict[str, bytes]) -> None:
        row = b"<row><c " + attributes + b"><v>1</v></c></row>"
        parts[SHEET] = parts[SHEET].replace(b"</sheetData>", row + b"</sheetData>")

    return change


#: Attributes of cells that are far beyond the others, in several ways of writing.
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
def test_a_distant_cell_is_refused_before_it_is_loaded(workbook: Path, cell: bytes) -> None:
    with pytest.raises(ManifestError, match=r"cannot be read as a workbook|too much to be read"):
        open_manifest(change_parts(workbook, with_cell(cell)))


@pytest.mark.parametrize("cell", [b"", b'r="F6"', b"r='F6'", b'r = "F6"', b's="0"\nr="F6"'])
def test_a_near_cell_is_loaded_however_it_is_written(workbook: Path, cell: bytes) -> None:
    manifest = open_manifest(change_parts(workbook, with_cell(cell)))
    assert sum(len(chunk.frame) for chunk in manifest.chunks()) >= 3


def test_a_distant_row_is_refused(workbook: Path) -> None:
    def change(parts: dict[str, bytes]) -> None:
        assert ROW in parts[SHEET]
        parts[SHEET] = parts[SHEET].replace(ROW, b'<row r="99999999999"')

    with pytest.raises(ManifestError, match="where no sheet has any"):
        open_manifest(change_parts(workbook, change))


def test_an_oversized_sheet_is_found_under_any_name_of_its_part(workbook: Path) -> None:
    def change(parts: dict[str, bytes]) -> None:
        with_cell(b'r="XFD1048576"')(parts)
        parts["xl/media/picture.png"] = parts[SHEET]
        parts[SHEET] = b"<worksheet/>"
        rels = "xl/_rels/workbook.xml.rels"
        parts[rels] = parts[rels].replace(b"worksheets/sheet1.xml", b"media/picture.png")

    with pytest.raises(ManifestError, match="too much to be read"):
        open_manifest(change_parts(workbook, change))


@pytest.mark.parametrize("name", ["xl/workbook.bin", "content.xml", "XL/Workbook.bin"])
def test_a_workbook_that_also_has_parts_of_another_format_is_refused(
    workbook: Path, name: str
) -> None:
    def change(parts: dict[str, bytes]) -> None:
        parts[name] = b"x"

    with pytest.raises(ManifestError, match="holds no worksheets of Excel"):
        open_manifest(change_parts(workbook, change))


def test_entities_are_not_expanded(workbook: Path) -> None:
    def change(parts: dict[str, bytes]) -> None:
        entities = b'<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
        with_cell(b'r = "F6"')(parts)
        start, declaration, rest = parts[SHEET].partition(b"?>")
        parts[SHEET] = start + declaration + entities + rest

    with pytest.raises(ManifestError, match="declares entities"):
        open_manifest(change_parts(workbook, change))


@pytest.mark.parametrize("encoding", [b"XFE1", b"utf-7", b"utf-16", b"shift_jis", b"hex"])
@pytest.mark.parametrize("part", ["[Content_Types].xml", "xl/workbook.xml", "xl/styles.xml", SHEET])
def test_a_part_with_a_wrong_encoding_is_read_in_full_or_refused(
    workbook: Path, part: str, encoding: bytes
) -> None:
    intact = [chunk.frame for chunk in open_manifest(workbook).chunks()]

    def change(parts: dict[str, bytes]) -> None:
        with_cell(b'r = "F6" t="e"')(parts)
        parts[part] = parts[part].replace(b"UTF-8", encoding, 1)
        rels = "xl/_rels/workbook.xml.rels"
        parts[rels] = parts[rels].replace(b"UTF-8", encoding, 1)

    path = change_parts(workbook, change)
    try:
        read = [chunk.frame for chunk in open_manifest(path).chunks()]
    except ManifestError as error:
        assert "\n" not in error.message  # noqa: PT017 - some readers can do without the encoding
    else:
        assert pd.concat(read).head(3).equals(pd.concat(intact))


class Archive(NamedTuple):
    """The parts, the directory and the number of entries of a ZIP archive."""

    parts: bytes
    directory: bytes
    count: int

    @classmethod
    def of(cls, content: bytes) -> "Archive":
        end_record = content.rfind(b"PK\x05\x06")
        count, size, offset = struct.unpack_from("<HLL", content, end_record + 10)
        return cls(content[:offset], content[offset : offset + size], count)

    def behind(self, other: "Archive") -> "Archive":
        """Return this archive with offsets for parts that are behind those of another archive."""
        directory, entry = bytearray(self.directory), 0
        while entry < len(directory):
            (offset,) = struct.unpack_from("<L", directory, entry + 42)
            struct.pack_into("<L", directory, entry + 42, offset + len(other.parts))
            entry += 46 + sum(struct.unpack_from("<3H", directory, entry + 28))
        return self._replace(directory=bytes(directory))


def end_of(archive: Archive, offset: int, comment: int = 0) -> bytes:
    """Return the end record of an archive whose directory starts at an offset."""
    count, size = archive.count, len(archive.directory)
    return struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, size, offset, comment)


# Each of these functions returns the directories of two archives, so that one program reads the
# first archive, and another program the second one. `start` is the offset of the directories.


def _one_in_the_comment_of_the_other(one: Archive, other: Archive, start: int) -> bytes:
    behind = start + len(one.directory) + 22
    comment = other.directory + end_of(other, behind)
    return one.directory + end_of(one, start, len(comment)) + comment


def _one_by_offset_the_other_by_place(one: Archive, other: Archive, start: int) -> bytes:
    return one.directory + other.directory + end_of(other, start)


def _one_by_a_record_of_zip64(one: Archive, other: Archive, start: int) -> bytes:
    second = start + len(one.directory)
    count, size = other.count, len(other.directory)
    record = (b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, second)
    return b"".join(
        [
            one.directory,
            other.directory,
            struct.pack("<4sQ2H2L4Q", *record),
            struct.pack("<4sLQL", b"PK\x06\x07", 0, second + size, 1),
            end_of(one, start),
        ]
    )


def _one_by_a_comment_beyond_the_end(one: Archive, other: Archive, start: int) -> bytes:
    first = one.directory + end_of(one, start)
    return first + other.directory + end_of(other, start + len(first), comment=5)


def _both_in_one_directory(one: Archive, other: Archive, start: int) -> bytes:
    both = Archive(b"", one.directory + other.directory, one.count + other.count)
    return both.directory + end_of(both, start)


@pytest.mark.parametrize(
    "directories",
    [
        _one_in_the_comment_of_the_other, _one_by_offset_the_other_by_place,
        _one_by_a_record_of_zip64, _one_by_a_comment_beyond_the_end, _both_in_one_directory,
    ],
)  # fmt: skip
def test_a_workbook_with_two_contents_is_refused(
    workbook: Path, directories: Callable[[Archive, Archive, int], bytes]
) -> None:
    shown = Archive.of(workbook.read_bytes())
    other = Archive.of(change_parts(workbook, with_cell(b'r="F6"')).read_bytes()).behind(shown)
    parts = shown.parts + other.parts
    workbook.write_bytes(parts + directories(shown, other, len(parts)))
    with pytest.raises(ManifestError, match="may read two different contents"):
        open_manifest(workbook)


def _with_zip64(archive: Archive) -> bytes:
    start, size = len(archive.parts), len(archive.directory)
    record = (b"PK\x06\x06", 44, 45, 45, 0, 0, archive.count, archive.count, size, start)
    return b"".join(
        [
            *archive[:2],
            struct.pack("<4sQ2H2L4Q", *record),
            struct.pack("<4sLQL", b"PK\x06\x07", 0, start + size, 1),
            end_of(archive, 0xFFFFFFFF),
        ]
    )


@pytest.mark.parametrize(
    "written",
    [
        _with_zip64,
        lambda archive: b"".join(archive[:2]) + end_of(archive, len(archive.parts)) + b"\n",
        lambda archive: b"".join([*archive[:2], end_of(archive, len(archive.parts), 2), b"by"]),
    ],
    ids=["records of ZIP64", "a line break behind it", "a comment"],
)
def test_a_workbook_with_one_content_is_read(
    workbook: Path, written: Callable[[Archive], bytes]
) -> None:
    workbook.write_bytes(written(Archive.of(workbook.read_bytes())))
    assert [len(chunk.frame) for chunk in open_manifest(workbook).chunks()] == [3]


def test_the_cells_of_all_sheets_together_are_limited(
    workbook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(parts: dict[str, bytes]) -> None:
        for number in range(2, 5):
            parts[f"xl/worksheets/sheet{number}.xml"] = parts[SHEET]

    path = change_parts(workbook, change)
    monkeypatch.setattr(sheet_extent, "MAX_CELLS", 4 * 4 * 4)
    with zipfile.ZipFile(path) as archive:
        assert sheet_extent.find_oversized_sheet(archive) is None
    monkeypatch.setattr(sheet_extent, "MAX_CELLS", 4 * 4 * 4 - 1)
    with zipfile.ZipFile(path) as archive:
        assert sheet_extent.find_oversized_sheet(archive) == (4, 4)
