"""Unicode normalization of untrusted text, in linear time. No I/O.

`unicodedata.normalize` sorts the combining marks after a letter in quadratic time. A title of
100,000 accents takes seconds, and one of a million takes minutes, in which no signal is handled.
This module must not know what the texts are used for.
"""

import unicodedata
from functools import lru_cache
from typing import Final, Literal

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]

#: Maximum number of consecutive combining marks, as in Unicode's Stream-Safe Text Format (UAX 15,
#: section 13). No language needs more than a few.
_MOST_MARKS: Final = 30
#: Texts up to this length, in characters, are normalized without a check: it takes a millisecond.
_SHORT: Final = 1_000


def normalized(form: Form, text: str) -> str:
    """Normalize a text. A text with more consecutive marks than allowed is returned unchanged."""
    if len(text) > _SHORT and not _is_stream_safe(text):
        return text
    return unicodedata.normalize(form, text)


def _is_stream_safe(text: str) -> bool:
    if text.isascii():
        return True
    marks = 0
    for character in text:
        marks = marks + 1 if _is_mark(character) else 0
        if marks > _MOST_MARKS:
            return False
    return True


@lru_cache(4_096)
def _is_mark(character: str) -> bool:
    """Whether a character, after its decomposition, is a combining mark that would be sorted."""
    return unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) > 0
