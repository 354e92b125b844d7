"""Escaping makes formulas harmless, and is reversible."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_import.csv_escaping import ESCAPE_MARK, escape, escape_for_editing, escape_line, unescape

DATA = Path(__file__).parents[1] / "data"
STARTS = "=+-@\t\r\n＝＋－＠﹦﹢﹣﹫"


MONTHS = (
    "January February March April May June July August September October November December".split()
)


@pytest.mark.parametrize("text", ["0042", "24/7", "5 May", "$5", "# a", "=1"])
def test_a_cell_with_an_apostrophe_of_its_own_is_escaped_again(text: str) -> None:
    marked = f"'{text}"
    assert escape_for_editing(marked) == f"'{marked}"
    for guard in (escape, escape_for_editing):
        assert unescape(guard(marked)) == marked
    assert unescape(marked) == text


def lines(name: str) -> list[str]:
    return (DATA / name).read_text(encoding="utf-8").split("\n")


FORMULAS = [
    *(line for line in lines("formula-payloads.txt") if line[:1] in tuple("=+-@")),
    *(line for line in lines("formula-notes.txt") if line[:1] in tuple("=+-@")),
]
AWKWARD = [
    *lines("formula-payloads.txt"), *lines("formula-notes.txt"), *lines("naughty-strings.txt"),
]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        *FORMULAS,
        *(start + "1+1" for start in STARTS),
        *(before + "=1+1" for before in (" ", "  ", "'", '"', "''", "\xa0", "\u3000", "\x00")),
        *(before + "=1+1" for before in ("\ufeff", "\u200b", '" ', "“", "\x1b")),
        "-Xk92_keynote",
        "-1.50",
        "-007",
        "+61 3 9999 0000",
        "- and then",
    ],
)
def test_a_formula_is_escaped(text: str) -> None:
    assert escape(text) == ESCAPE_MARK + text


@pytest.mark.parametrize(
    "text",
    [
        "", "-5", "-42", "0042", "1-2", "a=b", "Tom & Jerry's", "'tis", '"Quoted"', "“Quoted”",
        "https://h/v.mp4?a=-1", "user@example.com", '<div style="padding-bottom:56.25%">', " text",
        "2025-01-13", "— a dash", "ラーメン",
    ],
)  # fmt: skip
def test_other_text_is_not_escaped(text: str) -> None:
    assert escape(text) == unescape(text) == text


@pytest.mark.parametrize("cells", [[], ["", "a1", "5", "<i>", "(x)", "/a"]])
def test_a_line_without_formulas_is_not_changed(cells: list[str]) -> None:
    assert escape_line(cells) == cells


@pytest.mark.parametrize("at", range(3))
def test_each_formula_of_a_line_is_escaped(at: int) -> None:
    cells = ["a", "", "5"]
    cells[at] = "=1+1"
    assert escape_line(cells) == [escape(cell) for cell in cells]
    assert escape_line(cells)[at] == "'=1+1"


def test_the_lists_of_examples_contain_formulas() -> None:
    assert len(FORMULAS) > 15
    assert len(AWKWARD) > 600


@pytest.mark.parametrize(
    "text",
    [
        "0042", "1E5", "1e5", "1.50", "1,000", "2025-01-13", "13/01/2025", "1/2", "10:30", "5%",
        "$5", "1 000", "TRUE", "false", "5-Mar", "Sep 1", "SEPT2", "May 2025", "9:30 PM", "(5)",
        "2025-08-08T10:30:00Z", "1234567890123456", "3.0", "٣", " 7", "-07", "=1", "#", "# a",
        *(f"{sign}5" for sign in "$€£¥"), "5 €", "5 Sept",
        *(f"5 {name[:3]}" for name in MONTHS), *(f"{name} 2025" for name in MONTHS),
        *(f"{name.upper()}-07" for name in MONTHS),
        "5 AM", "5 pm", "5a", "24/7", "1/1/2025 10:30", "5e3", "10t", "10z",
    ],
)  # fmt: skip
def test_a_value_that_a_spreadsheet_would_change_is_escaped_for_editing(text: str) -> None:
    assert escape_for_editing(text) == ESCAPE_MARK + text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "42",
        "-42",
        "123456789012345",
        "Marseille",
        "a1",
        "e12",
        "v2.0",
        "so true",
        "may",
        "#5",
    ],
)
def test_a_value_that_a_spreadsheet_would_not_change_is_not_escaped(text: str) -> None:
    assert escape_for_editing(text) == text


@pytest.mark.parametrize("guard", [escape, escape_for_editing])
def test_every_unusual_text_is_unescaped_to_itself(guard: Callable[[str], str]) -> None:
    assert [text for text in AWKWARD if unescape(guard(text)) != text] == []


@given(st.text() | st.text(alphabet=STARTS + "'\"\u201c 015aeE/\x00\ufeff", max_size=8))
def test_any_text_is_unescaped_to_itself(text: str) -> None:
    for guard in (escape, escape_for_editing):
        assert unescape(guard(text)) == text
        assert unescape(guard(guard(text))) == guard(text)


def test_an_apostrophe_that_escapes_nothing_is_kept() -> None:
    assert unescape("'Allo 'Allo") == "'Allo 'Allo"
    assert unescape("=1+1") == "=1+1"  # from a manifest that was not escaped
    assert unescape("'=1+1") == "=1+1"
    assert unescape("''=1+1") == "'=1+1"
    assert unescape("'-5") == "'-5"


def test_long_texts_are_escaped_quickly() -> None:
    for text in ("'" * 100_000, "1" * 100_000, "sept" * 25_000, " " * 100_000 + "x"):
        assert unescape(escape(text)) == unescape(escape_for_editing(text)) == text
