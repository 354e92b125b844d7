"""Dates in cells, in the forms that people and platforms write. No I/O.

A text may have several meanings: `03/04/2021` is a day in March or in April. Therefore a date is a
span of days, which contains every meaning.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

#: The first year of a date that is used. Earlier years stand for “no date”: 0001, 1900, 1970.
_MIN_YEAR: Final = 2000
_LAST_MONTH, _LAST_DAY = 12, 31
#: A year, a month and a day, as in ISO 8601; a time may follow.
_YEAR_FIRST: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
#: A day and a month in any order, and a year.
_YEAR_LAST: Final = re.compile(r"(?<!\d)(\d{1,2})[-/.]\s?(\d{1,2})[-/.]\s?(\d{4})(?!\d)")
#: A year that stands alone or follows a month: `2 May 2019`, `May 2, 2019`.
_YEAR: Final = re.compile(r"(?<!\d)(\d{4})(?!\d)")
#: A text that consists of one date and nothing else, apart from a time of day and its time zone.
_DATE_ONLY: Final = re.compile(
    r"\s*(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\s?\d{1,2}[-/.]\s?\d{4}"
    r"|\d{1,2}(?:st|nd|rd|th|\.)?\s+[^\W\d_]{3,9}\.?,?\s+\d{4}"
    r"|[^\W\d_]{3,9}\.?\s+(?:\d{1,2}(?:st|nd|rd|th)?,?\s+)?\d{4}|\d{4})"
    r"(?:[T\s,]+\d{1,2}:\d{2}[\d:.]*\s*(?:[AaPp][Mm]|Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?\s*"
)


@dataclass(frozen=True, slots=True)
class DateSpan:
    """All days that a text can mean.

    Attributes:
        first, last: the first and the last of these days.
    """

    first: date
    last: date


def parse_date(text: str) -> DateSpan | None:
    """Return the date that a text consists of; None if it is something else."""
    return find_date(text) if _DATE_ONLY.fullmatch(text) else None


def find_date(text: str) -> DateSpan | None:
    """Return the first date in a text; None if there is none.

    A date with the name of its month is the span of its whole year, because the names of months
    depend on the language.
    """
    if found := _YEAR_FIRST.search(text):
        year, month, day = map(int, found.groups())
        return _span(year, [(month, day)])
    if found := _YEAR_LAST.search(text):
        first, second, year = map(int, found.groups())
        return _span(year, [(first, second), (second, first)])
    if found := _YEAR.search(text):
        return _span(int(found[1]), [(1, 1), (_LAST_MONTH, _LAST_DAY)])
    return None


def _span(year: int, days: list[tuple[int, int]]) -> DateSpan | None:
    """Return the span of some days of a year, without those that do not exist.

    Args:
        year: the year.
        days: months and days.
    """
    dates = []
    for month, day in days:
        try:
            dates.append(date(year, month, day))
        except ValueError:
            continue
    return DateSpan(min(dates), max(dates)) if dates and year >= _MIN_YEAR else None
