"""The checks of `doctor` on the way to the platform: proxy, DNS, TLS, the platform, and its clock.

Each check needs the checks before it. No check sends credentials.
"""

import ssl
import time
from email.utils import parsedate_to_datetime
from typing import Final

from batch_import.errors import RequestFailed, setting_ref
from batch_import.web import reachability
from batch_import.web.bounded import Answer
from batch_import.web.reachability import host_and_port
from batch_import.workflows.finding import DoctorFinding, ok, problem, skipped

#: Tolerated difference between the clocks in seconds. `--until` and the expiry of signed URLs are
#: given in minutes.
_CLOCK_TOLERANCE_SECONDS: Final = 60.0
_THE_PROXY: Final = "the proxy does it"
#: The lowest HTTP status with which a server reports an error of its own.
_FIRST_SERVER_ERROR: Final = 500
_TRY_LATER: Final = "Try again later, or from another network."


class Route:
    """The way to the platform.

    Args:
        api_base: base URL of the API.
    """

    def __init__(self, api_base: str) -> None:
        self._base = api_base
        self._host, self._port = host_and_port(api_base)
        self._proxy = ""
        self._response: Answer | None = None
        self._answered_at = 0.0

    def proxy(self) -> DoctorFinding:
        """Check which proxy is used, and that it accepts connections."""
        self._proxy = reachability.proxy_for(self._base)
        if not self._proxy:
            return ok(f"None is used for {self._host}.")
        host, port = host_and_port(self._proxy)
        try:
            reachability.connect(self._proxy)
        except OSError as error:
            return problem(
                f"{host}:{port} takes no connection: {error.strerror or error}.",
                "Correct HTTPS_PROXY, or add the host to NO_PROXY if no proxy is needed.",
            )
        return ok(f"{host}:{port} is used for {self._host}.")

    def dns(self) -> DoctorFinding:
        """Check that the platform's host name can be resolved."""
        if self._proxy:
            return skipped(_THE_PROXY)
        try:
            found = reachability.ip_addresses(self._base)
        except OSError as error:
            return problem(
                f"{self._host} has no address: {error.strerror or error}.",
                f"Check {setting_ref('api_base')}, the network connection and its DNS server.",
            )
        return ok(f"{self._host} is {', '.join(found)}.")

    def tls(self) -> DoctorFinding:
        """Check that an encrypted connection can be opened, and that the certificate is trusted."""
        if not self._base.startswith("https"):
            return skipped("the API is on this machine, and needs none")
        if self._proxy:
            return skipped("the answer tells, because a proxy is between")
        try:
            version = reachability.tls_version(self._base)
        except ssl.SSLCertVerificationError as error:
            return problem(
                f"The certificate of {self._host} is not trusted: {error.verify_message}.",
                "If your network inspects encrypted traffic, name its certificate file in"
                " REQUESTS_CA_BUNDLE.",
            )
        except OSError as error:
            return problem(
                f"No encrypted connection to {self._host}:{self._port}: {error.strerror or error}.",
                "Ask whoever runs your network whether a firewall blocks it.",
            )
        return ok(f"{version}, and the certificate is trusted.")

    def platform(self) -> DoctorFinding:
        """Check that the platform responds. The response is kept for `clock`."""
        sent = time.time()
        try:
            self._response = reachability.answer_of(f"{self._base}/account/info")
        except RequestFailed as failed:
            return problem(f"{self._host} does not answer: {failed.message}.", _TRY_LATER)
        self._answered_at = (sent + time.time()) / 2
        if self._response.status >= _FIRST_SERVER_ERROR:
            return problem(f"{self._host} answers HTTP {self._response.status}.", _TRY_LATER)
        return ok(f"{self._host} answers.")

    def clock(self) -> DoctorFinding:
        """Compare this machine's clock with the platform's; needs the check `platform`."""
        if self._response is None:
            return skipped("there was no answer")
        return _clock(self._response, self._answered_at)


def _clock(answer: Answer, now: float) -> DoctorFinding:
    """Compare the `Date` header of a response with the time at which it was on its way."""
    try:
        # The header has whole seconds; therefore it is half a second early on average.
        theirs = parsedate_to_datetime(answer.headers.get("Date", "")).timestamp() + 1 / 2
    except (ValueError, TypeError):
        return skipped("the answer has no date")
    ahead = now - theirs
    if abs(ahead) > _CLOCK_TOLERANCE_SECONDS:
        side = "fast" if ahead > 0 else "slow"
        return problem(
            f"This machine's clock is {abs(ahead):,.0f} seconds {side}.",
            "Let the system set its clock from the network (NTP).",
        )
    return ok(f"This machine's clock differs from the platform's by {abs(ahead):.0f} seconds.")
