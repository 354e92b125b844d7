"""Requests embed pages as the browser of a visitor does: without the credentials of the account.

An embed page is the player page of one video, which embed codes show. Each page is requested once,
and only the start of the page is read.
"""

import logging
import threading
import time
from typing import Final, Self
from urllib.parse import urljoin, urlsplit

import requests

from batch_import.errors import RequestRejected
from batch_import.viostream import responses
from batch_import.web.bounded import ExchangeLimits, HttpResponse
from batch_import.web.session import session_without_credentials

_log = logging.getLogger(__name__)

#: Limits of one request: times in seconds that a visitor would wait at most, and a size in bytes.
#: The first 16 KiB of a page contain its title. The title of an error page is the error message.
_BOUNDS: Final = ExchangeLimits(connect=10.0, silence=20.0, whole=30.0, size=16 * 1024, is_cut=True)
#: Maximum number of redirects: more than from http to https and then to a new host name.
_MAX_REDIRECTS: Final = 5


class EmbedPages:
    """The embed pages of one player. A context manager.

    Args:
        base: base URL of the pages.
        stop: once set, a request in progress fails, and does not wait for the response.
    """

    def __init__(self, base: str, stop: threading.Event | None = None) -> None:
        self._session = session_without_credentials(base, stop=stop)
        self._session.headers["Accept"] = "text/html"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._session.close()

    def open(self, url: str) -> None:
        """Request a page, and return if it exists.

        Raises:
            RequestRejected: the page does not exist, or the response is not a page.
            RequestFailed: no response, or a server error; a later attempt may succeed.
        """
        answer = self._follow_redirects(url)
        text = answer.body.decode("utf-8", "replace")
        fault = responses.failure_of(answer.status, answer.headers, text, time.time())
        if fault:
            raise fault
        content_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if not text.strip():
            raise RequestRejected("the response is not a page (it is empty)")
        if content_type not in ("", "text/html", "application/xhtml+xml"):
            raise RequestRejected(f"the response is not a page ({content_type})")

    def _follow_redirects(self, url: str) -> HttpResponse:
        """Returns the response of the page at the end of the redirects."""
        for _ in range(_MAX_REDIRECTS + 1):
            answer = self._request(url)
            target = answer.headers.get("Location")
            is_redirect = 300 <= answer.status < 400  # noqa: PLR2004 - status codes of redirects
            if not (target and is_redirect):
                return answer
            try:
                url = urljoin(url, target)
            except ValueError:
                raise RequestRejected("the page redirects to an invalid URL") from None
        raise RequestRejected("the page redirects too often")

    def _request(self, url: str) -> HttpResponse:
        outcome = "no answer"
        try:
            request = self._session.prepare_request(requests.Request("GET", url))
            answer = self._session.exchange(request, _BOUNDS)
            outcome = str(answer.status)
        except (requests.RequestException, ValueError):
            raise RequestRejected("the page redirects to an invalid URL") from None
        finally:
            _log.debug("GET %s: %s", urlsplit(url).path, outcome)
        return answer
