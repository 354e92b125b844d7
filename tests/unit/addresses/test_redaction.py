"""Credentials in responses of the platform are replaced, in any encoding."""

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_import.addresses.redaction import Redactor

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
