"""The one budget of calls for the whole run. Pure: the clock is passed in.

Every attempt of every worker spends a token here, retries included. A refusal (429) makes
everybody wait, and tells that the platform takes no more than was sent since the last one; all
refusals within a second are one event. The rate then goes on a little below what held, comes back
to it within ten seconds, feels its way past it slowly, and never passes the ceiling. Server errors
are no refusals: they tell nothing of the pace. This file must not know what the calls are for.
"""

import math
from dataclasses import dataclass
from typing import Final

#: Unused time may be caught up by this many seconds' worth of calls, so that a late thread costs
#: nothing; more would arrive at the platform as a burst.
_SLACK: Final = 0.1
#: Calls under way at the start; each accepted one lets one more, until the first refusal: it
#: doubles with every round trip, so that a platform which takes few is not met by a storm.
_START: Final = 4
#: Refusals within so many seconds are one event.
_EVENT: Final = 1.0
#: A rate that held for so many seconds of calls is nearly what the platform takes …
_HELD: Final = 3.0
#: … so that a refusal takes this share of it; else the platform may take far less, and takes more.
_KEPT_HELD: Final = 0.9
_KEPT: Final = 0.6
#: After a refusal: this share of what the platform was seen to take, waits included.
_BELOW: Final = 0.97
#: Growth a second: back to what held before a refusal that came soon, within ten seconds …
_BACK: Final = 0.03
_NEARLY: Final = 0.95
#: … carefully around the rate that was refused, and freely beyond: the platform takes more by now.
_CAREFULLY: Final = 0.003
_BEYOND: Final = 1.05
_FREELY: Final = 0.03
#: Waits without `Retry-After` double up to this many seconds.
_LONGEST_HOLD: Final = 60.0
#: So few accepted calls tell nothing of a rate.
_SAMPLE: Final = 5


@dataclass(slots=True)
class _Since:
    """What happened since the last refusal.

    Attributes:
        accepted: calls.
        paced: seconds that the calls took by the rate in force: idle time does not count.
        held: seconds that everybody was made to wait.
    """

    accepted: int = 0
    paced: float = 0.0
    held: float = 0.0

    def taken(self) -> float:
        """Calls a second that the platform took at least; 0 where too few tell."""
        spent = self.paced + self.held
        return self.accepted / spent if self.accepted >= _SAMPLE and spent >= _EVENT else 0.0


class Budget:
    """A token bucket that adapts to what the platform takes.

    Args:
        ceiling: calls a second, at most.
        now: the clock's reading, in seconds; any clock that never goes back.
    """

    def __init__(self, ceiling: float, now: float) -> None:
        self._ceiling = ceiling
        #: The rate in force at a moment, and the one that was refused last.
        self._rate, self._rate_at = ceiling, now
        self._refused_rate = 0.0
        self._next_at = now
        self._hold_until = now
        self._cut_at = self._event_at = float("-inf")
        self._since = _Since()
        self._failures = 0
        self._under_way = 0
        self._window: float = _START

    def rate(self, now: float) -> float:
        """Calls a second in force."""
        rate, left = self._rate, max(0.0, now - self._rate_at)
        for bound, growth in (
            (_NEARLY * self._refused_rate, _BACK),
            (_BEYOND * self._refused_rate, _CAREFULLY),
            (self._ceiling, _FREELY),
        ):
            if rate < min(bound, self._ceiling):
                needed = math.log(min(bound, self._ceiling) / rate) / growth
                if left < needed:
                    return rate * math.exp(growth * left)
                rate, left = min(bound, self._ceiling), left - needed
        return rate

    def ready_at(self, now: float) -> float:
        """When the next call may leave; `now` means at once, infinity when another is back."""
        if self._under_way >= self._window:
            return float("inf")
        return max(now, self._next_at, self._hold_until)

    def spend(self, now: float) -> None:
        """One call leaves."""
        pause = 1 / self.rate(now)
        self._next_at = max(self._next_at, now - _SLACK) + pause
        self._since.paced += pause
        self._under_way += 1

    def returned(self) -> None:
        """One call is back, whatever came of it."""
        self._under_way -= 1

    def accepted(self) -> None:
        """The platform took a call, whatever it said to it."""
        self._since.accepted += 1
        self._window += 1
        self._failures = 0

    def refused(self, left_at: float, now: float, retry_after: float | None) -> None:
        """429: everybody waits, and the rate goes below what the platform was seen to take.

        Args:
            left_at: when the refused call left. Calls that left before the last cut tell nothing
                new.
        """
        if left_at > self._cut_at and now >= self._event_at + _EVENT:
            self._cut(now)
            self._failures += 1
        self._cut_at = max(self._cut_at, now)
        guess = min(_LONGEST_HOLD, 2.0 ** (min(self._failures, 10) - 1))
        self.hold(now, guess if retry_after is None else retry_after)

    def hold(self, now: float, seconds: float) -> None:
        """Everybody waits: the platform asks for it."""
        until = max(self._hold_until, now + seconds)
        self._since.held += until - max(now, self._hold_until)
        self._hold_until = until
        # Time spent waiting is not caught up: a platform without a reserve would refuse again.
        self._next_at = max(self._next_at, until)

    def _cut(self, now: float) -> None:
        refused = self.rate(now)
        kept = _KEPT_HELD if self._since.paced >= _HELD else _KEPT
        taken = min(refused, self._since.taken())
        self._rate = max(self._ceiling / 1000, kept * refused, _BELOW * taken)
        # What was sent too soon after the last refusal tells nothing of what may hold.
        self._refused_rate = refused
        self._rate_at = self._event_at = now
        self._since = _Since()
        self._window = float("inf")
