"""Calculate skeletons, to find texts that look alike. No I/O.

The skeleton of a text is a normalized form. Two texts with the same skeleton look alike, and people
confuse them. This module must not know fields.
"""

import re
from collections.abc import Sequence
from typing import Final

from batch_import.addresses.unicode_forms import normalized

#: Cyrillic and Greek letters (after NFKC and case folding), and the Latin letters that look like
#: them, in the same order.
_OTHER_LETTERS: Final = (
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0455\u0456\u0458"
    "\u0501\u04bb\u04cf\u03b1\u03b2\u03b5\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7"
)
_LATIN_LETTERS: Final = "abekmhopctyxsijdhlabeiknoptux"
_HYPHENS: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
_APOSTROPHES: Final = "\u2018\u2019\u201a\u201b\u2032\u02bc"
#: Character → the ASCII character that looks like it, for `str.translate`.
_ASCII_LOOKALIKES: Final = str.maketrans(
    _OTHER_LETTERS + _HYPHENS + _APOSTROPHES,
    _LATIN_LETTERS + "-" * len(_HYPHENS) + "'" * len(_APOSTROPHES),
)
_SPACES = re.compile(r"\s+")


def skeletons(texts: Sequence[str]) -> list[str]:
    """Return the skeleton of each text."""
    # ASCII texts without apostrophes and line feeds can be processed together, which is faster.
    joined = "\n".join(texts)
    if joined.isascii() and "'" not in joined and joined.count("\n") == len(texts) - 1:
        return joined.lower().split("\n")
    return [skeleton(text) for text in texts]


def skeleton(text: str) -> str:
    """Return the skeleton of a text: in lower case, with ASCII characters for lookalikes.

    White space is reduced to single spaces, and full-width and combined characters are normalized.
    A leading apostrophe is removed, because spreadsheet programs mark texts by it.
    """
    if text.isascii():
        return text.lower().removeprefix("'")
    folded = normalized("NFKC", text).casefold()
    ascii_text = normalized("NFKC", folded).translate(_ASCII_LOOKALIKES)
    return _SPACES.sub(" ", ascii_text).strip().removeprefix("'")
