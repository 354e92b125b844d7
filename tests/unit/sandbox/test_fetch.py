"""Which hosts the sandbox downloads from. A request to any other host would fail this test."""

import pytest

from batch_import.sandbox import fetch
from batch_import.sandbox.fetch import download_error


@pytest.mark.parametrize(
    "url",
    [
        "http://videos.example.com/a.mp4",
        "https://127.0.0.1/a.mp4",
        "http://localhost.example.com/a.mp4",
        "http://10.0.0.1/a.mp4",
        "http://169.254.169.254/latest/meta-data",
        "http:///a.mp4",
    ],
)
def test_no_other_host_is_contacted(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(fetch.http.client, "HTTPConnection")
    assert download_error(url) == ""


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1/a.mp4", "does not answer"),
        ("http://localhost:99999/a.mp4", "not valid"),
        ("http://[::1", "not valid"),
    ],
)
def test_the_error_of_a_failed_download_has_its_cause(
    url: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(fetch.http.client.HTTPConnection, "connect", refused)
    assert words in download_error(url)
