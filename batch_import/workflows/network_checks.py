"""The checks of `doctor` that need the network: proxy, DNS, TLS, the platform, and its clock.

Each check needs the checks before it. No check sends credentials.
"""

import ssl
import time
from email.utils import parsedate_to_datetime
from typing import Final

from batch_import.errors import RequestFailed, setting_ref
from batch_import.web import reachability
from batch_import.web.bounded import HttpResponse
from batch_import.web.reachability import host_and_port
from batch_import.workflows.finding import DoctorFinding, ok, problem, skipped

#: Maximum difference between the two clocks that is no problem, in seconds. Times such as `--until`
#: and the expiry of signed URLs are precise to the minute.
_CLOCK_TOLERANCE_SECONDS: Final = 60.0
#: The lowest HTTP status that means an error of the server.
_FIRST_SERVER_ERROR: Final = 500
_TRY_LATER: Final = "Try again later, or from another network."


class Route:
    """The connection to the platform, from the proxy to the API. Each method is one check.

    The checks must be called in this order: `check_proxy`, `check_dns`, `check_tls`,
    `check_platform`, `check_clock`.

    Args:
        api_base: base URL of the API.
    """

    def __init__(self, api_base: str) -> None:
        self._base = api_base
        self._host, self._port = host_and_port(api_base)
        #: URL of the proxy; empty if none is used.
        self._proxy = ""
        self._response: HttpResponse | None = None
        self._answered_at = 0.0

    def check_proxy(self) -> DoctorFinding:
        """Check which proxy is used, and that the proxy accepts connections."""
        self._proxy = reachability.proxy_for(self._base)
        if not self._proxy:
            return ok(f"No proxy is used for {self._host}.")
        host, port = host_and_port(self._proxy)
        try:
            reachability.connect(self._proxy)
        except OSError as error:
            return problem(
                f"{host}:{port} does not accept a connection: {error.strerror or error}.",
                "Correct HTTPS_PROXY, or add the host to NO_PROXY if no proxy is needed.",
            )
        return ok(f"{host}:{port} is used for {self._host}.")

    def check_dns(self) -> DoctorFinding:
        """Check that the platform's host name can be resolved."""
        if self._proxy:
            return skipped("the proxy resolves the host name")
        try:
            addresses = reachability.ip_addresses(self._base)
        except OSError as error:
            return problem(
                f"{self._host} has no IP address: {error.strerror or error}.",
                f"Check {setting_ref('api_base')}, the network connection and its DNS server.",
            )
        return ok(f"{self._host} is {', '.join(addresses)}.")

    def check_tls(self) -> DoctorFinding:
        """Check that an encrypted connection can be opened, and that the certificate is trusted."""
        if not self._base.startswith("https"):
            return skipped("the API is on this machine, and needs no encryption")
        if self._proxy:
            return skipped("with a proxy, the check “platform” includes this")
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

    def check_platform(self) -> DoctorFinding:
        """Check that the platform responds. The response is kept for `check_clock`."""
        sent_at = time.time()
        try:
            self._response = reachability.get_without_credentials(f"{self._base}/account/info")
        except RequestFailed as failed:
            return problem(f"{self._host} does not answer: {failed.message}.", _TRY_LATER)
        self._answered_at = (sent_at + time.time()) / 2
        if self._response.status >= _FIRST_SERVER_ERROR:
            return problem(f"{self._host} answers HTTP {self._response.status}.", _TRY_LATER)
        return ok(f"{self._host} answers.")

    def check_clock(self) -> DoctorFinding:
        """Compare this machine's clock with the platform's clock, by its last response."""
        if self._response is None:
            return skipped("there was no answer")
        return _compare_clocks(self._response, self._answered_at)


def _compare_clocks(response: HttpResponse, answered_at: float) -> DoctorFinding:
    """Compare the `Date` header of a response with this machine's clock.

    Args:
        answered_at: epoch seconds on this machine's clock when the platform created the response:
            the middle between sending the request and receiving the response.
    """
    try:
        # The header has whole seconds. Therefore it is half a second early on average.
        platform_time = parsedate_to_datetime(response.headers.get("Date", "")).timestamp() + 0.5
    except (ValueError, TypeError):
        return skipped("the answer has no date")
    difference = answered_at - platform_time
    if abs(difference) > _CLOCK_TOLERANCE_SECONDS:
        direction = "fast" if difference > 0 else "slow"
        return problem(
            f"This machine's clock is {abs(difference):,.0f} seconds {direction}.",
            "Let the system set its clock from the network (NTP).",
        )
    seconds = f"{abs(difference):.0f} seconds"
    return ok(f"This machine's clock differs from the platform's by {seconds}.")
