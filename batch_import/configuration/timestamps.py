"""Parse times such as `06:00` or `2026-12-01T06:00` into epoch seconds."""

import re
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from typing import Final

_CLOCK: Final = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?")


def parse_timestamp(text: str, now: float) -> float:
    """Parse a time of day, or a date with a time.

    A time of day means its next occurrence in local time. A time with a date may have a UTC offset
    (`+01:00`, `Z`); without an offset it is local time.

    On the day when daylight saving time ends, some times of day occur twice: the first occurrence
    after `now` is used. On the day when it starts, some do not occur: the result is later by the
    length of the gap.

    Args:
        now: the current time, in epoch seconds.

    Returns:
        Epoch seconds.

    Raises:
        ValueError: the text is not a time, or the time is not after `now`. The message can be shown
            to the user.
    """
    try:
        seconds = _parse(text.strip(), now)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{text!r} is not a time like 06:00 or 2026-12-01T06:00") from None
    if seconds <= now:
        raise ValueError(f"{text!r} has passed")
    return seconds


def _parse(text: str, now: float) -> float:
    clock = _CLOCK.fullmatch(text)
    if clock:
        hour, minute, second = (int(part or 0) for part in clock.groups())
        return _next_occurrence(clock_time(hour, minute, second), now)
    if ":" not in text:
        raise ValueError(text)  # a date without a time is not valid
    return datetime.fromisoformat(text).timestamp()


def _next_occurrence(clock: clock_time, now: float) -> float:
    """Returns the first epoch seconds after `now` at which the local clock shows a time of day."""
    today = datetime.fromtimestamp(now, UTC).astimezone().date()
    occurrences: set[float] = set()
    for days in range(3):  # the day after tomorrow too, because the time may not occur tomorrow
        occurrences |= _occurrences(datetime.combine(today + timedelta(days), clock))
    return min(seconds for seconds in occurrences if seconds > now)


def _occurrences(local: datetime) -> set[float]:
    """Returns the epoch seconds at which the local clock shows a date and time.

    There are two if the clock is turned back over this time at the end of daylight saving time.
    """
    first, second = local.timestamp(), local.replace(fold=1).timestamp()
    # A time in the gap at the start has a second value before the first one. It is not used.
    return {first, max(first, second)}
