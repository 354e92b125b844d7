"""One command's dealings with the platform: client, budget of calls, stop signal and clock as one.

Everything that calls the platform outside the schedule goes through here, so that every call spends
a token of the one budget, is repeated while it fails in passing, and fails the run with the same
messages. This file must not know what the answers are for.
"""

import threading
import time
from collections.abc import Callable
from typing import Final, Self, TypeVar

from batch_import.configuration.credentials import Credentials
from batch_import.configuration.settings import Settings
from batch_import.errors import (
    CallFailed,
    CredentialsRefused,
    Forbidden,
    Interrupted,
    NoAnswer,
    PlatformUnreachable,
    Rejected,
    Throttled,
    named,
)
from batch_import.models import Account
from batch_import.viostream import endpoints
from batch_import.viostream.call_record import CallRecord
from batch_import.viostream.client import Client
from batch_import.viostream.endpoints import ApiRequest
from batch_import.viostream.rate_limit import Budget
from batch_import.viostream.retry import call_with_retry

_T = TypeVar("_T")

#: Seconds within which the platform must answer the first call of a command: a mistyped address
#: should be reported at once, not waited for.
_FIRST_ANSWER: Final = 20.0
#: Seconds that its last attempt has at least: less would fail with any platform.
_SHORTEST_ATTEMPT: Final = 1.0


def epoch_clock() -> Callable[[], float]:
    """A clock in epoch seconds that never goes back, whatever becomes of the machine's."""
    offset = time.time() - time.monotonic()
    return lambda: offset + time.monotonic()


class PlatformSession:
    """The calls of one command. A context manager.

    Args:
        stop: once set, nothing more is called.
        on_call: called with every attempt, in the thread that makes it.
        clock: epoch seconds; None for this machine's.

    Attributes:
        client: sends a single attempt.
        budget: of calls, for the whole command.
        clock: epoch seconds.
    """

    def __init__(
        self,
        settings: Settings,
        credentials: Credentials,
        stop: threading.Event,
        on_call: Callable[[CallRecord], None] | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.settings = settings
        self.stop = stop
        self.clock = clock or epoch_clock()
        self.budget = Budget(settings.rate, self.clock())
        self.client = Client(
            settings.api_base, credentials, settings.timeout, settings.workers, on_call, stop
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.client.close()

    def sign_in(self) -> Account:
        """Ask whose account it is: the first call, at which most mistakes of set-up show.

        Raises:
            CredentialsRefused: the platform does not accept the credentials.
            PlatformUnreachable: it does not answer, or not as the platform would.
            Interrupted: `stop` was set.
        """
        patience = min(_FIRST_ANSWER, self.settings.give_up_after)
        deadline = self.clock() + patience

        def ask() -> Account:
            left = max(_SHORTEST_ATTEMPT, deadline - self.clock())
            return self.client.send(endpoints.account(), left)

        try:
            return self.repeat(ask, patience)
        except Forbidden as refused:
            raise CredentialsRefused(
                f"The platform refuses the credentials: {refused.message} (HTTP {refused.status}).",
                "Check VIOSTREAM_ACCESS_KEY and VIOSTREAM_API_KEY against Settings > Developer"
                " Tools.",
            ) from None
        except CallFailed as failed:
            strange = " This is not an answer of the platform." if _is_strange(failed) else ""
            raise PlatformUnreachable(
                f"Cannot connect to {self.settings.api_base}: {failed.message}.{strange}",
                f"Check {named('api_base')} and the network, then run the same command again.",
            ) from None

    def send(self, request: ApiRequest[_T]) -> _T:
        """Make a call that changes nothing, again and again while it fails in passing.

        Raises:
            Rejected: the platform refuses this call.
            PlatformError: the platform cannot be used any more.
            Interrupted: `stop` was set.
        """
        try:
            return self.repeat(lambda: self.client.send(request), self.settings.give_up_after)
        except Rejected:
            raise
        except Forbidden as refused:
            raise CredentialsRefused(
                f"The platform refuses the credentials now: {refused.message}"
                f" (HTTP {refused.status}).",
                "Nothing was changed. Check the credentials, then run the same command again.",
            ) from None
        except CallFailed as failed:
            raise PlatformUnreachable(
                f"The platform stopped answering: {failed.message}.",
                "All state is saved: run the same command again later.",
            ) from None

    def repeat(self, call: Callable[[], _T], give_up_after: float) -> _T:
        """Make a call of any host, again and again while it fails in passing.

        Args:
            give_up_after: seconds after which the last failure is raised.

        Raises:
            CallFailed: the last attempt's.
            Interrupted: `stop` was set.
        """
        self._end_if_stopped()
        try:
            return call_with_retry(
                call, self.budget, give_up_after, clock=self.clock, stop=self.stop
            )
        except CallFailed:
            self._end_if_stopped()
            raise

    def _end_if_stopped(self) -> None:
        if self.stop.is_set():
            raise Interrupted("Interrupted.", "All state is saved: run the same command again.")


def _is_strange(failed: CallFailed) -> bool:
    return not isinstance(failed, NoAnswer | Throttled) and failed.status is not None
