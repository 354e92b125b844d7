"""Credentials in responses of the platform are replaced, in any encoding."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from encodings_of_texts import ENCODINGS, decoded, encoded
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_import.addresses.redaction import Redactor
from batch_import.viostream.responses import platform_message

ACCESS, KEY = "VC-0a1b2c3d", "k3y+with/odd=signs&more"
HEADER = base64.b64encode(f"{ACCESS}:{KEY}".encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        ACCESS,
        f"Authorization: Basic {HEADER}",
        HEADER.rstrip("="),
        quote(KEY, safe=""),
        f"https://api.test/?key={quote(KEY, safe='')}",
        f"{{'user': '{ACCESS}', 'password': '{KEY}'}}",
        KEY.replace("/", "\\/"),
        KEY.replace("+", "\\u002B").replace("&", "\\u0026"),
        KEY.replace("+", "\\u002b").replace("/", "\\/"),
        "".join(f"\\u{ord(character):04x}" for character in KEY),
    ],
)
def test_credentials_are_replaced(text: str) -> None:
    redacted = Redactor(ACCESS, KEY)(f"before {text} behind")
    assert redacted.startswith("before ")
    assert redacted.endswith(" behind")
    assert "***" in redacted
    assert KEY not in json.loads(f'"{redacted.replace(chr(34), "")}"')
    for secret in (KEY, ACCESS, HEADER.rstrip("="), quote(KEY, safe="")):
        assert secret not in redacted


@given(st.binary(max_size=9), st.text(min_size=10, max_size=40), st.binary(max_size=9))
def test_a_key_is_replaced_inside_base64_text(before: bytes, key: str, behind: bytes) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = encode(before + key.encode() + behind).decode()
        redacted = Redactor(ACCESS, key)(text)
        assert "***" in redacted
        # The rest belongs to the text around the key, and to at most two characters of the key.
        assert len(redacted.replace("***", "")) <= (len(before) + len(behind) + 4) * 4 / 3 + 4


def test_other_text_is_not_changed() -> None:
    assert Redactor(ACCESS, KEY)("The source is not a video.") == "The source is not a video."
    assert Redactor("VC-a", "box")("a box") == "a box"


COMPOSITIONS = st.lists(st.sampled_from(sorted(ENCODINGS)), max_size=4)
KEYS = st.text(
    st.sampled_from("abcXYZ0123456789+/=&<> ") | st.characters(exclude_categories=["C"]),
    min_size=8,
    max_size=40,
).filter(lambda key: len(key.strip("+ ")) >= 8)
SURROUNDINGS = st.text(st.sampled_from("abc ,.:'\"()?/"), max_size=8)


def assert_not_shown(secret: str, shown: str) -> None:
    parts = {secret[start : start + 8] for start in range(len(secret) - 7)}
    for text in decoded(shown):
        for part in parts:
            assert part not in text


def header_of(key: str) -> str:
    return base64.b64encode(f"{ACCESS}:{key}".encode()).decode()


BODIES: dict[str, Callable[[str], str]] = {
    "text": lambda text: text,
    "JSON": lambda text: json.dumps({"message": text}),
    "JSON for HTML": lambda text: json.dumps({"message": text}).replace("+", "\\u002B"),
    "errors of fields": lambda text: json.dumps({"title": "x", "errors": {text: [text]}}),
    "nested": lambda text: json.dumps({"error": {"detail": [text]}}),
    "page": lambda text: f"<html><title>bad {text}</title></html>",
    "page without a title": lambda text: f"<html><body><p>bad {text}</p></body></html>",
}


@settings(max_examples=600, deadline=None)
@given(
    KEYS.flatmap(lambda key: st.tuples(st.just(key), st.sampled_from([key, header_of(key)]))),
    COMPOSITIONS,
    st.sampled_from(sorted(BODIES)),
    SURROUNDINGS,
    SURROUNDINGS,
)
def test_no_encoding_of_a_key_is_in_a_message(
    secret: tuple[str, str], names: list[str], body: str, before: str, behind: str
) -> None:
    key, echoed = secret
    text = f"{before}{encoded(echoed, names)}{behind}"
    message = platform_message(BODIES[body](text), Redactor(ACCESS, key))
    assert_not_shown(header_of(key), message)
    if key[:8] not in before + behind:
        assert_not_shown(key, message)


@settings(deadline=None)
@given(KEYS, COMPOSITIONS)
def test_a_key_is_replaced_and_the_text_around_it_remains(key: str, names: list[str]) -> None:
    redacted = Redactor(ACCESS, key)(f"before|{encoded(key, names)}|behind")
    assert redacted.startswith("before|***")
    assert redacted.endswith("***|behind")


@pytest.mark.parametrize("piece", ["%25", "&amp;", "\\\\", "%26amp%3B", "&#43;", "\\u005c"])
def test_a_long_text_with_escapes_is_replaced_as_a_whole(piece: str) -> None:
    redact = Redactor(ACCESS, KEY)
    assert redact(piece * 1_000_000) == "***"
    assert redact(piece * 1_000) == piece * 1_000


def test_a_long_text_without_escapes_is_not_changed() -> None:
    assert Redactor(ACCESS, KEY)("a b+c" * 1_000_000) == "a b+c" * 1_000_000


@pytest.mark.parametrize("shape", ['{"message": "%s"}', "<p>%s</p>", "%s"])
@pytest.mark.parametrize("space", [" ", "<b>", "&nbsp;"])
@pytest.mark.parametrize("names", [[], ["percent"], ["HTML, decimal", "percent", "percent"]])
def test_no_part_of_a_key_is_shown_where_a_body_is_cut(
    shape: str, space: str, names: list[str]
) -> None:
    text = encoded(KEY, names)
    for length in range(1, len(text), max(1, len(text) // 20)):
        padding = (space * 65_536)[: 65_536 - length]
        message = platform_message(shape % (padding + text), Redactor(ACCESS, KEY))
        assert_not_shown(KEY, message)
