"""Read what the platform answers: status line, headers and body in, results or faults out. Pure.

The platform's documentation leaves shapes open, so each reader takes every shape that the guide
or the vendor's own client shows, and treats anything else as no answer. This file must not know
how an answer travelled.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any, Final

from batch_import.addresses.masking import mask
from batch_import.errors import CallFailed, Forbidden, NoAnswer, Rejected, Throttled
from batch_import.models import Account, IngestStatus, Media, MediaPage

#: Messages of the platform are shown to people; pages of HTML are not.
_LONGEST_MESSAGE: Final = 300
_TOO_MANY: Final = 429
_REQUEST_TIMEOUT: Final = 408
#: Characters of an error body that are read: far more than any message.
_LONGEST_PAGE: Final = 65_536
# Neither crosses a `<`, so that a page of nothing else is read in linear time.
_TITLE: Final = re.compile(r"<title[^<>]*>([^<]*)", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]*>")
#: Pixels; beyond any picture.
_WIDEST: Final = 100_000


def failure(status: int, headers: Mapping[str, str], body: str, now: float) -> CallFailed | None:
    """What kind of no an HTTP answer is; None where it is a yes (2xx).

    Args:
        headers: looked up without regard to case by the mapping itself.
        now: epoch seconds, to read a `Retry-After` that is a date.
    """
    if 200 <= status < 300:  # noqa: PLR2004 - the class of status codes that mean yes
        return None
    message = platform_message(body) or f"HTTP {status} without a reason"
    wait = retry_after(headers.get("Retry-After"), now)
    if status == _TOO_MANY:
        return Throttled(message, status=status, retry_after=wait)
    if status >= 500 or status == _REQUEST_TIMEOUT:  # noqa: PLR2004 - server errors
        return NoAnswer(f"{message} (HTTP {status})", status=status, retry_after=wait)
    if status in (401, 403):
        return Forbidden(message, status=status)
    if status < 400:  # noqa: PLR2004 - redirects: following one would turn a POST into a GET
        return Rejected("the API address redirects elsewhere", status=status)
    return Rejected(message, status=status)


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds that a `Retry-After` header asks for; it holds seconds or an HTTP date."""
    if not value:
        return None
    try:
        return (
            max(0.0, float(value))
            if re.fullmatch(r"\s*\d+(\.\d+)?\s*", value)
            else _until(value, now)
        )
    except (ValueError, TypeError, OverflowError):
        return None


def _until(date: str, now: float) -> float:
    when = parsedate_to_datetime(date)
    return max(0.0, (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now)


def platform_message(body: str) -> str:
    """The reason inside an error body, on one line, safe to show; empty where there is none.

    Takes `{"message"}`, ASP.NET problem details with field errors, the title of an HTML page,
    or plain text.
    """
    try:
        text = _message_of(json.loads(body))
    except (ValueError, RecursionError):
        text = _message_of_page(body[:_LONGEST_PAGE])
    # Before it is masked: a longer text costs seconds, and nobody sees it.
    text = text[:_LONGEST_PAGE]
    line = " ".join("".join(c if c.isprintable() else " " for c in mask(text)).split())
    return line if len(line) <= _LONGEST_MESSAGE else line[: _LONGEST_MESSAGE - 1] + "…"


def _message_of(payload: Any) -> str:
    if isinstance(payload, str):
        return payload
    if not isinstance(payload, dict):
        return ""
    head = next(
        (str(payload[k]) for k in ("message", "error", "detail", "title") if payload.get(k)), ""
    )
    fields = payload.get("errors")
    if not isinstance(fields, dict):
        return head
    listed = [
        f"{name}: {', '.join(map(str, said)) if isinstance(said, list) else said}"
        for name, said in fields.items()
    ]
    return f"{head} {'; '.join(listed)}".strip()


def _message_of_page(body: str) -> str:
    title = _TITLE.search(body)
    return unescape(title[1] if title else _TAG.sub(" ", body))


def read_json(body: str) -> Any:
    """Parse a body that must be JSON.

    Raises:
        NoAnswer: it is not; the call may have been carried out all the same.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise NoAnswer("the answer is not JSON, or was cut off") from None


def read_account(payload: Any) -> Account:
    """`GET /account/info` → account (`id`, `title`: seen in the vendor's client).

    Raises:
        NoAnswer: the answer has another shape.
    """
    if not isinstance(payload, dict):
        raise _shapeless("account")
    return Account(id=_text(payload.get("id")), title=_text(payload.get("title")))


def read_ingest_id(payload: Any) -> str:
    """`POST /media/new` → ingest id (guide, step 1).

    Raises:
        NoAnswer: the answer has another shape.
    """
    return _required(payload, "ingestId", "ingest id")


def read_status(payload: Any) -> IngestStatus:
    """`GET /media/new/status/{ingestId}` → status (guide, step 2).

    Raises:
        NoAnswer: the answer has another shape.
    """
    status = _required(payload, "status", "ingest status")
    said = payload.get("error")
    return IngestStatus(status.lower(), platform_message(json.dumps(said)) if said else "")


def read_page(payload: Any) -> MediaPage:
    """`GET /media` → media (guide, step 3).

    The guide indexes `listResult.items` as a list and as `{"items": […]}`; either is read.

    Raises:
        NoAnswer: the answer has another shape.
    """
    listing = payload.get("listResult", payload) if isinstance(payload, dict) else None
    items = listing.get("items") if isinstance(listing, dict) else None
    if isinstance(items, dict):
        items = items.get("items")
    if not isinstance(listing, dict) or not isinstance(items, list):
        raise _shapeless("list of media")
    total = listing.get("totalItems")
    return MediaPage(
        items=tuple(_media(item) for item in items if isinstance(item, dict)),
        total=total if isinstance(total, int) else None,
    )


def read_media(payload: Any) -> Media | None:
    """`GET /media/{id or key}/detail` → the media (vendor's own client); None without one."""
    return _media(payload) if isinstance(payload, dict) else None


def read_size(payload: Any) -> tuple[int, int] | None:
    """`GET /media/{key}/detail` → width and height of the picture in pixels (vendor's own client).

    That of the download; where it has none, of the widest progressive stream.
    """
    if not isinstance(payload, dict):
        return None
    streams = payload.get("progressive")
    shapes = [_size(stream) for stream in (streams if isinstance(streams, list) else [])]
    return _size(payload.get("download")) or max(filter(None, shapes), default=None)


def _size(of: Any) -> tuple[int, int] | None:
    if not isinstance(of, dict):
        return None
    try:
        width, height = int(of.get("width") or 0), int(of.get("height") or 0)
    except (TypeError, ValueError, OverflowError):
        return None
    return (width, height) if 0 < width <= _WIDEST and 0 < height <= _WIDEST else None


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
    """A scalar of the platform's as text; containers and null are none."""
    if value is None or isinstance(value, dict | list):
        return ""
    # JSON can write half of a surrogate pair; no file and no database can.
    return str(value).encode("utf-8", "replace").decode()


def _required(payload: Any, key: str, what: str) -> str:
    """A text that the answer must have."""
    text = _text(payload.get(key)) if isinstance(payload, dict) else ""
    if not text:
        raise _shapeless(what)
    return text


def _shapeless(what: str) -> NoAnswer:
    return NoAnswer(f"the answer holds no {what}")
