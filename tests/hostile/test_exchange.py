"""Every request to a hostile server ends within its limits, with a result or `RequestFailed`."""

import socket
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import answers
import pytest

from batch_import.configuration.credentials import Credentials
from batch_import.errors import NoAnswer, RequestFailed, RequestRejected
from batch_import.viostream import endpoints
from batch_import.viostream.client import Client
from batch_import.viostream.embed_page import EmbedPages
from batch_import.web import bounded, notify
from batch_import.web.bounded import ExchangeLimits

CREDENTIALS = Credentials("VC-test", "a-key")
#: Time limits in seconds, to connect and for the whole answer.
SHORT = (2.0, 1.0)
#: Maximum number of bytes in memory; the whole answers would need far more.
MAX_MEMORY_BYTES = 120_000_000

NO_CLEAR_ANSWER = [
    answers.one_byte_at_a_time,
    answers.headers_without_end,
    answers.silence,
    answers.endless_body,
    answers.gzip_bomb,
    answers.gzip_in_gzip,
    answers.cut_body,
    answers.no_http,
    answers.bad_gzip,
    answers.bad_content_length,
    answers.chunk_without_end,
    answers.trailers_without_end,
    answers.interim_answers_without_end,
]
#: Invalid values of headers that the client or its libraries read.
HEADERS = [
    b"Date: Mon, 01 Jan 0001 00:00:00 -0000",
    b"Date: Mon, 01 Jan 2024 00:00:00 +" + b"9" * 30,
    b"Date: Mon, " + b"9" * 30 + b" Jan 2024 00:00:00 GMT",
    b"Date: Mon, 01 Jan " + b"9" * 5_000 + b" 00:00:00 GMT",
    b"Set-Cookie: a=b; expires=01-Jan-99999 00:00:00 GMT",
    b"Set-Cookie: a=b; expires=01-Jan-" + b"9" * 5_000 + b" 00:00:00 GMT",
    b"Set-Cookie2: a=b; version=x; port=y",
    b"Retry-After: " + b"9" * 5_000,
    b"Content-Encoding: \xff",
    b"Content-Type: \xff\xfe; charset=\x00",
    b"X-Request-Id: \x1b[2J",
    b": nameless\r\nno header at all\r\n \r\n\xff: \xfe",
]
NO_TARGETS = [b"http://[", b"\xff\xfe\xfa", b"http://a b/%%%", b"//[::1", b""]


@contextmanager
def limited_memory() -> Iterator[None]:
    """Check that the block, with the server of the test, never needs more memory than the limit."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MAX_MEMORY_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("handler", NO_CLEAR_ANSWER, ids=lambda handler: handler.__name__)
def test_an_answer_that_cannot_be_read_raises_no_answer(
    hostile: Callable[..., object], handler: object
) -> None:
    server = hostile(handler)
    with (
        limited_memory(),
        Client(server.base, CREDENTIALS, SHORT) as client,
        pytest.raises(NoAnswer),
    ):
        client.send(endpoints.list_newest(1))


@pytest.mark.parametrize(
    ("handler", "status"),
    [
        (answers.cut_body, 200),
        (answers.endless_body, 200),
        (answers.cut_body_of_a_gateway, 502),
        (answers.unreadable_gzip_of_a_gateway, 504),
        (answers.no_http, None),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_the_status_of_an_answer_is_known_if_its_body_cannot_be_read(
    hostile: Callable[..., object], handler: object, status: int | None
) -> None:
    server = hostile(handler)
    with (
        Client(server.base, CREDENTIALS, SHORT) as client,
        pytest.raises(NoAnswer) as caught,
    ):
        client.send(endpoints.list_newest(1))
    assert caught.value.status == status


@pytest.mark.parametrize("target", NO_TARGETS)
def test_a_redirect_is_never_parsed(hostile: Callable[..., object], target: bytes) -> None:
    server = hostile(answers.redirect_to(target))
    with Client(server.base, CREDENTIALS, SHORT) as client, pytest.raises(RequestRejected):
        client.send(endpoints.get_account())


@pytest.mark.parametrize("target", NO_TARGETS)
def test_an_embed_page_with_an_invalid_redirect_is_a_failed_request(
    hostile: Callable[..., object], target: bytes
) -> None:
    server = hostile(answers.redirect_to(target))
    with EmbedPages(server.base) as pages, pytest.raises(RequestFailed):
        pages.open(f"{server.base}/iframe/key")


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: repr(header[:40]))
def test_an_invalid_header_does_not_prevent_reading_a_good_answer(
    hostile: Callable[..., object], header: bytes
) -> None:
    server = hostile(answers.answer_with(header))
    with Client(server.base, CREDENTIALS, SHORT) as client:
        assert client.send(endpoints.get_account()).title == "b"


def test_cookies_are_not_kept(hostile: Callable[..., object]) -> None:
    cookies = b"\r\n".join(b"Set-Cookie: c%d=%s" % (n, b"x" * 1_000) for n in range(80))
    server = hostile(answers.answer_with(cookies))
    with Client(server.base, CREDENTIALS, SHORT) as client:
        client.send(endpoints.get_account())
        assert not client._session.cookies  # noqa: SLF001


def test_an_error_page_of_angle_brackets_is_read_fast(hostile: Callable[..., object]) -> None:
    server = hostile(answers.angle_brackets)
    with (
        Client(server.base, CREDENTIALS, (2.0, 10.0)) as client,
        pytest.raises(RequestRejected) as failed,
    ):
        client.send(endpoints.get_account())
    assert len(failed.value.message) <= 300


@pytest.mark.parametrize(
    "handler",
    [*NO_CLEAR_ANSWER, *map(answers.redirect_to, NO_TARGETS)],
    ids=lambda handler: handler.__name__,
)
def test_a_failed_notification_never_ends_a_run(
    hostile: Callable[..., object], handler: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "_LIMITS", ExchangeLimits(2.0, 1.0, 1.0, 1024, is_cut=True))
    server = hostile(handler)
    with limited_memory():
        assert isinstance(notify.post(f"{server.base}/hook", {"text": "done"}), str)


SENDS_MUCH = """
import sys, requests
from batch_import.web.bounded import ExchangeLimits
from batch_import.web.session import session_without_credentials
url = f"http://127.0.0.1:{sys.argv[1]}"
request = requests.Request("POST", url, data=b"x" * 50_000_000).prepare()
session_without_credentials(url).exchange(request, ExchangeLimits(60, 60, 60, 1000))
"""


def test_the_system_sends_no_more_data_of_a_killed_process() -> None:
    """Otherwise the system would continue to send the data that the process had written."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        process = subprocess.Popen([sys.executable, "-c", SENDS_MUCH, port])
        with process:
            connection, _ = listener.accept()
            assert connection.recv(1)
            process.kill()
        with connection, connection.makefile("rb") as stream, pytest.raises(ConnectionResetError):
            stream.read()


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux alone has this option")
def test_a_connection_without_confirmations_is_closed_after_a_minute(
    hostile: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    timeouts = []

    def check_ip_address(_: object, connection: socket.socket) -> None:
        timeouts.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT))

    monkeypatch.setattr(bounded._Exchange, "check_ip_address", check_ip_address)  # noqa: SLF001
    server = hostile(answers.answer_with(b"X-A: b"))
    with Client(server.base, CREDENTIALS, SHORT) as client:
        client.send(endpoints.get_account())
    assert timeouts == [60_000]
