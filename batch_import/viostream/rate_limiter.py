"""The rate limiter that all requests of a run share. No I/O: the caller passes the time.

It is a token bucket whose rate adapts to what the platform accepts. Every attempt of every worker
takes one token, retries included. After a refusal (429), all workers wait, and the rate decreases
to slightly below the rate that the platform has accepted since the previous refusal. All refusals
within one second count as one. Then the rate grows back to near the refused rate within
16 seconds, grows slowly while it passes the refused rate, and never exceeds the ceiling. Server
errors are not refusals: they say nothing about the rate.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

#: Burst allowance in seconds: requests of this time may be sent at once after a delay, so that a
#: thread that wakes up late does not lower the rate. More would reach the platform as a burst.
BURST_SECONDS: Final = 0.1
#: Maximum number of requests in progress at the start. Each accepted request raises it by one
#: until the first refusal, so it doubles per round trip (slow start). A platform with a low limit
#: is therefore not overloaded by the first requests.
_INITIAL_WINDOW: Final = 4
#: Refusals within this many seconds count as one.
_REFUSAL_WINDOW_SECONDS: Final = 1.0
#: A rate that was accepted for this many seconds is close to the limit of the platform. In a
#: shorter time the platform may only have used up its reserve.
_SUSTAINED_SECONDS: Final = 3.0
#: Multiplicative decrease: the rate is multiplied by this after a refusal of a sustained rate …
_SUSTAINED_DECREASE: Final = 0.9
#: … and by this after any other refusal: the limit of the platform may be much lower.
_UNSUSTAINED_DECREASE: Final = 0.6
#: Lower bound of the decreased rate, as a share of the rate that the platform accepted, waiting
#: times included. Slightly below 1, so that the next refusal does not follow at once.
_ACCEPTED_SHARE: Final = 0.97
#: Growth per second, as a share of the rate, up to `_NEAR_REFUSED` of the refused rate. From the
#: decreased rate of a sustained one this takes about two seconds, from 0.6 about fifteen.
_RECOVERY_GROWTH: Final = 0.03
#: Share of the refused rate at which the slow growth begins.
_NEAR_REFUSED: Final = 0.95
#: Growth per second close to the refused rate: slow, because the next refusal is likely.
_CAUTIOUS_GROWTH: Final = 0.003
#: Share of the refused rate at which the slow growth ends: the platform accepts more than before.
_ABOVE_REFUSED: Final = 1.05
#: Growth per second above that.
_FREE_GROWTH: Final = 0.03
#: Without `Retry-After`, waiting times double up to this many seconds.
_MAX_BACKOFF_SECONDS: Final = 60.0
#: Minimum number of accepted requests from which an accepted rate is computed.
_MIN_ACCEPTED_SAMPLE: Final = 5


#: What `RateLimiter.dump` contains, beside the interval: points in time, and other values.
_TIMES: Final = ("base_at", "next_request_at", "paused_until", "refused_at", "decreased_at")
_VALUES: Final = ("base_rate", "refused_rate", "consecutive_refusals")


@dataclass(slots=True)
class _RefusalInterval:
    """What happened since the last refusal.

    Attributes:
        accepted: number of requests that the platform accepted.
        sending_seconds: time that sending took at the current rate, without idle time.
        paused_seconds: time for which all workers had to wait.
    """

    accepted: int = 0
    sending_seconds: float = 0.0
    paused_seconds: float = 0.0

    def accepted_rate(self) -> float:
        """Returns the minimum rate per second that was accepted; 0 if the sample is too small."""
        seconds = self.sending_seconds + self.paused_seconds
        is_enough = self.accepted >= _MIN_ACCEPTED_SAMPLE and seconds >= _REFUSAL_WINDOW_SECONDS
        return self.accepted / seconds if is_enough else 0.0


class RateLimiter:
    """A rate limiter: a token bucket that adapts to what the platform accepts.

    Args:
        ceiling: maximum number of requests per second.
        now: the current time in seconds, of any clock that never goes back.

    Attributes:
        ceiling: as given.
    """

    def __init__(self, ceiling: float, now: float) -> None:
        self.ceiling = ceiling
        #: The rate at the time `_base_at`, from which it grows.
        self._base_rate, self._base_at = ceiling, now
        self._refused_rate = 0.0
        self._next_request_at = now
        self._paused_until = now
        #: When the last refusal came, and when the last one came that decreased the rate.
        self._refused_at = self._decreased_at = float("-inf")
        self._interval = _RefusalInterval()
        self._consecutive_refusals = 0
        self._in_progress_count = 0
        self._window: float = _INITIAL_WINDOW

    def rate(self, now: float) -> float:
        """Returns the current rate in requests per second."""
        rate, remaining = self._base_rate, max(0.0, now - self._base_at)
        for bound, growth in (
            (_NEAR_REFUSED * self._refused_rate, _RECOVERY_GROWTH),
            (_ABOVE_REFUSED * self._refused_rate, _CAUTIOUS_GROWTH),
            (self.ceiling, _FREE_GROWTH),
        ):
            if rate < min(bound, self.ceiling):
                seconds_to_bound = math.log(min(bound, self.ceiling) / rate) / growth
                if remaining < seconds_to_bound:
                    return rate * math.exp(growth * remaining)
                rate, remaining = min(bound, self.ceiling), remaining - seconds_to_bound
        return rate

    def ready_at(self, now: float) -> float:
        """Returns when the next request may be sent.

        `now` means immediately; infinity means when a request in progress has returned.
        """
        if self._in_progress_count >= self._window:
            return float("inf")
        return max(now, self._next_request_at, self._paused_until)

    def take_token(self, now: float) -> None:
        """Take a token: one request is sent."""
        seconds = 1 / self.rate(now)
        self._next_request_at = max(self._next_request_at, now - BURST_SECONDS) + seconds
        self._interval.sending_seconds += seconds
        self._in_progress_count += 1

    def record_return(self) -> None:
        """Record that one request has ended, whatever its outcome is."""
        self._in_progress_count -= 1

    def record_accepted(self) -> None:
        """Record that the platform accepted a request, whatever its response is."""
        self._interval.accepted += 1
        self._window += 1
        self._consecutive_refusals = 0

    def record_refusal(self, requested_at: float, now: float, retry_after: float | None) -> None:
        """Record a 429: pause all workers, and decrease the rate.

        Args:
            requested_at: when the refused request was sent. A request that was sent before the last
                refusal does not decrease the rate again.
            now: the current time.
            retry_after: seconds to wait that the platform asked for; None if it did not.
        """
        is_new = requested_at > self._refused_at
        if is_new and now >= self._decreased_at + _REFUSAL_WINDOW_SECONDS:
            self._decrease_rate(now)
            self._consecutive_refusals += 1
        self._refused_at = max(self._refused_at, now)
        exponent = min(self._consecutive_refusals, 10) - 1
        backoff = min(_MAX_BACKOFF_SECONDS, 2.0**exponent)
        self.pause(now, backoff if retry_after is None else retry_after)

    def pause(self, now: float, seconds: float) -> None:
        """Pause all workers, because the platform asked for it."""
        until = max(self._paused_until, now + seconds)
        self._interval.paused_seconds += until - max(now, self._paused_until)
        self._paused_until = until
        # There is no burst after a pause: a platform without a reserve would refuse it.
        self._next_request_at = max(self._next_request_at, until)

    # Shared with other runs ---------------------------------------------------------------------

    @property
    def paused_until(self) -> float:
        """When the current pause of all workers ends or ended."""
        return self._paused_until

    def add(self, spent: int, accepted: int, now: float) -> None:
        """Record requests that another run has sent, and that the platform accepted."""
        self._interval.sending_seconds += spent / self.rate(now)
        self._interval.accepted += accepted
        if accepted:
            self._consecutive_refusals = 0

    def dump(self) -> dict[str, float]:
        """Returns all that was learned, but not the requests in progress, as JSON can hold it."""
        values = {name: getattr(self, f"_{name}") for name in (*_TIMES, *_VALUES)}
        return {**values, **asdict(self._interval)}

    def restore(self, learned: Mapping[str, float], now: float) -> None:
        """Continue from what `dump` returned; anything else is ignored."""
        if not learned.keys() >= {*_TIMES, *_VALUES}:
            return
        for name in (*_TIMES, *_VALUES):
            setattr(self, f"_{name}", learned[name])
        # A rate that was never refused was only limited by a ceiling, perhaps a lower one.
        rate = self._base_rate if self._refused_rate else self.ceiling
        self._base_rate, self._base_at = min(rate, self.ceiling), min(self._base_at, now)
        self._consecutive_refusals = int(self._consecutive_refusals)
        self._interval = _RefusalInterval(
            int(learned["accepted"]), learned["sending_seconds"], learned["paused_seconds"]
        )

    @staticmethod
    def moved(learned: Mapping[str, float], seconds: float) -> dict[str, float]:
        """Returns what `dump` returned, by a clock that is so many seconds ahead."""
        return {name: value + seconds * (name in _TIMES) for name, value in learned.items()}

    def _decrease_rate(self, now: float) -> None:
        refused = self.rate(now)
        is_sustained = self._interval.sending_seconds >= _SUSTAINED_SECONDS
        factor = _SUSTAINED_DECREASE if is_sustained else _UNSUSTAINED_DECREASE
        accepted = min(refused, self._interval.accepted_rate())
        self._base_rate = max(self.ceiling / 1000, factor * refused, _ACCEPTED_SHARE * accepted)
        self._refused_rate = refused
        self._base_at = self._decreased_at = now
        self._interval = _RefusalInterval()
        self._window = float("inf")
