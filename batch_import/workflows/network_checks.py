"""The checks of `doctor` on the way to the platform: proxy, DNS, TLS, and the platform's clock.

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


class Route:
    """The way to the platform.

    Args:
        api_base: base URL of the API.
    """

    def __init__(self, api_base: str) -> None:
        self._base = api_base
        self._host, self._port = host_and_port(api_base)
        self._proxy = ""

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

    def clock(self) -> DoctorFinding:
        """Check that the platform responds, and that its clock agrees with this machine's clock."""
        sent = time.time()
        try:
            answer = reachability.answer_of(f"{self._base}/account/info")
        except RequestFailed as failed:
            return problem(
                f"{self._host} does not answer: {failed.message}.",
                "Try again later, or from another network.",
            )
        return _clock(answer, (sent + time.time()) / 2)


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
