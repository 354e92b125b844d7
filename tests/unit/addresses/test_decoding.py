"""Escapes are decoded; each decoded character has its position in the original text."""

import html
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_import.addresses.decoding import decoded_forms, unescape_html, unescape_markup


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("a%2Bb%2bc", "a+b+c"),
        ("%C3%A9%FF!", "é\udcff!"),
        ("&#43;&#x2B;&#X2b;&plus;&amp;&lt &gt", "++++&< >"),
        ("?a=1&copy=2&section=3&amp", "?a=1&copy=2&section=3&"),
        (r"\u002b\/\x2b\"%u002B", '+/+"+'),
        (r"\ud83d\ude00 \ud83d", "😀 \ud83d"),
        ("&#1;&#x110000;a", "\ufffda"),
        ("100% & more \\", "100% & more \\"),
    ],
)
def test_an_escape_is_decoded(text: str, decoded: str) -> None:
    forms = list(decoded_forms(text))
    assert forms[0].text == text
    assert forms[-1].text == decoded


def test_a_text_is_decoded_several_times() -> None:
    forms = [form.text for form in decoded_forms("%26%2343%3B")]
    assert forms == ["%26%2343%3B", "&#43;", "+"]


def test_the_number_of_times_is_limited() -> None:
    assert len(list(decoded_forms("%" + "25" * 100))) < 10


@given(st.text(), st.text(alphabet="+/=&<>% é😀ab"), st.text())
def test_every_character_has_its_position(before: str, middle: str, behind: str) -> None:
    for encode in (quote, html.escape, lambda text: json.dumps(text)[1:-1]):
        text = before + encode(middle) + behind
        for form in decoded_forms(text):
            assert len(form.starts) == len(form.text) + 1
            assert list(form.starts) == sorted(form.starts)
            assert form.starts[-1] == len(text)


def test_the_position_is_that_of_the_escape() -> None:
    form = list(decoded_forms("a%2Bb&amp;c%C3%A9d"))[1]
    assert form.text == "a+b&céd"
    assert list(form.starts) == [0, 1, 4, 5, 10, 11, 17, 18]


def test_only_html_is_unescaped_in_html() -> None:
    assert unescape_html(r"a &amp;amp; b%2B \u002b &nothing; &eacute") == (
        r"a &amp; b%2B \u002b &nothing; é"
    )


def test_percent_encoding_remains_when_markup_is_unescaped() -> None:
    assert unescape_markup(r"&amp;amp;%2B\u0026amp;") == "&%2B&"
