"""The sandbox's rate limit: a token bucket. The caller passes the time."""

from batch_import.sandbox.knobs import Knobs

#: A token may be incomplete by this part, because epoch seconds are floats with a resolution of
#: only 0.2 µs.
_TOKEN_TOLERANCE = 1e-4


class TokenBucket:
    """A bucket that gets `rate_limit` tokens per second, and has room for `burst` tokens."""

    def __init__(self, knobs: Knobs, now: float) -> None:
        self._rate = knobs.rate_limit
        # With a capacity of 0, no request would ever be accepted.
        self._capacity = max(1.0, float(knobs.burst))
        self._tokens, self._filled_at = float(knobs.burst), now

    def spend_token(self, now: float) -> float:
        """Take a token, and return 0. If there is no token, return the seconds until the next."""
        if self._rate == 0:
            return 0.0
        self._tokens = min(self._capacity, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        if self._tokens < 1 - _TOKEN_TOLERANCE:
            return (1 - self._tokens) / self._rate
        self._tokens -= 1
        return 0.0
