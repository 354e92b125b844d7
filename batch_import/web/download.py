"""Downloads a document from a URL of the user, with retries and limits.

The host may redirect to any other host. Therefore only the host that the user named may have a
private IP address; otherwise a redirect could reach the servers of the user's network.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final
from urllib.parse import urljoin, urlsplit

import requests
import tenacity
from requests.utils import select_proxy

from batch_import.errors import NoAnswer, NotSent, RequestRejected, Throttled
from batch_import.web.bounded import ExchangeLimits, HttpResponse
from batch_import.web.session import session_without_credentials

#: Maximum number of redirects, as in preflight.
_MAX_REDIRECTS: Final = 10
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
#: Maximum number of attempts, and maximum seconds between two attempts: enough for a short outage,
#: and less than a minute for a host that is down.
_ATTEMPTS: Final = 4
_MAX_WAIT_SECONDS: Final = 10.0


def download(
    url: str,
    limits: ExchangeLimits,
    *,
    trusted_host: str,
    allows_ip: Callable[[str], bool],
) -> tuple[str, HttpResponse]:
    """Download a document, and follow redirects.

    Args:
        url: URL of the document.
        limits: limits of each request.
        trusted_host: name of the host that may have any IP address.
        allows_ip: a function that returns whether another host may have an IP address.

    Returns:
        The URL after all redirects, and the response, whose status is 200.

    Raises:
        RequestFailed: the document cannot be downloaded, even after retries of temporary errors.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type((NoAnswer, NotSent, Throttled)),
        wait=tenacity.wait_random_exponential(multiplier=0.5, max=_MAX_WAIT_SECONDS),
        stop=tenacity.stop_after_attempt(_ATTEMPTS),
        reraise=True,
    )
    return retrying(_get_with_redirects, url, limits, trusted_host, allows_ip)


def _get_with_redirects(
    url: str, limits: ExchangeLimits, trusted_host: str, allows_ip: Callable[[str], bool]
) -> tuple[str, HttpResponse]:
    for _ in range(_MAX_REDIRECTS + 1):
        is_trusted = _host(url) == trusted_host
        response = _get(url, limits, _allow_all if is_trusted else allows_ip)
        location = response.headers.get("Location")
        if response.status not in _REDIRECTS or not location:
            _refuse_error_status(response)
            return url, response
        url = _redirect_target(url, location)
    raise RequestRejected(f"the host redirects more than {_MAX_REDIRECTS} times")


def _allow_all(ip_address: str) -> bool:
    del ip_address
    return True


def _get(url: str, limits: ExchangeLimits, allows_ip: Callable[[str], bool]) -> HttpResponse:
    with session_without_credentials(url) as session:
        # Behind a proxy, the only connection is to the proxy, which may have a private IP address.
        is_proxied = bool(select_proxy(url, dict(session.proxies)))
        try:
            request = session.prepare_request(requests.Request("GET", url))
        except (requests.RequestException, ValueError):
            raise RequestRejected("this is not a valid URL") from None
        return session.exchange(request, limits, _allow_all if is_proxied else allows_ip)


def _refuse_error_status(response: HttpResponse) -> None:
    """Raise an error unless the status is 200. `download` retries some of these errors."""
    if response.status == HTTPStatus.OK:
        return
    message = f"the host answered HTTP {response.status}"
    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise Throttled(message, status=response.status)
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise NoAnswer(message, status=response.status)
    raise RequestRejected(message, status=response.status)


def _redirect_target(url: str, location: str) -> str:
    """Returns the absolute URL of a redirect.

    Raises:
        RequestRejected: it is not a valid http URL.
    """
    try:
        target = urljoin(url, location)
    except ValueError:
        target = ""
    if _host(target) and urlsplit(target).scheme in ("http", "https"):
        return target
    raise RequestRejected("the host redirects to an invalid URL")


def _host(url: str) -> str:
    """Returns the host name of a URL; empty if the URL is not valid."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
