"""A circuit breaker: no request is sent while the platform is down. No I/O.

    closed --(UNCLEAR_THRESHOLD unclear answers)--> open: only account/info, with growing delay
    open --(account/info answered)--> trial: one request --(clear answer)--> closed, else open

Therefore an outage makes only those rows unknown whose POSTs were open when it began. An unclear
answer is a transport failure as in `repeat.is_transport_failure`. This module must not know what
the requests are for.
"""

from enum import Enum, auto
from typing import Final

from batch_import.importer.backoff import backoff

#: Number of consecutive unclear answers that are taken for an outage. If one request in five fails
#: by chance, eight failures in a row happen once in 400,000 requests. Once there is an unclear
#: answer, open POSTs are counted as if they were unclear, too.
UNCLEAR_THRESHOLD: Final = 8
#: Longest wait between two requests that test whether the platform is up again.
MAX_PROBE_SECONDS: Final = 30.0


class _State(Enum):
    CLOSED = auto()
    OPEN = auto()
    TRIAL = auto()


class Outage:
    """The circuit breaker of a run."""

    def __init__(self) -> None:
        self._state = _State.CLOSED
        self._unclear_count = 0
        self._failure_count = 0
        self._probe_at = float("-inf")
        self._is_probing = False

    @property
    def is_open(self) -> bool:
        """Whether only the request that tests whether the platform is up again may be sent."""
        return self._state is _State.OPEN

    def allows_request(self, open_request_count: int) -> bool:
        """Whether another request may be sent, in addition to the open ones."""
        return self._state is _State.CLOSED or open_request_count == 0

    def allows_post(self, open_post_count: int) -> bool:
        """Whether another POST may be sent, in addition to the open ones."""
        return self._unclear_count == 0 or self._unclear_count + open_post_count < UNCLEAR_THRESHOLD

    def probe_at(self) -> float:
        """Returns when to request the account; infinity while that request is open."""
        return float("inf") if self._is_probing else self._probe_at

    def record_probe_sent(self) -> None:
        """Record that the account was requested."""
        self._is_probing = True

    def record_probe_answer(self, now: float, *, is_clear: bool) -> None:
        """Record the answer to a request for the account, sent by this class or by `AuthProbe`."""
        if not self._is_probing:
            return
        self._is_probing = False
        if not self.is_open:
            return
        if is_clear:
            self._state = _State.TRIAL
            self._unclear_count = 0
        else:
            self._open(now)

    def record_answer(self, now: float, *, is_clear: bool) -> None:
        """Record the answer to any other request."""
        if is_clear:
            self._unclear_count = 0
            if self.is_open:
                self._state = _State.TRIAL  # a request that was sent earlier has succeeded
            elif self._state is _State.TRIAL:
                self._state, self._failure_count = _State.CLOSED, 0
            return
        self._unclear_count += 1
        trial_failed = self._state is _State.TRIAL
        if trial_failed or (self._unclear_count >= UNCLEAR_THRESHOLD and not self.is_open):
            self._open(now)

    def _open(self, now: float) -> None:
        self._state = _State.OPEN
        self._probe_at = now + backoff(1.0, self._failure_count, MAX_PROBE_SECONDS)
        self._failure_count += 1
