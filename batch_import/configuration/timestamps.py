"""Parse times such as `06:00` or `2026-12-01T06:00` into epoch seconds."""

import re
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from typing import Final

_CLOCK: Final = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?")


def timestamp(text: str, now: float) -> float:
    """Parse a time.

    A time of day means its next occurrence in local time. When daylight saving time ends, a time
    may occur twice: the first occurrence in the future is used. When it starts, a time may not
    occur: the result is later by the length of the gap. A time with a date may have a UTC offset
    (`+01:00`, `Z`).

    Args:
        now: epoch seconds.

    Returns:
        Epoch seconds.

    Raises:
        ValueError: it is not a time, or is in the past. The message can be shown to the user.
    """
    try:
        found = _read(text.strip(), now)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{text!r} is not a time like 06:00 or 2026-12-01T06:00") from None
    if found <= now:
        raise ValueError(f"{text!r} has passed")
    return found


def _read(text: str, now: float) -> float:
    clock = _CLOCK.fullmatch(text)
    if clock:
        hour, minute, second = (int(part or 0) for part in clock.groups())
        return _next(clock_time(hour, minute, second), now)
    if ":" not in text:
        raise ValueError(text)  # a date without a time is not valid
    return datetime.fromisoformat(text).timestamp()


def _next(clock: clock_time, now: float) -> float:
    today = datetime.fromtimestamp(now, UTC).astimezone().date()
    # Up to the day after tomorrow, because the time may not occur tomorrow.
    days = (datetime.combine(today + timedelta(days), clock) for days in range(3))
    return min(time for day in days for time in _occurrences(day) if time > now)


def _occurrences(local: datetime) -> set[float]:
    """The epoch seconds at which the local clock shows a time: one, or two at the end of DST.

    At the start of DST, the second interpretation would be before the gap, and is left out.
    """
    first, second = local.timestamp(), local.replace(fold=1).timestamp()
    return {first, max(first, second)}
