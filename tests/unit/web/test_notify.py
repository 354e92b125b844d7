"""A summary that is posted to a URL of the user."""

from pathlib import Path

import pytest
import requests
import requests_mock
from urllib3.exceptions import LocationParseError

from batch_import.web.notify import post

URL = "https://hooks.example.com/T000/s3cret?token=other"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"status_code": 200}, ""),
        ({"status_code": 204}, ""),
        ({"status_code": 500}, "hooks.example.com answered HTTP 500"),
        ({"status_code": 404}, "hooks.example.com answered HTTP 404"),
        (
            {"status_code": 302, "headers": {"Location": "https://other.example.com/"}},
            "hooks.example.com answered HTTP 302, a redirect, which is not followed",
        ),
        ({"exc": requests.ConnectTimeout}, "hooks.example.com: no connection within the time-out"),
        ({"exc": requests.ReadTimeout}, "hooks.example.com: no answer within the time-out"),
        (
            {"exc": requests.ConnectionError(URL)},
            "hooks.example.com: the connection was closed before the answer was complete",
        ),
        (
            {"exc": requests.exceptions.InvalidURL(URL)},
            "hooks.example.com: the connection was closed before the answer was complete",
        ),
        (
            {"exc": LocationParseError(URL)},
            "hooks.example.com: the connection was closed before the answer was complete",
        ),
    ],
)
def test_the_result_of_a_post_is_returned_without_its_url(
    requests_mock: requests_mock.Mocker, answer: dict[str, object], words: str
) -> None:
    requests_mock.post(URL, **answer)
    assert post(URL, {"text": "done"}) == words
    assert requests_mock.call_count == 1
    assert requests_mock.last_request.json() == {"text": "done"}
    assert requests_mock.last_request.timeout == (10.0, 10.0)


def test_no_credentials_are_sent(
    requests_mock: requests_mock.Mocker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine hooks.example.com login me password secret\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    requests_mock.post(URL, headers={"Set-Cookie": "a=b"})
    for _ in range(2):
        post(URL, {})
    headers = requests_mock.last_request.headers
    assert "Authorization" not in headers
    assert "Cookie" not in headers
