"""Times as people write them: `06:00`, `2026-12-01T06:00` → epoch seconds."""

import re
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from typing import Final

_CLOCK: Final = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?")


def timestamp(text: str, now: float) -> float:
    """The time that is meant, in epoch seconds.

    A time of day is the next one by the local clock. Where clocks are put back it comes twice, and
    the first one that is still to come is taken; where they are put forward and it does not come
    at all, it is that much later. A time with a date may have an offset (`+01:00`, `Z`).

    Args:
        now: epoch seconds.

    Raises:
        ValueError: it is not a time, or has passed; the message is fit to be shown.
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
        raise ValueError(text)  # a day alone is not a point in time
    return datetime.fromisoformat(text).timestamp()


def _next(clock: clock_time, now: float) -> float:
    today = datetime.fromtimestamp(now, UTC).astimezone().date()
    # The day after tomorrow: in a zone that skips tomorrow's, one is still to come.
    days = (datetime.combine(today + timedelta(days), clock) for days in range(3))
    return min(time for day in days for time in _occurrences(day) if time > now)


def _occurrences(local: datetime) -> set[float]:
    """When the local clock shows this: once, or twice where it is put back.

    Where it is put forward over it, the second reading would be before the gap.
    """
    first, second = local.timestamp(), local.replace(fold=1).timestamp()
    return {first, max(first, second)}
