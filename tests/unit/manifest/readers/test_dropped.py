"""Data that readers could lose: invalid bytes, rows inside a quote, hidden parts of workbooks."""

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ManifestError, UsageError
from batch_import.manifest.columns.mapping import map_columns
from batch_import.manifest.read import open_manifest
from batch_import.manifest.readers import sheet_details, sheet_xml
from batch_import.manifest.readers.number_formats import format_number, is_plain
from batch_import.manifest.rules.garbled import restore_garbled_text
from batch_import.manifest.validate import Validator
from batch_import.models import Problem

HEADER = "sourceUrl,filename,referenceId,description"


def row(n: int, description: str = "plain") -> str:
    return f"https://media.example.com/{n}.mp4,Title {n},S{n},{description}"


def sent_and_problems(path: Path, **options: object) -> tuple[list[tuple[str, ...]], list[Problem]]:
    """Return the cells of the rows that would be sent, and all problems."""
    manifest = open_manifest(path, ReadingOptions(**options))  # type: ignore[arg-type]
    mapping = map_columns(manifest.header, next(manifest.chunks()), {})
    validator = Validator(mapping, manifest.header)
    rows, problems = [], list(manifest.content.problems)
    for chunk in manifest.chunks():
        found, more = validator.check(chunk)
        rows += [row for at, row in enumerate(found) if at not in found.errors]
        problems += more
    sent = [(row.source_url, row.filename, row.reference_id) for row in rows]
    return sent, problems


# Text -----------------------------------------------------------------------------------------


def test_invalid_bytes_are_problems_of_their_rows_only(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    lines = [HEADER, row(1, "é"), row(2, "é").replace("Title", "Café"), row(3, "é")]
    data = "\n".join(lines).encode()
    path.write_bytes(data.replace("Café 2".encode(), b"Caf\xe9 2"))
    sent, (problem,) = sent_and_problems(path)
    assert [title for _, title, _ in sent] == ["Title 1", "Title 3"]
    assert (problem.line, problem.code, problem.column) == (3, "bytes", "filename")
    assert "“Café 2”" in problem.hint
    assert open_manifest(path).format_description.startswith(
        "comma-separated, UTF-8 but for 1 byte: line 3 "
    )


def test_an_invalid_byte_in_a_note_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes("\n".join([HEADER, row(1, "é é"), row(2, "x")]).encode() + b"\xe9")
    sent, (problem,) = sent_and_problems(path)
    assert (len(sent), problem.column, str(problem.severity)) == (2, "description", "warning")


def test_a_file_in_an_uncertain_encoding_is_refused_with_its_titles(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    titles = ["Καλημέρα κόσμε", "Εκπαίδευση", "Ασφάλεια", "Εργασία"]
    lines = [f"https://media.example.com/{n}.mp4,{title}" for n, title in enumerate(titles)]
    path.write_bytes("\n".join(["sourceUrl,filename", *lines]).encode("cp1253"))
    with pytest.raises(
        ManifestError, match=r"no other encoding is certain\. As .* it reads: “"
    ) as caught:
        open_manifest(path)
    assert caught.value.message.count("“") == 3
    assert "encoding='NAME'" in caught.value.hint
    sent, problems = sent_and_problems(path, encoding="cp1253")
    assert ([title for _, title, _ in sent], problems) == (titles, [])
    assert (
        open_manifest(path, ReadingOptions(encoding="cp1253")).format_description
        == "comma-separated, cp1253"
    )
    with pytest.raises(ManifestError, match="is not all cp932: line"):
        open_manifest(path, ReadingOptions(encoding="cp932"))


def test_a_file_declared_as_utf8_is_read_as_utf8(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(b"url,title\nhttps://media.example.com/1.mp4,Caf\xe9\n")
    for data in (path.read_bytes(), b"\xef\xbb\xbf" + path.read_bytes()):
        path.write_bytes(data)
        sent, (problem,) = sent_and_problems(path, encoding="utf-8")
        assert (sent, problem.code) == ([], "bytes")


def test_an_encoding_setting_is_refused_for_workbooks(workbook: Callable) -> None:
    with pytest.raises(UsageError, match="encoding='cp1251' does not apply to Excel workbooks"):
        open_manifest(workbook(Sheet1={"A1": "url"}), ReadingOptions(encoding="cp1251"))


@pytest.mark.parametrize(
    ("text", "original"),
    [
        ("CafÃ©", "Café"), ("Caf√©", "Café"), ("itâ€™s", "it’s"), ("ÐŸÑ€Ð¸Ð²ÐµÑ‚", "Привет"),
        ("æ—¥æœ¬èªž", "日本語"), ("naïve – CafÃ©", "naïve – Café"), ("10Â°C", "10°C"),
        ("Café", ""), ("«CANCIÓ»", ""), ("»Menü«", ""), ("Žluťoučký kůň", ""), ("日本語", ""),
    ],
)  # fmt: skip
def test_garbled_text_is_recognized(text: str, original: str) -> None:
    assert restore_garbled_text(text) == original


@given(st.text("abc éàüñçøß—’™", min_size=1, max_size=40), st.sampled_from(["cp1252", "mac_roman"]))
def test_garbled_text_is_restored(text: str, encoding: str) -> None:
    try:
        garbled = text.encode().decode(encoding)
    except UnicodeDecodeError:
        return
    if not text.isascii():
        assert restore_garbled_text(garbled) == text


# Quotes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_quote_that_encloses_rows_is_a_problem_and_the_other_rows_are_read(
    tmp_path: Path, end: str
) -> None:
    lines = [HEADER, *(row(n) for n in range(1, 5)), row(5, '"He said: hello'),
             *(row(n) for n in range(6, 9)), row(9, 'that was all"'), row(10)]  # fmt: skip
    path = tmp_path / "m.csv"
    path.write_bytes(end.join(lines).encode())
    sent, (problem,) = sent_and_problems(path)
    assert [reference for _, _, reference in sent] == [
        f"S{n}" for n in (1, 2, 3, 4, 6, 7, 8, 9, 10)
    ]
    assert (problem.line, problem.code) == (6, "quoting")
    assert "takes in lines 7 to 10" in problem.reason


@pytest.mark.parametrize("tail", ["", "\n", '\n"'])
def test_a_quote_that_is_never_closed_is_a_problem_and_the_other_rows_are_read(
    tmp_path: Path, tail: str
) -> None:
    path = tmp_path / "m.csv"
    path.write_text("\n".join([HEADER, row(1), row(2, '"open'), row(3), row(4)]) + tail)
    sent, problems = sent_and_problems(path)
    assert [reference for _, _, reference in sent][:3] == ["S1", "S3", "S4"]
    assert (problems[0].line, problems[0].code) == (3, "quoting")


@pytest.mark.parametrize(
    "text",
    ["two\nlines", "see\nhttps://example.com/page\nfor more", "a, b\nhttps://example.com/x, and c",
     "line\n1,2,3,4,5,6"],
)  # fmt: skip
def test_cells_of_several_lines_are_valid(tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.csv"
    path.write_text("\n".join([HEADER, row(1), row(2, f'"{text}"'), row(3)]))
    sent, problems = sent_and_problems(path)
    assert (len(sent), problems) == (3, [])


@settings(max_examples=60)
@given(st.integers(2, 40), st.data())
def test_no_row_is_lost_silently_wherever_a_quote_is_opened(
    tmp_path_factory: pytest.TempPathFactory, count: int, data: st.DataObject
) -> None:
    opened = data.draw(st.integers(1, count))
    closed = data.draw(st.integers(opened, count))
    lines = [row(n, f"{chr(34) * (n == opened)}text {n}{chr(34) * (n == closed)}")
             for n in range(1, count + 1)]  # fmt: skip
    path = tmp_path_factory.mktemp("quotes") / "m.csv"
    path.write_text("\n".join([HEADER, *lines]), encoding="utf-8")
    sent, problems = sent_and_problems(path)
    assert len(sent) == count - (opened < closed)
    assert [problem.line for problem in problems] == [opened + 1] * (opened < closed)


PIECES = st.sampled_from(
    ["word", "a b", ",", "\n", "\r\n", '"', '""', ";", "\t", "|", "\\", " ", "(see",
     "https://example.com/page", "https://example.com/other.mp4"]
)  # fmt: skip
#: A text may contain URLs, but not a whole row, because such a text is identical to a row.
TEXTS = st.lists(PIECES, max_size=8).map("".join).filter(
    lambda text: not any("," in line and "://" in line for line in text.splitlines())
)  # fmt: skip


@settings(max_examples=400)
@given(st.data())
def test_valid_csv_has_no_problem(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Every file that `csv.writer` writes is read unchanged, also with line breaks in any cell."""
    width, count = data.draw(st.integers(3, 7)), data.draw(st.integers(1, 6))
    url, title = data.draw(st.permutations(range(width)))[:2]
    names = [f"note {at}" for at in range(width)]
    names[url], names[title] = "sourceUrl", "filename"
    rows = []
    for n in range(count):
        cells = [f"{data.draw(TEXTS)}" for _ in range(width)]
        cells[url], cells[title] = f"https://media.example.com/{n}.mp4", f"Title {n}"
        rows.append(cells)
    text = io.StringIO(newline="")
    quoting = data.draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    csv.writer(text, quoting=quoting).writerows([names, *rows])
    path = tmp_path_factory.mktemp("valid") / "m.csv"
    path.write_bytes(text.getvalue().encode())
    manifest = open_manifest(path)
    chunks = list(manifest.chunks())
    assert not any(chunk.faults for chunk in chunks)
    found = [cells for chunk in chunks for cells in chunk.frame.to_numpy().tolist()]
    assert found == rows


@pytest.mark.parametrize("position", range(5))
def test_a_cell_of_several_lines_is_read_in_any_column(tmp_path: Path, position: int) -> None:
    """The URL follows the cell on its last line, as in a `failed.csv` of such a manifest."""
    names = ["referenceId", "filename", "page", "sourceUrl"]
    names.insert(position, "description")
    lines = [",".join(names)]
    for n in range(1, 5):
        cells = [f"r{n}", f"Title {n}", f"https://example.com/page/{n}", row(n).split(",")[0]]
        cells.insert(position, '"a, ""b"", and\nhttps://example.com/c\nd, e"')
        lines.append(",".join(cells))
    path = tmp_path / "m.csv"
    path.write_text("\n".join(lines))
    sent, problems = sent_and_problems(path)
    assert (len(sent), problems) == (4, [])


@settings(max_examples=60)
@given(st.data())
def test_a_quote_that_encloses_rows_is_found_in_every_column(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    names = data.draw(st.permutations(["sourceUrl", "filename", "referenceId", "a", "b"]))
    count = data.draw(st.integers(2, 12))
    opened = data.draw(st.integers(1, count - 1))
    closed = data.draw(st.integers(opened + 1, count))
    column = names.index(data.draw(st.sampled_from(["filename", "a", "b"])))
    lines = [",".join(names)]
    for n in range(1, count + 1):
        values = {"sourceUrl": f"https://media.example.com/{n}.mp4", "referenceId": f"S{n}"}
        cells = [values.get(name, f"{name} {n}") for name in names]
        if n in (opened, closed):
            cells[column] = f'"{cells[column]}' if n == opened else f'{cells[column]}"'
        lines.append(",".join(cells))
    path = tmp_path_factory.mktemp("swallowed") / "m.csv"
    path.write_text("\n".join(lines))
    sent, problems = sent_and_problems(path)
    assert [reference for _, _, reference in sent] == [
        f"S{n}" for n in range(1, count + 1) if n != opened
    ]
    assert [(problem.line, problem.code) for problem in problems] == [(opened + 1, "quoting")]


@pytest.mark.parametrize("content", ['"abc","def"', '"abc","def"\n', '"abc";"def"'])
def test_valid_quotes_are_not_reported(tmp_path: Path, content: str) -> None:
    path = tmp_path / "m.csv"
    path.write_text(content)
    with pytest.raises(ManifestError, match="a header and no rows"):
        open_manifest(path)


# Workbooks ------------------------------------------------------------------------------------

COLUMNS = ["sourceUrl", "filename", "referenceId", "team"]
URL = "https://media.example.com/a.mp4"


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a workbook, whose cells `fill` adds."""

    def write(fill: Callable[..., object], header: list[str] = COLUMNS) -> Path:
        path = tmp_path / "m.xlsx"
        with xlsxwriter.Workbook(path) as made:
            sheet = made.add_worksheet("Videos")
            sheet.write_row("A1", header)
            fill(sheet, made)
        return path

    return write


def test_the_target_of_a_hyperlink_is_used_if_its_text_is_no_url(book: Callable) -> None:
    def fill(sheet: xlsxwriter.worksheet.Worksheet, _: object) -> None:
        sheet.write_url("A2", f"{URL}?x=1#t", string="Watch")
        sheet.write_row("B2", ["One", "1"])
        sheet.write_formula("A3", f'=HYPERLINK("{URL}?2","Watch")')
        sheet.write_row("B3", ["Two", "2"])
        sheet.write_formula("A4", f'=HYPERLINK("{URL}?3","Watch")', value="Watch")
        sheet.write_row("B4", ["Three", "3"])
        sheet.write_url("A5", "https://elsewhere.example/x", string=f"{URL}?4")
        sheet.write_row("B5", ["Four", "4"])

    sent, problems = sent_and_problems(book(fill))
    assert [url for url, _, _ in sent] == [f"{URL}?x=1#t", f"{URL}?2", f"{URL}?3", f"{URL}?4"]
    assert problems == []


def test_hyperlinks_of_titles_are_used_if_there_is_no_other_column_of_urls(book: Callable) -> None:
    def fill(sheet: xlsxwriter.worksheet.Worksheet, _: object) -> None:
        for n in (1, 2):
            sheet.write_url(n, 0, f"https://media.example.com/{n}.mp4", string=f"Lesson {n}")
            sheet.write_string(n, 1, f"L{n}")

    sent, problems = sent_and_problems(book(fill, ["Title", "ID"]))
    assert sent == [(f"https://media.example.com/{n}.mp4", f"Lesson {n}", f"L{n}") for n in (1, 2)]
    assert problems == []


@pytest.fixture
def workbook_with_links(tmp_path: Path) -> Path:
    """Return a workbook with lines above the header, and with file names that are hyperlinks."""
    path = tmp_path / "linked.xlsx"
    with xlsxwriter.Workbook(path) as made:
        sheet = made.add_worksheet("Filme")
        sheet.write_url("A1", "https://intranet.example/filme", string="Filme – Abzug")
        sheet.write("A2", "Stand: 12.11.2026")
        sheet.write_row("A4", ["Nr.", "Bezeichnung", "Datei", "Signatur"])
        for n in range(1, 9):
            sheet.write_row(3 + n, 0, [n, f"Film {'abcdefgh'[n - 1]}", f"film {n}.mp4", f"LA/{n}"])
            if n != 1:  # the first row lacks its link
                url = f"https://media.example.com/{n}.mp4"
                sheet.write_url(3 + n, 2, url, string=f"film {n}.mp4")
    return path


def test_the_header_is_found_by_the_hyperlinks_below(workbook_with_links: Path) -> None:
    manifest = open_manifest(workbook_with_links)
    assert manifest.header == ("Nr.", "Bezeichnung", "Datei", "Signatur", "sourceUrl")
    form = "sheet “Filme”, header on row 4, hyperlinks of “Datei” as sourceUrl"
    assert manifest.format_description == form
    sent, problems = sent_and_problems(workbook_with_links)
    assert sent == [(f"https://media.example.com/{n}.mp4", f"Film {'abcdefgh'[n - 1]}", f"LA/{n}")
                    for n in range(2, 9)]  # fmt: skip
    assert [problem.line for problem in problems] == [5]


@pytest.mark.parametrize("mapped", ["sourceUrl", "Source URL", "column 5", "Datei", "column 3"])
def test_hyperlinks_are_mapped_by_their_column_or_by_the_added_column(
    workbook_with_links: Path, mapped: str
) -> None:
    options = ReadingOptions(map={"sourceUrl": mapped, "referenceId": "Signatur"})
    manifest = open_manifest(workbook_with_links, options)
    (chunk,) = manifest.chunks()
    found = map_columns(manifest.header, chunk, options.map)
    assert chunk.frame[found.source_url][1] == "https://media.example.com/2.mp4"
    assert manifest.content.header[found.reference_id or 0] == "Signatur"


@pytest.mark.parametrize(("number", "code", "text"), [
    (42, "00000", "00042"), (123, "000-000", "000-123"), (1234567, "000-000", "1234-567"),
    (5, '"ID-"000', "ID-005"), (7, "0000;[Red]-0000", "0007"), (3, r"\A00", "A03"),
    (5, "#,##0", None), (0.5, "0%", None), (-3, "000", None), (0.5, "000", None),
])  # fmt: skip
def test_a_number_is_formatted_by_its_number_format(
    number: float, code: str, text: str | None
) -> None:
    assert not is_plain(code)
    assert format_number(float(number), code) == text


@pytest.mark.parametrize("code", ["General", "0", "@", "", "yyyy-mm-dd", "[h]:mm", "#"])
def test_formats_that_change_no_digits_are_plain(code: str) -> None:
    assert is_plain(code)


@given(st.integers(0, 10**14), st.text("0#-/ ", min_size=1, max_size=20))
def test_a_formatted_number_keeps_all_its_digits(number: int, code: str) -> None:
    text = format_number(float(number), code)
    if text is not None:
        assert str(number) in "".join(filter(str.isdigit, text)).lstrip("0") or number == 0


def test_leading_zeros_of_a_number_format_are_read(book: Callable) -> None:
    def fill(sheet: xlsxwriter.worksheet.Worksheet, made: xlsxwriter.Workbook) -> None:
        sheet.write_row("A2", [URL, "One"])
        sheet.write_number("C2", 42, made.add_format({"num_format": "00000"}))

    assert sent_and_problems(book(fill)) == ([(URL, "One", "00042")], [])


def test_merged_cells_give_each_row_their_value_but_no_url(book: Callable) -> None:
    def fill(sheet: xlsxwriter.worksheet.Worksheet, _: object) -> None:
        sheet.merge_range("B2:B3", "Part")
        sheet.merge_range("A4:A5", f"{URL}?3")
        for n, cell in enumerate(["C2", "C3", "C4", "C5"], 1):
            sheet.write_string(cell, f"{n}")
        sheet.write_string("A2", f"{URL}?1")
        sheet.write_string("A3", f"{URL}?2")
        sheet.write_string("B4", "Three")
        sheet.write_string("B5", "Four")

    sent, problems = sent_and_problems(book(fill))
    assert [title for _, title, _ in sent] == ["Part", "Part", "Three"]
    assert [(problem.line, problem.code) for problem in problems] == [
        (2, "cells-merged"), (5, "url-missing"),
    ]  # fmt: skip


def test_error_cells_are_read_as_in_csv(book: Callable) -> None:
    def fill(sheet: xlsxwriter.worksheet.Worksheet, _: object) -> None:
        for n, cell in enumerate(["A", "B", "C"], 2):
            sheet.write_row(f"A{n}", [f"{URL}?{n}", "One", f"id{n}"])
            sheet.write_formula(f"{cell}{n}", "=NA()", value="#N/A")

    sent, problems = sent_and_problems(book(fill))
    assert sent == []
    assert [(problem.line, problem.code) for problem in problems] == [
        (2, "url-scheme"), (3, "filename-damaged"), (4, "reference-damaged"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "part",
    [
        "<!DOCTYPE x [<!ENTITY a 'b'>]><worksheet>&a;</worksheet>",
        '<worksheet><c t="e"></worksheet>',
    ],
)
def test_xml_with_entities_and_invalid_xml_are_refused(tmp_path: Path, part: str) -> None:
    path = tmp_path / "m.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", part)
    with zipfile.ZipFile(path) as archive, pytest.raises(sheet_xml.InvalidPart):
        sheet_details.WorkbookParts(archive)


@pytest.mark.parametrize(
    "content",
    ["<html><table><tr><td>url</td></tr></table></html>", "\n<!DOCTYPE HTML>\n<html>",
     "<table border=1>",
     '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook>',
     "MIME-Version: 1.0\nContent-Type: multipart/related"],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_html_page_named_like_a_workbook_is_refused(
    tmp_path: Path, content: str, encoding: str
) -> None:
    path = tmp_path / "m.xls"
    path.write_bytes(content.encode(encoding))
    with pytest.raises(ManifestError, match="whatever its name says") as caught:
        open_manifest(path)
    assert ".xlsx" in caught.value.hint
