"""Sends a request to the platform, exactly once. No other module sends requests to the API.

The outcome is a result or an exception `RequestFailed`. The type of the exception shows whether the
platform may have carried out the request.
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

from batch_import.addresses.masking import mask
from batch_import.addresses.redaction import Redactor
from batch_import.configuration.credentials import Credentials
from batch_import.errors import RequestFailed
from batch_import.models import Media, MediaPage
from batch_import.viostream.endpoints import ApiRequest
from batch_import.viostream.request_record import RequestRecord
from batch_import.viostream.responses import Account, IngestStatus
from batch_import.web.bounded import ExchangeLimits, HttpResponse
from batch_import.web.connection_faults import connection_fault
from batch_import.web.session import session_without_credentials

T = TypeVar("T")

#: Names of response headers, in lower case, in which platforms send the ID of a request. It is not
#: documented whether Viostream sends one of them.
_REQUEST_ID_HEADERS: Final = frozenset(
    "x-request-id x-correlation-id request-id x-amzn-requestid x-amz-request-id cf-ray"
    " traceparent".split()
)
#: Maximum length of a request ID in the log, in characters; usual IDs have at most 55.
_MAX_REQUEST_ID_LENGTH: Final = 100
#: Maximum size of a response body. A page of 100 media with long titles has about 100,000 bytes.
_MAX_BODY_BYTES: Final = 16_000_000
#: Seconds to wait for the response to a POST after the command was stopped. Less than the 10 s
#: after which operating systems kill a process. If no response comes, the next run finds out
#: whether the POST created a media.
_POST_GRACE_SECONDS: Final = 7.0
#: Maximum number of requests whose attempts are counted: more than are repeated at the same time.
_MAX_COUNTED_REQUESTS: Final = 20_000

_log = logging.getLogger(__name__)


class Client:
    """The Viostream API over one pool of connections. Safe for use by several threads.

    Args:
        base: base URL of the API, without a final slash.
        credentials: access key and API key.
        timeout: seconds to connect, and seconds from the request to the end of the response.
        connections: number of threads that send requests at the same time.
        on_request: called after every attempt, in the thread that made the attempt.
        stop: once set, the client does not wait for responses, except a few seconds for that of a
            POST.
        clock: returns epoch seconds; the platform's clock is compared with this clock.
        may_send: called before each part of a request is sent; if it returns false, nothing more is
            sent.

    Attributes:
        clock_offset: seconds by which the platform's clock is ahead of `clock`, from the `Date`
            header of the platform's latest response; None before the first response.
    """

    def __init__(
        self,
        base: str,
        credentials: Credentials,
        timeout: tuple[float, float] = (10.0, 60.0),
        connections: int = 8,
        on_request: Callable[[RequestRecord], None] | None = None,
        stop: threading.Event | None = None,
        clock: Callable[[], float] = time.time,
        may_send: Callable[[], bool] = lambda: True,
    ) -> None:
        self._base = base
        self._clock = clock
        connect_seconds, total_seconds = timeout
        self._limits = ExchangeLimits(
            connect_seconds, total_seconds, total_seconds, _MAX_BODY_BYTES
        )
        self._on_request = on_request
        self._attempts = _Attempts()
        self.clock_offset: float | None = None
        self._redact = Redactor(credentials.access_key, credentials.api_key)
        self._session = session_without_credentials(base, connections, stop, may_send)
        # As bytes, because requests encodes text as Latin-1, which fails for other characters.
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
        """Send a request once, and return its result.

        Args:
            request: the request.
            within: maximum seconds until the end of the response, if less than the time-out.

        Raises:
            RequestFailed: there is no result. The type of the exception shows whether the request
                may have been carried out.
        """
        sent_at, started = time.time(), time.monotonic()
        answer: HttpResponse | None = None
        fault = ""
        try:
            answer = self._session.exchange(
                self._prepared(request), self._limits_of(request, within)
            )
            # Bytes that are not UTF-8 must not hide the rest of an error message.
            text = answer.body.decode("utf-8", "replace")
            self._measure_clock_offset(answer.headers)
            if request.may_have_error_text and _is_success(answer.status):
                # Before later steps shorten the text: a part of a secret is not recognized.
                text = self._redact(text)
            result = request.read_response(
                answer.status, answer.headers, text, time.time(), self._redact
            )
            return _redact_result(result, self._redact)
        except RequestFailed as failed:
            fault = failed.message
            raise
        finally:
            self._report(request, sent_at, time.monotonic() - started, answer, fault)

    def _measure_clock_offset(self, headers: Mapping[str, str]) -> None:
        try:
            date = parsedate_to_datetime(headers.get("Date", "")).timestamp()
        except (ValueError, TypeError, OverflowError):
            return
        # The header has whole seconds, so on average half a second has passed since then.
        self.clock_offset = date + 1 / 2 - self._clock()

    def _limits_of(self, request: ApiRequest[Any], within: float) -> ExchangeLimits:
        return replace(
            self._limits,
            connect=min(within, self._limits.connect),
            whole=min(within, self._limits.whole),
            grace=_POST_GRACE_SECONDS if request.method == "POST" else 0.0,
        )

    def _report(
        self,
        request: ApiRequest[Any],
        sent_at: float,
        seconds: float,
        answer: HttpResponse | None,
        fault: str,
    ) -> None:
        if not self._on_request and not _log.isEnabledFor(logging.DEBUG):
            return
        record = RequestRecord(
            sent_at,
            # The path may contain an ID from a response.
            replace(request, path=mask(self._redact(request.path))),
            self._attempts.count(request),
            answer.status if answer else None,
            fault,
            seconds,
            len(answer.body) if answer else 0,
            self._request_id(answer.headers) if answer else "",
        )
        if self._on_request:
            self._on_request(record)
        _log.debug("%s", record)

    def _request_id(self, headers: Mapping[str, str]) -> str:
        for name, value in headers.items():
            if name.lower() in _REQUEST_ID_HEADERS:
                return mask(self._redact(value))[:_MAX_REQUEST_ID_LENGTH]
        return ""

    @cached_property
    def _template(self) -> requests.PreparedRequest:
        """A request with the headers that all requests have, prepared by the library requests."""
        return self._session.prepare_request(requests.Request("GET", self._base))

    def _prepared(self, request: ApiRequest[T]) -> requests.PreparedRequest:
        try:
            # Copying the template saves a quarter of the processor time of a request, compared with
            # preparing each request. The copy has no cookies, as in the Viostream API guide.
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


def _is_success(status: int) -> bool:
    return 200 <= status < 300  # noqa: PLR2004 - status codes that mean success


def _redact_result(result: T, redact: Callable[[str], str]) -> T:
    """Returns the result without credentials in the texts that are shown to people.

    IDs, media keys and reference IDs are not changed, because they are sent or compared.
    """
    if isinstance(result, Account):
        return cast("T", replace(result, title=redact(result.title)))
    if isinstance(result, IngestStatus):
        return cast("T", IngestStatus(redact(result.status), redact(result.error)))
    if isinstance(result, Media):
        return cast("T", _redact_media(result, redact))
    if isinstance(result, MediaPage):
        items = tuple([_redact_media(media, redact) for media in result.items])
        return cast("T", replace(result, items=items))
    return result


def _redact_media(media: Media, redact: Callable[[str], str]) -> Media:
    return replace(
        media,
        status=redact(media.status),
        title=redact(media.title),
        duration=redact(media.duration),
        thumbnail=redact(media.thumbnail),
        created_date=redact(media.created_date),
    )


class _Attempts:
    """Counts the attempts of each request about a row. The oldest counts are dropped."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: OrderedDict[tuple[str, str, int], int] = OrderedDict()

    def count(self, request: ApiRequest[Any]) -> int | None:
        """Returns the number of attempts of the request, including this attempt.

        None if the request is not about a row.
        """
        if request.row is None:
            return None
        key = request.kind, request.query.get("PageNumber", ""), request.row.row_number
        with self._lock:
            count = self._counts.pop(key, 0) + 1
            self._counts[key] = count
            if len(self._counts) > _MAX_COUNTED_REQUESTS:
                self._counts.popitem(last=False)
        return count
