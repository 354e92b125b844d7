"""Measures how many rows per second the platform accepts. No I/O: the clock is passed in.

This creation rate is used to estimate the remaining duration of a run. This module must not know
rows or requests.
"""

import math
from typing import Final

#: Time constant of the moving average in seconds: long enough to even out pauses after a 429, short
#: enough to follow a change of the platform's limit within minutes.
_AVERAGING_SECONDS: Final = 60.0


class CreationRate:
    """Exponential moving average of the rows that are created per second.

    Args named `now` are epoch seconds.
    """

    def __init__(self) -> None:
        self._started_at = self._last_at = 0.0
        self._weighted_count = 0.0
        self._has_started = False

    def record_created(self, row_count: int, now: float) -> None:
        """Record how many rows were created since the last call."""
        if not row_count:
            return
        if not self._has_started:
            # The first rows only start the measurement, because it is not known how long their
            # creation took.
            self._has_started, self._started_at, self._last_at = True, now, now
            return
        self._weighted_count = row_count + self._decayed_count(now)
        self._last_at = now

    def rate(self, now: float) -> float | None:
        """Returns the rows created per second; None if this cannot be measured.

        It is None before rows were created at two different times, and if the last row was created
        more than three time constants ago, because the average then contains almost only idle time.
        """
        if (
            self._weighted_count == 0
            or now <= self._started_at
            or now - self._last_at > 3 * _AVERAGING_SECONDS
        ):
            return None
        # A row of age t has the weight exp(-t / time constant). The divisor is the integral of this
        # weight since the start of the measurement. It corrects the average while that time is
        # short.
        seconds_since_start = now - self._started_at
        weighted_seconds = _AVERAGING_SECONDS * -math.expm1(
            -seconds_since_start / _AVERAGING_SECONDS
        )
        return self._decayed_count(now) / weighted_seconds

    def seconds_for(self, row_count: int, max_rate: float, now: float) -> float | None:
        """Returns the estimated seconds until some more rows are created; None if not known.

        Args:
            row_count: number of rows to create.
            max_rate: rows per second that the rate limiter allows now.
            now: epoch seconds.
        """
        if row_count == 0:
            return 0.0
        rate = self.rate(now)
        return None if rate is None else row_count / min(rate, max_rate)

    def _decayed_count(self, now: float) -> float:
        """Returns the sum of the weights of all created rows at a time."""
        return self._weighted_count * math.exp(-(now - self._last_at) / _AVERAGING_SECONDS)
