"""Which texts of a manifest become numbers or dates in a workbook; all others stay text. No I/O.

A text is converted only if the workbook shows it exactly as in the manifest, and only in a column
whose first values can all be converted: `007` and `E12` are IDs, and therefore other values of that
column, too.
"""

import re
from collections.abc import Iterable
from datetime import date, time
from enum import Enum, auto
from functools import lru_cache
from typing import Final

#: A spreadsheet stores fifteen digits. A number of more than eleven is an ID or a phone number.
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,10})(?:\.([0-9]{1,4}))?")
#: A date, or a date with time, in UTC or without a time zone. Both are shown unchanged.
_DATE: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?Z?)?"
)
#: Words in the heading of a column whose numbers are names.
_ID_WORDS: Final = frozenset(
    "id ids code key ref reference sku isbn issn ean upc gtin zip plz postcode phone tel telephone"
    " mobile fax guid uuid serial barcode account".split()
)
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
#: Spreadsheets count days from here on.
_DAY_0: Final = date(1899, 12, 30).toordinal()
#: Before March 1900, spreadsheet programs have different calendars.
_FIRST_DAY: Final = date(1900, 3, 1).toordinal() - _DAY_0


class CellType(Enum):
    """The type of a column's values."""

    TEXT = auto()
    NUMBER = auto()
    DATE = auto()


def column_type(heading: str, values: Iterable[str]) -> CellType:
    """Returns the type of a column's values, from its heading and some of the values."""
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
    """Returns a number and its number of decimals; None for any other text."""
    found = _NUMBER.fullmatch(text)
    if not found or text == "-0":
        return None
    return float(text), len(found[1] or "")


# Many videos of a manifest are of one day.
@lru_cache(maxsize=4096)
def as_date(text: str) -> tuple[float, bool] | None:
    """Returns a date as spreadsheets count it; None for any other text.

    Returns the days since the end of 1899, and whether there is a time.
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
        return None  # the date or time does not exist
    seconds = 3600 * clock.hour + 60 * clock.minute + clock.second
    return (days + seconds / 86_400, True) if days >= _FIRST_DAY else None
