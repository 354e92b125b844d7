"""Whether a 403 is about the credentials or about the one call that got it. Pure.

A 403 may mean either. Until `account/info` tells, the call is held, and no other is made. This
file must not know what becomes of a call that is refused.
"""

from batch_import.errors import AuthenticationFailed, RequestFailed
from batch_import.importer.backoff import backoff
from batch_import.importer.schedule.outage import MAX_PROBE_SECONDS
from batch_import.importer.scheduled_request import Answer, ScheduledRequest

#: A call, and what it was refused with.
RefusedRequest = tuple[ScheduledRequest, AuthenticationFailed]


class AuthProbe:
    """The calls that were answered with 403, while nobody knows why."""

    def __init__(self) -> None:
        self._held_requests: list[RefusedRequest] = []
        self._is_probing = False
        self._failure_count = 0
        self._probe_at = float("-inf")

    def __bool__(self) -> bool:
        """Whether there are such calls."""
        return bool(self._held_requests)

    def hold(self, request: ScheduledRequest, refusal: AuthenticationFailed) -> None:
        """Keep a call that was answered with 403 until the account was asked for."""
        self._held_requests.append((request, refusal))

    @property
    def is_probing(self) -> bool:
        """Whether the account is being asked for."""
        return self._is_probing

    def probe_at(self) -> float:
        """When to ask for the account; infinity while that is under way."""
        return float("inf") if self._is_probing else self._probe_at

    def record_probe_sent(self) -> None:
        """The question left."""
        self._is_probing = True

    def handle_probe_answer(self, answer: Answer, now: float) -> list[RefusedRequest]:
        """The account was asked for; returns the calls that are refused by themselves.

        None is where the credentials do not hold, or where nobody knows yet: then the account is
        asked for again, later each time.
        """
        self._is_probing = False
        if isinstance(answer, RequestFailed):
            self._probe_at = now + backoff(1.0, self._failure_count, MAX_PROBE_SECONDS)
            self._failure_count += 1
            return []
        self._failure_count = 0
        return self.release()

    def release(self) -> list[RefusedRequest]:
        """Hold none of the calls any more; returns them."""
        held, self._held_requests = self._held_requests, []
        return held
