"""Unicode normalization of untrusted text, in linear time. No I/O.

`unicodedata.normalize` sorts the combining marks after a letter, such as accents, in quadratic
time. A title with 100,000 accents takes seconds, and a title with a million takes minutes, in which
Python handles no signal. This module must not know what the texts are used for.
"""

import unicodedata
from functools import lru_cache
from typing import Final, Literal

#: A Unicode normalization form.
Form = Literal["NFC", "NFD", "NFKC", "NFKD"]

#: Maximum number of consecutive combining marks, as in Unicode's Stream-Safe Text Format (UAX 15,
#: section 13). No language needs more than a few.
_MAX_MARKS: Final = 30
#: Texts up to this number of characters are normalized without counting marks, because it takes a
#: millisecond at most.
_UNCHECKED_LENGTH: Final = 1_000


def normalized(form: Form, text: str) -> str:
    """Returns a text in a normalization form; unchanged if it has too many marks in a row."""
    if len(text) > _UNCHECKED_LENGTH and not _is_stream_safe(text):
        return text
    return unicodedata.normalize(form, text)


def _is_stream_safe(text: str) -> bool:
    if text.isascii():
        return True
    mark_count = 0
    for character in text:
        mark_count = mark_count + 1 if _is_mark(character) else 0
        if mark_count > _MAX_MARKS:
            return False
    return True


@lru_cache(4_096)
def _is_mark(character: str) -> bool:
    """Whether a character is a combining mark that normalization sorts, after decomposition."""
    return unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) > 0
