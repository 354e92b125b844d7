"""Sends a request to the platform: exactly one attempt each.

The only file that sends. What comes back is a result, or a `CallFailed` that says whether the
call may have been carried out. This file must not know the endpoints, nor when to call.
"""

import json
import logging
import os
import time
from functools import cached_property
from typing import Self, TypeVar
from urllib.parse import urlencode

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import MaxRetryError, NewConnectionError

from batch_import import __version__
from batch_import.api.request import ApiRequest
from batch_import.errors import CallFailed, NoAnswer, NotSent
from batch_import.settings import Credentials

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Client:
    """The platform's API over one pool of kept-alive connections. Safe for many threads.

    Args:
        base: base URL of the API, without a final slash.
        timeout: seconds to connect, and seconds between two bytes of the answer.
        connections: how many threads will call at once.
    """

    def __init__(
        self,
        base: str,
        credentials: Credentials,
        timeout: tuple[float, float] = (10.0, 60.0),
        connections: int = 8,
    ) -> None:
        self._base = base
        self._timeout = timeout
        self._session = plain_session(base)
        # Bytes: requests would encode text as Latin-1, and fail on any other key.
        self._session.auth = HTTPBasicAuth(
            credentials.access_key.encode(), credentials.api_key.encode()
        )
        self._session.headers["Accept"] = "application/json"
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=connections)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._session.close()

    def send(self, request: ApiRequest[T]) -> T:
        """Make one attempt.

        Raises:
            CallFailed: see `errors`; it says whether the call may have been carried out.
        """
        started = time.monotonic()
        outcome = "no answer"
        try:
            reply = self._session.send(
                self._prepared(request),
                timeout=self._timeout,
                allow_redirects=False,
                proxies=self._session.proxies,
            )
            outcome = str(reply.status_code)
            # Bytes that are not UTF-8 are no reason to lose the rest of an error message.
            text = reply.content.decode("utf-8", "replace")
        except requests.RequestException as error:
            raise connection_fault(error) from None
        finally:
            milliseconds = (time.monotonic() - started) * 1e3
            _log.debug("%s %s: %s, %.0f ms", request.method, request.path, outcome, milliseconds)
        return request.answered(reply.status_code, reply.headers, text, time.time())

    @cached_property
    def _template(self) -> requests.PreparedRequest:
        """What all requests have in common, as requests itself prepares it."""
        return self._session.prepare_request(requests.Request("GET", self._base))

    def _prepared(self, request: ApiRequest[T]) -> requests.PreparedRequest:
        # A copy: to prepare each anew would be a quarter of what a call costs. Like the guide's
        # own calls it sends no cookies back.
        prepared = self._template.copy()
        prepared.method = request.method
        query = f"?{urlencode(request.query)}" if request.query else ""
        prepared.url = f"{str(self._template.url).rstrip('/')}{request.path}{query}"
        if request.body is not None:
            prepared.body = json.dumps(request.body).encode()
            prepared.headers["Content-Type"] = "application/json"
            prepared.headers["Content-Length"] = str(len(prepared.body))
        return prepared


def plain_session(base: str) -> requests.Session:
    """A session to a host, without credentials.

    A .netrc must not replace or add any, so the environment is read here, once, and for proxies
    and certificates alone.
    """
    session = requests.Session()
    session.trust_env = False
    session.proxies = requests.utils.get_environ_proxies(base)
    session.verify = (
        os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    )
    session.headers["User-Agent"] = f"viostream-batch-import/{__version__}"
    return session


def connection_fault(error: requests.RequestException) -> CallFailed:
    """Tell a call that surely never left from one that may have arrived."""
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(error, requests.ConnectTimeout):
        return NotSent("no connection within the time-out")
    if isinstance(reason, NewConnectionError):
        return NotSent("the connection was refused, or the host name is not known")
    if isinstance(error, requests.exceptions.ProxyError):
        return NotSent("the proxy gave no connection")
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return NotSent("the platform's certificate could not be verified")
    if isinstance(error, requests.Timeout):
        return NoAnswer("no answer within the time-out")
    return NoAnswer("the connection was cut before the whole answer came")
