"""Unicode's normalisation forms of text that anybody may have written, in linear time. Pure.

The marks behind a letter have an order, and Python sorts them in quadratic time: a title of 100,000
accents takes seconds, one of a million minutes, in which no signal is heeded. This file must not
know what the texts are for.
"""

import unicodedata
from functools import lru_cache
from typing import Final, Literal

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]

#: Marks in a row. Unicode's Stream-Safe Text Format (UAX 15, section 13) allows so many; no
#: language needs more than a few.
_MOST_MARKS: Final = 30
#: Characters of a text that is normalised without a look at its marks: it takes a millisecond.
_SHORT: Final = 1_000


def normalized(form: Form, text: str) -> str:
    """A text in a normalisation form; one with more marks in a row than any language has stays."""
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
    """Whether it is sorted among its neighbours, decomposed as some characters first are."""
    return unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) > 0
