"""Types of settings that filter videos by their date and file size. No I/O.

They are used when the videos of a folder, feed or bucket are listed. A value that is not valid
raises a `ValueError`, as in `value_types.py`.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from batch_import.configuration.value_types import TimestampType, ValueType, checked_text, shortened

#: Unit of a file size → number of bytes. Storage vendors and file managers use powers of 1,000.
_UNIT_BYTES: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_SIZE: Final = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([kmgt]?)b?", re.IGNORECASE)


@dataclass(eq=False, repr=False)
class DateType(TimestampType):
    """A date, or a date and time, in epoch seconds. A text without a UTC offset is local time."""

    metavar: str = "DATE"

    def parse(self, text: str) -> Any:
        """As in `ValueType`."""
        try:
            return datetime.fromisoformat(checked_text(text).strip()).timestamp()
        except (ValueError, OverflowError, OSError):
            example = "2026-01-31 or 2026-01-31T18:00"
            raise ValueError(f"{shortened(text)} is not a date like {example}") from None


@dataclass(eq=False, repr=False)
class FileSizeType(ValueType):
    """A file size in bytes. As a text, it may have a unit: `500k`, `10MB`, `1.5 GB`."""

    metavar: str = "SIZE"

    def parse(self, text: str) -> Any:
        """As in `ValueType`."""
        match = _SIZE.fullmatch(checked_text(text).strip())
        if not match:
            raise ValueError(f"{shortened(text)} is not a file size like 500k, 10MB or 1.5GB")
        return int(float(match[1]) * _UNIT_BYTES[match[2].lower()])

    def check(self, value: Any) -> Any:
        """As in `ValueType`."""
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ValueError(f"{shortened(value)} is not a number of bytes")
        return value
