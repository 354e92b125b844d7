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
class Create:
    """POST a row's video."""

    row: JobRow


@dataclass(frozen=True, slots=True)
class AskStatus:
    """Ask how far a row's ingest is."""

    row: JobRow
    ingest_id: str


@dataclass(frozen=True, slots=True)
class Find:
    """Look for the media of a row under its reference ID; `page` counts from 1."""

    row: JobRow
    page: int = 1


@dataclass(frozen=True, slots=True)
class AskAccount:
    """Ask whether the credentials still hold, after a 403 that may mean just one call."""


@dataclass(frozen=True, slots=True)
class ReadPage:
    """Read one page of the account's media, the newest first; `page` counts from 1."""

    page: int


Call = Create | AskStatus | Find | AskAccount | ReadPage
#: A failed call is a value here.
Answer = str | IngestStatus | MediaPage | Account | RequestFailed


@dataclass(frozen=True, slots=True)
class Arrival:
    """A call's answer has come.

    Attributes:
        left_at: when the call left, in epoch seconds.
        clock_offset: seconds that the platform's clock is ahead; None where that is not known.
    """

    call: Call
    answer: Answer
    left_at: float
    clock_offset: float | None = None


def request_of(call: Call) -> ApiRequest[Any]:
    """The request that a call is."""
    match call:
        case Create(row):
            return endpoints.create_media(row)
        case AskStatus(row, ingest_id):
            return endpoints.get_ingest_status(ingest_id, row)
        case Find(row, page):
            return endpoints.find_by_reference(row.reference_id, page, row)
        case ReadPage(page):
            return endpoints.list_newest(page)
        case AskAccount():
            return endpoints.get_account()
