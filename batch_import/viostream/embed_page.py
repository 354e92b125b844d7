"""Asks for embed pages, as a visitor's browser would: without the platform's credentials.

One attempt each, of which the first bytes are read. This file must not know whose pages they are,
nor when to ask.
"""

import logging
import threading
import time
from typing import Final, Self
from urllib.parse import urljoin, urlsplit

import requests

from batch_import.errors import Rejected
from batch_import.viostream import responses
from batch_import.web.bounded import Answer, Bounds
from batch_import.web.session import plain_session

_log = logging.getLogger(__name__)

#: Whoever opens the page would not wait longer; and the start of a page is enough for the title of
#: one that says what is wrong.
_BOUNDS: Final = Bounds(connect=10.0, silence=20.0, whole=30.0, size=16 * 1024, cut=True)
_REDIRECTS: Final = 5


class EmbedPages:
    """The embed pages of one player. A context manager.

    Args:
        base: origin of the pages.
        stop: once set, no page is waited for.
    """

    def __init__(self, base: str, stop: threading.Event | None = None) -> None:
        self._session = plain_session(base, stop=stop)
        self._session.headers["Accept"] = "text/html"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._session.close()

    def open(self, url: str) -> None:
        """Ask for a page; comes back where there is one.

        Raises:
            Rejected: there is none, or what comes is no page.
            CallFailed: the player did not answer well; it may do so later.
        """
        answer = self._followed(url)
        text = answer.body.decode("utf-8", "replace")
        fault = responses.failure(answer.status, answer.headers, text, time.time())
        if fault:
            raise fault
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if not text.strip() or kind not in ("", "text/html", "application/xhtml+xml"):
            raise Rejected(f"what comes is no page ({kind if text.strip() else 'it is empty'})")

    def _followed(self, url: str) -> Answer:
        """The answer of the page that a browser would end at."""
        for _ in range(_REDIRECTS + 1):
            answer = self._asked(url)
            target = answer.headers.get("Location")
            if not (target and requests.codes.multiple_choices <= answer.status < 400):  # noqa: PLR2004
                return answer
            try:
                url = urljoin(url, target)
            except ValueError:
                raise Rejected("the page redirects to what is no address") from None
        raise Rejected("the page redirects again and again")

    def _asked(self, url: str) -> Answer:
        outcome = "no answer"
        try:
            request = self._session.prepare_request(requests.Request("GET", url))
            answer = self._session.exchange(request, _BOUNDS)
            outcome = str(answer.status)
        except (requests.RequestException, ValueError):
            raise Rejected("the page redirects to what is no address") from None
        finally:
            _log.debug("GET %s: %s", urlsplit(url).path, outcome)
        return answer
