"""The platform's limit of calls: a bucket of tokens. Pure: the clock is passed in."""

from batch_import.sandbox.knobs import Knobs

#: Epoch seconds are floats with steps of 0.2 µs: a token may be that much short of whole.
_NEARLY = 1e-4


class TokenBucket:
    """A bucket that holds `burst` tokens, and gets `rate_limit` new ones a second."""

    def __init__(self, knobs: Knobs, now: float) -> None:
        self._rate = knobs.rate_limit
        # A burst of 0 would let nobody in, ever.
        self._room = max(1.0, float(knobs.burst))
        self._tokens, self._filled = float(knobs.burst), now

    def spend_token(self, now: float) -> float:
        """Take a token; return the seconds until there is one, else 0."""
        if self._rate == 0:
            return 0.0
        self._tokens = min(self._room, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if self._tokens < 1 - _NEARLY:
            return (1 - self._tokens) / self._rate
        self._tokens -= 1
        return 0.0
