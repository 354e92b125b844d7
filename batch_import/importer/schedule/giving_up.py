"""When the run ends because nothing succeeds any more. Pure: the clock is passed in.

This file must not know what becomes of rows.
"""

from batch_import.errors import (
    AuthenticationFailed,
    PlatformUnreachable,
    RequestFailed,
    RequestRejected,
    RunFault,
)
from batch_import.importer.calls import Answer, AskAccount, AskStatus, Call, Create, Find, ReadPage
from batch_import.importer.schedule.repeat import is_weather

_NEXT = "All state is saved: run the same command again"


class Patience:
    """How long the platform was of no use.

    Args:
        give_up_after: seconds without any success that the run waits.
    """

    def __init__(self, give_up_after: float) -> None:
        self._give_up_after = give_up_after
        self._failing_since: float | None = None

    def answered(self, call: Call, answer: Answer, now: float) -> RunFault | None:
        """Weigh an answer; returns why the run cannot go on, if it cannot."""
        if not isinstance(answer, RequestFailed):
            if not isinstance(call, AskAccount):  # that the account answers moves no row
                self._failing_since = None
            return None
        wait = answer.retry_after or 0.0
        if wait > self._give_up_after:
            return PlatformUnreachable(
                f"The platform asks to be left alone for {wait:.0f} s (Retry-After), which is"
                f" longer than this run waits ({self._give_up_after:.0f} s): {answer.message}.",
                f"{_NEXT} after that time.",
            )
        if self._failing_since is None:
            self._failing_since = now
        failing = now - self._failing_since
        return self._fault(call, answer, failing) if failing > self._give_up_after else None

    @staticmethod
    def _fault(call: Call, answer: RequestFailed, failing: float) -> RunFault:
        if isinstance(answer, RequestRejected | AuthenticationFailed) and not is_weather(answer):
            return PlatformUnreachable(
                f"Nothing has succeeded for {failing:.0f} s; {_name(call)} is refused:"
                f" {answer.message} (HTTP {answer.status}).",
                f"{_NEXT} once the platform takes it, or report it to its support.",
            )
        return PlatformUnreachable(
            f"The platform has not answered for {failing:.0f} s ({answer.message}).",
            f"{_NEXT} once it is back.",
        )


def cannot_be_searched(answer: RequestFailed) -> RunFault:
    """Nobody can tell which rows are in the account already, so none may be sent."""
    return PlatformUnreachable(
        "The account cannot be searched, and what is in it already would be made twice:"
        f" {_name(ReadPage(1))} is refused: {answer.message} (HTTP {answer.status}), and"
        " searches for a reference ID bring other media.",
        f"{_NEXT} once the platform takes it, or report it to its support.",
    )


def _name(call: Call) -> str:
    """A call as the guide names it."""
    match call:
        case Create():
            return "POST /media/new"
        case AskStatus():
            return "GET /media/new/status/…"
        case Find():
            return "GET /media?referenceId=…"
        case ReadPage():
            return "GET /media"
        case AskAccount():
            return "GET /account/info"
