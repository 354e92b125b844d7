"""A circuit breaker: no request is sent while the platform is down. No I/O.

    closed --(UNCLEAR_THRESHOLD unclear answers)--> open: only account/info, with growing delay
    open --(account/info answered)--> trial: one request --(clear answer)--> closed, else open

An unclear answer does not show whether the platform carried out the request: a timeout, a lost
connection or a server error (see `repeat.is_transport_failure`). After an unclear answer to a POST,
its row is unknown. Because no POST is sent during an outage, only those rows become unknown whose
POSTs were open (sent and not answered) when the outage began. A POST whose endpoint does not exist
counts as unclear, too, although its row is sent again. This module must not know what the
requests are for.
"""

from enum import Enum, auto
from typing import Final

from batch_import.importer.backoff import backoff

#: Number of consecutive unclear answers that count as an outage. Even if one request in five fails
#: by chance, eight failures in a row happen only once in 400,000 requests.
UNCLEAR_THRESHOLD: Final = 8
#: Maximum number of seconds between two probes: requests for the account that test whether the
#: platform works again. After an outage, the run then loses at most half a minute.
MAX_PROBE_SECONDS: Final = 30.0


class _State(Enum):
    """State of the circuit breaker. As in an electric circuit, it lets requests pass if closed."""

    CLOSED = auto()
    OPEN = auto()
    TRIAL = auto()


class Outage:
    """The circuit breaker of a run."""

    def __init__(self) -> None:
        self._state = _State.CLOSED
        self._unclear_count = 0
        #: Number of times that the circuit breaker opened since it was closed.
        self._opened_count = 0
        self._probe_at = float("-inf")
        self._is_probing = False

    @property
    def is_open(self) -> bool:
        """Whether only the request that tests whether the platform works again may be sent."""
        return self._state is _State.OPEN

    def allows_request(self, open_request_count: int) -> bool:
        """Whether another request may be sent, in addition to the open requests."""
        return self._state is _State.CLOSED or open_request_count == 0

    def allows_post(self, open_post_count: int) -> bool:
        """Whether another POST may be sent, in addition to the open POSTs.

        After an unclear answer, open POSTs are counted as if their answers were unclear, too.
        """
        return self._unclear_count == 0 or self._unclear_count + open_post_count < UNCLEAR_THRESHOLD

    def probe_at(self) -> float:
        """Returns the epoch seconds of the next request for the account.

        Infinity while this request is open.
        """
        return float("inf") if self._is_probing else self._probe_at

    def record_probe_sent(self) -> None:
        """Record that the account was requested."""
        self._is_probing = True

    def record_probe_answer(self, now: float, *, is_clear: bool) -> None:
        """Record the answer to a request for the account.

        It is ignored if the account was requested for another reason: for `AuthProbe`.
        """
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
        """Record the answer to a request that was not for the account."""
        if is_clear:
            self._unclear_count = 0
            if self.is_open:
                self._state = _State.TRIAL  # a request that was sent before the outage succeeded
            elif self._state is _State.TRIAL:
                self._state, self._opened_count = _State.CLOSED, 0
            return
        self._unclear_count += 1
        has_trial_failed = self._state is _State.TRIAL
        if has_trial_failed or (self._unclear_count >= UNCLEAR_THRESHOLD and not self.is_open):
            self._open(now)

    def _open(self, now: float) -> None:
        self._state = _State.OPEN
        self._probe_at = now + backoff(1.0, self._opened_count, MAX_PROBE_SECONDS)
        self._opened_count += 1
