"""The measured rate at which rows are created. No I/O: the clock is passed in.

It is used to estimate how long a run still takes. This module must not know rows or requests.
"""

import math
from typing import Final

#: Time constant of the moving average in seconds: long enough to even out pauses after a 429, short
#: enough to follow a change of the platform's limit within minutes.
_AVERAGING_SECONDS: Final = 60.0


class CreationRate:
    """Exponential moving average of the rows created per second."""

    def __init__(self) -> None:
        self._started_at = self._last_at = 0.0
        self._weighted_count = 0.0
        self._has_started = False

    def record_created(self, rows: int, now: float) -> None:
        """Record that some rows were created since the last call."""
        if not rows:
            return
        if not self._has_started:
            # The first rows start the measurement; the time before them is not known.
            self._has_started, self._started_at, self._last_at = True, now, now
            return
        self._weighted_count = rows + self._decayed_count(now)
        self._last_at = now

    def rate(self, now: float) -> float | None:
        """Returns rows per second.

        None if no row was created, if all were created at one time, or if the last one is too long
        ago.
        """
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
        """Returns the seconds until a number of rows is created; None if not known.

        Args:
            max_rate: rows per second that the rate limiter allows now.
        """
        if rows == 0:
            return 0.0
        rate = self.rate(now)
        return None if rate is None else rows / min(rate, max_rate)

    def _decayed_count(self, now: float) -> float:
        return self._weighted_count * math.exp(-(now - self._last_at) / _AVERAGING_SECONDS)
