"""How long a run will still take, estimated from its progress so far. Pure: the clock is passed in.

A run ends when its last row is created, and has then been seen online. This file must not know
rows, calls, or how the end is shown.
"""

import math
from typing import Final

#: Creates a second are averaged over about the last so many seconds, the latest weighing most.
_AVERAGING_SECONDS: Final = 60.0


class CreationRate:
    """How many rows a second are really created."""

    def __init__(self) -> None:
        self._started_at = self._last_at = 0.0
        self._weighted_count = 0.0
        self._has_started = False

    def record_created(self, rows: int, now: float) -> None:
        """So many rows were created since the last call."""
        if not rows:
            return
        if not self._has_started:
            # The first ones start the clock: what was before them is no part of their time.
            self._has_started, self._started_at, self._last_at = True, now, now
            return
        self._weighted_count = rows + self._decayed_count(now)
        self._last_at = now

    def rate(self, now: float) -> float | None:
        """Rows a second; None where nothing was created, nothing for too long, or all at once."""
        if (
            self._weighted_count == 0
            or now <= self._started_at
            or now - self._last_at > 3 * _AVERAGING_SECONDS
        ):
            return None
        return self._decayed_count(now) / (
            _AVERAGING_SECONDS * -math.expm1(-(now - self._started_at) / _AVERAGING_SECONDS)
        )

    def seconds_for(self, rows: int, max_rate: float, now: float) -> float | None:
        """Seconds until so many rows are created; None where nobody knows.

        Args:
            ceiling: rows a second that are allowed just now.
        """
        if rows == 0:
            return 0.0
        rate = self.rate(now)
        return None if rate is None else rows / min(rate, max_rate)

    def _decayed_count(self, now: float) -> float:
        return self._weighted_count * math.exp(-(now - self._last_at) / _AVERAGING_SECONDS)
