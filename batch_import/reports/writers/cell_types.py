"""Which texts of a manifest are numbers or dates in a workbook; all others stay text. Pure.

A value is one only if the workbook shows it just as the manifest has it, and only in a column whose
first values all are: `007` and `E12` are ids, and so are the other values beside them.
"""

import re
from collections.abc import Iterable
from datetime import date, time
from enum import Enum, auto
from functools import lru_cache
from typing import Final

#: A spreadsheet keeps fifteen digits; a number of more than eleven is an id or a phone number.
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,10})(?:\.([0-9]{1,4}))?")
#: A day, or a time of a day in UTC or in nobody knows which zone: both are shown as they are.
_DATE: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?Z?)?"
)
#: Words of a heading whose column holds names made of digits.
_ID_WORDS: Final = frozenset(
    "id ids code key ref reference sku isbn issn ean upc gtin zip plz postcode phone tel telephone"
    " mobile fax guid uuid serial barcode account".split()
)
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
#: Spreadsheets count days from here on.
_DAY_0: Final = date(1899, 12, 30).toordinal()
#: Before March 1900 the calendars of spreadsheets differ.
_FIRST_DAY: Final = date(1900, 3, 1).toordinal() - _DAY_0


class CellType(Enum):
    """What the values of a column are."""

    TEXT = auto()
    NUMBER = auto()
    DATE = auto()


def column_type(heading: str, values: Iterable[str]) -> CellType:
    """What a column's values are, going by its heading and some of them."""
    filled = [value for value in values if value]
    if not filled:
        return CellType.TEXT
    if all(as_date(value) for value in filled):
        return CellType.DATE
    words = {word.lower() for word in _WORD.findall(heading)}
    if not words & _ID_WORDS and all(as_number(value) for value in filled):
        return CellType.NUMBER
    return CellType.TEXT


def as_number(text: str) -> tuple[float, int] | None:
    """A number, and how many digits are behind its point; None for any other text."""
    found = _NUMBER.fullmatch(text)
    if not found or text == "-0":
        return None
    return float(text), len(found[1] or "")


# Many videos of a manifest are of one day.
@lru_cache(maxsize=4096)
def as_date(text: str) -> tuple[float, bool] | None:
    """A day, or a time of a day, as spreadsheets count; None for any other text.

    Returns the days since the end of 1899, and whether there is a time of day.
    """
    found = _DATE.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second = found.groups()
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _DAY_0
        if hour is None:
            return (days, False) if days >= _FIRST_DAY else None
        clock = time(int(hour), int(minute), int(second or 0))
    except ValueError:
        return None  # there is no such day, or no such time
    seconds = 3600 * clock.hour + 60 * clock.minute + clock.second
    return (days + seconds / 86_400, True) if days >= _FIRST_DAY else None
