"""One call as it went, for logs. Pure.

This file must not know where it is logged.
"""

from dataclasses import dataclass
from typing import Any

from batch_import.addresses.masking import mask, printable
from batch_import.viostream.endpoints import ApiRequest

#: A reference ID takes no more of a line than this.
_WIDEST = 30


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What was asked, and what came of it.

    Attributes:
        left_at: epoch seconds.
        attempt: how often this call was made for its row by now, in this run; None where it is
            for no single row.
        status: HTTP status; None where no answer came.
        fault: why it brought no result; empty where it did.
        seconds: until the whole answer had come.
        size: of the answer's body in bytes.
        request_id: the platform's name of the request, where it has one.
    """

    left_at: float
    request: ApiRequest[Any]
    attempt: int | None
    status: int | None
    fault: str
    seconds: float
    size: int
    request_id: str

    @property
    def page(self) -> int | None:
        """Which page of a list was asked for."""
        number = self.request.query.get("PageNumber")
        return int(number) if number else None

    @property
    def reference_id(self) -> str:
        """Of the row that it is about, without what is secret; empty where it is about none."""
        return mask(self.request.row.reference_id) if self.request.row else ""

    def __str__(self) -> str:
        """As a person reads it while it runs."""
        about = self.reference_id or (f"page {self.page}" if self.page else "")
        if len(about) > _WIDEST:
            about = f"{about[: _WIDEST - 1]}…"
        line = f"line {self.request.row.line}" if self.request.row else ""
        again = f" attempt {self.attempt}" if self.attempt and self.attempt > 1 else ""
        fault = f" {self.fault}" if self.fault else ""
        text = (
            f"{self.request.kind:<7} {line:<10} {about:<{_WIDEST}} {self.status or '---'}"
            f" {self.seconds * 1e3:5.0f} ms{again}{fault}"
        )
        return printable(text)
