"""What goes into the stand-in and what comes out: requests, replies, and bodies of errors.

The platform's errors have no documented shape, so each known shape can be asked for. This file
must not know what a call does, nor any clock, thread, socket or file.
"""

import html
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import Enum

from batch_import.sandbox.knobs import Knobs


class ReplyFault(Enum):
    """What becomes of a reply on its way."""

    #: It arrives.
    NONE = "none"
    #: The connection is cut before a byte of it is sent.
    CUT = "cut"
    #: Nothing is sent for `Reply.delay` seconds, then the connection is cut.
    HANG = "hang"
    #: Half of its body is sent, then the connection is cut.
    TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class Request:
    """One call, as the platform sees it.

    Attributes:
        path: from the root, decoded and without the query: `/v3/api/media/new`.
        body: the parsed JSON; None where there is none, or none that can be read.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    username: str = ""
    password: str = ""
    body: object | None = None


@dataclass(slots=True)
class Reply:
    """One answer.

    Attributes:
        status: the HTTP status; 0 where nothing is ever answered.
        payload: what becomes JSON; text is HTML, None an empty body.
        delay: seconds to wait before it is sent (or, for a HANG, before the cut).
    """

    status: int
    payload: object = None
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    fault: ReplyFault = ReplyFault.NONE


class Refusal(Exception):
    """The platform says no to one call.

    Args:
        fields: what is wrong with which field of the request.
        wait: seconds that the caller is asked to wait.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        fields: Mapping[str, str] | None = None,
        wait: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.fields = dict(fields or {})
        self.wait = wait

    def reply(self, knobs: Knobs, now: float) -> Reply:
        """Word it as the knobs say."""
        headers = {} if self.wait is None else _retry_after(knobs, self.wait, now)
        if self.status == 401:  # noqa: PLR2004  (RFC 9110: a 401 names its scheme)
            headers["WWW-Authenticate"] = 'Basic realm="Viostream sandbox"'
        return Reply(self.status, self._payload(knobs), headers)

    def _payload(self, knobs: Knobs) -> object:
        if knobs.error_body == "empty":
            return None
        text = " ".join([self.message, *self.fields.values()])
        if knobs.error_body == "html":
            return _page(self.status, text)
        if knobs.error_body == "problem":
            return {
                "type": f"https://httpstatuses.io/{self.status}",
                "title": self.message,
                "status": self.status,
                "errors": {name: [text] for name, text in self.fields.items()},
            }
        return {"message": text}


def iso_date(time: float) -> str:
    """Write epoch seconds as the guide does: `2025-08-08T10:30:00Z`."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _retry_after(knobs: Knobs, wait: float, now: float) -> dict[str, str]:
    # Both forms count whole seconds: rounded up, so that who obeys never comes too early.
    if knobs.retry_after == "seconds":
        return {"Retry-After": str(max(1, math.ceil(wait)))}
    if knobs.retry_after == "date":
        time = datetime.fromtimestamp(math.ceil(now + wait), UTC)
        return {"Retry-After": format_datetime(time, usegmt=True)}
    return {}


def _page(status: int, text: str) -> str:
    text = html.escape(text)
    return (
        f"<!DOCTYPE html><html><head><title>{status}</title></head>"
        f"<body><h1>{status}</h1><p>{text}</p></body></html>"
    )
