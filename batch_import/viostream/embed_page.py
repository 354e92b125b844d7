"""Asks for embed pages, as a visitor's browser would: without the platform's credentials.

One attempt each, of which the first bytes are read. This file must not know whose pages they are,
nor when to ask.
"""

import logging
import time
from typing import Final, Self
from urllib.parse import urlsplit

import requests

from batch_import.errors import Rejected
from batch_import.viostream import responses
from batch_import.web.session import connection_fault, plain_session

_log = logging.getLogger(__name__)

#: Seconds to connect, and between two bytes: whoever opens the page would not wait longer.
_TIMEOUT: Final = (10.0, 20.0)
#: Bytes that are read of a page; enough for the title of one that says what is wrong.
_START: Final = 16 * 1024
_REDIRECTS: Final = 5


class EmbedPages:
    """The embed pages of one player. A context manager.

    Args:
        base: origin of the pages.
    """

    def __init__(self, base: str) -> None:
        self._session = plain_session(base)
        self._session.max_redirects = _REDIRECTS
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
        outcome = "no answer"
        try:
            with self._session.get(url, timeout=_TIMEOUT, stream=True) as reply:
                outcome = str(reply.status_code)
                start = next(reply.iter_content(_START), b"")
        except requests.TooManyRedirects:
            raise Rejected("the page redirects again and again") from None
        except requests.RequestException as error:
            raise connection_fault(error) from None
        finally:
            _log.debug("GET %s: %s", urlsplit(url).path, outcome)
        text = start.decode("utf-8", "replace")
        fault = responses.failure(reply.status_code, reply.headers, text, time.time())
        if fault:
            raise fault
        kind = reply.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if not text.strip() or kind not in ("", "text/html", "application/xhtml+xml"):
            raise Rejected(f"what comes is no page ({kind if text.strip() else 'it is empty'})")
