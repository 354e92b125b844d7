"""The client reads random answers: it returns a result or raises `RequestFailed`, nothing else."""

from collections.abc import Callable
from typing import Any

import pytest
from budget import EXAMPLES
from hostile_answers import SECRET, RawAnswer, answers
from hypothesis import given, settings
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from batch_import.addresses.masking import without_control_characters
from batch_import.configuration.credentials import Credentials
from batch_import.errors import NoAnswer, NotSent, RequestFailed, Throttled
from batch_import.failure_codes import FailureCode
from batch_import.importer.failures import failure_code
from batch_import.models import JobRow, Status
from batch_import.viostream import endpoints
from batch_import.viostream.client import Client
from batch_import.viostream.endpoints import ApiRequest
from batch_import.viostream.request_record import RequestRecord
from batch_import.web.bounded import BoundedSession, HttpResponse

ROW = JobRow(1, "ref-1", "https://e.com/1.mp4", "One", "mp4", Status.CREATING)
NOW = 1_700_000_000.0
#: Maximum length of an error message; the client shortens longer texts of the platform.
MAX_MESSAGE_LENGTH = 320
#: One request to each endpoint.
REQUESTS: list[ApiRequest[Any]] = [
    endpoints.get_account(),
    endpoints.create_media(ROW),
    endpoints.get_ingest_status("ingest-1"),
    endpoints.find_by_reference("ref-1"),
    endpoints.list_newest(1),
    endpoints.get_picture_size("key"),
    endpoints.get_media("media-1"),
]


class Wire(BoundedSession):
    """A session that returns a given answer, without any connection."""

    answer: RawAnswer

    def exchange(self, *_: object) -> HttpResponse:
        headers = CaseInsensitiveDict(self.answer.headers)
        return HttpResponse(self.answer.status, headers, self.answer.body)


RECORDS: list[RequestRecord] = []
CLIENT = Client("https://h.example", Credentials("VC-fuzz", SECRET), on_request=RECORDS.append)
CLIENT._session = Wire()  # noqa: SLF001 - only the network is replaced


def send(request: ApiRequest[Any], answer: RawAnswer) -> Any:
    """Return the client's result for an answer; its record of the request must hold no secret."""
    CLIENT._session.answer = answer  # type: ignore[attr-defined]  # noqa: SLF001
    RECORDS.clear()
    try:
        return CLIENT.send(request)
    finally:
        (record,) = RECORDS
        assert SECRET not in f"{record} {record.request_id} {record.fault}"
        assert str(record).isprintable()


@settings(max_examples=EXAMPLES)
@given(st.sampled_from(REQUESTS), answers)
def test_an_answer_becomes_a_result_or_a_failed_request(
    request: ApiRequest[Any], answer: RawAnswer
) -> None:
    try:
        result = send(request, answer)
    except RequestFailed as failed:
        assert len(failed.message) <= MAX_MESSAGE_LENGTH  # noqa: PT017
        assert SECRET not in failed.message  # noqa: PT017
        assert failed.message == without_control_characters(failed.message)  # noqa: PT017
        assert failed.retry_after is None or failed.retry_after >= 0  # noqa: PT017
        # Only `Throttled` and `NotSent` prove that a POST was not processed.
        assert isinstance(failed, Throttled) == (answer.status == 429)  # noqa: PT017
        assert not isinstance(failed, NotSent)  # noqa: PT017
        assert failure_code(failed.message, FailureCode.REJECTED)  # noqa: PT017
    else:
        assert 200 <= answer.status < 300
        assert SECRET not in str(getattr(result, "title", ""))
        repr(result).encode()  # fails if the result has half of a surrogate pair


def _endpoint_functions() -> set[str]:
    """Return the names of the functions in `endpoints` that make a request."""
    names: set[str] = set()
    for name, function in vars(endpoints).items():
        hints = getattr(function, "__annotations__", {})
        if isinstance(function, Callable) and "ApiRequest" in str(hints.get("return", "")):
            names.add(name)
    return names


def test_each_endpoint_is_tested() -> None:
    assert len(REQUESTS) == len(_endpoint_functions() - {"ApiRequest"})


@pytest.mark.parametrize("status", [200, 201, 299])
@pytest.mark.parametrize("body", ["", "null", "[]", "{}", "[{}]", '"x"', '{"ingestId": {}}'])
def test_a_success_without_an_ingest_id_is_no_clear_answer(status: int, body: str) -> None:
    with pytest.raises(NoAnswer):
        endpoints.create_media(ROW).read_response(status, {}, body, NOW)
