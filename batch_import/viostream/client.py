"""Sends a request to the platform: exactly one attempt each.

The only file that sends. What comes back is a result, or a `CallFailed` that says whether the
call may have been carried out. This file must not know the endpoints, nor when to call.
"""

import json
import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, Final, Self, TypeVar, cast
from urllib.parse import urlencode

import requests
from requests.auth import HTTPBasicAuth

from batch_import.addresses.redaction import Redactor
from batch_import.configuration.credentials import Credentials
from batch_import.errors import CallFailed
from batch_import.models import Media, MediaPage
from batch_import.viostream.call_record import CallRecord
from batch_import.viostream.endpoints import ApiRequest
from batch_import.web.bounded import Answer, Bounds, connection_fault
from batch_import.web.session import plain_session

T = TypeVar("T")

#: What platforms name a request by, in the headers of its answer, in lower case. Which one this
#: platform sends, if any, is not known.
_REQUEST_IDS: Final = frozenset(
    "x-request-id x-correlation-id request-id x-amzn-requestid x-amz-request-id cf-ray"
    " traceparent".split()
)
_LONGEST_ID: Final = 100
#: Bytes of an answer: a hundred media with long titles take a tenth of a megabyte.
_LONGEST_BODY: Final = 16_000_000
#: Seconds that a POST has to be answered once the command is to stop: less than the 10 s that
#: systems give a process after SIGTERM. One not answered by then is settled by the next run.
_GRACE: Final = 7.0
#: Rows whose attempts are counted: more than are ever in flight at once.
_COUNTED: Final = 20_000

_log = logging.getLogger(__name__)


class Client:
    """The platform's API over one pool of kept-alive connections. Safe for many threads.

    Args:
        base: base URL of the API, without a final slash.
        timeout: seconds to connect, and seconds from the request to the end of the answer.
        connections: how many threads will call at once.
        on_call: called with every attempt, in the thread that makes it.
        stop: once set, answers are not waited for: those of a POST a few seconds more.

    Attributes:
        clock_offset: seconds that the platform's clock is ahead of this machine's, by the `Date`
            of its latest answer; None before the first one that has it.
    """

    def __init__(
        self,
        base: str,
        credentials: Credentials,
        timeout: tuple[float, float] = (10.0, 60.0),
        connections: int = 8,
        on_call: Callable[[CallRecord], None] | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self._base = base
        connect, whole = timeout
        self._bounds = Bounds(connect, whole, whole, _LONGEST_BODY)
        self._on_call = on_call
        self._attempts = _Attempts()
        self.clock_offset: float | None = None
        self._redact = Redactor(credentials.access_key, credentials.api_key)
        self._session = plain_session(base, connections, stop)
        # Bytes: requests would encode text as Latin-1, and fail on any other key.
        self._session.auth = HTTPBasicAuth(
            credentials.access_key.encode(), credentials.api_key.encode()
        )
        self._session.headers["Accept"] = "application/json"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def send(self, request: ApiRequest[T], within: float = math.inf) -> T:
        """Make one attempt.

        Args:
            within: seconds that the answer may take, where that is less than the time-out.

        Raises:
            CallFailed: see `errors`; it says whether the call may have been carried out.
        """
        left_at, started = time.time(), time.monotonic()
        answer: Answer | None = None
        fault = ""
        try:
            answer = self._session.exchange(
                self._prepared(request), self._bounds_of(request, within)
            )
            # Bytes that are not UTF-8 are no reason to lose the rest of an error message.
            text = answer.body.decode("utf-8", "replace")
            self._learn_clock(answer.headers)
            if request.tells_reasons or not _is_yes(answer.status):
                text = self._redact(text)  # before a part of a secret is all that is left of it
            result = request.answered(answer.status, answer.headers, text, time.time())
            return _with_titles(result, self._redact)
        except CallFailed as failed:
            fault = failed.message
            raise
        finally:
            self._tell(request, left_at, time.monotonic() - started, answer, fault)

    def _learn_clock(self, headers: Mapping[str, str]) -> None:
        try:
            date = parsedate_to_datetime(headers.get("Date", ""))
        except (ValueError, TypeError):
            return
        # It counts whole seconds: on average half of one has passed.
        self.clock_offset = date.timestamp() + 1 / 2 - time.time()

    def _bounds_of(self, request: ApiRequest[Any], within: float) -> Bounds:
        return replace(
            self._bounds,
            connect=min(within, self._bounds.connect),
            whole=min(within, self._bounds.whole),
            grace=_GRACE if request.method == "POST" else 0.0,
        )

    def _tell(
        self,
        request: ApiRequest[Any],
        left_at: float,
        seconds: float,
        answer: Answer | None,
        fault: str,
    ) -> None:
        if not self._on_call and not _log.isEnabledFor(logging.DEBUG):
            return
        interaction = CallRecord(
            left_at,
            request,
            self._attempts.count(request),
            answer.status if answer else None,
            fault,
            seconds,
            len(answer.body) if answer else 0,
            _request_id(answer.headers) if answer else "",
        )
        if self._on_call:
            self._on_call(interaction)
        _log.debug("%s", interaction)

    @cached_property
    def _template(self) -> requests.PreparedRequest:
        """What all requests have in common, as requests itself prepares it."""
        return self._session.prepare_request(requests.Request("GET", self._base))

    def _prepared(self, request: ApiRequest[T]) -> requests.PreparedRequest:
        try:
            # A copy: to prepare each anew would be a quarter of what a call costs. Like the
            # guide's own calls it sends no cookies back.
            prepared = self._template.copy()
        except requests.RequestException as error:
            raise connection_fault(error) from None
        prepared.method = request.method
        query = f"?{urlencode(request.query)}" if request.query else ""
        prepared.url = f"{str(self._template.url).rstrip('/')}{request.path}{query}"
        if request.body is not None:
            prepared.body = json.dumps(request.body).encode()
            prepared.headers["Content-Type"] = "application/json"
            prepared.headers["Content-Length"] = str(len(prepared.body))
        return prepared


def _is_yes(status: int) -> bool:
    return 200 <= status < 300  # noqa: PLR2004  (the class of status codes that mean yes)


def _with_titles(result: T, redact: Callable[[str], str]) -> T:
    """Media with redacted titles: the only texts of theirs that people read as such."""
    if isinstance(result, Media):
        return cast("T", replace(result, title=redact(result.title)))
    if isinstance(result, MediaPage):
        items = tuple(replace(media, title=redact(media.title)) for media in result.items)
        return cast("T", replace(result, items=items))
    return result


class _Attempts:
    """Counts the attempts of each call about a row; it forgets the rows of long ago."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: OrderedDict[tuple[str, str, int], int] = OrderedDict()

    def count(self, request: ApiRequest[Any]) -> int | None:
        """How often the call was made by now, this time included; None where it is about none."""
        if request.row is None:
            return None
        what = request.kind, request.query.get("PageNumber", ""), request.row.number
        with self._lock:
            count = self._counts.pop(what, 0) + 1
            self._counts[what] = count
            if len(self._counts) > _COUNTED:
                self._counts.popitem(last=False)
        return count


def _request_id(headers: Mapping[str, str]) -> str:
    # By the headers there are: to miss each of the names would cost as much as the log's line.
    found = next((headers[name] for name in headers if name.lower() in _REQUEST_IDS), "")
    return found[:_LONGEST_ID]
