"""The one budget of calls for the whole run. Pure: the clock is passed in.

Every attempt of every worker spends a token here, retries included. A refusal makes everybody
wait and lowers the rate; it recovers slowly, and never passes the ceiling. This file must not
know what the calls are for.
"""

from typing import Final

#: Unused time may be caught up by this many seconds' worth of calls, so that a late thread costs
#: nothing; more would arrive at the platform as a burst.
_SLACK: Final = 0.1
#: After a refusal: this share of the rate that the platform was seen to take.
_BELOW: Final = 0.95
#: The rate recovers by this share of the ceiling per second.
_RECOVERY: Final = 0.01
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
        self._next_at = now
        self._hold_until = now
        self._cut_at = self._held_at = now - 1.0
        self._measured_from = now
        self._accepted = 0
        self._failures = 0

    def rate(self, now: float) -> float:
        """Calls a second in force."""
        recovered = self._rate + self._ceiling * _RECOVERY * (now - self._rate_at)
        return min(self._ceiling, recovered)

    def ready_at(self, now: float) -> float:
        """When the next call may leave; `now` means at once."""
        return max(now, self._next_at, self._hold_until)

    def spend(self, now: float) -> None:
        """One call leaves."""
        self._next_at = max(self._next_at, now - _SLACK) + 1 / self.rate(now)

    def accepted(self) -> None:
        """The platform took a call, whatever it said to it."""
        self._accepted += 1
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
        span = now - self._measured_from
        measured = span >= _SPAN and self._accepted >= _SAMPLE
        seen = self._accepted / span if measured else self.rate(now) / 2
        floor = self._ceiling / 1000
        self._rate = max(floor, min(self.rate(now) * _BELOW, seen * _BELOW))
        self._rate_at = self._measured_from = self._cut_at = now
        self._accepted = 0

    def _hold(self, now: float, retry_after: float | None) -> None:
        guess = min(_LONGEST_HOLD, 2.0 ** (min(self._failures, 10) - 1))
        until = now + (guess if retry_after is None else retry_after)
        self._hold_until = max(self._hold_until, until)
        # A platform that refuses counts from the end of the wait, not from its start.
        self._measured_from = max(self._measured_from, self._hold_until)
