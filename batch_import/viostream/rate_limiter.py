"""The rate limiter that all requests of a run share. No I/O: the caller passes the time.

It is a token bucket whose rate adapts to the rate that the platform accepts. Every attempt of every
worker takes one token, retries included. After a refusal (429), all workers wait, and the rate
decreases to slightly below the rate that the platform has accepted since the previous refusal. All
refusals within one second count as one refusal. Then the rate grows in three phases: within 16
seconds to 95 % of the refused rate, slowly until 105 % of the refused rate, then faster. The rate
never exceeds the ceiling. Server errors are not refusals: they say nothing about the rate.

All times are in seconds, of the clock that the caller uses for `now`.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

#: Burst allowance in seconds: after a delay, as many requests may be sent at once as the rate
#: allows in this time. A thread that wakes up late therefore does not lower the rate. A larger
#: allowance would send noticeable bursts.
BURST_SECONDS: Final = 0.1
#: Maximum number of requests in progress at the start. Until the first refusal, each accepted
#: request raises the maximum by one, so the maximum doubles per round trip (slow start). Therefore
#: the first requests do not overload a platform with a low limit.
_INITIAL_WINDOW: Final = 4
#: Refusals within this many seconds count as one.
_REFUSAL_WINDOW_SECONDS: Final = 1.0
#: A rate that was accepted for this many seconds is close to the limit of the platform. During a
#: shorter time, the platform may accept a burst above its limit.
_SUSTAINED_SECONDS: Final = 3.0
#: Multiplicative decrease: after a refusal of a sustained rate, the rate is multiplied by this.
_SUSTAINED_DECREASE: Final = 0.9
#: After any other refusal, the rate is multiplied by this: the platform's limit may be much lower.
_UNSUSTAINED_DECREASE: Final = 0.6
#: Lower bound of the decreased rate, as a share of the rate that the platform accepted, waiting
#: times included. Slightly below 1, so that the next refusal does not follow at once.
_ACCEPTED_SHARE: Final = 0.97
#: Growth per second, as a share of the rate, up to `_NEAR_REFUSED` of the refused rate. After a
#: decrease to 0.9 of the refused rate this takes about 2 seconds, after one to 0.6 about 15.
_RECOVERY_GROWTH: Final = 0.03
#: Share of the refused rate at which the slow growth begins.
_NEAR_REFUSED: Final = 0.95
#: Growth per second close to the refused rate: slow, because the next refusal is likely.
_CAUTIOUS_GROWTH: Final = 0.003
#: Share of the refused rate at which the slow growth ends: the platform's limit is now higher.
_ABOVE_REFUSED: Final = 1.05
#: Growth per second above `_ABOVE_REFUSED` of the refused rate.
_FREE_GROWTH: Final = 0.03
#: Without `Retry-After`, the first pause has this many seconds. By then, a platform that limits the
#: requests per second accepts some again. Another refusal doubles the pause.
_FIRST_BACKOFF_SECONDS: Final = 0.5
#: Without `Retry-After`, the pause doubles with each consecutive refusal, up to this many seconds.
_MAX_BACKOFF_SECONDS: Final = 60.0
#: An accepted rate is only computed from at least this many accepted requests.
_MIN_ACCEPTED_SAMPLE: Final = 5


#: Names of the values that `RateLimiter.dump` returns, besides those of the interval since the last
#: refusal: points in time, and other values.
_TIMES: Final = ("base_at", "next_request_at", "paused_until", "refused_at", "decreased_at")
_VALUES: Final = ("base_rate", "refused_rate", "consecutive_refusals")


@dataclass(slots=True)
class _RefusalInterval:
    """Measurements since the last refusal that decreased the rate.

    Attributes:
        accepted: number of requests that the platform accepted.
        sending_seconds: time that the sent requests need at the current rate; idle time is not
            included.
        paused_seconds: duration of all pauses.
    """

    accepted: int = 0
    sending_seconds: float = 0.0
    paused_seconds: float = 0.0

    def accepted_rate(self) -> float:
        """Returns the accepted requests per second; 0 if there are too few to compute a rate."""
        seconds = self.sending_seconds + self.paused_seconds
        is_enough = self.accepted >= _MIN_ACCEPTED_SAMPLE and seconds >= _REFUSAL_WINDOW_SECONDS
        return self.accepted / seconds if is_enough else 0.0


class RateLimiter:
    """A token bucket whose rate adapts to the rate that the platform accepts.

    Args:
        ceiling: maximum number of requests per second.
        now: the current time in seconds, of any clock that never goes back.
    """

    def __init__(self, ceiling: float, now: float) -> None:
        self.ceiling = ceiling
        #: The rate at the time `_base_at`. The rate grows from this value.
        self._base_rate, self._base_at = ceiling, now
        #: The rate that the platform refused last; 0 if it never refused.
        self._refused_rate = 0.0
        self._next_request_at = now
        self._paused_until = now
        #: Time of the last refusal, and time of the last refusal that decreased the rate.
        self._refused_at = self._decreased_at = float("-inf")
        self._interval = _RefusalInterval()
        self._consecutive_refusals = 0
        self._in_progress_count = 0
        #: Maximum number of requests in progress; infinity after the first refusal.
        self._window: float = _INITIAL_WINDOW

    def rate(self, now: float) -> float:
        """Returns the current rate in requests per second."""
        rate, remaining_seconds = self._base_rate, max(0.0, now - self._base_at)
        # In each phase, the rate grows exponentially until it reaches the bound of the phase.
        for phase_bound, growth in (
            (_NEAR_REFUSED * self._refused_rate, _RECOVERY_GROWTH),
            (_ABOVE_REFUSED * self._refused_rate, _CAUTIOUS_GROWTH),
            (self.ceiling, _FREE_GROWTH),
        ):
            bound = min(phase_bound, self.ceiling)
            if rate < bound:
                seconds_to_bound = math.log(bound / rate) / growth
                if remaining_seconds < seconds_to_bound:
                    return rate * math.exp(growth * remaining_seconds)
                rate, remaining_seconds = bound, remaining_seconds - seconds_to_bound
        return rate

    def ready_at(self, now: float) -> float:
        """Returns the time at which the next request may be sent: `now` if at once.

        Infinity if a request in progress must end first.
        """
        if self._in_progress_count >= self._window:
            return float("inf")
        return max(now, self._next_request_at, self._paused_until)

    def take_token(self, now: float) -> None:
        """Take a token for one request, which is sent now."""
        seconds = 1 / self.rate(now)
        self._next_request_at = max(self._next_request_at, now - BURST_SECONDS) + seconds
        self._interval.sending_seconds += seconds
        self._in_progress_count += 1

    def record_return(self) -> None:
        """Record that one request has ended, with any outcome."""
        self._in_progress_count -= 1

    def record_accepted(self) -> None:
        """Record that a request was not refused with 429. Its response may be another error."""
        self._interval.accepted += 1
        self._window += 1
        self._consecutive_refusals = 0

    def record_refusal(self, requested_at: float, now: float, retry_after: float | None) -> None:
        """Record a 429: pause all workers, and decrease the rate.

        Args:
            requested_at: time at which the refused request was sent. If this was before the last
                refusal, the rate is not decreased again.
            now: the current time.
            retry_after: seconds to wait, from the header `Retry-After`; None without this header.
        """
        is_new = requested_at > self._refused_at
        if is_new and now >= self._decreased_at + _REFUSAL_WINDOW_SECONDS:
            self._decrease_rate(now)
            self._consecutive_refusals += 1
        self._refused_at = max(self._refused_at, now)
        # The limit of 10 keeps the power small: 2⁹ is above the maximum already.
        doubling_count = min(self._consecutive_refusals, 10) - 1
        backoff = min(_MAX_BACKOFF_SECONDS, _FIRST_BACKOFF_SECONDS * 2.0**doubling_count)
        self.pause(now, backoff if retry_after is None else retry_after)

    def pause(self, now: float, seconds: float) -> None:
        """Pause all workers for some seconds, because the platform asked for it."""
        until = max(self._paused_until, now + seconds)
        self._interval.paused_seconds += until - max(now, self._paused_until)
        self._paused_until = until
        # There is no burst after a pause, because some platforms refuse every burst.
        self._next_request_at = max(self._next_request_at, until)

    # For several runs of one account --------------------------------------------------------------

    @property
    def paused_until(self) -> float:
        """Time at which the last pause of all workers ends or ended."""
        return self._paused_until

    def record_other_run(self, sent_count: int, accepted_count: int, now: float) -> None:
        """Record how many requests another run has sent, and how many of them were accepted."""
        self._interval.sending_seconds += sent_count / self.rate(now)
        self._interval.accepted += accepted_count
        if accepted_count:
            self._consecutive_refusals = 0

    def dump(self) -> dict[str, float]:
        """Returns the state for `restore`, without the requests in progress, as JSON values."""
        values = {name: getattr(self, f"_{name}") for name in (*_TIMES, *_VALUES)}
        return {**values, **asdict(self._interval)}

    def restore(self, limiter_state: Mapping[str, float], now: float) -> None:
        """Continue with a state that `dump` returned. An incomplete state is ignored."""
        if not limiter_state.keys() >= {*_TIMES, *_VALUES}:
            return
        for name in (*_TIMES, *_VALUES):
            setattr(self, f"_{name}", limiter_state[name])
        # A rate that was never refused was only limited by the other ceiling, which may be lower.
        rate = self._base_rate if self._refused_rate else self.ceiling
        self._base_rate, self._base_at = min(rate, self.ceiling), min(self._base_at, now)
        self._consecutive_refusals = int(self._consecutive_refusals)
        self._interval = _RefusalInterval(
            int(limiter_state["accepted"]),
            limiter_state["sending_seconds"],
            limiter_state["paused_seconds"],
        )

    @staticmethod
    def shift_times(limiter_state: Mapping[str, float], seconds: float) -> dict[str, float]:
        """Returns a state of `dump` with all times moved, for a clock that is `seconds` ahead."""
        return {
            name: value + seconds if name in _TIMES else value
            for name, value in limiter_state.items()
        }

    def _decrease_rate(self, now: float) -> None:
        refused_rate = self.rate(now)
        is_sustained = self._interval.sending_seconds >= _SUSTAINED_SECONDS
        factor = _SUSTAINED_DECREASE if is_sustained else _UNSUSTAINED_DECREASE
        accepted_rate = min(refused_rate, self._interval.accepted_rate())
        # At least a thousandth of the ceiling, from which the rate recovers within minutes.
        self._base_rate = max(
            self.ceiling / 1000, factor * refused_rate, _ACCEPTED_SHARE * accepted_rate
        )
        self._refused_rate = refused_rate
        self._base_at = self._decreased_at = now
        self._interval = _RefusalInterval()
        self._window = float("inf")
