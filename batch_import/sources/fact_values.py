"""Parse the texts in which feeds and platforms give facts about a video, such as dates. No I/O."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from batch_import.addresses.decoding import unescape_html

_MARKUP: Final = re.compile(r"<[^<>]*>")
_WHOLE_NUMBER: Final = re.compile(r"[0-9]{1,15}")
#: Epoch seconds since 1973 have nine digits, epoch milliseconds up to 13.
_EPOCH: Final = re.compile(r"[0-9]{9,13}(?:\.[0-9]+)?")
#: From this number on, epoch times are in milliseconds: as seconds it would be in the year 5138.
_MIN_EPOCH_MILLISECONDS: Final = 100_000_000_000


def plain_text(text: str) -> str:
    """Returns a text on one line, without HTML tags and entities. Descriptions often have them."""
    return " ".join(unescape_html(_MARKUP.sub(" ", unescape_html(text))).split())


def file_size(text: str) -> int | None:
    """Returns a number of bytes; None if the text is not a number, or is 0 (unknown)."""
    size = int(text) if _WHOLE_NUMBER.fullmatch(text) else 0
    return size or None


def date_of(text: str) -> datetime | None:
    """Returns the date of a text in ISO 8601, RFC 822, epoch seconds or epoch milliseconds.

    Returns:
        The date with a time zone: UTC if the text names none. None if the text is not a date.
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
