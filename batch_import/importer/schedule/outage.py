"""Whether the platform can be reached at all: nothing leaves into an outage. Pure.

    closed --(UNCLEAR_IN_A_ROW unclear answers)--> open: only account/info, later and later
    open --(account/info answered)--> trial: one call --(clear answer)--> closed, else open

So an outage makes no more rows unknown than POSTs were under way. This file must not know what the
calls are for.
"""

from enum import Enum, auto
from typing import Final

from batch_import.importer.backoff import backoff

#: Unclear answers in a row, of any calls, that are taken for an outage: where one call in five
#: meets weather that is chance once in 400,000 calls. POSTs under way count as if they were
#: unclear, once one of them is.
UNCLEAR_THRESHOLD: Final = 8
#: The longest wait (seconds) between two questions whether the platform is back.
MAX_PROBE_SECONDS: Final = 30.0


class _State(Enum):
    CLOSED = auto()
    OPEN = auto()
    TRIAL = auto()


class Outage:
    """A circuit breaker over all calls of the run."""

    def __init__(self) -> None:
        self._state = _State.CLOSED
        self._unclear_count = 0
        self._failure_count = 0
        self._probe_at = float("-inf")
        self._is_probing = False

    @property
    def is_open(self) -> bool:
        """Whether nothing may leave but the question whether the platform is back."""
        return self._state is _State.OPEN

    def allows_request(self, open_request_count: int) -> bool:
        """Whether another call may leave, beside so many."""
        return self._state is _State.CLOSED or open_request_count == 0

    def allows_post(self, open_post_count: int) -> bool:
        """Whether another POST may leave, beside so many."""
        return self._unclear_count == 0 or self._unclear_count + open_post_count < UNCLEAR_THRESHOLD

    def probe_at(self) -> float:
        """When to ask for the account; infinity while that is under way."""
        return float("inf") if self._is_probing else self._probe_at

    def record_probe_sent(self) -> None:
        """The question left."""
        self._is_probing = True

    def record_probe_answer(self, now: float, *, is_clear: bool) -> None:
        """The account was asked for, by whomever."""
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
        """Another call was answered, or not."""
        if is_clear:
            self._unclear_count = 0
            if self.is_open:
                self._state = _State.TRIAL  # a call that left before has got through
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
