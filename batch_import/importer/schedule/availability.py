"""Decide whether requests may be sent, from the answers to all requests of the run. No I/O.

No request except a probe is sent while the platform is down (`outage.py`), nor while a 403 may be
about the credentials (`auth_probe.py`). A probe is a request for the account (`GET account/info`).
This module must not know rows or pages.
"""

from typing import Final

from batch_import.errors import AuthenticationFailed, CredentialsRefused, RunFault
from batch_import.importer.schedule.auth_probe import AuthProbe, RefusedRequest
from batch_import.importer.schedule.give_up_timer import GiveUpTimer
from batch_import.importer.schedule.outage import Outage
from batch_import.importer.schedule.repeat import (
    CreateOutcome,
    create_outcome,
    is_transport_failure,
)
from batch_import.importer.scheduled_request import (
    Answer,
    CreateMedia,
    GetAccount,
    NotSigned,
    ScheduledRequest,
)

_UNAUTHORIZED_STATUS: Final = 401


class Availability:
    """Decides whether requests may be sent. It counts the requests that are sent and not answered.

    Args:
        give_up_after: seconds without a success after which the run ends.
    """

    def __init__(self, give_up_after: float) -> None:
        self._auth_probe = AuthProbe()
        self._outage = Outage()
        self._give_up_timer = GiveUpTimer(give_up_after)
        self._open_request_count = 0
        self._open_post_count = 0

    @property
    def has_open_requests(self) -> bool:
        """Whether requests are sent and not answered."""
        return self._open_request_count > 0

    def probe_at(self) -> float | None:
        """Returns the epoch seconds of the next probe; None if other requests may be sent.

        Infinity while a probe is open: sent and not answered.
        """
        if self._auth_probe.is_needed:
            return self._auth_probe.probe_at()
        return self._outage.probe_at() if self._outage.is_open else None

    def allows_request(self) -> bool:
        """Whether another request may be sent. Must be called only if no probe is needed."""
        return self._outage.allows_request(self._open_request_count)

    def allows_post(self) -> bool:
        """Whether the next request may be a POST. Must be called only if a request is allowed."""
        return self._outage.allows_post(self._open_post_count)

    def record_sent(self, request: ScheduledRequest) -> None:
        """Record that a request is sent now."""
        self._open_request_count += 1
        self._open_post_count += isinstance(request, CreateMedia)
        if not isinstance(request, GetAccount):
            return
        if self._auth_probe.is_needed:
            self._auth_probe.record_probe_sent()
        else:
            self._outage.record_probe_sent()

    def record_answer(
        self, request: ScheduledRequest, answer: Answer, now: float
    ) -> RunFault | None:
        """Record the answer to a request. A request that was refused with 403 is kept.

        Returns:
            the error with which the run must end; None if the run can continue.
        """
        self._open_request_count -= 1
        self._open_post_count -= isinstance(request, CreateMedia)
        if isinstance(answer, NotSigned):
            return None  # the request was not sent
        fault = self._give_up_timer.record_answer(request, answer, now)
        is_clear = not (is_transport_failure(answer) or _has_no_endpoint(request, answer))
        if isinstance(request, GetAccount):
            self._outage.record_probe_answer(now, is_clear=is_clear)
        else:
            self._outage.record_answer(now, is_clear=is_clear)
            if isinstance(answer, AuthenticationFailed):
                self._auth_probe.add_refused(request, answer)
        return fault or _credentials_fault(request, answer)

    def handle_probe_answer(self, answer: Answer, now: float) -> list[RefusedRequest]:
        """Handle the answer to a probe, after `record_answer`.

        Returns:
            the kept requests, each with its 403, if the credentials are valid; else an empty list.
        """
        if not self._auth_probe.is_probing:
            return []
        return self._auth_probe.handle_probe_answer(answer, now)

    def release_refused(self) -> list[RefusedRequest]:
        """Remove and return the kept requests, because the run ends before the next probe."""
        return self._auth_probe.release()


def _has_no_endpoint(request: ScheduledRequest, answer: Answer) -> bool:
    """Whether a POST was answered as if its endpoint did not exist.

    Such answers count towards an outage, so that not every row is sent while no POST can succeed.
    """
    is_post = isinstance(request, CreateMedia)
    return is_post and create_outcome(answer) is CreateOutcome.NO_ENDPOINT


def _credentials_fault(request: ScheduledRequest, answer: Answer) -> RunFault | None:
    """Returns the error with which the run must end if the platform refused the credentials."""
    if not isinstance(answer, AuthenticationFailed):
        return None
    if not isinstance(request, GetAccount) and answer.status != _UNAUTHORIZED_STATUS:
        return None  # a 403, which may be about this request only
    return CredentialsRefused(
        f"The platform no longer accepts the credentials: {answer.message}.",
        "All state is saved: correct them, test with `batch-import account`, and run again.",
    )
