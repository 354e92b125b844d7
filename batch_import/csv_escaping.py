"""Escaping of CSV cells that a spreadsheet would execute or change.

A mark before the cell makes a spreadsheet treat it as text; reading removes the mark. CSV files
for reading contain `escape` cells. CSV files that a spreadsheet saves and that are then imported
again contain `escape_for_editing` cells. The manifest reader applies `unescape`. For every text,
`unescape(guarded(text)) == text` and `unescape(preserved(text)) == text`.
"""

import re
import string
from collections.abc import Sequence
from operator import itemgetter
from typing import Final

#: The mark. A spreadsheet takes a cell that begins with it for text, and saves it unchanged.
ESCAPE_MARK: Final = "'"

# A formula begins with one of these characters, or with its full-width or small form, which East
# Asian spreadsheets treat alike. Some spreadsheets skip spaces, quotes and invisible characters
# before it. A tab or line break at the start may move the rest into a cell of its own.
_FORMULA_START = re.compile(
    r"[\t\r\n]"
    r"|[\s\x00-\x1f\x7f-\xa0\u200b-\u200f\u2060\ufeff'\"\u2018-\u201f]*"
    r"[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]"
)
# Numbers, dates, times and Boolean values: a spreadsheet converts such a cell and saves it in its
# own format (0042 as 42, 1E5 as 100000, 2025-01-13 as 1/13/2025). Also a cell that the manifest
# reader would take for a comment if it were the first of a row.
_CONVERTED_VALUE = re.compile(
    r"true|false"
    r"|#(?:\s[\s\S]*)?"
    r"|(?=.{1,40}\Z)(?=\D*\d)"
    r"(?:[\s\d.,:/%$€£¥()+-]|(?<=\d)[etz]|(?<=[\d\s])[ap]m?"
    r"|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)+",
    re.IGNORECASE,
)
#: First characters of texts that no spreadsheet executes: a fast check for most cells.
_HARMLESS_FIRST_CHARACTERS: Final = frozenset(string.ascii_letters + string.digits + "<(/") | {""}
_first_character: Final = itemgetter(slice(1))
#: The first two letters of the words in `_CONVERTED_VALUE`.
_CONVERTED_STARTS: Final = frozenset("ja fe ma ap ju au se oc no de tr fa".split())
_LETTERS: Final = frozenset(string.ascii_letters)
#: Numbers that every spreadsheet shows and saves unchanged.
_WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,14}")


def escape(text: str) -> str:
    """Returns a cell for a CSV file: marked if a spreadsheet would execute it."""
    # A cell that already begins like a marked one gets a second mark; reading removes only one.
    return ESCAPE_MARK + text if _is_formula(text) or _is_marked(text) else text


def escape_line(cells: Sequence[str]) -> Sequence[str]:
    """Returns the cells of one line, each of them `escape`."""
    if _HARMLESS_FIRST_CHARACTERS.issuperset(map(_first_character, cells)):
        return cells
    return [escape(cell) for cell in cells]


def escape_for_editing(text: str) -> str:
    """Returns a cell that neither a spreadsheet nor the manifest reader executes or changes."""
    if text[:1] in _LETTERS and text[:2].lower() not in _CONVERTED_STARTS:
        return text  # most titles
    return ESCAPE_MARK + text if _is_formula(text) or _is_converted(text) else text


def unescape(text: str) -> str:
    """Returns the cell without its mark; text that has no mark is returned unchanged."""
    return text[1:] if _is_marked(text) else text


def _is_marked(text: str) -> bool:
    return text.startswith(ESCAPE_MARK) and (_is_formula(text) or _is_converted(text))


# Both functions ignore marks, so that a marked cell and its original get the same result. Therefore
# `unescape` removes exactly what was added.


def _is_formula(text: str) -> bool:
    unmarked = text.lstrip(ESCAPE_MARK)
    return bool(_FORMULA_START.match(unmarked)) and not _WHOLE_NUMBER.fullmatch(unmarked)


def _is_converted(text: str) -> bool:
    unmarked = text.lstrip(ESCAPE_MARK)
    return bool(_CONVERTED_VALUE.fullmatch(unmarked)) and not _WHOLE_NUMBER.fullmatch(unmarked)
