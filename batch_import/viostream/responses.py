"""Reads responses of the platform: converts status, headers and body to results or exceptions.

The documentation of the platform does not define the JSON of all responses. Each function `read_…`
accepts every shape of JSON that the Viostream API guide or the vendor's own client uses. Any other
shape raises `NoAnswer`.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final

from batch_import.addresses.decoding import unescape_html
from batch_import.addresses.masking import mask
from batch_import.errors import (
    AuthenticationFailed,
    NoAnswer,
    RequestFailed,
    RequestRejected,
    Throttled,
)
from batch_import.models import Media, MediaPage

#: Maximum length of a message that is shown to people on one line, in characters.
_MAX_MESSAGE_LENGTH: Final = 300
# HTTP statuses.
_TOO_MANY_REQUESTS: Final = 429
_REQUEST_TIMEOUT: Final = 408
#: Maximum number of characters of an error body that are read; messages are much shorter.
_MAX_ERROR_BODY_LENGTH: Final = 65_536
#: Number of characters that are removed at the end of a text that was cut at the maximum, because
#: the beginning of a secret is not recognized. A key of 100 characters has at most 4,000 characters
#: if it is percent-encoded, HTML-escaped and JSON-escaped one after the other.
_MAX_PARTIAL_SECRET_LENGTH: Final = 4_000
# Neither pattern crosses a `<`, so that a page full of `<` is searched in linear time.
_TITLE: Final = re.compile(r"<title[^<>]*>([^<]*)", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]*>")
#: Maximum width and height of a picture in pixels; larger values are mistakes of the platform.
_MAX_PIXELS: Final = 100_000
#: Maximum number of media in a list; a larger number is a mistake of the platform. It is ignored,
#: because numbers of pages and seconds are calculated from it with floats, which overflow.
_MAX_TOTAL: Final = 1_000_000_000
#: Maximum number of seconds of a `Retry-After`: one year. A longer time is a mistake of the
#: platform, and a number of some hundred digits would be infinite as a float.
_MAX_RETRY_AFTER: Final = 365 * 86_400.0


@dataclass(frozen=True, slots=True)
class Account:
    """The account that the credentials belong to (`GET /account/info`).

    Texts are empty if the platform does not give them.
    """

    id: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class IngestStatus:
    """The progress of an ingest (Viostream API guide, step 2).

    Attributes:
        status: the platform's status in lower case: `online`, `processing`, `failed`, or another.
        error: the platform's reason for a failed ingest; empty otherwise.
    """

    status: str
    error: str = ""


def failure_of(
    status: int,
    headers: Mapping[str, str],
    body: str,
    now: float,
    redact: Callable[[str], str] = str,
) -> RequestFailed | None:
    """Returns the exception for an HTTP response; None if the response is a success (2xx).

    Args:
        status: HTTP status.
        headers: headers of the response; a mapping that ignores case.
        body: body of the response, for the message.
        now: epoch seconds, for a `Retry-After` that is a date.
        redact: replaces the credentials in a text.
    """
    if 200 <= status < 300:  # noqa: PLR2004 - status codes that mean success
        return None
    message = platform_message(body, redact) or f"HTTP {status} without a reason"
    wait_seconds = parse_retry_after(headers.get("Retry-After"), now)
    if status == _TOO_MANY_REQUESTS:
        return Throttled(message, status=status, retry_after=wait_seconds)
    # After an interim response (1xx) without a final response, nothing is known, as after a 5xx.
    if status >= 500 or status < 200 or status == _REQUEST_TIMEOUT:  # noqa: PLR2004
        return NoAnswer(f"{message} (HTTP {status})", status=status, retry_after=wait_seconds)
    if status in (401, 403):
        return AuthenticationFailed(message, status=status)
    # Redirects are not followed, because a redirected POST would become a GET.
    if status < 400:  # noqa: PLR2004
        return RequestRejected("the URL of the API redirects elsewhere", status=status)
    return RequestRejected(message, status=status)


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Returns the seconds to wait from a `Retry-After` header, which has seconds or an HTTP date.

    None if there is no such header, or if the value is not valid. The result is at most
    `_MAX_RETRY_AFTER`.
    """
    if not value:
        return None
    try:
        if re.fullmatch(r"\s*\d+(\.\d+)?\s*", value):
            return min(_MAX_RETRY_AFTER, float(value))
        return min(_MAX_RETRY_AFTER, _seconds_until(value, now))
    except (ValueError, TypeError, OverflowError):
        return None


def _seconds_until(http_date: str, now: float) -> float:
    """Returns the seconds from now until a date; 0 if the date has passed."""
    date = parsedate_to_datetime(http_date)
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, date.timestamp() - now)


def platform_message(body: str, redact: Callable[[str], str] = str) -> str:
    """Returns the message in the body of an error; empty if the body contains no message.

    The body may be an object with the key `message`, ASP.NET problem details with errors of fields,
    an HTML page, or plain text. The message is on one line, and its secrets are masked.

    Args:
        body: the body.
        redact: replaces the credentials in a text.
    """
    try:
        text = _json_message(json.loads(body))
    except (ValueError, RecursionError):
        # Redacted here, too, because a part of a key may look like an HTML tag, which is removed.
        text = _html_message(_beginning(body, redact))
    text = _beginning(text, lambda beginning: mask(redact(beginning)))
    printable_text = "".join(c if c.isprintable() else " " for c in text)
    message = " ".join(printable_text.split())
    if len(message) <= _MAX_MESSAGE_LENGTH:
        return message
    return message[: _MAX_MESSAGE_LENGTH - 1] + "…"


def _beginning(text: str, without_secrets: Callable[[str], str]) -> str:
    """Returns the beginning of a text without secrets. A longer text could take seconds."""
    beginning = without_secrets(text[:_MAX_ERROR_BODY_LENGTH])
    if len(text) <= _MAX_ERROR_BODY_LENGTH:
        return beginning
    return beginning[:-_MAX_PARTIAL_SECRET_LENGTH]


def _json_message(payload: Any) -> str:
    if isinstance(payload, str):
        return payload
    if not isinstance(payload, dict):
        return ""
    keys = ("message", "error", "detail", "title")
    message = next((str(payload[key]) for key in keys if payload.get(key)), "")
    field_errors = payload.get("errors")
    if not isinstance(field_errors, dict):
        return message
    field_messages = [
        f"{name}: {', '.join(map(str, error)) if isinstance(error, list) else error}"
        for name, error in field_errors.items()
    ]
    return f"{message} {'; '.join(field_messages)}".strip()


def _html_message(body: str) -> str:
    title = _TITLE.search(body)
    return unescape_html(title[1] if title else _TAG.sub(" ", body))


def read_json(body: str) -> Any:
    """Parse a body that must be JSON.

    Raises:
        NoAnswer: the body is not JSON; the request may have been carried out.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise NoAnswer("the answer is not JSON, or was cut off") from None


def read_account(payload: Any) -> Account:
    """Read `GET /account/info` (keys `id` and `title`: vendor's own client).

    Raises:
        NoAnswer: the response has another shape.
    """
    if not isinstance(payload, dict):
        raise _unexpected_shape("account")
    return Account(id=_text(payload.get("id")), title=_text(payload.get("title")))


def read_ingest_id(payload: Any) -> str:
    """Read the ingest ID of `POST /media/new` (Viostream API guide, step 1).

    Raises:
        NoAnswer: the response has another shape.
    """
    return _required(payload, "ingestId", "ingest id")


def read_status(payload: Any) -> IngestStatus:
    """Read `GET /media/new/status/{ingestId}` (Viostream API guide, step 2).

    Raises:
        NoAnswer: the response has another shape.
    """
    status = _required(payload, "status", "ingest status")
    error = payload.get("error")
    return IngestStatus(status.lower(), platform_message(json.dumps(error)) if error else "")


def read_page(payload: Any) -> MediaPage:
    """Read a page of `GET /media` (Viostream API guide, step 3).

    The guide uses `listResult.items` both as a list and as `{"items": […]}`; both are accepted. An
    impossible total is ignored.

    Raises:
        NoAnswer: the response has another shape.
    """
    listing = payload.get("listResult", payload) if isinstance(payload, dict) else None
    items = listing.get("items") if isinstance(listing, dict) else None
    if isinstance(items, dict):
        items = items.get("items")
    if not isinstance(listing, dict) or not isinstance(items, list):
        raise _unexpected_shape("list of media")
    media = tuple(_media(item) for item in items if isinstance(item, dict))
    return MediaPage(media, _total(listing.get("totalItems"), len(media)))


def _total(value: object, shown_count: int) -> int | None:
    """Returns the total of a list; None if it is missing or impossible.

    A list has at least the media that its page shows. A platform that does not count may report 0
    or -1.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if shown_count <= value <= _MAX_TOTAL else None


def read_media(payload: Any) -> Media | None:
    """Read `GET /media/{id or key}/detail` (vendor's own client).

    None if the response is not an object.
    """
    return _media(payload) if isinstance(payload, dict) else None


def read_size(payload: Any) -> tuple[int, int] | None:
    """Read the picture size of `GET /media/{key}/detail` (vendor's own client).

    Returns:
        Width and height in pixels of the download or, if it has none, of the widest progressive
        stream; None if the response has no size.
    """
    if not isinstance(payload, dict):
        return None
    download_size = _size(payload.get("download"))
    if download_size:
        return download_size
    streams = payload.get("progressive")
    stream_sizes = [_size(stream) for stream in streams] if isinstance(streams, list) else []
    return max((size for size in stream_sizes if size), default=None)


def _size(item: Any) -> tuple[int, int] | None:
    """Returns width and height of a download or stream; None if they are missing or not valid."""
    if not isinstance(item, dict):
        return None
    try:
        width, height = int(item.get("width") or 0), int(item.get("height") or 0)
    except (TypeError, ValueError, OverflowError):
        return None
    return (width, height) if 0 < width <= _MAX_PIXELS and 0 < height <= _MAX_PIXELS else None


def _media(item: dict[str, Any]) -> Media:
    return Media(
        id=_text(item.get("id")),
        key=_text(item.get("key")),
        reference_id=_text(item.get("referenceId")),
        status=_text(item.get("status")).lower(),
        title=_text(item.get("title")),
        duration=_text(item.get("duration")),
        thumbnail=_text(item.get("thumbnail")),
        created_date=_text(item.get("createdDate")),
    )


def _text(value: Any) -> str:
    """Returns a JSON value as text; empty for null, objects and lists."""
    if value is None or isinstance(value, dict | list):
        return ""
    # A JSON text can contain half of a surrogate pair, which cannot be stored as UTF-8.
    return str(value).encode("utf-8", "replace").decode()


def _required(payload: Any, key: str, expected: str) -> str:
    """Returns a text that the response must have.

    Raises:
        NoAnswer: the response has no such text; `expected` names it in the message.
    """
    text = _text(payload.get(key)) if isinstance(payload, dict) else ""
    if not text:
        raise _unexpected_shape(expected)
    return text


def _unexpected_shape(expected: str) -> NoAnswer:
    return NoAnswer(f"the answer contains no {expected}")
