"""The endpoints of the platform: what each is asked with, and how its answer is read. Pure.

One place turns a call into HTTP and back; the client, the simulation and the benchmarks all go
through it. This file must not know how a request travels, nor when one is made.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote

from batch_import.addresses.urls import requestable
from batch_import.models import Account, IngestStatus, Media, MediaPage, Row
from batch_import.viostream import responses

T = TypeVar("T")

#: The platform hands out at most this many media a page (vendor's own client).
PAGE_SIZE: Final = 100
_NEWEST_FIRST: Final = {
    "SortColumn": "CreatedDate",
    "SortOrder": "desc",
    "PageSize": str(PAGE_SIZE),
}


@dataclass(frozen=True, slots=True)
class ApiRequest(Generic[T]):
    """One HTTP request, and what reads its answer.

    Attributes:
        kind: what it is called in logs.
        path: below the API's base URL, percent-encoded.
        body: sent as JSON.
        read: a parsed yes → result; raises `NoAnswer` where the shape is another.
        row: the one that it is about, for logs.
        tells_reasons: a yes may hold the platform's words on what went wrong.
    """

    kind: str
    method: str
    path: str
    read: Callable[[Any], T]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] | None = None
    row: Row | None = None
    tells_reasons: bool = False

    def answered(self, status: int, headers: Mapping[str, str], text: str, now: float) -> T:
        """Read the answer.

        Args:
            headers: looked up without regard to case by the mapping itself.
            now: epoch seconds.

        Raises:
            CallFailed: it is a no, or cannot be read.
        """
        fault = responses.failure(status, headers, text, now)
        if fault:
            raise fault
        return self.read(responses.read_json(text))


def account() -> ApiRequest[Account]:
    """Ask whose credentials these are (guide, "Getting API Credentials")."""
    return ApiRequest("account", "GET", "/account/info", responses.read_account, tells_reasons=True)


def create(row: Row) -> ApiRequest[str]:
    """Have the platform ingest a row's video (guide, step 1); answered with the ingest id.

    After `NoAnswer` the media may exist.
    """
    body = {
        "sourceUrl": requestable(row.source_url),
        "filename": row.filename,
        "extension": row.extension,
        "referenceId": row.reference_id,
    }
    return ApiRequest("create", "POST", "/media/new", responses.read_ingest_id, body=body, row=row)


def ingest_status(ingest_id: str, row: Row | None = None) -> ApiRequest[IngestStatus]:
    """Ask how far one ingest is (guide, step 2)."""
    path = f"/media/new/status/{quote(ingest_id, safe='')}"
    return ApiRequest("status", "GET", path, responses.read_status, row=row, tells_reasons=True)


def find(reference_id: str, page: int = 1, row: Row | None = None) -> ApiRequest[MediaPage]:
    """List the media under a reference ID (guide, step 3), newest first.

    The page may hold media of other reference IDs: whether the platform's filter is exact, or
    there at all, is not known. Match them yourself.
    """
    query = {"referenceId": reference_id, **_NEWEST_FIRST, "PageNumber": str(page)}
    return ApiRequest("find", "GET", "/media", responses.read_page, query, row=row)


def newest(page: int) -> ApiRequest[MediaPage]:
    """List all media of the account, newest first (parameters: vendor's own client)."""
    query = {**_NEWEST_FIRST, "PageNumber": str(page)}
    return ApiRequest("page", "GET", "/media", responses.read_page, query)


def detail(key: str) -> ApiRequest[tuple[int, int] | None]:
    """Ask for the size of a media's picture (vendor's own client); None without one."""
    return ApiRequest("detail", "GET", f"/media/{quote(key, safe='')}/detail", responses.read_size)


def media(name: str) -> ApiRequest[Media | None]:
    """Ask for one media by its id or key (vendor's own client); `Rejected` where there is none."""
    return ApiRequest(
        "detail", "GET", f"/media/{quote(name, safe='')}/detail", responses.read_media
    )
