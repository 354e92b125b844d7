"""Unusual text is read unchanged from every format, also with the escaping of `failed.csv`."""

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import xlsxwriter
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from batch_import.csv_escaping import escape_for_editing
from batch_import.manifest.read import open_manifest

HEADER = ["url", "title", "note"]
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
ODD = st.sampled_from(
    ['"', '""', 'a"b', "a\r\nb", "\r", "\n", ",", ";", "\t", "|", "\\", '\\"', "#", "# a", " a ",
     "null", "~", "007", "1E+05", "true", "2025-03-04", "=1+1", "- a", "{}", "[]", ": ", "_x000D_",
     "'=1", "'0042", "\x85", "\u2028", "\ufeff", "e\u0301", "👩‍👩‍👧", "\u202eabc"]
)  # fmt: skip
ROWS = st.lists(
    st.tuples(TEXT.map("https://h/{}".format), TEXT | ODD, TEXT | ODD), min_size=1, max_size=8
)
#: XML 1.0 cannot contain these characters; therefore no workbook can.
NOT_IN_XLSX = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
round_trip = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)

Row = tuple[str, str, str]


def escaped(rows: Sequence[Row]) -> list[Row]:
    """Return the rows as in `failed.csv`, and as in any file that a spreadsheet makes of it."""
    return [
        (escape_for_editing(url), escape_for_editing(title), escape_for_editing(note))
        for url, title, note in rows
    ]


def cells(path: Path) -> list[Row]:
    manifest = open_manifest(path)
    assert list(manifest.header) == HEADER
    chunks = list(manifest.chunks())
    assert not any(chunk.faults or chunk.comments for chunk in chunks)
    return [tuple(row) for chunk in chunks for row in chunk.frame.to_numpy().tolist()]


@round_trip
@given(
    ROWS,
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
)
def test_separated_text_is_read_unchanged(
    tmp_path: Path, rows: list[Row], separator: str, end: str, quoting: int, encoding: str
) -> None:
    # With other line ends Python's writer leaves some of the cells with line ends unquoted.
    assume(end == "\r\n" or quoting == csv.QUOTE_ALL)
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=quoting)
    writer.writerow(HEADER)
    lines = []
    for row in escaped(rows):
        lines.append(1 + len(re.findall(r"\r\n|\r|\n", text.getvalue())))
        writer.writerow(row)
    path = tmp_path / "manifest.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    assert cells(path) == rows
    assert [line for chunk in open_manifest(path).chunks() for line in chunk.lines] == lines


def objects(rows: Sequence[Row]) -> list[dict[str, str]]:
    return [dict(zip(HEADER, row, strict=True)) for row in escaped(rows)]


@round_trip
@given(ROWS, st.sampled_from([None, 0, 2]), st.booleans(), st.sampled_from(["utf-8", "utf-16"]))
def test_json_is_read_unchanged(
    tmp_path: Path,
    rows: list[Row],
    indent: int | None,
    ascii_only: bool,  # noqa: FBT001 - drawn
    encoding: str,
) -> None:
    path = tmp_path / "manifest.json"
    text = json.dumps(objects(rows), indent=indent, ensure_ascii=ascii_only)
    path.write_bytes(text.encode(encoding))
    assert cells(path) == rows


@round_trip
@given(ROWS, st.booleans())
def test_json_lines_are_read_unchanged(
    tmp_path: Path,
    rows: list[Row],
    ascii_only: bool,  # noqa: FBT001 - drawn
) -> None:
    path = tmp_path / "manifest.jsonl"
    lines = [json.dumps(one, ensure_ascii=ascii_only) for one in objects(rows)]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert cells(path) == rows


@round_trip
@given(ROWS, st.sampled_from([True, False, None]), st.booleans())
def test_yaml_is_read_unchanged(
    tmp_path: Path,
    rows: list[Row],
    flow: bool | None,  # noqa: FBT001 - drawn
    unicode: bool,  # noqa: FBT001 - drawn
) -> None:
    # YAML 1.1 takes these for line ends, so only as escapes are they safe.
    assume(not unicode or not re.search("[\x85\u2028\u2029]", "".join(map("".join, rows))))
    path = tmp_path / "manifest.yaml"
    text = yaml.safe_dump(
        objects(rows), allow_unicode=unicode, default_flow_style=flow, sort_keys=False
    )
    path.write_text(text, encoding="utf-8")
    assert cells(path) == rows


@round_trip
@given(ROWS)
def test_workbooks_are_read_unchanged(tmp_path: Path, rows: list[Row]) -> None:
    kept = [tuple(NOT_IN_XLSX.sub("", cell) for cell in row) for row in rows]
    path = tmp_path / "manifest.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([HEADER, *escaped(kept)]):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell)
    assert cells(path) == kept


@pytest.mark.parametrize("name", ["videos.csv", "videos.xlsx", "videos.yaml"])
def test_all_samples_have_the_same_rows(read: Callable, name: str) -> None:
    folder = Path(__file__).parents[3] / "manifests"
    assert read(folder / name).cells == read(folder / "videos.csv").cells
