"""Decides which texts of a manifest become numbers or dates in a workbook. No I/O.

All other texts stay text. A text is converted only if the workbook shows it exactly as in the
manifest, and only if all values in a sample of its column can be converted. If a column contains
`007` or `E12`, its values are IDs, and must all stay text.
"""

import re
from collections.abc import Iterable
from datetime import date, time
from enum import Enum, auto
from functools import lru_cache
from typing import Final

#: A number of at most eleven digits before the decimal point. Longer numbers are IDs or phone
#: numbers; and a spreadsheet stores only fifteen digits.
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,10})(?:\.([0-9]{1,4}))?")
#: A date, or a date with time in UTC or without a time zone: the workbook shows both as they are.
_DATE: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?Z?)?"
)
#: If the heading of a column has one of these words, its numbers identify something, and stay text.
_ID_WORDS: Final = frozenset(
    "id ids code key ref reference sku isbn issn ean upc gtin zip plz postcode phone tel telephone"
    " mobile fax guid uuid serial barcode account".split()
)
#: A word in a heading, also in CamelCase.
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
#: The day with the number 0 in spreadsheets.
_DAY_0: Final = date(1899, 12, 30).toordinal()
#: The first day whose number is the same in all spreadsheet programs: before, Excel counts a 29th
#: of February 1900, which did not exist.
_FIRST_DAY: Final = date(1900, 3, 1).toordinal() - _DAY_0


class CellType(Enum):
    """The type of a column's values."""

    TEXT = auto()
    NUMBER = auto()
    DATE = auto()


def column_type(heading: str, values: Iterable[str]) -> CellType:
    """Returns the type of a column.

    Args:
        heading: heading of the column.
        values: a sample of the values of the column; empty values are ignored.
    """
    nonempty_values = [value for value in values if value]
    if not nonempty_values:
        return CellType.TEXT
    if all(as_date(value) for value in nonempty_values):
        return CellType.DATE
    words = {word.lower() for word in _WORD.findall(heading)}
    if words.isdisjoint(_ID_WORDS) and all(as_number(value) for value in nonempty_values):
        return CellType.NUMBER
    return CellType.TEXT


def as_number(text: str) -> tuple[float, int] | None:
    """Returns a number, and how many digits are behind its point; None for any other text."""
    match = _NUMBER.fullmatch(text)
    if not match or text == "-0":
        return None
    return float(text), len(match[1] or "")


# Cached, because many videos of a manifest have the same date.
@lru_cache(maxsize=4096)
def as_date(text: str) -> tuple[float, bool] | None:
    """Returns a date as a number of days, as spreadsheets store it.

    Returns:
        The days since 30 December 1899, with a fraction for the time of day, and whether the text
        has a time of day. None if the text is not a date.
    """
    match = _DATE.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second = match.groups()
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _DAY_0
        if hour is None:
            return (days, False) if days >= _FIRST_DAY else None
        time_of_day = time(int(hour), int(minute), int(second or 0))
    except ValueError:
        return None  # the date or time does not exist
    seconds = 3600 * time_of_day.hour + 60 * time_of_day.minute + time_of_day.second
    return (days + seconds / 86_400, True) if days >= _FIRST_DAY else None
