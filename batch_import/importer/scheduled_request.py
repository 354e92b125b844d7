"""The requests that the schedule can choose, as values, and how they are sent. No I/O.

This module must not know when a request is sent, nor what its answer means.
"""

from dataclasses import dataclass
from typing import Any

from batch_import.errors import RequestFailed
from batch_import.models import JobRow, MediaPage
from batch_import.viostream import endpoints
from batch_import.viostream.endpoints import ApiRequest
from batch_import.viostream.responses import Account, IngestStatus


@dataclass(frozen=True, slots=True)
class CreateMedia:
    """Create the media of a row: `POST /media/new`."""

    row: JobRow


@dataclass(frozen=True, slots=True)
class GetIngestStatus:
    """Get the status of a row's ingest, which is the platform's task that fetches the video."""

    row: JobRow
    ingest_id: str


@dataclass(frozen=True, slots=True)
class FindByReference:
    """Search for the media with a row's reference ID. Attribute `page` is counted from 1."""

    row: JobRow
    page: int = 1


@dataclass(frozen=True, slots=True)
class GetAccount:
    """Get the account, which needs valid credentials and no row.

    Used to find out whether a 403 is about the credentials, and whether the platform is up again.
    """


@dataclass(frozen=True, slots=True)
class ReadPage:
    """Read one page of the account's media list, newest media first; `page` is counted from 1."""

    page: int


@dataclass(frozen=True, slots=True)
class NotSigned:
    """The reference of a row could not be signed; therefore its POST was not sent.

    Attributes:
        reason: what happened, in one sentence.
        is_final: whether no later attempt can succeed.
    """

    reason: str
    is_final: bool = False


ScheduledRequest = CreateMedia | GetIngestStatus | FindByReference | GetAccount | ReadPage
#: The result of a request: the parsed response, or the error if the request failed.
Answer = str | IngestStatus | MediaPage | Account | RequestFailed | NotSigned


@dataclass(frozen=True, slots=True)
class CompletedRequest:
    """A request together with its answer.

    Attributes:
        requested_at: epoch seconds when the request was sent.
        clock_offset: seconds by which the platform's clock is ahead; None if not known.
        url_seconds: how long the signed URL of a POST is valid; None if no URL was signed.
    """

    request: ScheduledRequest
    answer: Answer
    requested_at: float
    clock_offset: float | None = None
    url_seconds: float | None = None


def api_request(request: ScheduledRequest, signed_url: str | None = None) -> ApiRequest[Any]:
    """Returns the HTTP request for a scheduled request.

    Args:
        request: the scheduled request.
        signed_url: sent instead of the row's source URL, if that is a reference.
    """
    match request:
        case CreateMedia(row):
            return endpoints.create_media(row, signed_url)
        case GetIngestStatus(row, ingest_id):
            return endpoints.get_ingest_status(ingest_id, row)
        case FindByReference(row, page):
            return endpoints.find_by_reference(row.reference_id, page, row)
        case ReadPage(page):
            return endpoints.list_newest(page)
        case GetAccount():
            return endpoints.get_account()
