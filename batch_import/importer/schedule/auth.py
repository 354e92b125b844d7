"""Whether a 403 is about the credentials or about the one call that got it. Pure.

A 403 may mean either. Until `account/info` tells, the call is held, and no other is made. This
file must not know what becomes of a call that is refused.
"""

from batch_import.errors import AuthenticationFailed, RequestFailed
from batch_import.importer.backoff import backoff
from batch_import.importer.calls import Answer, Call
from batch_import.importer.schedule.outage import LONGEST

#: A call, and what it was refused with.
Held = tuple[Call, AuthenticationFailed]


class AuthProbe:
    """The calls that were answered with 403, while nobody knows why."""

    def __init__(self) -> None:
        self._held: list[Held] = []
        self._asking = False
        self._failures = 0
        self._ask_at = float("-inf")

    def __bool__(self) -> bool:
        """Whether there are such calls."""
        return bool(self._held)

    def hold(self, call: Call, refusal: AuthenticationFailed) -> None:
        """Keep a call that was answered with 403 until the account was asked for."""
        self._held.append((call, refusal))

    @property
    def is_asking(self) -> bool:
        """Whether the account is being asked for."""
        return self._asking

    def asks_at(self) -> float:
        """When to ask for the account; infinity while that is under way."""
        return float("inf") if self._asking else self._ask_at

    def asked(self) -> None:
        """The question left."""
        self._asking = True

    def account_answered(self, answer: Answer, now: float) -> list[Held]:
        """The account was asked for; returns the calls that are refused by themselves.

        None is where the credentials do not hold, or where nobody knows yet: then the account is
        asked for again, later each time.
        """
        self._asking = False
        if isinstance(answer, RequestFailed):
            self._ask_at = now + backoff(1.0, self._failures, LONGEST)
            self._failures += 1
            return []
        self._failures = 0
        return self.release()

    def release(self) -> list[Held]:
        """Hold none of the calls any more; returns them."""
        held, self._held = self._held, []
        return held
