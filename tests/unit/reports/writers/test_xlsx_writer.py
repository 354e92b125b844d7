"""The workbook: its sheets and cells, and that nothing in it is executed."""

import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

from batch_import.addresses.masking import mask
from batch_import.configuration.result_options import ResultOptions
from batch_import.errors import StateError, UsageError
from batch_import.models import ManifestColumns, ResultRow, Status
from batch_import.reports.summary import ReportInfo
from batch_import.reports.table import Embedding, Table, results_table
from batch_import.reports.writers import xlsx_summary, xlsx_writer
from batch_import.reports.writers.xlsx_writer import write_xlsx

DATA = Path(__file__).parents[2] / "data"
COLUMNS = ManifestColumns(("sourceUrl", "title", "status", "team"), (0, 1, None, None))
ABOUT = ReportInfo("library.csv", 1_767_225_600.0)
Make = Callable[..., ResultRow]


def table_of(columns: str = "") -> Table:
    return results_table(COLUMNS, (), Embedding(options=ResultOptions(results_columns=columns)))


def write_workbook(
    path: Path, records: Sequence[ResultRow], columns: str = ""
) -> openpyxl.Workbook:
    write_xlsx(path, table_of(columns), records, len(records), ABOUT)
    return openpyxl.load_workbook(path)


def column(sheet: Worksheet, heading: str) -> list[Cell]:
    """Return the cells below a heading."""
    headings = [cell.value for cell in sheet[1]]
    at = headings.index(heading) + 1
    return [sheet.cell(row, at) for row in range(2, sheet.max_row + 1)]


def values(cells: Iterable[Cell]) -> list[object]:
    return [cell.value for cell in cells]


def test_the_workbook_has_three_sheets_with_filters_widths_and_a_print_area(
    tmp_path: Path, record: Make
) -> None:
    book = write_workbook(tmp_path / "r.xlsx", [record(), record(Status.FAILED, error="codec")])
    assert book.sheetnames == ["Videos", "Needs attention", "Summary"]
    videos = book["Videos"]
    headings = [cell.value for cell in videos[1]]
    assert headings[:3] == ["title", "embedCode", "embedUrl"]
    assert headings[-1] == "error"
    assert sorted(headings) == sorted(table_of().header)
    assert videos.freeze_panes == "A2"
    assert videos.auto_filter.ref == "A1:T3"
    assert videos.column_dimensions["A"].width > 30
    assert videos.column_dimensions["T"].width < 20
    assert videos.print_title_rows == "$1:$1"
    assert videos.print_area.endswith("$3")
    assert values(column(videos, "status")) == ["Imported", "Failed"]
    green, red = (cell.fill.start_color.rgb for cell in column(videos, "status"))
    assert green != red
    assert values(column(videos, "line")) == [2, 2]


def test_urls_are_hyperlinks(tmp_path: Path, record: Make) -> None:
    book = write_workbook(tmp_path / "r.xlsx", [record(source_url="https://h/v.mp4"), record()])
    embed, _ = column(book["Videos"], "embedUrl")
    assert embed.hyperlink.target == embed.value == "https://play.viostream.com/iframe/k1"
    plain, signed = column(book["Videos"], "sourceUrl")
    assert plain.hyperlink.target == "https://h/v.mp4"
    assert signed.value == "https://h.example.com/v.mp4?X-Amz-Signature=***"
    assert signed.hyperlink is None  # a masked URL does not work


def test_an_unusable_url_is_text(
    tmp_path: Path, record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_writer, "MAX_LINKS", 4)
    odd = ["javascript:alert(1)", "file:///etc/passwd", "https://h/" + "x" * 2080, "https://h/a b"]
    records = [record(source_url=url) for url in odd]
    book = write_workbook(tmp_path / "r.xlsx", records)
    assert values(column(book["Videos"], "sourceUrl")) == odd
    assert not any(cell.hyperlink for cell in column(book["Videos"], "sourceUrl"))
    assert all(cell.hyperlink for cell in column(book["Videos"], "embedUrl"))
    book = write_workbook(tmp_path / "r.xlsx", [record(source_url="https://h/v.mp4")] * 5)
    links = [bool(cell.hyperlink) for cell in column(book["Videos"], "embedUrl")]
    assert links == [True] * 4 + [False]


AWKWARD = [
    *(text for path in sorted(DATA.glob("*.txt")) for text in path.read_text("utf-8").split("\n")),
    "-Xk92", "0042", "1E5", "TRUE", "2025-01-01", "http://h/", "mailto:a@h", "internal:Summary!A1",
    "<r><t>x</t></r>", "<r>", "_x0041_", " spaces ", "\ufffe\uffff", "a\tb", "{=1+1}", "\x00\x1f",
]  # fmt: skip


#: XML cannot contain these characters; Excel shows them in this form.
NO_CHARACTERS = {0xFFFE: "_xFFFE_", 0xFFFF: "_xFFFF_"}


def test_every_text_is_written_as_text(tmp_path: Path, record: Make) -> None:
    texts = [text for text in AWKWARD if text]
    path = tmp_path / "r.xlsx"
    records = [record(Status.FAILED, reference_id=text, cells=("", "", "", text)) for text in texts]
    write_workbook(path, records)
    book = CalamineWorkbook.from_path(str(path))
    for sheet, heading in (("Videos", "referenceId"), ("Videos", "team")):
        header, *lines = book.get_sheet_by_name(sheet).to_python()
        shown = [line[header.index(heading)] for line in lines]
        assert shown == [mask(text).translate(NO_CHARACTERS) for text in texts]
    with zipfile.ZipFile(path) as parts:
        assert not any(b"<f>" in parts.read(name) for name in parts.namelist())


def test_a_text_that_is_too_long_for_a_cell_is_truncated(tmp_path: Path, record: Make) -> None:
    titles = ["x" * 40_000, "😀" * 20_000, "x" * 32_767]
    book = write_workbook(tmp_path / "r.xlsx", [record(title=title) for title in titles])
    cut, emoji, whole = values(column(book["Videos"], "title"))
    assert (cut, whole) == ("x" * 32_766 + "…", titles[2])
    assert emoji == "😀" * 16_383 + "…"


def test_rows_that_need_attention_have_a_reason_and_advice(tmp_path: Path, record: Make) -> None:
    records = [
        record(),
        record(Status.FAILED, error="host not found", codes=("source-unavailable",), line=3),
        record(
            Status.INVALID,
            error="id: twice\nGive it a reference id of its own.",
            codes=("duplicate-reference",),
            line=4,
        ),
        record(Status.UNKNOWN, error="timed out", line=5),
        record(Status.PENDING),
    ]
    sheet = write_workbook(tmp_path / "r.xlsx", records)["Needs attention"]
    assert values(column(sheet, "line")) == [3, 4, 5]
    assert values(column(sheet, "What is wrong")) == [r.reason for r in records[1:4]]
    first, second, third = map(str, values(column(sheet, "What to do")))
    assert "Open the source URL" in first
    assert "a reference id of its own" in second
    assert "Run the import again" in third


def test_the_summary_has_counts_and_causes(tmp_path: Path, record: Make) -> None:
    failures = [record(Status.FAILED, error=f"timed out after {n} s") for n in range(3)]
    sheet = write_workbook(tmp_path / "r.xlsx", [record(), *failures])["Summary"]
    lines = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert lines[0][0] == "Import of library.csv"
    assert lines[1][0] == "As of 2026-01-01 00:00 UTC"
    assert [line[:2] for line in lines[4:7]] == [["Imported", 1], ["Failed", 3], ["All", 4]]
    assert ["timed out after 0 s", 3, "h.example.com"] in lines


def test_columns_that_people_added_are_kept(tmp_path: Path, record: Make) -> None:
    path = tmp_path / "r.xlsx"
    records = [record(reference_id=name) for name in ("a", "-b", "c", "c")]
    book = write_workbook(path, [*records[:3], record(reference_id="gone")])
    sheet = book["Videos"]
    for at, heading in enumerate(["Page", "Done", "When"], sheet.max_column + 1):
        sheet.cell(1, at, heading)
        for row, value in enumerate([f"/{heading}", 7, datetime(2026, 5, 4, 12, 30), True], 2):  # noqa: DTZ001
            sheet.cell(row, at, value)
    book.save(path)

    for _ in range(2):  # the columns are also copied a second time
        sheet = write_workbook(path, [records[1], records[0], *records[2:]])["Videos"]
        assert [cell.value for cell in sheet[1]][-3:] == ["Page", "Done", "When"]
        assert values(column(sheet, "Page")) == [7, "/Page", datetime(2026, 5, 4, 12, 30), None]  # noqa: DTZ001
        assert sheet.auto_filter.ref == "A1:W5"


def test_a_reference_id_that_was_typed_as_a_number_is_recognized(
    tmp_path: Path, record: Make
) -> None:
    path = tmp_path / "r.xlsx"
    book = write_workbook(path, [record(reference_id="4711")])
    (cell,) = column(book["Videos"], "referenceId")
    cell.value = 4711
    book["Videos"]["U1"].value, book["Videos"]["U2"].value = "Mine", "x"
    book.save(path)
    sheet = write_workbook(path, [record(reference_id="4711")])["Videos"]
    assert values(column(sheet, "Mine")) == ["x"]


def test_columns_of_the_results_are_not_mistaken_for_added_columns(
    tmp_path: Path, record: Make
) -> None:
    path = tmp_path / "r.xlsx"
    write_workbook(path, [record()], "referenceId=ID,embedCode=Embed code,title")
    book = write_workbook(path, [record()], "referenceId,key")
    assert [cell.value for cell in book["Videos"][1]] == ["referenceId", "key"]


def test_an_added_formula_is_kept_as_text_or_value(tmp_path: Path, record: Make) -> None:
    path = tmp_path / "r.xlsx"
    book = write_workbook(path, [record()])
    book["Videos"].cell(1, 21, "Mine")
    cell = book["Videos"].cell(2, 21)
    cell.value, cell.data_type = "=cmd|' /C calc'!A0", "s"
    book.save(path)
    (kept,) = column(write_workbook(path, [record()])["Videos"], "Mine")
    assert (kept.value, kept.data_type) == ("=cmd|' /C calc'!A0", "s")


def test_an_unreadable_workbook_is_not_replaced(tmp_path: Path, record: Make) -> None:
    path = tmp_path / "r.xlsx"
    path.write_bytes(b"PK\x03\x04 not really")
    before = path.read_bytes()
    with pytest.raises(StateError, match="may have columns of yours") as fault:
        write_xlsx(path, table_of(), [record()], 1, ABOUT)
    assert "move it away" in fault.value.hint
    assert path.read_bytes() == before


def test_numbers_and_dates_of_the_manifest_are_typed_and_ids_are_text(
    tmp_path: Path, record: Make
) -> None:
    names = ("url", "views", "price", "day", "at", "code", "assetId", "mixed")
    columns = ManifestColumns(names, (0, None, None, None))
    cells = [
        ("u", "12", "1.50", "2025-01-13", "2025-01-13T10:30:00Z", "007", "4711", "12"),
        ("u", "-3", "10.25", "1999-12-31", "2025-01-13 10:30", "012", "4712", "twelve"),
        ("u", "", "", "", "", "", "", ""),
    ]
    records = [record(columns=columns, cells=each) for each in cells]
    table = results_table(columns)
    write_xlsx(tmp_path / "r.xlsx", table, records, 3, ABOUT)
    sheet = openpyxl.load_workbook(tmp_path / "r.xlsx")["Videos"]

    def first(heading: str) -> list[object]:
        return values(column(sheet, heading))

    assert first("views") == [12, -3, None]
    assert first("price") == [1.5, 10.25, None]
    assert [cell.number_format for cell in column(sheet, "price")][:2] == ["0.00", "0.00"]
    assert first("day") == [datetime(2025, 1, 13), datetime(1999, 12, 31), None]  # noqa: DTZ001
    assert first("at")[0] == datetime(2025, 1, 13, 10, 30)  # noqa: DTZ001
    assert first("code") == ["007", "012", None]
    assert first("assetId") == ["4711", "4712", None]
    assert first("mixed") == ["12", "twelve", None]


def test_each_group_has_a_sheet_of_its_own(
    tmp_path: Path, record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_writer, "_MAX_GROUP_SHEETS", 4)
    teams = ["A/B", "a b", "Videos", "", "E", "F", "A/B"]
    options = ResultOptions(group_by="team")
    table = results_table(COLUMNS, (), Embedding(options=options))
    records = [record(reference_id=f"r{n}", cells=("", "", "", t)) for n, t in enumerate(teams)]
    path = tmp_path / "r.xlsx"
    for _ in range(2):  # the sheet of a group is not mistaken for an added sheet
        write_xlsx(path, table, records, 7, ABOUT)
        book = openpyxl.load_workbook(path)
        assert book.sheetnames == [
            "Videos", "Needs attention", "A B", "a b (2)", "Videos (2)", "(blank)", "Other groups",
            "Summary",
        ]  # fmt: skip
        assert values(column(book["A B"], "referenceId")) == ["r0", "r6"]
        assert values(column(book["Other groups"], "team")) == ["E", "F"]


def test_a_missing_column_to_group_by_is_refused() -> None:
    with pytest.raises(UsageError, match=r"group_by='tema' is not a column .* There is team"):
        results_table(COLUMNS, (), Embedding(options=ResultOptions(group_by="tema")))


def test_a_workbook_is_written_completely_or_not_at_all(tmp_path: Path, record: Make) -> None:
    def broken() -> Iterable[ResultRow]:
        yield record()
        raise OSError(28, "No space left on device")

    with pytest.raises(StateError, match="No space left"):
        write_xlsx(tmp_path / "r.xlsx", table_of(), broken(), 2, ABOUT)
    assert list(tmp_path.iterdir()) == []


def test_rows_beyond_the_maximum_of_a_sheet_are_reported(
    tmp_path: Path, record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_writer, "LAST_ROW", 2)
    monkeypatch.setattr(xlsx_summary, "MAX_TABLE_ROWS", 2)
    book = write_workbook(tmp_path / "r.xlsx", [record(Status.FAILED)] * 4)
    assert (book["Videos"].max_row, book["Needs attention"].max_row) == (3, 3)
    assert (
        book["Summary"]["A3"].value == "A sheet can have 2 videos. All videos are in results.csv."
    )
    assert book["Summary"]["B5"].value == 4
