"""Every exchange ends within its bounds, as a result or as a failed call: nothing else gets out."""

import resource
from collections.abc import Callable

import answers
import pytest

from batch_import.configuration.credentials import Credentials
from batch_import.errors import CallFailed, NoAnswer, Rejected
from batch_import.viostream import endpoints
from batch_import.viostream.client import Client
from batch_import.viostream.embed_page import EmbedPages
from batch_import.web import notify
from batch_import.web.bounded import Bounds

CREDENTIALS = Credentials("VC-test", "a-key")
#: Seconds to connect, and for the whole answer.
SHORT = (2.0, 1.0)
#: Bytes that a process may grow by, far below what the answers would take.
MODEST = 120_000_000

NO_CLEAR_ANSWER = [
    answers.one_byte_at_a_time,
    answers.headers_without_end,
    answers.silence,
    answers.endless_body,
    answers.gzip_bomb,
    answers.cut_body,
    answers.no_http,
    answers.bad_gzip,
    answers.bad_content_length,
]
NO_TARGETS = [b"http://[", b"\xff\xfe\xfa", b"http://a b/%%%", b"//[::1", b""]


def peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize("handler", NO_CLEAR_ANSWER, ids=lambda handler: handler.__name__)
def test_what_is_no_clear_answer_is_reported_as_such(
    hostile: Callable[..., object], handler: object
) -> None:
    server = hostile(handler)
    before = peak_memory()
    with Client(server.base, CREDENTIALS, SHORT) as client, pytest.raises(NoAnswer):
        client.send(endpoints.newest(1))
    assert peak_memory() - before < MODEST


@pytest.mark.parametrize("target", NO_TARGETS)
def test_a_redirect_is_never_parsed(hostile: Callable[..., object], target: bytes) -> None:
    server = hostile(answers.redirect_to(target))
    with Client(server.base, CREDENTIALS, SHORT) as client, pytest.raises(Rejected):
        client.send(endpoints.account())


@pytest.mark.parametrize("target", NO_TARGETS)
def test_an_embed_page_that_leads_nowhere_is_a_failed_call(
    hostile: Callable[..., object], target: bytes
) -> None:
    server = hostile(answers.redirect_to(target))
    with EmbedPages(server.base) as pages, pytest.raises(CallFailed):
        pages.open(f"{server.base}/iframe/key")


def test_an_error_page_of_brackets_is_read_in_no_time(hostile: Callable[..., object]) -> None:
    server = hostile(answers.angle_brackets)
    with Client(server.base, CREDENTIALS, (2.0, 10.0)) as client, pytest.raises(Rejected) as failed:
        client.send(endpoints.account())
    assert len(failed.value.message) <= 300


@pytest.mark.parametrize(
    "handler",
    [*NO_CLEAR_ANSWER, *map(answers.redirect_to, NO_TARGETS)],
    ids=lambda handler: handler.__name__,
)
def test_a_notification_is_never_the_end_of_a_run(
    hostile: Callable[..., object], handler: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "_BOUNDS", Bounds(2.0, 1.0, 1.0, 1024, cut=True))
    server = hostile(handler)
    assert isinstance(notify.post(f"{server.base}/hook", {"text": "done"}), str)
