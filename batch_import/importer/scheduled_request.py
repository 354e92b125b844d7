"""The calls that the schedule may ask for, and the request that each of them is. Pure.

This file must not know when a call is made, nor what its answer means.
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
    """POST a row's video."""

    row: JobRow


@dataclass(frozen=True, slots=True)
class GetIngestStatus:
    """Ask how far a row's ingest is."""

    row: JobRow
    ingest_id: str


@dataclass(frozen=True, slots=True)
class FindByReference:
    """Look for the media of a row under its reference ID; `page` counts from 1."""

    row: JobRow
    page: int = 1


@dataclass(frozen=True, slots=True)
class GetAccount:
    """Ask whether the credentials still hold, after a 403 that may mean just one call."""


@dataclass(frozen=True, slots=True)
class ReadPage:
    """Read one page of the account's media, the newest first; `page` counts from 1."""

    page: int


ScheduledRequest = CreateMedia | GetIngestStatus | FindByReference | GetAccount | ReadPage
#: A failed call is a value here.
Answer = str | IngestStatus | MediaPage | Account | RequestFailed


@dataclass(frozen=True, slots=True)
class CompletedRequest:
    """A call's answer has come.

    Attributes:
        left_at: when the call left, in epoch seconds.
        clock_offset: seconds that the platform's clock is ahead; None where that is not known.
    """

    request: ScheduledRequest
    answer: Answer
    requested_at: float
    clock_offset: float | None = None


def api_request(request: ScheduledRequest) -> ApiRequest[Any]:
    """The request that a call is."""
    match request:
        case CreateMedia(row):
            return endpoints.create_media(row)
        case GetIngestStatus(row, ingest_id):
            return endpoints.get_ingest_status(ingest_id, row)
        case FindByReference(row, page):
            return endpoints.find_by_reference(row.reference_id, page, row)
        case ReadPage(page):
            return endpoints.list_newest(page)
        case GetAccount():
            return endpoints.get_account()
