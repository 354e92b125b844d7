"""The table of codes: each example gets its code, and no code is missing."""
# ruff: noqa: SLF001 - only preflight has the code of a failed connection

import ast
import csv
import datetime as dt
import io
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import UsageError
from batch_import.manifest.columns.mapping import map_columns
from batch_import.manifest.read import open_manifest
from batch_import.manifest.validate import Validator
from batch_import.models import POSSIBLE_DUPLICATE_CODE, Problem, Severity
from batch_import.problem_codes import CODES, OVERRULABLE
from batch_import.sources import preflight
from batch_import.sources.contents import FIRST_BYTES, SourceResponse, violation_of

PACKAGE = Path(__file__).parents[4] / "batch_import"
HEADER = ["sourceUrl", "filename", "extension", "referenceId"]
GOOD = ["https://media.example.com/a.mp4", "Title", "mp4", "A-1"]
NOW = 1.7e9
SOON = str(int(NOW) + 60)


def problems_of(path: Path, allow: tuple[str, ...] = ()) -> list[Problem]:
    manifest = open_manifest(path, ReadingOptions(allow=allow))
    mapping = map_columns(manifest.header, next(manifest.chunks()), {})
    validator = Validator(
        mapping, manifest.header, now=NOW, allowed=allow, is_signed_scheme={"s3"}.__contains__
    )
    found = [problem for problem in manifest.content.problems if problem.code not in allow]
    for chunk in manifest.chunks():
        found += validator.check(chunk)[1]
    return [*found, *validator.manifest_problems(5.0)]


def as_csv(*rows: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    return text.getvalue().encode("utf-8", "surrogateescape")


def manifest_with_example(code: str) -> bytes:
    """Return a manifest whose second row has the example in its field."""
    field = CODES[code].example_kind
    example = CODES[code].example.replace("SOON", SOON)
    row = {**dict(zip(HEADER, GOOD, strict=True)), field: example}
    row |= {"sourceUrl": "https://media.example.com/a"} if code == "extension-missing" else {}
    twice = [dict(row)]
    if code == "duplicate-video":
        twice.append({**row, "referenceId": "A-2"})
    if code == "duplicate-row":
        twice = [{**row, "referenceId": ""}] * 3
    if code == "duplicate-reference":
        twice.append({**row, "sourceUrl": "https://media.example.com/b.mp4"})
    if code == "url-page-likely":
        twice = [{**row, "extension": ""}]
    others = {
        "url-page-likely": ["B-1", "B-2"],
        "reference-alike": ["A-1"],
        "reference-blank": ["B-1", "B-2"],
        "reference-zeros": ["004711", "123456", "990011", "555555"],
    }
    for number, reference in enumerate(others.get(code, ())):
        url = f"https://media.example.com/{number}.mp4"
        twice.append({**row, "sourceUrl": url, "referenceId": reference})
    return as_csv(*(list(each.values()) for each in twice))


CELLS = [code for code, printed in CODES.items() if printed.example_kind in HEADER]
LINES = [code for code, printed in CODES.items() if printed.example_kind == "line"]


@pytest.mark.parametrize("code", CELLS)
def test_the_example_cell_of_a_code_has_this_code(tmp_path: Path, code: str) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(manifest_with_example(code))
    found = {problem.code: problem.severity for problem in problems_of(path)}
    assert found.get(code) is CODES[code].severity
    if code in OVERRULABLE:
        assert code not in {problem.code for problem in problems_of(path, (code,))}


@pytest.mark.parametrize("code", LINES)
def test_the_example_line_of_a_code_has_this_code(tmp_path: Path, code: str) -> None:
    path = tmp_path / "m.csv"
    lines = [",".join(HEADER), "https://media.example.com/é.mp4,é,mp4,0", CODES[code].example]
    path.write_bytes(
        "\n".join([*lines, "https://media.example.com/b.mp4,B,mp4,B-1"]).encode(
            "utf-8", "surrogateescape"
        )
    )
    found = problems_of(path)
    assert [(problem.line, problem.code) for problem in found] == [(3, code)]


@pytest.mark.parametrize("code", ["repeated-key", "syntax"])
def test_the_json_example_of_a_code_has_this_code(tmp_path: Path, code: str) -> None:
    path = tmp_path / "m.jsonl"
    good = '{"sourceUrl": "https://media.example.com/b.mp4", "filename": "B"}'
    path.write_text(f"{good}\n{CODES[code].example}\n", encoding="utf-8")
    assert [(problem.line, problem.code) for problem in problems_of(path)] == [(2, code)]


def test_a_url_beside_objects_has_the_code_no_object(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_text(CODES["no-object"].example, encoding="utf-8")
    assert [problem.code for problem in problems_of(path)] == ["no-object"]


def test_a_page_of_a_longer_list_has_the_code_records_missing(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_text(CODES["records-missing"].example, encoding="utf-8")
    (problem,) = problems_of(path)
    assert (problem.code, problem.severity) == ("records-missing", Severity.WARNING)
    assert problems_of(path, ("records-missing",)) == []


def test_an_object_with_several_files_has_the_code_renditions(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_text(f"[{CODES['renditions'].example}]", encoding="utf-8")
    assert {problem.code for problem in problems_of(path)} == {"renditions"}


Sheet = xlsxwriter.worksheet.Worksheet


def _formula(sheet: Sheet, _: xlsxwriter.Workbook) -> None:
    sheet.write_formula("B2", '="Title "&D2')


def _digits(sheet: Sheet, _: xlsxwriter.Workbook) -> None:
    sheet.write_number("B2", 1234567890123456)


def _date(sheet: Sheet, book: xlsxwriter.Workbook) -> None:
    form = book.add_format({"num_format": "d mmmm yyyy"})
    sheet.write_datetime("B2", dt.datetime(2024, 3, 1), form)  # noqa: DTZ001


def _hidden_row(sheet: Sheet, _: xlsxwriter.Workbook) -> None:
    sheet.set_row(1, options={"hidden": True})


def _struck_row(sheet: Sheet, book: xlsxwriter.Workbook) -> None:
    struck = book.add_format({"font_strikeout": True})
    sheet.write_row("A2", GOOD, struck)
    sheet.write("E2", "withdrawn")


def _merged(sheet: Sheet, _: xlsxwriter.Workbook) -> None:
    sheet.merge_range("E2:E3", "HR")


def _filter(sheet: Sheet, _: xlsxwriter.Workbook) -> None:
    sheet.autofilter("A1:D2")
    sheet.filter_column("B", "x == Title")


def _unread(_: Sheet, book: xlsxwriter.Workbook) -> None:
    other = book.add_worksheet("Sales")
    other.write_row("A1", HEADER)
    other.write_row("A2", GOOD)


WORKBOOKS: dict[str, Callable[[Sheet, xlsxwriter.Workbook], None]] = {
    "cell-formula": _formula,
    "cell-digits": _digits,
    "cell-format": _date,
    "row-hidden": _hidden_row,
    "row-struck": _struck_row,
    "cells-merged": _merged,
    "sheet-filter": _filter,
    "sheet-unread": _unread,
}


@pytest.mark.parametrize("code", WORKBOOKS)
def test_the_example_workbook_of_a_code_has_this_code(tmp_path: Path, code: str) -> None:
    path = tmp_path / "m.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("HR")
        sheet.write_row("A1", [*HEADER, "team"])
        sheet.write_row("A2", GOOD)
        WORKBOOKS[code](sheet, book)
    found = {problem.code: problem.severity for problem in problems_of(path)}
    assert found == {code: CODES[code].severity}
    if code in OVERRULABLE:
        assert problems_of(path, (code,)) == []


def _write_as_date(sheet: Sheet, position: str, book: xlsxwriter.Workbook) -> None:
    form = book.add_format({"num_format": "d mmmm yyyy"})
    sheet.write_datetime(position, dt.datetime(2024, 3, 1), form)  # noqa: DTZ001


def _write_as_number(sheet: Sheet, position: str, book: xlsxwriter.Workbook) -> None:
    sheet.write_number(position, 47, book.add_format({"num_format": '"no. "# ??/??'}))


@pytest.mark.parametrize(
    "write",
    [
        _write_as_date,
        _write_as_number,
        lambda sheet, position, _: sheet.write_boolean(position, True),  # noqa: FBT003
    ],
)
def test_the_format_of_a_cell_matters_only_in_the_column_of_a_field(
    tmp_path: Path, write: Callable[[Sheet, str, xlsxwriter.Workbook], None]
) -> None:
    path = tmp_path / "m.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("HR")
        sheet.write_row("A1", [*HEADER, "year"])
        for row in range(2, 52):
            url = f"https://media.example.com/{row}.mp4"
            sheet.write_row(f"A{row}", [url, f"Title {row}", "mp4", f"A-{row}"])
            write(sheet, f"E{row}", book)
        write(sheet, "B51", book)
        sheet.write_formula("E2", '="Year "&D2')
    assert [(problem.line, problem.column, problem.code) for problem in problems_of(path)] == [
        (2, "year", "cell-formula"),
        (51, "filename", "cell-format"),
    ]


def _reply(start: bytes, status: int = 206, size: int = 10_000) -> SourceResponse:
    whole = start.ljust(FIRST_BYTES, b"\0") if size > len(start) else start
    return SourceResponse(status, {"content-range": f"bytes 0-9/{size}"}, whole)


MP4 = b"\x00\x00\x00\x20ftypisom"
ANSWERS = {
    "source-forbidden": violation_of(_reply(b"", 403), "mp4"),
    "source-missing": violation_of(_reply(b"", 404), "mp4"),
    "source-refused": violation_of(_reply(b"", 400), "mp4"),
    "source-busy": violation_of(_reply(b"", 503), "mp4"),
    "source-page": violation_of(_reply(b"<!doctype html>"), "mp4"),
    "source-not-video": violation_of(_reply(b"%PDF-1.7"), "mp4"),
    "source-empty": violation_of(_reply(b"", 206, 0), "mp4"),
    "source-format": violation_of(_reply(b"\x1a\x45\xdf\xa3"), "mp4"),
    "source-cut": violation_of(SourceResponse(200, {"content-length": "5000"}, MP4), "mp4"),
    "source-host": preflight._UNKNOWN_HOST,
    "source-redirect": preflight._BAD_REDIRECT,
    "source-private": preflight._PRIVATE,
    "source-certificate": preflight._BAD_CERTIFICATE,
    "source-unreachable": preflight._connection_violation(ConnectionRefusedError()),
}


@pytest.mark.parametrize("code", ANSWERS)
def test_the_example_answer_of_a_source_has_its_code(code: str) -> None:
    violation = ANSWERS[code]
    assert violation is not None
    assert (violation.code, violation.severity) == (code, CODES[code].severity)


def test_an_expired_certificate_has_the_code_of_its_error() -> None:
    error = ssl.SSLCertVerificationError()
    error.verify_code = 10
    assert preflight._connection_violation(error).code == "source-certificate"


def test_every_example_is_tested_above() -> None:
    others = {
        "repeated-key",
        "no-object",
        "syntax",
        "renditions",
        "records-missing",
        "column-hidden",
        POSSIBLE_DUPLICATE_CODE,
    }
    assert {*CELLS, *LINES, *WORKBOOKS, *ANSWERS, *others} == CODES.keys()


def test_every_code_in_the_program_is_in_the_table() -> None:
    found = set()
    rooms = [*(PACKAGE / "manifest").rglob("*.py"), *(PACKAGE / "sources").glob("*.py")]
    for path in [*rooms, *(PACKAGE / "workflows").glob("load*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                at = {
                    "Violation": 0,
                    "RecordFault": 0,
                    "warning": 0,
                    "RepairRule": 0,
                    "Problem": 2,
                }.get(node.func.id)
                if at is not None and len(node.args) > at:
                    code = node.args[at]
                    found |= {code.value} if isinstance(code, ast.Constant) else set()
    assert found | {POSSIBLE_DUPLICATE_CODE} == CODES.keys()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("duplicate-reference", "cannot be turned off"),
        ("url-private", "cannot be turned off"),
        ("source-private", "cannot be turned off"),
        ("nonsense", "is not the code of a problem"),
        ("url-pages", "did you mean url-page?"),
    ],
)
def test_problems_that_must_not_be_sent_cannot_be_allowed(code: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        ReadingOptions(allow=(code,))
    assert message in caught.value.message


def test_duplicates_private_hosts_and_malformed_rows_are_not_overrulable() -> None:
    never = ("duplicate", "reference", "private", "width", "quoting", "bytes", "key", "syntax")
    assert not [code for code in OVERRULABLE if any(word in code for word in never)]
    assert all(CODES[code].severity in (Severity.ERROR, Severity.WARNING) for code in OVERRULABLE)
