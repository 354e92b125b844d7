"""The guard: a mark on cells that a spreadsheet would run or change, which comes off again.

Our CSV files are handed out `guarded`, or `preserved` where they are to be saved by a spreadsheet
and fed back; our reader takes in `unguarded`. For every text, `unguarded(guarded(text)) == text`
and `unguarded(preserved(text)) == text`. This file must not know files or rows.
"""

import re
import string
from operator import itemgetter
from typing import Final

#: Spreadsheets take a cell that begins with it for text, and save it as it is.
MARK: Final = "'"

# A formula begins with one of these, or with its full-width or small form, which East Asian
# spreadsheets fold; some skip spaces, quotes or invisible characters before it. A tab or line
# break at the start may push the rest into a cell of its own.
_FORMULA = re.compile(
    r"[\t\r\n]"
    r"|[\s\x00-\x1f\x7f-\xa0\u200b-\u200f\u2060\ufeff'\"\u2018-\u201f]*"
    r"[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]"
)
# Numbers, dates, times, truth values: what a spreadsheet reads as a value and saves in its own
# way (0042 as 42, 1E5 as 100000, 2025-01-13 as 1/13/2025). And what our own reader takes for a
# comment where it begins a row.
_VALUE = re.compile(
    r"true|false"
    r"|#(?:\s[\s\S]*)?"
    r"|(?=.{1,40}\Z)(?=\D*\d)"
    r"(?:[\s\d.,:/%$€£¥()+-]|(?<=\d)[etz]|(?<=[\d\s])[ap]m?"
    r"|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)+",
    re.IGNORECASE,
)
#: What a text begins with that no spreadsheet runs: a quick answer for most cells.
_HARMLESS: Final = frozenset(string.ascii_letters + string.digits + "<(/") | {""}
_FIRST: Final = itemgetter(slice(1))
#: Every spreadsheet shows and saves these as they are.
_WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,14}")


def guarded(text: str) -> str:
    """A cell as it may stand in a CSV file: marked where a spreadsheet would run it."""
    # What looks marked is marked once more, so that just one mark comes off.
    return MARK + text if _runs(text) or _is_marked(text) else text


def guarded_line(cells: list[str]) -> list[str]:
    """The cells of one line, each `guarded`."""
    if _HARMLESS.issuperset(map(_FIRST, cells)):
        return cells
    return [guarded(cell) for cell in cells]


def preserved(text: str) -> str:
    """A cell that a spreadsheet neither runs nor changes when it saves the file, nor our reader."""
    return MARK + text if _runs(text) or _is_value(text) else text


def unguarded(text: str) -> str:
    """The cell as it was before; text that was never marked stays as it is."""
    return text[1:] if _is_marked(text) else text


def _is_marked(text: str) -> bool:
    return text.startswith(MARK) and (_runs(text) or _is_value(text))


# Both see through marks, so that a mark changes no answer: that makes the guard exact.


def _runs(text: str) -> bool:
    bare = text.lstrip(MARK)
    return bool(_FORMULA.match(bare)) and not _WHOLE_NUMBER.fullmatch(bare)


def _is_value(text: str) -> bool:
    bare = text.lstrip(MARK)
    return bool(_VALUE.fullmatch(bare)) and not _WHOLE_NUMBER.fullmatch(bare)
