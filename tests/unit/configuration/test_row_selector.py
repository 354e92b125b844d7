"""Rows as people select them."""

from pathlib import Path

import pytest

from batch_import.configuration.row_selector import parse_selector
from batch_import.models import LineRange


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2", [LineRange(2, 2)]),
        ("2,5-9", [LineRange(2, 2), LineRange(5, 9)]),
        (" 2 , 5 - 9 ", [LineRange(2, 2), LineRange(5, 9)]),
        ("id:42", ["42"]),
        ("id:id:7", ["id:7"]),
        ("id:@home", ["@home"]),
        ("hr-welcome", ["hr-welcome"]),
        ("one, two", ["one, two"]),
        ("2,b", ["2,b"]),
        ("-5", ["-5"]),
        (" é ", ["é"]),
    ],
)
def test_lines_and_reference_ids_are_distinguished(
    text: str, expected: list[LineRange | str]
) -> None:
    assert parse_selector(text) == expected


def test_a_file_has_one_selector_per_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.txt"
    path.write_bytes(b"\xef\xbb\xbf2\r\n5-9\r\n\r\nid:42\r\nhr-welcome\r\n@home")
    assert parse_selector(f"@{path}") == [
        LineRange(2, 2),
        LineRange(5, 9),
        "42",
        "hr-welcome",
        "@home",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "names no row"),
        ("id: ", "names no row"),
        ("9-5", "'9-5' is not a range of lines; write a reference ID as id:9-5"),
        ("0", "is not a range"),
        (f"{2**63}", "is not a range"),
        ("@", "cannot be read"),
        ("@nowhere.txt", "'@nowhere.txt' cannot be read: .*; .*begins with @ as id:@nowhere.txt"),
    ],
)
def test_a_selector_of_no_row_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_selector(text)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\n \n", "names no row"), (b"\xff\xfe", "it is not UTF-8"), (b"7-2", "is not a range")],
)
def test_a_file_of_no_row_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "rows.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=words):
        parse_selector(f"@{path}")
