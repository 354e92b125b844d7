"""Find out whether a 403 is about the credentials or about one request only. No I/O.

After a 403, the refused request is kept, and only the account is requested (`GET account/info`). If
this succeeds, the credentials are valid, and the 403 was about the refused request only. This
module must not know what happens to refused requests.
"""

from batch_import.errors import AuthenticationFailed, RequestFailed
from batch_import.importer.backoff import backoff
from batch_import.importer.schedule.outage import MAX_PROBE_SECONDS
from batch_import.importer.scheduled_request import Answer, ScheduledRequest

#: A request, and the 403 that was its answer.
RefusedRequest = tuple[ScheduledRequest, AuthenticationFailed]


class AuthProbe:
    """Keeps the requests that were refused with 403 until the cause of the 403 is known."""

    def __init__(self) -> None:
        self._refused_requests: list[RefusedRequest] = []
        self._is_probing = False
        #: Number of consecutive requests for the account that failed.
        self._failure_count = 0
        self._probe_at = float("-inf")

    @property
    def is_needed(self) -> bool:
        """Whether a 403 has an unknown cause. If true, only the account may be requested."""
        return bool(self._refused_requests)

    def add_refused(self, request: ScheduledRequest, refusal: AuthenticationFailed) -> None:
        """Keep a request that was refused with 403."""
        self._refused_requests.append((request, refusal))

    @property
    def is_probing(self) -> bool:
        """Whether the request for the account is open: sent and not answered."""
        return self._is_probing

    def probe_at(self) -> float:
        """Returns the epoch seconds of the next request for the account.

        Infinity while this request is open.
        """
        return float("inf") if self._is_probing else self._probe_at

    def record_probe_sent(self) -> None:
        """Record that the account was requested."""
        self._is_probing = True

    def handle_probe_answer(self, answer: Answer, now: float) -> list[RefusedRequest]:
        """Handle the answer to the request for the account.

        If it failed, the account is requested again, after a delay that grows with each failure.

        Returns:
            the requests that were refused although the credentials are valid; empty if the request
            for the account failed.
        """
        self._is_probing = False
        if isinstance(answer, RequestFailed):
            self._probe_at = now + backoff(1.0, self._failure_count, MAX_PROBE_SECONDS)
            self._failure_count += 1
            return []
        self._failure_count = 0
        return self.release()

    def release(self) -> list[RefusedRequest]:
        """Remove and return all kept requests."""
        refused_requests, self._refused_requests = self._refused_requests, []
        return refused_requests
