"""Requests to the simulated API, its replies, and the bodies of errors.

The platform's error bodies are not documented, so the sandbox can produce each known form.
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
    """A fault of the connection that keeps the client from getting a complete reply."""

    #: No fault: the reply arrives.
    NONE = "none"
    #: The connection is closed before any byte is sent.
    CUT = "cut"
    #: Nothing is sent for `SimulatedReply.delay` seconds, then the connection is closed.
    HANG = "hang"
    #: Half of the body is sent, then the connection is closed.
    TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class SimulatedRequest:
    """A request to the simulated API.

    Attributes:
        path: path from the root of the server, decoded, without the query: `/v3/api/media/new`.
        username, password: HTTP Basic credentials; empty if there are none.
        body: the body as a JSON value; None if there is no body, or if it is not JSON.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    username: str = ""
    password: str = ""
    body: object | None = None


@dataclass(slots=True)
class SimulatedReply:
    """A reply of the simulated API.

    Attributes:
        status: HTTP status; 0 if no reply is ever sent.
        payload: JSON value of the body; a text is sent as HTML; None for an empty body.
        delay: seconds until the reply is sent; if `fault` is HANG, until the connection is closed.
        fault: fault of the connection.
    """

    status: int
    payload: object = None
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    fault: ReplyFault = ReplyFault.NONE


class Refusal(Exception):
    """The simulated API refuses a request.

    Args:
        status: HTTP status.
        message: the message of the error body.
        fields: a message for each wrong field of the request, by the name of the field.
        wait: seconds for the `Retry-After` header; None for no header.
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

    def reply(self, knobs: Knobs, now: float) -> SimulatedReply:
        """Returns the reply for this refusal, in the form that the knobs set."""
        headers = {} if self.wait is None else _retry_after(knobs, self.wait, now)
        if self.status == 401:  # noqa: PLR2004  (RFC 9110: a 401 names its scheme)
            headers["WWW-Authenticate"] = 'Basic realm="Viostream sandbox"'
        return SimulatedReply(self.status, self._payload(knobs), headers)

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
    """Returns a time in epoch seconds as in the Viostream API guide: `2025-08-08T10:30:00Z`."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _retry_after(knobs: Knobs, wait_seconds: float, now: float) -> dict[str, str]:
    # Rounded up, because both forms have whole seconds, and the client must not retry too early.
    if knobs.retry_after == "seconds":
        return {"Retry-After": str(max(1, math.ceil(wait_seconds)))}
    if knobs.retry_after == "date":
        time = datetime.fromtimestamp(math.ceil(now + wait_seconds), UTC)
        return {"Retry-After": format_datetime(time, usegmt=True)}
    return {}


def _page(status: int, text: str) -> str:
    text = html.escape(text)
    return (
        f"<!DOCTYPE html><html><head><title>{status}</title></head>"
        f"<body><h1>{status}</h1><p>{text}</p></body></html>"
    )
