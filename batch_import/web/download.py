"""Download a document from a URL that a user named, with retries and limits.

The document may redirect to any host, and so may whoever answers for that host. Therefore only
the host that the user named may be private.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final
from urllib.parse import urljoin, urlsplit

import requests
import tenacity
from requests.utils import select_proxy

from batch_import.errors import NoAnswer, NotSent, RequestRejected, Throttled
from batch_import.web.bounded import Answer, ExchangeLimits
from batch_import.web.session import session_without_credentials

#: Maximum number of redirects, as in preflight.
_MAX_REDIRECTS: Final = 10
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
#: Maximum number of attempts, and maximum seconds between two of them: a short outage passes, and
#: nobody waits a minute for a host that is down.
_ATTEMPTS: Final = 4
_MAX_WAIT_SECONDS: Final = 10.0


def download(
    url: str,
    limits: ExchangeLimits,
    *,
    trusted_host: str,
    allows_ip: Callable[[str], bool],
) -> tuple[str, Answer]:
    """Download a document. Redirects are followed.

    Args:
        trusted_host: host name that may have any IP address.
        allows_ip: whether other hosts may have an IP address.

    Returns:
        The URL after all redirects, and the response, whose status is 200.

    Raises:
        RequestFailed: the document cannot be downloaded. Temporary errors were repeated.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type((NoAnswer, NotSent, Throttled)),
        wait=tenacity.wait_random_exponential(multiplier=0.5, max=_MAX_WAIT_SECONDS),
        stop=tenacity.stop_after_attempt(_ATTEMPTS),
        reraise=True,
    )
    return retrying(_follow, url, limits, trusted_host, allows_ip)


def _follow(
    url: str, limits: ExchangeLimits, trusted_host: str, allows_ip: Callable[[str], bool]
) -> tuple[str, Answer]:
    for _ in range(_MAX_REDIRECTS + 1):
        is_trusted = _host(url) == trusted_host
        answer = _get(url, limits, (lambda _: True) if is_trusted else allows_ip)
        location = answer.headers.get("Location")
        if answer.status not in _REDIRECTS or not location:
            _refuse(answer)
            return url, answer
        url = _joined(url, location)
    raise RequestRejected(f"the host redirects more than {_MAX_REDIRECTS} times")


def _get(url: str, limits: ExchangeLimits, allows_ip: Callable[[str], bool]) -> Answer:
    with session_without_credentials(url) as session:
        # A proxy looks the host up by itself, and may be private.
        is_proxied = bool(select_proxy(url, dict(session.proxies)))
        try:
            request = session.prepare_request(requests.Request("GET", url))
        except (requests.RequestException, ValueError):
            raise RequestRejected("this is not a valid URL") from None
        return session.exchange(request, limits, (lambda _: True) if is_proxied else allows_ip)


def _refuse(answer: Answer) -> None:
    """Raise an error unless the status is 200."""
    if answer.status == HTTPStatus.OK:
        return
    message = f"the host answered HTTP {answer.status}"
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise Throttled(message, status=answer.status)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise NoAnswer(message, status=answer.status)
    raise RequestRejected(message, status=answer.status)


def _joined(url: str, location: str) -> str:
    try:
        target = urljoin(url, location)
    except ValueError:
        target = ""
    if _host(target) and urlsplit(target).scheme in ("http", "https"):
        return target
    raise RequestRejected("the host redirects to an invalid URL")


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
