"""Parse the values that feeds and platforms give as facts about a video. No I/O."""

import html
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_MARKUP: Final = re.compile(r"<[^<>]*>")
_WHOLE_NUMBER: Final = re.compile(r"[0-9]{1,15}")
#: Epoch seconds since 1973 have nine digits, epoch milliseconds up to 13.
_EPOCH: Final = re.compile(r"[0-9]{9,13}(?:\.[0-9]+)?")
#: A larger number is in milliseconds.
_MIN_EPOCH_MILLISECONDS: Final = 100_000_000_000


def plain_text(text: str) -> str:
    """Returns a text on one line without HTML markup, which descriptions often have."""
    return " ".join(html.unescape(_MARKUP.sub(" ", html.unescape(text))).split())


def file_size(text: str) -> int | None:
    """Returns a number of bytes; None if the text is none, or zero, which stands for unknown."""
    return (int(text) or None) if _WHOLE_NUMBER.fullmatch(text) else None


def date_of(text: str) -> datetime | None:
    """Returns a date from ISO 8601, RFC 822, epoch seconds or epoch milliseconds.

    Returns:
        The date, in UTC if the text has no time zone; None if it is no date.
    """
    for parse in (_epoch_date, datetime.fromisoformat, parsedate_to_datetime):
        try:
            date = parse(text)
        except (ValueError, TypeError, IndexError, OverflowError, OSError):
            continue
        return date if date.tzinfo else date.replace(tzinfo=UTC)
    return None


def _epoch_date(text: str) -> datetime:
    if not _EPOCH.fullmatch(text):
        raise ValueError(text)
    number = float(text)
    is_milliseconds = number >= _MIN_EPOCH_MILLISECONDS
    return datetime.fromtimestamp(number / 1000 if is_milliseconds else number, UTC)
