"""The record of one API request and its outcome, for logs."""

from dataclasses import dataclass
from typing import Any

from batch_import.addresses.masking import mask, without_control_characters
from batch_import.viostream.endpoints import ApiRequest

#: Width of the column with the reference ID or page number, in characters; longer IDs are cut.
_MAX_REFERENCE_ID_WIDTH = 30


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """An API request and its outcome.

    Attributes:
        sent_at: epoch seconds when the request was sent.
        attempt: number of attempts of this request for its row in this run, including this one;
            None if the request is not about a single row.
        status: HTTP status; None if there was no response.
        fault: why the request had no result; empty if it had a result.
        seconds: time from sending the request to the end of the response.
        size: size of the response body in bytes.
        request_id: the platform's ID of the request; empty if the response has none.
    """

    sent_at: float
    request: ApiRequest[Any]
    attempt: int | None
    status: int | None
    fault: str
    seconds: float
    size: int
    request_id: str

    @property
    def page(self) -> int | None:
        """Requested page number of a list; None for other requests."""
        number = self.request.query.get("PageNumber")
        return int(number) if number else None

    @property
    def reference_id(self) -> str:
        """Masked reference ID of the row that the request is about; empty if there is no row."""
        return mask(self.request.row.reference_id) if self.request.row else ""

    def __str__(self) -> str:
        """Returns one line of text for people, with columns of fixed width."""
        subject = self.reference_id or (f"page {self.page}" if self.page else "")
        if len(subject) > _MAX_REFERENCE_ID_WIDTH:
            subject = f"{subject[: _MAX_REFERENCE_ID_WIDTH - 1]}…"
        line = f"line {self.request.row.line}" if self.request.row else ""
        attempt = f" attempt {self.attempt}" if self.attempt and self.attempt > 1 else ""
        fault = f" {self.fault}" if self.fault else ""
        text = (
            f"{self.request.kind:<7} {line:<10} {subject:<{_MAX_REFERENCE_ID_WIDTH}}"
            f" {self.status or '---'} {self.seconds * 1e3:5.0f} ms{attempt}{fault}"
        )
        return without_control_characters(text)
