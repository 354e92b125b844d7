"""One method per endpoint of the platform; each makes exactly one attempt.

The only file that sends. What comes back is a result, or a `CallFailed` that says whether the
call may have been carried out. This file must not know when to call, or when to call again.
"""

import logging
import os
import time
from typing import Any, Self
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import MaxRetryError, NewConnectionError

from batch_import import __version__
from batch_import.api import answers
from batch_import.errors import CallFailed, NoAnswer, NotSent
from batch_import.models import Account, IngestStatus, MediaPage, Row
from batch_import.settings import Credentials

_log = logging.getLogger(__name__)

#: The platform hands out at most this many media a page (vendor's own client).
PAGE_SIZE = 100


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
        self._session = requests.Session()
        # A .netrc must not replace our credentials, so the environment is read here, once,
        # and for proxies and certificates alone.
        self._session.trust_env = False
        self._session.proxies = requests.utils.get_environ_proxies(base)
        self._session.verify = (
            os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        )
        # Bytes: requests would encode text as Latin-1, and fail on any other key.
        self._session.auth = HTTPBasicAuth(
            credentials.access_key.encode(), credentials.api_key.encode()
        )
        self._session.headers["User-Agent"] = f"viostream-batch-import/{__version__}"
        self._session.headers["Accept"] = "application/json"
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=connections)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._session.close()

    def account(self) -> Account:
        """Ask whose credentials these are (guide, "Getting API Credentials").

        Raises:
            CallFailed: see `errors`.
        """
        return answers.read_account(self._call("GET", "/account/info"))

    def create(self, row: Row) -> str:
        """Have the platform ingest a row's video (guide, step 1); returns the ingest id.

        Raises:
            CallFailed: see `errors`; after `NoAnswer` the media may exist.
        """
        body = {
            "sourceUrl": row.source_url,
            "filename": row.filename,
            "extension": row.extension,
            "referenceId": row.reference_id,
        }
        return answers.read_ingest_id(self._call("POST", "/media/new", body=body))

    def ingest_status(self, ingest_id: str) -> IngestStatus:
        """Ask how far one ingest is (guide, step 2).

        Raises:
            CallFailed: see `errors`.
        """
        path = f"/media/new/status/{quote(ingest_id, safe='')}"
        return answers.read_status(self._call("GET", path))

    def find(self, reference_id: str, page: int = 1) -> MediaPage:
        """List the media under a reference ID (guide, step 3), newest first.

        The page may hold media of other reference IDs: whether the platform's filter is exact,
        or there at all, is not known. Match them yourself.

        Raises:
            CallFailed: see `errors`.
        """
        query = {
            "referenceId": reference_id,
            "SortColumn": "CreatedDate",
            "SortOrder": "desc",
            "PageSize": str(PAGE_SIZE),
            "PageNumber": str(page),
        }
        return answers.read_page(self._call("GET", "/media", query=query))

    def _call(
        self, method: str, path: str, *, query: dict[str, str] | None = None, body: Any = None
    ) -> Any:
        started = time.monotonic()
        outcome = "no answer"
        try:
            reply = self._session.request(
                method,
                self._base + path,
                params=query,
                json=body,
                timeout=self._timeout,
                allow_redirects=False,
            )
            outcome = str(reply.status_code)
            # Bytes that are not UTF-8 are no reason to lose the rest of an error message.
            text = reply.content.decode("utf-8", "replace")
        except requests.RequestException as error:
            raise _connection_fault(error) from None
        finally:
            _log.debug(
                "%s %s: %s, %.0f ms", method, path, outcome, (time.monotonic() - started) * 1e3
            )
        fault = answers.failure(reply.status_code, reply.headers, text, time.time())
        if fault:
            raise fault
        return answers.read_json(text)


def _connection_fault(error: requests.RequestException) -> CallFailed:
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
