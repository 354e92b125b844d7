"""Requests of embed pages: what counts as a page, without credentials. No socket: requests-mock."""

from collections.abc import Iterator

import pytest
import requests
import requests_mock

from batch_import.errors import NoAnswer, NotSent, RequestFailed, RequestRejected, Throttled
from batch_import.viostream.embed_page import EmbedPages

URL = "https://play.example.test/iframe/k1"
HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.fixture
def player() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mocker:
        yield mocker


def open_page() -> None:
    with EmbedPages("https://play.example.test") as pages:
        pages.open(URL)


@pytest.mark.parametrize("headers", [HTML, {}, {"Content-Type": "application/xhtml+xml"}])
def test_an_embed_page_is_requested_without_credentials(
    player: requests_mock.Mocker, headers: dict[str, str]
) -> None:
    player.get(URL, text="<video>", headers=headers)
    open_page()
    sent = player.last_request
    assert sent is not None
    assert "Authorization" not in sent.headers


def test_a_redirect_to_the_embed_page_is_followed(player: requests_mock.Mocker) -> None:
    player.get(URL, status_code=302, headers={"Location": "/player/k1"})
    player.get("https://play.example.test/player/k1", text="<video>", headers=HTML)
    open_page()
    assert player.call_count == 2


@pytest.mark.parametrize(
    ("answer", "error_class", "words"),
    [
        (
            {"status_code": 404, "text": "<title>No such video</title>", "headers": HTML},
            RequestRejected,
            "No such video",
        ),
        ({"text": " ", "headers": HTML}, RequestRejected, "it is empty"),
        (
            {"json": {}, "headers": {"Content-Type": "application/json"}},
            RequestRejected,
            "not a page",
        ),
        (
            {"status_code": 302, "headers": {"Location": URL}},
            RequestRejected,
            "redirects too often",
        ),
        ({"status_code": 503}, NoAnswer, "HTTP 503"),
        ({"status_code": 429}, Throttled, "HTTP 429"),
        ({"exc": requests.ConnectTimeout}, NotSent, "no connection"),
        ({"exc": requests.ReadTimeout}, NoAnswer, "time-out"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_answer_that_is_no_page_raises_with_the_reason(
    player: requests_mock.Mocker,
    answer: dict[str, object],
    error_class: type[RequestFailed],
    words: str,
) -> None:
    player.get(URL, **answer)  # type: ignore[arg-type]
    with pytest.raises(error_class, match=words):
        open_page()
