"""The endpoints of the Viostream API: for each operation, the request and the reading of responses.

No I/O. Each function returns a request, which the caller sends with `Client.send`. Simulated
imports (`rehearsal/`, tests) pass the same requests to the sandbox.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote

from batch_import.addresses.urls import request_url
from batch_import.errors import NoAnswer
from batch_import.models import JobRow, Media, MediaPage
from batch_import.viostream import responses
from batch_import.viostream.responses import Account, IngestStatus

T = TypeVar("T")

#: Maximum number of media per page of a list (vendor's own client).
PAGE_SIZE: Final = 100
#: Query parameters that list the newest media first (vendor's own client).
_NEWEST_FIRST: Final = {
    "SortColumn": "CreatedDate",
    "SortOrder": "desc",
    "PageSize": str(PAGE_SIZE),
}


@dataclass(frozen=True, slots=True)
class ApiRequest(Generic[T]):
    """One HTTP request to the API, and the function that reads its response.

    Attributes:
        kind: name of the operation in logs, such as `create` or `page`.
        method: HTTP method.
        path: path below the base URL of the API, percent-encoded.
        read: returns the result for the parsed JSON of a successful response; raises `NoAnswer` if
            the JSON has an unexpected shape.
        query: query parameters.
        body: object that is sent as JSON; None for no body.
        row: the row that the request is about, for logs; None if there is no such row.
        may_have_error_text: whether a successful response (2xx) may contain an error message, which
            is shown to people.
    """

    kind: str
    method: str
    path: str
    read: Callable[[Any], T]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] | None = None
    row: JobRow | None = None
    may_have_error_text: bool = False

    def read_response(
        self,
        status: int,
        headers: Mapping[str, str],
        text: str,
        now: float,
        redact: Callable[[str], str] = str,
    ) -> T:
        """Returns the result that a response contains.

        Args:
            status: HTTP status of the response.
            headers: headers of the response; a mapping that ignores case.
            text: body of the response.
            now: epoch seconds, for `Retry-After`.
            redact: replaces the credentials in a text.

        Raises:
            RequestFailed: the response is an error, or cannot be read.
        """
        fault = responses.failure_of(status, headers, text, now, redact)
        if fault:
            raise fault
        try:
            return self.read(responses.read_json(text))
        except NoAnswer as unreadable:
            unreadable.status = status  # the platform has carried out the request
            raise


def get_account() -> ApiRequest[Account]:
    """Get the account of the credentials (Viostream API guide, "Getting API Credentials")."""
    return ApiRequest(
        "account", "GET", "/account/info", responses.read_account, may_have_error_text=True
    )


def create_media(row: JobRow, signed_url: str | None = None) -> ApiRequest[str]:
    """Start the ingest of a row's video (Viostream API guide, step 1). The result is the ingest ID.

    An ingest is the platform's task that downloads and processes a video. If sending this request
    raises `NoAnswer`, the media may exist nevertheless.

    Args:
        row: the row.
        signed_url: temporary URL of the video, if the row's source URL is a reference.
    """
    body = {
        "sourceUrl": request_url(signed_url or row.source_url),
        "filename": row.filename,
        "extension": row.extension,
        "referenceId": row.reference_id,
    }
    return ApiRequest("create", "POST", "/media/new", responses.read_ingest_id, body=body, row=row)


def get_ingest_status(ingest_id: str, row: JobRow | None = None) -> ApiRequest[IngestStatus]:
    """Get the progress of an ingest (Viostream API guide, step 2)."""
    path = f"/media/new/status/{quote(ingest_id, safe='')}"
    return ApiRequest(
        "status", "GET", path, responses.read_status, row=row, may_have_error_text=True
    )


def find_by_reference(
    reference_id: str, page: int = 1, row: JobRow | None = None
) -> ApiRequest[MediaPage]:
    """List the media that have a reference ID, newest first (Viostream API guide, step 3).

    The page may contain media with other reference IDs, because it is not documented whether the
    platform's filter is exact, or works at all. The caller must compare them.
    """
    query = {"referenceId": reference_id, **_NEWEST_FIRST, "PageNumber": str(page)}
    return ApiRequest("find", "GET", "/media", responses.read_page, query, row=row)


def list_newest(page: int) -> ApiRequest[MediaPage]:
    """List all media of the account, newest first (parameters: vendor's own client)."""
    query = {**_NEWEST_FIRST, "PageNumber": str(page)}
    return ApiRequest("page", "GET", "/media", responses.read_page, query)


def get_picture_size(key: str) -> ApiRequest[tuple[int, int] | None]:
    """Get width and height of a media's picture in pixels; None if the platform has no size.

    Source: vendor's own client.
    """
    return ApiRequest("detail", "GET", f"/media/{quote(key, safe='')}/detail", responses.read_size)


def get_media(id_or_key: str) -> ApiRequest[Media | None]:
    """Get one media by its ID or media key (vendor's own client).

    If there is no such media, sending this request raises `RequestRejected`.
    """
    return ApiRequest(
        "detail", "GET", f"/media/{quote(id_or_key, safe='')}/detail", responses.read_media
    )
