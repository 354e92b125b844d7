"""Recognizes random text such as signatures and tokens, as opposed to words, numbers and IDs."""

import re
from typing import Final

#: Minimum length of a signature whose parameter name does not identify it: HMAC-SHA1 in base64 has
#: 28 characters, and a random token 24.
LONG_TOKEN_LENGTH: Final = 24
#: Minimum length of a signature next to an expiry time.
SHORT_TOKEN_LENGTH: Final = 12
#: The same lengths for hexadecimal text. MD5, the shortest hash used as a signature, has 32 digits;
#: shorter text is an ID (MongoDB's have 24 digits).
_LONG_HEX_LENGTH: Final = 32
_SHORT_HEX_LENGTH: Final = 16
#: Maximum number of characters that are examined.
_MAX_READ_LENGTH: Final = 256
#: Minimum share of characters followed by one of another class: lower case, upper case, digit.
#: Random hexadecimal text has 0.47, and base62 0.45 (a capital before a small letter does not
#: count, because words begin so). Words in CamelCase with a year have 0.15.
_MIN_CHANGE_RATE: Final = 0.22

#: A UUID with hyphens; a UUID without hyphens if its version and variant are valid; or a ULID, an
#: ID that sorts by time.
_UUID_OR_ULID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|(?<![0-9a-f])[0-9a-f]{12}[1-8][0-9a-f]{3}[89ab][0-9a-f]{15}(?![0-9a-f])"
    r"|(?<![0-9a-z])[0-7][0-9a-hjkmnp-tv-z]{25}(?![0-9a-z])",
    re.IGNORECASE,
)
_ALPHANUMERIC_RUN: Final = {
    LONG_TOKEN_LENGTH: re.compile(r"[0-9A-Za-z]{12,}"),
    SHORT_TOKEN_LENGTH: re.compile(r"[0-9A-Za-z]{8,}"),
}
_ALPHANUMERIC = re.compile(r"[0-9A-Za-z]")
_HEX = re.compile(r"[0-9a-f]+", re.IGNORECASE)
_DIGITS_OR_LETTERS = re.compile(r"[0-9]+|[A-Za-z]+")
_CHARACTER_CLASS_CHANGE = re.compile(r"[a-z](?=[A-Z0-9])|[A-Z](?=[0-9])|[0-9](?=[A-Za-z])")


def is_opaque(text: str, min_length: int = LONG_TOKEN_LENGTH) -> bool:
    """Whether a text is random: not words, a number, a date or a UUID.

    Args:
        text: the text.
        min_length: minimum length, `LONG_TOKEN_LENGTH` or `SHORT_TOKEN_LENGTH`.
    """
    if len(text) < min_length:
        return False
    text = _UUID_OR_ULID.sub(" ", text[:_MAX_READ_LENGTH])
    if not _ALPHANUMERIC_RUN[min_length].search(text):
        return False
    if _HEX.fullmatch(text):
        min_hex = _LONG_HEX_LENGTH if min_length >= LONG_TOKEN_LENGTH else _SHORT_HEX_LENGTH
        return len(text) >= min_hex and not _DIGITS_OR_LETTERS.fullmatch(text)
    return _change_rate(text) >= _MIN_CHANGE_RATE and len(text) >= min_length


def _change_rate(text: str) -> float:
    """Returns the number of changes of the character class, per letter or digit."""
    changes = sum(1 for _ in _CHARACTER_CLASS_CHANGE.finditer(text))
    return changes / sum(1 for _ in _ALPHANUMERIC.finditer(text))
