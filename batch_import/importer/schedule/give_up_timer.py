"""Ends the run if no request has succeeded for a given time. No I/O: the clock is passed in.

This module must not know what happens to rows.
"""

from batch_import.errors import (
    AuthenticationFailed,
    PlatformUnreachable,
    RequestFailed,
    RequestRejected,
    RunFault,
)
from batch_import.importer.schedule.repeat import is_transport_failure
from batch_import.importer.scheduled_request import (
    Answer,
    CreateMedia,
    FindByReference,
    GetAccount,
    GetIngestStatus,
    ReadPage,
    ScheduledRequest,
)

_RESUME_HINT = "All state is saved: run the same command again"
_REFUSED_REQUEST_HINT = (
    f"{_RESUME_HINT} once the platform accepts this request, or report it to Viostream's support."
)


class GiveUpTimer:
    """Measures for how long no request has succeeded.

    Args:
        give_up_after: seconds without a success after which the run ends.
    """

    def __init__(self, give_up_after: float) -> None:
        self._give_up_after = give_up_after
        self._failing_since: float | None = None

    def record_answer(
        self, request: ScheduledRequest, answer: Answer, now: float
    ) -> RunFault | None:
        """Record the answer to a request.

        Returns:
            the error with which the run must end; None if the run can continue.
        """
        if not isinstance(answer, RequestFailed):
            # A request for the account succeeds even if no row can be imported.
            if not isinstance(request, GetAccount):
                self._failing_since = None
            return None
        retry_after = answer.retry_after or 0.0
        if retry_after > self._give_up_after:
            return PlatformUnreachable(
                f"The platform asks for a pause of {retry_after:.0f} s (Retry-After), which"
                f" is longer than this run waits ({self._give_up_after:.0f} s): {answer.message}.",
                f"{_RESUME_HINT} after that time.",
            )
        if self._failing_since is None:
            self._failing_since = now
        failing_seconds = now - self._failing_since
        if failing_seconds <= self._give_up_after:
            return None
        return self._fault(request, answer, failing_seconds)

    @staticmethod
    def _fault(
        request: ScheduledRequest, answer: RequestFailed, failing_seconds: float
    ) -> RunFault:
        is_refused = isinstance(answer, RequestRejected | AuthenticationFailed)
        if is_refused and not is_transport_failure(answer):
            return PlatformUnreachable(
                f"Nothing has succeeded for {failing_seconds:.0f} s;"
                f" {_endpoint_name(request)} is refused: {answer.message} (HTTP {answer.status}).",
                _REFUSED_REQUEST_HINT,
            )
        return PlatformUnreachable(
            f"The platform has not answered for {failing_seconds:.0f} s ({answer.message}).",
            f"{_RESUME_HINT} once it answers again.",
        )


def account_not_searchable(reason: str) -> RunFault:
    """Returns the error for an account that can be searched neither by page nor by reference ID.

    The run must end, because a row may already have a media, and its POST would create a second
    media.

    Args:
        reason: why the media list does not show all media, as the end of a sentence about it.
    """
    return PlatformUnreachable(
        "The account cannot be searched, and videos that it already has would be created twice:"
        f" searches for a reference ID do not work, and {_endpoint_name(ReadPage(1))} {reason}.",
        f"{_RESUME_HINT} once one of the two works, or report it to Viostream's support.",
    )


def _endpoint_name(request: ScheduledRequest) -> str:
    """Returns the name that the Viostream API guide uses for the endpoint of a request."""
    match request:
        case CreateMedia():
            return "POST /media/new"
        case GetIngestStatus():
            return "GET /media/new/status/…"
        case FindByReference():
            return "GET /media?referenceId=…"
        case ReadPage():
            return "GET /media"
        case GetAccount():
            return "GET /account/info"
