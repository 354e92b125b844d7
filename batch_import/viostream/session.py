"""The API requests of one command: client, rate limiter, stop event and clock in one object.

All API requests outside the importer's schedule go through this module. Each request takes a token
of the command's rate limiter, and is repeated after temporary errors.
"""

import threading
import time
from collections.abc import Callable
from typing import Final, Self, TypeVar

from batch_import.configuration.credentials import Credentials
from batch_import.configuration.settings import Settings
from batch_import.errors import (
    AuthenticationFailed,
    CredentialsRefused,
    Interrupted,
    NoAnswer,
    PlatformUnreachable,
    RequestFailed,
    RequestRejected,
    Throttled,
    setting_ref,
)
from batch_import.viostream import endpoints
from batch_import.viostream.client import Client
from batch_import.viostream.endpoints import ApiRequest
from batch_import.viostream.request_record import RequestRecord
from batch_import.viostream.responses import Account
from batch_import.viostream.retry import call_with_retry
from batch_import.viostream.shared_rate_limiter import SharedRateLimiter

_T = TypeVar("_T")

#: Seconds within which the first request of a command, or a repetition of it, must succeed. Short,
#: because a mistyped URL should be reported soon.
_SIGN_IN_SECONDS: Final = 20.0
#: Minimum time-out in seconds of an attempt shortly before that time limit. With a shorter
#: time-out, the attempt would always fail.
_MIN_ATTEMPT_SECONDS: Final = 1.0


def epoch_clock() -> Callable[[], float]:
    """Returns a clock in epoch seconds that never goes back, even if the system clock is set.

    With this clock, the program stores when rows were sent, and measures the offset of the
    platform's clock. If the system clock were used and changed during a run, a video of the job
    could look like a video of another user.
    """
    offset = time.time() - time.monotonic()
    return lambda: offset + time.monotonic()


class PlatformSession:
    """The API requests of one command. A context manager.

    Args:
        settings: base URL, rate limit, time-outs and number of connections.
        credentials: access key and API key.
        stop: once set, no more requests are sent.
        on_request: called after every attempt, in the thread that made the attempt.
        clock: returns epoch seconds; None for the clock of this machine.
        may_send: called before each part of a request is sent; if it returns false, nothing more is
            sent.

    Attributes:
        client: sends a request once.
        rate_limiter: the rate limiter of the command.
        clock: returns epoch seconds.
    """

    def __init__(
        self,
        settings: Settings,
        credentials: Credentials,
        stop: threading.Event,
        on_request: Callable[[RequestRecord], None] | None = None,
        clock: Callable[[], float] | None = None,
        may_send: Callable[[], bool] = lambda: True,
    ) -> None:
        self.settings = settings
        self.stop = stop
        self.clock = clock or epoch_clock()
        self.rate_limiter = SharedRateLimiter(settings.rate, self.clock)
        self.client = Client(
            settings.api_base,
            credentials,
            settings.timeout,
            settings.workers,
            on_request,
            stop,
            self.clock,
            may_send,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.client.close()

    def get_account(self) -> Account:
        """Get the account. As the first request of a command, this finds most wrong settings.

        Raises:
            CredentialsRefused: the platform does not accept the credentials.
            PlatformUnreachable: there is no response, or another server answers.
            Interrupted: `stop` was set.
        """
        time_limit = min(_SIGN_IN_SECONDS, self.settings.give_up_after)
        deadline = self.clock() + time_limit

        def request_account() -> Account:
            remaining = max(_MIN_ATTEMPT_SECONDS, deadline - self.clock())
            return self.client.send(endpoints.get_account(), remaining)

        try:
            return self.repeat(request_account, time_limit)
        except AuthenticationFailed as refused:
            raise CredentialsRefused(
                f"The platform refuses the credentials: {refused.message} (HTTP {refused.status}).",
                "Check VIOSTREAM_ACCESS_KEY and VIOSTREAM_API_KEY against Settings > Developer"
                " Tools.",
            ) from None
        except RequestFailed as failed:
            explanation = (
                " This is not an answer of the platform." if _is_other_server(failed) else ""
            )
            raise PlatformUnreachable(
                f"Cannot connect to {self.settings.api_base}: {failed.message}.{explanation}",
                f"Check {setting_ref('api_base')} and the network,"
                " then run the same command again.",
            ) from None

    def send(self, request: ApiRequest[_T]) -> _T:
        """Send a request that changes nothing; repeat the request after temporary errors.

        Raises:
            RequestRejected: the platform refuses this request.
            PlatformError: the platform can no longer be used.
            Interrupted: `stop` was set.
        """
        try:
            return self.repeat(lambda: self.client.send(request), self.settings.give_up_after)
        except RequestRejected:
            raise
        except AuthenticationFailed as refused:
            raise CredentialsRefused(
                f"The platform refuses the credentials now: {refused.message}"
                f" (HTTP {refused.status}).",
                "Nothing was changed. Check the credentials, then run the same command again.",
            ) from None
        except RequestFailed as failed:
            raise PlatformUnreachable(
                f"The platform stopped answering: {failed.message}.",
                "All state is saved: run the same command again later.",
            ) from None

    def repeat(self, call: Callable[[], _T], give_up_after: float) -> _T:
        """Call a function, and repeat the call while it fails with a temporary error.

        Args:
            call: makes one attempt, for example requests a page of any server.
            give_up_after: seconds after which the last error is raised.

        Raises:
            RequestFailed: the error of the last attempt.
            Interrupted: `stop` was set.
        """
        self._raise_if_stopped()
        try:
            return call_with_retry(
                call, self.rate_limiter, give_up_after, clock=self.clock, stop=self.stop
            )
        except RequestFailed:
            self._raise_if_stopped()
            raise

    def _raise_if_stopped(self) -> None:
        if self.stop.is_set():
            raise Interrupted("Interrupted.", "All state is saved: run the same command again.")


def _is_other_server(failed: RequestFailed) -> bool:
    """Returns whether the response probably comes from another server than the platform."""
    return not isinstance(failed, NoAnswer | Throttled) and failed.status is not None
