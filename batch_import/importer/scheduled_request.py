"""The requests that the schedule can choose, and the HTTP request for each of them. No I/O.

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
    """Search the account for the media with a row's reference ID.

    Attributes:
        page: number, from 1, of the page of the search result.
    """

    row: JobRow
    page: int = 1


@dataclass(frozen=True, slots=True)
class GetAccount:
    """Get the data of the account. This request belongs to no row.

    It is used to find out whether a 403 is about the credentials, and whether the platform works
    again after an outage.
    """


@dataclass(frozen=True, slots=True)
class ReadPage:
    """Read one page of the account's media list, which has the newest media first.

    Attributes:
        page: page number, from 1.
    """

    page: int


@dataclass(frozen=True, slots=True)
class NotSigned:
    """The POST of a row was not sent, because its reference could not be signed.

    The source of such a row is a reference to a file in cloud storage, such as `s3://bucket/key`.
    To sign it means to obtain a temporary URL for the file.

    Attributes:
        reason: why it could not be signed, in one sentence.
        is_final: whether no later attempt can succeed.
    """

    reason: str
    is_final: bool = False


ScheduledRequest = CreateMedia | GetIngestStatus | FindByReference | GetAccount | ReadPage
#: The result of a scheduled request: the parsed response, or the error if the request failed. A
#: text is the ID of the ingest that a POST has started.
Answer = str | IngestStatus | MediaPage | Account | RequestFailed | NotSigned


@dataclass(frozen=True, slots=True)
class CompletedRequest:
    """A request together with its answer.

    Attributes:
        requested_at: epoch seconds when the request was sent.
        clock_offset: seconds by which the platform's clock is ahead; None if not known.
        url_seconds: for how many seconds the signed URL of a POST is valid; None if no URL was
            signed.
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
        signed_url: temporary URL that is sent instead of the row's source URL, if the source URL
            is a reference to a file in cloud storage; else None.
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
