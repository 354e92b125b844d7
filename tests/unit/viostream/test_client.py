"""What the client sends, and how it reads each kind of answer. No socket: requests-mock."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
import requests_mock

from batch_import.configuration.credentials import Credentials
from batch_import.errors import (
    AuthenticationFailed,
    NoAnswer,
    NotSent,
    RequestFailed,
    RequestRejected,
    Throttled,
    TimedOut,
)
from batch_import.models import JobRow, Status
from batch_import.viostream import endpoints
from batch_import.viostream.client import Client

BASE = "https://api.example.test/v3/api"
ROW = JobRow(1, "mv-q1", "https://example.com/v.mp4", "Märchen – Q1", "mp4", Status.CREATING)


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(BASE, Credentials("VC-1", "secret")) as client:
        yield client


@pytest.fixture
def platform() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mocker:
        yield mocker


def test_create_media_sends_the_body_of_the_api_guide(
    client: Client, platform: requests_mock.Mocker
) -> None:
    platform.post(f"{BASE}/media/new", json={"ingestId": "i-1"})

    assert client.send(endpoints.create_media(ROW)) == "i-1"

    sent = platform.last_request
    assert sent is not None
    assert sent.json() == {
        "sourceUrl": "https://example.com/v.mp4",
        "filename": "Märchen – Q1",
        "extension": "mp4",
        "referenceId": "mv-q1",
    }
    assert sent.headers["Authorization"] == "Basic VkMtMTpzZWNyZXQ="
    assert sent.headers["Content-Type"] == "application/json"


def test_an_ingest_status_is_read_in_any_case(
    client: Client, platform: requests_mock.Mocker
) -> None:
    platform.get(f"{BASE}/media/new/status/i%2F1", json={"status": "ONLINE"})
    assert client.send(endpoints.get_ingest_status("i/1")).status == "online"


@pytest.mark.parametrize("nested", [False, True])
def test_a_media_list_is_read_in_either_shape(
    client: Client, platform: requests_mock.Mocker, *, nested: bool
) -> None:
    items = [{"id": "m", "key": "k", "referenceId": "a b&c", "status": "Online", "duration": 65}]
    listed = {"items": items} if nested else items
    platform.get(f"{BASE}/media", json={"listResult": {"items": listed, "totalItems": 1}})

    page = client.send(endpoints.find_by_reference("a b&c"))

    assert [(m.key, m.status, m.duration) for m in page.items] == [("k", "online", "65")]
    assert page.total == 1
    assert platform.last_request is not None
    assert platform.last_request.qs["referenceid"] == ["a b&c"]


def test_a_request_contains_nothing_of_an_earlier_one(
    client: Client, platform: requests_mock.Mocker
) -> None:
    platform.post(f"{BASE}/media/new", json={"ingestId": "i-1"}, cookies={"sticky": "1"})
    platform.get(f"{BASE}/media", json={"listResult": {"items": []}})

    client.send(endpoints.create_media(ROW))
    client.send(endpoints.list_newest(2))

    sent = platform.last_request
    assert sent is not None
    assert sent.body is None
    assert not {"Cookie", "Content-Type", "Content-Length"} & set(sent.headers)


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://bücher.example/v3", "https://xn--bcher-kva.example/v3/account/info"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/account/info"),
    ],
)
def test_any_base_url_is_requested(platform: requests_mock.Mocker, base: str, url: str) -> None:
    platform.get(url, json={"id": "acc"})
    with Client(base, Credentials("VC-1", "secret")) as client:
        assert client.send(endpoints.get_account()).id == "acc"


def test_a_base_url_without_a_host_raises_request_failed(platform: requests_mock.Mocker) -> None:
    nowhere = Client("https://*.example", Credentials("VC-1", "secret"))
    with nowhere as client, pytest.raises(RequestFailed):
        client.send(endpoints.get_account())
    assert not platform.called


@pytest.mark.parametrize(
    ("status", "error_class"),
    [
        (400, RequestRejected),
        (401, AuthenticationFailed),
        (403, AuthenticationFailed),
        (404, RequestRejected),
        (408, NoAnswer),
        (409, RequestRejected),
        (422, RequestRejected),
        (429, Throttled),
        (500, NoAnswer),
        (502, NoAnswer),
        (503, NoAnswer),
        (302, RequestRejected),
        (101, NoAnswer),
        (199, NoAnswer),
    ],
)
def test_a_failed_request_raises_the_exception_of_its_status(
    client: Client, platform: requests_mock.Mocker, status: int, error_class: type[RequestFailed]
) -> None:
    platform.post(f"{BASE}/media/new", status_code=status, text="")
    with pytest.raises(RequestFailed) as caught:
        client.send(endpoints.create_media(ROW))
    assert type(caught.value) is error_class
    assert caught.value.status == status
    assert platform.call_count == 1  # a POST is never repeated here


@pytest.mark.parametrize(
    ("error", "error_class"),
    [
        (requests.ReadTimeout("slow"), TimedOut),
        (requests.ConnectTimeout("no route"), NotSent),
        (requests.ConnectionError("reset by peer"), NoAnswer),
        (requests.exceptions.ChunkedEncodingError("cut"), NoAnswer),
        (requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED"), NotSent),
        (requests.exceptions.SSLError("bad record"), NoAnswer),
        (requests.exceptions.ProxyError("no tunnel"), NotSent),
    ],
)
def test_a_lost_connection_shows_whether_the_request_may_have_arrived(
    client: Client,
    platform: requests_mock.Mocker,
    error: Exception,
    error_class: type[RequestFailed],
) -> None:
    platform.post(f"{BASE}/media/new", exc=error)
    with pytest.raises(RequestFailed) as caught:
        client.send(endpoints.create_media(ROW))
    assert type(caught.value) is error_class


@pytest.mark.parametrize("body", ["", "{", "[]", '{"ingestId": null}', "<html>hello</html>"])
def test_an_unreadable_answer_with_status_200_is_no_answer(
    client: Client, platform: requests_mock.Mocker, body: str
) -> None:
    platform.post(f"{BASE}/media/new", text=body)
    with pytest.raises(NoAnswer):
        client.send(endpoints.create_media(ROW))


def test_a_netrc_does_not_replace_the_credentials(
    client: Client,
    platform: requests_mock.Mocker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine api.example.test login other password other\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    platform.get(f"{BASE}/account/info", json={"id": "acc"})
    client.send(endpoints.get_account())
    assert platform.last_request is not None
    assert platform.last_request.headers["Authorization"] == "Basic VkMtMTpzZWNyZXQ="


def test_the_api_key_is_in_no_log_or_error(
    client: Client, platform: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    platform.get(f"{BASE}/account/info", status_code=401, json={"message": "no"})
    with pytest.raises(AuthenticationFailed) as caught:
        client.send(endpoints.get_account())
    said = caplog.text + repr(caught.value) + repr(Credentials("VC-1", "secret"))
    assert "401" in caplog.text
    assert "secret" not in said
    assert "VkMtMTpzZWNyZXQ" not in said


@pytest.mark.parametrize(
    "echo",
    ["the-long-secret", "VC-1234567:the-long-secret", "?X-Amz-Signature=the-long-secret"]  # noqa: RUF005
    + ["x" * 90 + "the-long-secret"],
)
def test_the_request_id_contains_no_secret(platform: requests_mock.Mocker, echo: str) -> None:
    printed: list[Any] = []
    headers = {"X-Request-Id": f"https://h.example/{echo}"}
    platform.get(f"{BASE}/account/info", json={"title": echo}, headers=headers)
    credentials = Credentials("VC-1234567", "the-long-secret")
    with Client(BASE, credentials, on_request=printed.append) as client:
        account = client.send(endpoints.get_account())
    assert "***" in printed[0].request_id or len(printed[0].request_id) == 100
    for part in ("the-long", "long-secret"):
        assert part not in printed[0].request_id + account.title


@pytest.mark.parametrize(
    "echo", ["the-long+secret", "the-long%2Bsecret", "the-long&amp;#43;secret", "THE-LONG SECRET"]
)
def test_no_text_of_a_response_contains_a_secret(platform: requests_mock.Mocker, echo: str) -> None:
    printed: list[Any] = []
    platform.get(f"{BASE}/media/new/status/{quote(echo)}", json={"status": echo, "error": echo})
    names = ("status", "title", "duration", "thumbnail", "createdDate")
    item = dict.fromkeys(names, f"for {echo}")
    platform.get(f"{BASE}/media", json={"listResult": {"items": [item]}})
    platform.get(f"{BASE}/media/m/detail", json=item)
    credentials = Credentials("VC-1234567", "the-long+secret")
    with Client(BASE, credentials, on_request=printed.append) as client:
        status = client.send(endpoints.get_ingest_status(echo))
        page = client.send(endpoints.list_newest(1))
        media = client.send(endpoints.get_media("m"))
    assert (status.status, status.error) == ("***", "***")
    assert printed[0].request.path == "/media/new/status/***"
    assert page.items == (media,)
    assert media is not None
    texts = media.status, media.title, media.duration, media.thumbnail, media.created_date
    assert texts == ("for ***",) * 5


def test_the_clock_of_the_platform_is_compared_with_the_clock_of_the_run(
    platform: requests_mock.Mocker,
) -> None:
    """Not with the machine's clock, which may jump during the run."""
    date = {"Date": "Thu, 01 Jan 1970 00:16:40 GMT"}
    platform.get(f"{BASE}/account/info", json={"id": "acc"}, headers=date)
    with Client(BASE, Credentials("VC-1", "secret"), clock=lambda: 400.0) as client:
        client.send(endpoints.get_account())
        assert client.clock_offset == pytest.approx(600.5)


def test_every_attempt_is_recorded_with_its_outcome(platform: requests_mock.Mocker) -> None:
    printed: list[Any] = []
    answers = [
        {"exc": requests.ReadTimeout},
        {"status_code": 429, "json": {"message": "slow down"}, "headers": {"x-request-id": "r-7"}},
        {"json": {"ingestId": "i-1"}},
    ]
    platform.post(f"{BASE}/media/new", answers)
    platform.get(f"{BASE}/account/info", json={"id": "acc"})
    with Client(BASE, Credentials("VC-1", "secret"), on_request=printed.append) as client:
        for fault in (NoAnswer, Throttled):
            with pytest.raises(fault):
                client.send(endpoints.create_media(ROW))
        client.send(endpoints.create_media(ROW))
        client.send(endpoints.get_account())
    assert [(i.attempt, i.status, i.fault, i.request_id) for i in printed] == [
        (1, None, "no answer within the time-out", ""),
        (2, 429, "slow down", "r-7"),
        (3, 200, "", ""),
        (None, 200, "", ""),
    ]
    assert printed[2].size == len('{"ingestId": "i-1"}')
    assert "attempt 2 slow down" in str(printed[1])
