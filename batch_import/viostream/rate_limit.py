"""The one budget of calls for the whole run. Pure: the clock is passed in.

Every attempt of every worker spends a token here, retries included. A refusal makes everybody
wait, and measures the platform: it took so many calls since the last refusal. The rate goes on a
little below that, feels its way past it slowly, and never passes the ceiling. This file must not
know what the calls are for.
"""

import math
from typing import Final

#: Unused time may be caught up by this many seconds' worth of calls, so that a late thread costs
#: nothing; more would arrive at the platform as a burst.
_SLACK: Final = 0.1
#: Calls under way at the start; as many accepted ones let one more, until the first refusal, so
#: that a platform which takes few is not met by a storm.
_START: Final = 4
#: After a refusal: this share of the rate that the platform was seen to take.
_BELOW: Final = 0.95
#: The rate grows by this share per second near the measured one, where a refusal is likely …
_CAREFULLY: Final = 0.005
#: … which is up to so much above it, and by this share beyond: the platform takes more by now.
_NEAR: Final = 1.1
_FREELY: Final = 0.02
#: No rate grows further (e to this power) without another look at the platform.
_ENOUGH: Final = 20.0
#: Time-outs of the whole platform double up to this many seconds.
_LONGEST_HOLD: Final = 60.0
#: A rate is measured over at least this many seconds; a shorter span tells bursts, not rates.
_SPAN: Final = 1.0
#: … and over at least so many accepted calls; with fewer the rate is halved.
_SAMPLE: Final = 5


class Budget:
    """A token bucket that adapts to what the platform takes.

    Args:
        ceiling: calls a second, at most.
        now: the clock's reading, in seconds; any clock that never goes back.
    """

    def __init__(self, ceiling: float, now: float) -> None:
        self._ceiling = ceiling
        self._rate = ceiling
        self._rate_at = now
        self._near_until = now
        self._next_at = now
        self._hold_until = now
        self._cut_at = self._held_at = float("-inf")
        self._accepted = 0
        self._failures = 0
        self._under_way = 0
        self._window: float = _START

    def rate(self, now: float) -> float:
        """Calls a second in force."""
        carefully = max(0.0, min(now, self._near_until) - self._rate_at)
        freely = max(0.0, now - self._near_until)
        grown = self._rate * math.exp(min(_ENOUGH, _CAREFULLY * carefully + _FREELY * freely))
        return min(self._ceiling, grown)

    def ready_at(self, now: float) -> float:
        """When the next call may leave; `now` means at once, infinity when another is back."""
        if self._under_way >= self._window:
            return float("inf")
        return max(now, self._next_at, self._hold_until)

    def spend(self, now: float) -> None:
        """One call leaves."""
        self._next_at = max(self._next_at, now - _SLACK) + 1 / self.rate(now)
        self._under_way += 1

    def returned(self) -> None:
        """One call is back, whatever came of it."""
        self._under_way -= 1

    def accepted(self) -> None:
        """The platform took a call, whatever it said to it."""
        self._accepted += 1
        self._window += 1 / self._window
        self._failures = 0

    def refused(self, left_at: float, now: float, retry_after: float | None) -> None:
        """429: everybody waits, and the rate goes below what the platform was seen to take.

        Args:
            left_at: when the refused call left. Calls that left before the last cut tell
                nothing new.
        """
        if left_at > self._cut_at:
            self._cut(now)
            self._failures += 1
        self._hold(now, retry_after)

    def unavailable(self, left_at: float, now: float, retry_after: float | None) -> None:
        """503, or no connection: everybody waits, each time longer.

        Args:
            left_at: when the call left. Calls that left before the last wait began are one event.
        """
        if left_at > self._held_at:
            self._failures += 1
            self._held_at = now
        self._hold(now, retry_after)

    def _cut(self, now: float) -> None:
        taken = self._measured(now)
        wanted = self.rate(now)
        self._rate = max(self._ceiling / 1000, _BELOW * min(wanted, taken or wanted / 2))
        near = math.log(_NEAR / _BELOW) / _CAREFULLY if taken else 0.0
        self._near_until = now + near
        self._rate_at = self._cut_at = now
        self._accepted = 0
        self._window = float("inf")

    def _measured(self, now: float) -> float | None:
        """Calls a second that the platform took between the last refusal and this one.

        At both it had nothing left to give, so what it gave in between came in between, waits
        included. Before the first refusal it gave from a reserve of unknown size.
        """
        span = now - self._cut_at
        known = _SPAN <= span < float("inf") and self._accepted >= _SAMPLE
        return self._accepted / span if known else None

    def _hold(self, now: float, retry_after: float | None) -> None:
        guess = min(_LONGEST_HOLD, 2.0 ** (min(self._failures, 10) - 1))
        until = now + (guess if retry_after is None else retry_after)
        self._hold_until = max(self._hold_until, until)
        # Time spent waiting is not caught up: a platform without a reserve would refuse again.
        self._next_at = max(self._next_at, self._hold_until)
