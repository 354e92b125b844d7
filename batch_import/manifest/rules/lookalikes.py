"""Find texts that people confuse, because they look the same. No I/O.

This module must not know fields.
"""

import re
from collections.abc import Sequence
from typing import Final

from batch_import.addresses.unicode_forms import normalized

#: Letters of other scripts that look like Latin letters (after NFKC and case folding), dashes, and
#: apostrophes → the character that represents them.
_LETTERS: Final = (
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0455\u0456\u0458"
    "\u0501\u04bb\u04cf\u03b1\u03b2\u03b5\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7"
)
_LATIN: Final = "abekmhopctyxsijdhlabeiknoptux"
_HYPHENS: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
_APOSTROPHES: Final = "\u2018\u2019\u201a\u201b\u2032\u02bc"
_DRAWN_ALIKE: Final = str.maketrans(
    _LETTERS + _HYPHENS + _APOSTROPHES,
    _LATIN + "-" * len(_HYPHENS) + "'" * len(_APOSTROPHES),
)
_SPACES = re.compile(r"\s+")


def skeletons(texts: Sequence[str]) -> list[str]:
    """The skeleton of each text. Plain ASCII texts are processed together."""
    joined = "\n".join(texts)
    if joined.isascii() and "'" not in joined and joined.count("\n") == len(texts) - 1:
        return joined.lower().split("\n")
    return [skeleton(text) for text in texts]


def skeleton(text: str) -> str:
    """A text that is equal for texts that differ only in case, width, composition, or look.

    A leading apostrophe, with which spreadsheets mark text, is ignored.
    """
    if text.isascii():
        return text.lower().removeprefix("'")
    folded = normalized("NFKC", text).casefold()
    plain = normalized("NFKC", folded).translate(_DRAWN_ALIKE)
    return _SPACES.sub(" ", plain).strip().removeprefix("'")
