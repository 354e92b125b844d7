"""Workbooks: cells as a person sees them, row numbers, sheets, and what cannot be read."""

import datetime as dt
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ManifestError
from batch_import.manifest.read import open_manifest
from batch_import.manifest.readers import xlsx_reader

URL = "https://h/v.mp4"
TABLE = {"A1": "url", "B1": "title", "A2": URL, "B2": "One"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (123.0, "123"),
        (-7, "-7"),
        (0.1 + 0.2, "0.3"),
        (1e-7, "0.0000001"),
        (1.23e15, "1230000000000000"),
        (1234567890123456, "1234567890123456"),
        (1e21, "1000000000000000000000"),
        (-0.0, "0"),
        (True, "TRUE"),
        ("0042", "0042"),
        ("=1+1", "0"),
        ("  kept ", "  kept "),
        ("two\nlines", "two\nlines"),
        (dt.date(2025, 3, 4), "2025-03-04"),
    ],
)
def test_cells_have_the_text_that_a_person_sees(
    read: Callable, workbook: Callable, value: object, shown: str
) -> None:
    found = read(workbook(Sheet1={**TABLE, "C1": "note", "C2": value}))
    assert found.cells == [[URL, "One", shown]]


@pytest.mark.parametrize(
    ("form", "value", "shown"),
    [
        (
            "yyyy-mm-dd hh:mm",
            dt.datetime.fromisoformat("2025-03-04 05:06:07"),
            "2025-03-04 05:06:07",
        ),
        ("hh:mm:ss", dt.time(0, 1, 5), "00:01:05"),
        ("[h]:mm:ss", dt.timedelta(hours=30, minutes=5), "30:05:00"),
    ],
)
def test_times_have_the_text_that_a_person_sees(
    read: Callable, tmp_path: Path, form: str, value: object, shown: str
) -> None:
    path = tmp_path / "times.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row("A1", ["url", "title", "at"])
        sheet.write_row("A2", [URL, "One"])
        sheet.write_datetime("C2", value, book.add_format({"num_format": form}))
    assert read(path).cells == [[URL, "One", shown]]


def test_line_numbers_are_row_numbers_of_the_sheet(read: Callable, workbook: Callable) -> None:
    cells = {"C5": "Our videos", "C7": "url", "D7": "title", "C9": URL, "D9": "One"}
    found = read(workbook(Sheet1={**cells, "C10": "# not this", "C12": URL, "D12": "Two"}))
    assert found.form == "sheet “Sheet1”, header on row 7"
    assert found.rows == [(9, [URL, "One"]), (12, [URL, "Two"])]
    assert found.comments == [10]


def test_a_table_that_begins_in_row_90_is_read(read: Callable, workbook: Callable) -> None:
    found = read(workbook(Sheet1={"A90": "url", "B90": "title", "A91": URL, "B91": "One"}))
    assert found.rows == [(91, [URL, "One"])]


def test_the_first_sheet_with_videos_is_read_and_another_can_be_named(
    read: Callable, workbook: Callable
) -> None:
    path = workbook(Notes={"A1": "Read me"}, Videos=TABLE, Old={**TABLE, "B2": "Old one"})
    assert read(path).form == "sheet “Videos”"
    assert read(path, sheet="Old").cells == [[URL, "Old one"]]
    with pytest.raises(ManifestError, match="no sheet “Vidoes”") as caught:
        read(path, sheet="Vidoes")
    assert caught.value.hint == "It has: “Notes”, “Videos”, “Old”."


def test_a_hidden_sheet_is_read_only_by_its_name(read: Callable, tmp_path: Path) -> None:
    path = tmp_path / "hidden.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Shown").write_row("A1", ["Wo", "Was"])
        hidden = book.add_worksheet("Hidden")
        hidden.hide()
        for row, cells in enumerate([["url", "title"], [URL, "One"]]):
            hidden.write_row(row, 0, cells)
    with pytest.raises(ManifestError, match="a header and no rows"):
        read(path)
    assert read(path, sheet="Hidden").cells == [[URL, "One"]]


def test_names_are_given_for_a_sheet_without_a_header(read: Callable, workbook: Callable) -> None:
    path = workbook(Sheet1={"A1": "One", "B1": URL})
    assert read(path).header == ["column 1", "column 2"]
    assert read(path, columns=("filename", "sourceUrl")).rows == [(1, ["One", URL])]


COVER = {"A1": "Our videos", "A2": "Questions", "B2": "https://intranet.example.com/help"}


def test_the_sheet_with_the_videos_is_found(read: Callable, workbook: Callable) -> None:
    found = read(
        workbook(Blank={}, Cover=COVER, Data={"A1": "Wo", "B1": "Was", "A2": URL, "B2": "x"})
    )
    assert (found.form, found.cells) == ("sheet “Data”", [[URL, "x"]])


def test_further_sheets_with_videos_are_reported_and_can_all_be_read(
    read: Callable, workbook: Callable
) -> None:
    other = {"A1": "title", "B1": "url", "C1": "team", "A2": "Two", "B2": URL, "C2": "HR"}
    path = workbook(First=TABLE, Cover=COVER, Second=other)
    assert read(path).cells == [[URL, "One"]]
    cover = ("Not read, because they have no videos: sheets “Cover” (2 rows)",)
    assert open_manifest(path).notes == cover
    (problem,) = open_manifest(path).content.problems
    assert (problem.code, problem.value) == ("sheet-unread", "“Second” (2 rows)")

    found = read(path, sheet="all")
    assert found.header == ["url", "title", "team"]
    assert found.rows == [(2, [URL, "One", ""]), (4, [URL, "Two", "HR"])]
    assert found.form == "sheets “First” (rows from 1), “Second” (rows from 3)"
    assert open_manifest(path, ReadingOptions(sheet="all")).notes == cover
    assert open_manifest(path, ReadingOptions(sheet="all")).content.problems == ()


def test_hyperlinks_and_details_of_cells_are_read_from_all_sheets(
    tmp_path: Path,
) -> None:
    path = tmp_path / "m.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, columns in (("One", ("Title", "Clip")), ("Two", ("Clip", "Title"))):
            sheet = book.add_worksheet(name)
            sheet.write_row("A1", columns)
            at = columns.index("Clip")
            for row in (1, 2):
                sheet.write_url(row, at, f"https://h.example/{name}{row}.mp4", string="Watch")
                sheet.write(row, 1 - at, f"{name} {row}")
            sheet.set_row(2, options={"hidden": True})
        book.add_worksheet("Notes").write("A1", "Ask Ann.")
    manifest = open_manifest(path, ReadingOptions(sheet="all"))
    (chunk,) = manifest.chunks()
    assert manifest.header == ("Title", "Clip", "sourceUrl")
    assert chunk.frame[2].tolist() == [
        f"https://h.example/{n}.mp4" for n in ("One1", "One2", "Two1", "Two2")
    ]
    assert (chunk.frame[0].tolist(), chunk.lines) == (
        ["One 1", "One 2", "Two 1", "Two 2"], [2, 3, 5, 6],
    )  # fmt: skip
    assert [
        at for at, violations in chunk.violations.items() if violations[0][1].code == "row-hidden"
    ] == [1, 3]


def test_urls_that_are_also_hyperlinks_add_no_column(tmp_path: Path) -> None:
    path = tmp_path / "m.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row("A1", ["Name of it", "Download"])
        sheet.write_row("A2", ["One", URL])
        sheet.write_url("B2", URL)
    assert open_manifest(path).header == ("Name of it", "Download")


@pytest.mark.parametrize("options", [{}, {"map": {"sourceUrl": "File (server)"}}])
def test_a_hyperlink_in_a_column_of_urls_is_read_whatever_the_name_of_the_column(
    read: Callable, tmp_path: Path, options: dict[str, object]
) -> None:
    path = tmp_path / "m.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row("B1", ["File (server)", "Name of it", "Remarks"])
        for row in (1, 2):
            sheet.write_row(row, 1, [f"https://h.example/{row}.mp4", f"Video {row}", "fine"])
        sheet.write_row("B4", ["link", "Video 3", "fine"])
        sheet.write_url("B4", "https://h.example/3.mp4", string="link")
        sheet.write_url("D4", "https://h.example/notes.mp4", string="see there")
    found = read(path, **options)
    assert [row[0] for row in found.cells] == [f"https://h.example/{n}.mp4" for n in (1, 2, 3)]
    assert [row[2] for row in found.cells] == ["fine", "fine", "see there"]


@pytest.mark.parametrize(
    ("options", "header"),
    [
        ({}, ["Ref.", "Title", "File (server)"]),
        ({"map": {"SourceURL": "File link"}}, ["Ref.", "Title", "File link"]),
    ],
)
def test_each_sheet_is_read_by_its_own_header(
    read: Callable, workbook: Callable, options: dict[str, object], header: list[str]
) -> None:
    names = {"2022": ("Ref.", "Title", "File (server)"), "2023": ("File link", "Name", "Ref.")}
    sheets = {}
    for year, columns in names.items():
        cells = {f"{letter}1": name for letter, name in zip("ABC", columns, strict=True)}
        for row in (2, 3):
            values = {
                **dict.fromkeys(("Title", "Name"), f"Film {year} number {row}"),
                **dict.fromkeys(("File (server)", "File link"), f"https://h.example/{row}.mp4"),
                "Ref.": f"{year}-{row}",
            }
            cells |= {f"{letter}{row}": values[name] for letter, name in zip("ABC", columns)}  # noqa: B905
        sheets[year] = cells
    found = read(workbook(**sheets), sheet="all", **options)
    assert found.header == header
    assert found.cells == [
        [f"{year}-{row}", f"Film {year} number {row}", f"https://h.example/{row}.mp4"]
        for year in names
        for row in (2, 3)
    ]


def test_a_column_keeps_its_name_if_its_sheet_also_has_the_common_name(
    read: Callable, workbook: Callable
) -> None:
    first = {"A1": "Title", "B1": "File", "A2": "One", "B2": "https://h.example/1.mp4"}
    first |= {"A3": "Two", "B3": "https://h.example/2.mp4"}
    second = {"A1": "Title", "B1": "File", "C1": "Master", "A2": "Three", "B2": "on the shelf"}
    second |= {"C2": "https://h.example/3.mov", "A3": "Four", "C3": "https://h.example/4.mov"}
    found = read(workbook(First=first, Second=second), sheet="all")
    assert found.header == ["Title", "File", "Master"]


def test_a_workbook_is_recognized_by_its_content(read: Callable, workbook: Callable) -> None:
    path = workbook(Sheet1=TABLE)
    for name in ("videos.csv", "videos.json", "videos"):
        assert read(path.rename(path.with_name(name))).cells == [[URL, "One"]]
        path = path.with_name(name)


@pytest.mark.parametrize("place", ["XFD1048576", "AZ1048576"])
def test_a_single_distant_cell_does_not_fill_the_memory(workbook: Callable, place: str) -> None:
    path = workbook(Sheet1={**TABLE, place: "x"})
    with pytest.raises(ManifestError, match="a sheet of 1048576 rows") as caught:
        open_manifest(path)
    assert "far off" in caught.value.hint


def test_a_wide_sheet_is_read(read: Callable, workbook: Callable) -> None:
    found = read(workbook(Sheet1={**TABLE, "ZZ1": "note", "ZZ2": "x"}))
    assert (found.header[-1], len(found.header)) == ("note", 702)


def test_a_workbook_that_decompresses_to_too_many_bytes_is_refused(
    workbook: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_reader, "_MAX_BYTES", 1000)
    with pytest.raises(ManifestError, match="unpacks to"):
        open_manifest(workbook(Sheet1=TABLE))


def test_an_archive_without_worksheets_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "videos.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("videos.csv", "url,title\n")
    with pytest.raises(ManifestError, match="no worksheets of Excel") as caught:
        open_manifest(path, ReadingOptions())
    assert ".xlsx" in caught.value.hint
