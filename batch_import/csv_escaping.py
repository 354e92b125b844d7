"""Escaping of CSV cells that a spreadsheet would execute or change.

A mark before the text of a cell makes a spreadsheet treat the cell as text. Cells of CSV files that
are only read are written with `escape`. Cells of CSV files that people edit and import again are
written with `escape_for_editing`. The manifest reader removes the mark with `unescape`. For every
text, `unescape(escape(text)) == text` and `unescape(escape_for_editing(text)) == text`.

In `failed.csv`, the user edits marked cells. Therefore each apostrophe at the start of its cells is
a mark: `escape_for_correction` adds one to a text that begins with an apostrophe, and
`unescape_correction` always removes it. Then `'0049` can be edited to `'0049-FR`.
"""

import re
import string
from collections.abc import Sequence
from operator import itemgetter
from typing import Final

#: The mark. A spreadsheet treats a cell that begins with this mark as text, and saves it unchanged.
ESCAPE_MARK: Final = "'"

# A formula begins with = + - or @, or with the full-width or small form of these characters, which
# East Asian spreadsheets treat in the same way. Some spreadsheets skip spaces, quotes and invisible
# characters before it. A tab or line break at the start may move the rest into another cell.
_FORMULA_START = re.compile(
    r"[\t\r\n]"
    r"|[\s\x00-\x1f\x7f-\xa0\u200b-\u200f\u2060\ufeff'\"\u2018-\u201f]*"
    r"[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]"
)
# Numbers, dates, times and Boolean values: a spreadsheet converts such a cell and saves it in its
# own format (0042 as 42, 1E5 as 100000, 2025-01-13 as 1/13/2025). The pattern also matches a cell
# with # at the start, which the manifest reader would treat as a comment at the start of a row.
_CONVERTED_VALUE = re.compile(
    r"true|false"
    # A # alone, or followed by white space.
    r"|#(?:\s[\s\S]*)?"
    # At most 40 characters, at least one of them a digit, that consist only of these parts: the
    # characters of numbers and dates; e, t or z after a digit (1E5, 10T, 10Z); a, p, am or pm after
    # a digit or white space; the names of months.
    r"|(?=.{1,40}\Z)(?=\D*\d)"
    r"(?:[\s\d.,:/%$€£¥()+-]|(?<=\d)[etz]|(?<=[\d\s])[ap]m?"
    r"|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)+",
    re.IGNORECASE,
)
#: First characters of texts that no spreadsheet executes, for a fast check of most cells. The empty
#: text is the first character of an empty cell.
_HARMLESS_FIRST_CHARACTERS: Final = frozenset(string.ascii_letters + string.digits + "<(/") | {""}
#: Returns the first character of a text; empty if the text is empty.
_first_character: Final = itemgetter(slice(1))
#: The first two letters of the words in `_CONVERTED_VALUE`, for a fast check of most titles.
_CONVERTED_STARTS: Final = frozenset("ja fe ma ap ju au se oc no de tr fa".split())
_LETTERS: Final = frozenset(string.ascii_letters)
#: Numbers that every spreadsheet shows and saves unchanged.
_WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,14}")


def escape(text: str) -> str:
    """Returns a cell for a CSV file; it has a mark if a spreadsheet would execute the text."""
    # A text that already looks like a marked cell gets a second mark; reading removes only one.
    return ESCAPE_MARK + text if _is_formula(text) or _is_marked(text) else text


def escape_line(cells: Sequence[str]) -> Sequence[str]:
    """Returns the cells of one line after `escape`."""
    if _HARMLESS_FIRST_CHARACTERS.issuperset(map(_first_character, cells)):
        return cells
    return [escape(cell) for cell in cells]


def escape_for_editing(text: str) -> str:
    """Returns a cell that a spreadsheet neither executes nor changes when it is saved."""
    if text[:1] in _LETTERS and text[:2].lower() not in _CONVERTED_STARTS:
        return text  # most titles
    return ESCAPE_MARK + text if _is_formula(text) or _is_converted(text) else text


def escape_for_correction(text: str) -> str:
    """Returns a cell as `escape_for_editing`; text that begins with the mark also gets a mark."""
    return ESCAPE_MARK + text if text.startswith(ESCAPE_MARK) else escape_for_editing(text)


def unescape_correction(text: str) -> str:
    """Returns a cell of `failed.csv`, which the user may have edited, without its mark."""
    return text.removeprefix(ESCAPE_MARK)


def unescape(text: str) -> str:
    """Returns the cell without its mark; text that has no mark is returned unchanged."""
    return text[1:] if _is_marked(text) else text


def _is_marked(text: str) -> bool:
    return text.startswith(ESCAPE_MARK) and (_is_formula(text) or _is_converted(text))


# Both functions ignore marks and therefore return the same result for a text with and without a
# mark. This is why `unescape` removes exactly the mark that was added.


def _is_formula(text: str) -> bool:
    unmarked = text.lstrip(ESCAPE_MARK)
    return bool(_FORMULA_START.match(unmarked)) and not _WHOLE_NUMBER.fullmatch(unmarked)


def _is_converted(text: str) -> bool:
    unmarked = text.lstrip(ESCAPE_MARK)
    return bool(_CONVERTED_VALUE.fullmatch(unmarked)) and not _WHOLE_NUMBER.fullmatch(unmarked)
