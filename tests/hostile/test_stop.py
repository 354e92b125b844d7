"""Ctrl-C and SIGTERM stop a command while the platform does not answer.

Also tests that the first request of a command has a time limit.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import answers
import pytest
import requests

from batch_import.configuration.credentials import Credentials
from batch_import.configuration.settings import Settings
from batch_import.errors import Interrupted, NoAnswer, PlatformUnreachable
from batch_import.models import JobRow, Status
from batch_import.viostream import client as client_module
from batch_import.viostream import endpoints
from batch_import.viostream.client import Client
from batch_import.viostream.embed_page import EmbedPages
from batch_import.viostream.session import PlatformSession
from batch_import.web.bounded import BoundedSession, ExchangeLimits

CREDENTIALS = Credentials("VC-test", "a-key")
#: Time limits in seconds, to connect and to answer. The second is longer than a test may take:
#: code that waits for it ignores the stop.
NEVER = (5.0, 3_000.0)
ROW = JobRow(1, "ref-1", "https://e.com/1.mp4", "One", "mp4", Status.CREATING)
SLOW = [answers.silence, answers.one_byte_at_a_time, answers.headers_without_end]


@contextmanager
def stopped_soon(seconds: float = 0.3) -> Iterator[threading.Event]:
    """Yield an event that is set after some seconds, as by Ctrl-C."""
    stop = threading.Event()
    timer = threading.Timer(seconds, stop.set)
    timer.start()
    yield stop
    timer.cancel()


@pytest.mark.parametrize("handler", SLOW, ids=lambda handler: handler.__name__)
@pytest.mark.parametrize("request_", [endpoints.list_newest(1), endpoints.create_media(ROW)])
def test_no_answer_is_awaited_after_a_stop(
    hostile: Callable[..., Any], handler: object, request_: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "_POST_GRACE_SECONDS", 0.5)
    with (
        stopped_soon() as stop,
        Client(hostile(handler).base, CREDENTIALS, NEVER, stop=stop) as client,
        pytest.raises(NoAnswer, match="the command was stopped"),
    ):
        client.send(request_)


def test_a_post_that_is_answered_soon_after_a_stop_counts(hostile: Callable[..., Any]) -> None:
    server = hostile(answers.answer_after(1.0, b'{"ingestId": "i-1"}'))
    with stopped_soon(0.2) as stop, Client(server.base, CREDENTIALS, NEVER, stop=stop) as client:
        assert client.send(endpoints.create_media(ROW)) == "i-1"
        assert stop.is_set()


def test_no_embed_page_is_awaited_after_a_stop(hostile: Callable[..., Any]) -> None:
    server = hostile(answers.one_byte_at_a_time)
    with stopped_soon() as stop, EmbedPages(server.base, stop) as pages:  # noqa: SIM117
        with pytest.raises(NoAnswer, match="the command was stopped"):
            pages.open(f"{server.base}/iframe/key")


def test_the_first_request_of_a_command_can_be_interrupted(
    hostile: Callable[..., Any],
) -> None:
    settings = Settings(api_base=hostile(answers.silence).base)
    with stopped_soon() as stop, PlatformSession(settings, CREDENTIALS, stop) as session:  # noqa: SIM117
        with pytest.raises(Interrupted):
            session.get_account()


def test_all_attempts_of_the_first_request_take_at_most_twenty_seconds() -> None:
    now, time_limits = [0.0], []

    def clock() -> float:
        return now[0]

    def send(_: object, seconds: float) -> None:
        time_limits.append(seconds)
        now[0] += 15.0
        raise NoAnswer("nothing came")

    settings = Settings(api_base="http://127.0.0.1:9")
    session = PlatformSession(settings, CREDENTIALS, threading.Event(), clock=clock)
    session.client.send = send  # type: ignore[assignment, method-assign]
    with session, pytest.raises(PlatformUnreachable):
        session.get_account()
    assert time_limits[0] == pytest.approx(20.0)
    assert all(seconds <= 5.0 for seconds in time_limits[1:])


def test_a_429_to_the_first_request_is_an_answer_of_the_platform(
    hostile: Callable[..., Any],
) -> None:
    server = hostile(answers.status("429 Too Many Requests"))
    settings = Settings(api_base=server.base, give_up_after=0.2)
    with (
        PlatformSession(settings, CREDENTIALS, threading.Event()) as session,
        pytest.raises(PlatformUnreachable) as refused,
    ):
        session.get_account()
    assert "not an answer of the platform" not in str(refused.value)


def test_a_proxy_that_sends_single_bytes_does_not_block_a_thread(
    hostile: Callable[..., Any],
) -> None:
    server = hostile(answers.headers_without_end)
    with BoundedSession() as session:
        session.trust_env = False
        session.proxies = {"https": server.base}
        request = session.prepare_request(requests.Request("GET", "https://127.0.0.1:9/"))
        with pytest.raises(NoAnswer, match="no complete answer within 1 s"):
            session.exchange(request, ExchangeLimits(2.0, 30.0, 1.0, 1000))
