"""Find out whether a 403 is about the credentials or about one request only. No I/O.

A 403 may mean either. The refused request is kept, and no other request is sent, until `GET
account/info` has been answered. This module must not know what happens to refused requests.
"""

from batch_import.errors import AuthenticationFailed, RequestFailed
from batch_import.importer.backoff import backoff
from batch_import.importer.schedule.outage import MAX_PROBE_SECONDS
from batch_import.importer.scheduled_request import Answer, ScheduledRequest

#: A request, and the 403 that was its answer.
RefusedRequest = tuple[ScheduledRequest, AuthenticationFailed]


class AuthProbe:
    """Keeps the requests that were refused with 403 until it is known why."""

    def __init__(self) -> None:
        self._held_requests: list[RefusedRequest] = []
        self._is_probing = False
        self._failure_count = 0
        self._probe_at = float("-inf")

    def __bool__(self) -> bool:
        """Whether there are such requests."""
        return bool(self._held_requests)

    def hold(self, request: ScheduledRequest, refusal: AuthenticationFailed) -> None:
        """Keep a request that was refused with 403."""
        self._held_requests.append((request, refusal))

    @property
    def is_probing(self) -> bool:
        """Whether the request for the account is open."""
        return self._is_probing

    def probe_at(self) -> float:
        """Returns when to request the account; infinity while that request is open."""
        return float("inf") if self._is_probing else self._probe_at

    def record_probe_sent(self) -> None:
        """Record that the account was requested."""
        self._is_probing = True

    def handle_probe_answer(self, answer: Answer, now: float) -> list[RefusedRequest]:
        """Handle the answer to the request for the account.

        Returns:
            the requests that were refused although the credentials are valid. Empty if the
            credentials are not valid, or if the account could not be requested. In that case the
            account is requested again after a growing delay.
        """
        self._is_probing = False
        if isinstance(answer, RequestFailed):
            self._probe_at = now + backoff(1.0, self._failure_count, MAX_PROBE_SECONDS)
            self._failure_count += 1
            return []
        self._failure_count = 0
        return self.release()

    def release(self) -> list[RefusedRequest]:
        """Forget all kept requests; returns them."""
        held, self._held_requests = self._held_requests, []
        return held
