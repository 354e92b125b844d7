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
UNCLEAR_IN_A_ROW: Final = 8
#: The longest wait (seconds) between two questions whether the platform is back.
LONGEST: Final = 30.0


class _State(Enum):
    CLOSED = auto()
    OPEN = auto()
    TRIAL = auto()


class Outage:
    """A circuit breaker over all calls of the run."""

    def __init__(self) -> None:
        self._state = _State.CLOSED
        self._unclear = 0
        self._failures = 0
        self._ask_at = float("-inf")
        self._asking = False

    @property
    def is_open(self) -> bool:
        """Whether nothing may leave but the question whether the platform is back."""
        return self._state is _State.OPEN

    def admits(self, calls_out: int) -> bool:
        """Whether another call may leave, beside so many."""
        return self._state is _State.CLOSED or calls_out == 0

    def admits_post(self, posts_out: int) -> bool:
        """Whether another POST may leave, beside so many."""
        return self._unclear == 0 or self._unclear + posts_out < UNCLEAR_IN_A_ROW

    def asks_at(self) -> float:
        """When to ask for the account; infinity while that is under way."""
        return float("inf") if self._asking else self._ask_at

    def asked(self) -> None:
        """The question left."""
        self._asking = True

    def account_answered(self, now: float, *, clear: bool) -> None:
        """The account was asked for, by whomever."""
        if not self._asking:
            return
        self._asking = False
        if not self.is_open:
            return
        if clear:
            self._state = _State.TRIAL
            self._unclear = 0
        else:
            self._open(now)

    def answered(self, now: float, *, clear: bool) -> None:
        """Another call was answered, or not."""
        if clear:
            self._unclear = 0
            if self.is_open:
                self._state = _State.TRIAL  # a call that left before has got through
            elif self._state is _State.TRIAL:
                self._state, self._failures = _State.CLOSED, 0
            return
        self._unclear += 1
        trial_failed = self._state is _State.TRIAL
        if trial_failed or (self._unclear >= UNCLEAR_IN_A_ROW and not self.is_open):
            self._open(now)

    def _open(self, now: float) -> None:
        self._state = _State.OPEN
        self._ask_at = now + backoff(1.0, self._failures, LONGEST)
        self._failures += 1
