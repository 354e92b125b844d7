"""Recognizes text that looks random, as signatures and tokens do; words, dates and IDs do not."""

import re
from typing import Final

#: Minimum number of characters of a signature or token, if only its value shows that it is one.
#: HMAC-SHA1 in base64 has 28 characters, and common random tokens have 24.
LONG_TOKEN_LENGTH: Final = 24
#: The same, if the URL also has an expiry time, and therefore is probably signed.
SHORT_TOKEN_LENGTH: Final = 12
#: The same minimum lengths for hexadecimal text. MD5, the shortest hash used as a signature, has 32
#: digits; shorter hexadecimal text is an ID (the IDs of MongoDB have 24 digits).
_LONG_HEX_LENGTH: Final = 32
_SHORT_HEX_LENGTH: Final = 16
#: Maximum number of characters that are examined: enough for any signature.
_MAX_READ_LENGTH: Final = 256
#: Minimum rate of class changes in a random text: the number of characters that are followed by a
#: character of another class, divided by the number of letters and digits. The classes are lower
#: case, upper case and digits. A lower-case letter after an upper-case one does not count, because
#: words begin so. The rate is 0.47 for random hexadecimal text, 0.45 for random base62, and 0.15
#: for words in CamelCase with a year.
_MIN_CHANGE_RATE: Final = 0.22

#: An ID that looks random but is no secret: a UUID with hyphens; a UUID without hyphens if its
#: version and variant are valid; or a ULID.
_UUID_OR_ULID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|(?<![0-9a-f])[0-9a-f]{12}[1-8][0-9a-f]{3}[89ab][0-9a-f]{15}(?![0-9a-f])"
    r"|(?<![0-9a-z])[0-7][0-9a-hjkmnp-tv-z]{25}(?![0-9a-z])",
    re.IGNORECASE,
)
#: Minimum length of a token → letters and digits in a row that such a token must have somewhere.
_ALPHANUMERIC_RUN: Final = {
    LONG_TOKEN_LENGTH: re.compile(r"[0-9A-Za-z]{12,}"),
    SHORT_TOKEN_LENGTH: re.compile(r"[0-9A-Za-z]{8,}"),
}
_ALPHANUMERIC = re.compile(r"[0-9A-Za-z]")
_HEX = re.compile(r"[0-9a-f]+", re.IGNORECASE)
_DIGITS_OR_LETTERS = re.compile(r"[0-9]+|[A-Za-z]+")
_CHARACTER_CLASS_CHANGE = re.compile(r"[a-z](?=[A-Z0-9])|[A-Z](?=[0-9])|[0-9](?=[A-Za-z])")


def looks_random(text: str, min_length: int = LONG_TOKEN_LENGTH) -> bool:
    """Whether a text looks random, and is long enough for a signature or token.

    Words, numbers, dates, file names and UUIDs do not look random.

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
