"""A request of the account shows whether a 403 is about the credentials or about one request."""

import pytest

from batch_import.errors import AuthenticationFailed, NoAnswer
from batch_import.importer.schedule.auth_probe import AuthProbe
from batch_import.importer.scheduled_request import ReadPage
from batch_import.viostream.responses import Account

WORDS = AuthenticationFailed("not yours", status=403)
HELD = [(ReadPage(1), WORDS), (ReadPage(2), WORDS)]


@pytest.fixture
def probe() -> AuthProbe:
    probe = AuthProbe()
    assert not probe.is_needed
    for call, words in HELD:
        probe.add_refused(call, words)
    assert probe.is_needed
    return probe


def test_one_account_request_is_sent_at_a_time(probe: AuthProbe) -> None:
    assert probe.probe_at() <= 0.0
    probe.record_probe_sent()
    assert probe.probe_at() == float("inf")


def test_held_requests_are_refused_if_the_credentials_are_valid(probe: AuthProbe) -> None:
    probe.record_probe_sent()
    assert probe.handle_probe_answer(Account("a", "Us"), 10.0) == HELD
    assert not probe.is_needed


@pytest.mark.parametrize("answer", [WORDS, NoAnswer("cut")])
def test_no_request_is_refused_before_the_credentials_are_known_to_be_valid(
    probe: AuthProbe, answer: AuthenticationFailed | NoAnswer
) -> None:
    waits = []
    for _ in range(8):
        probe.record_probe_sent()
        assert probe.handle_probe_answer(answer, 10.0) == []
        assert probe.is_needed
        waits.append(probe.probe_at() - 10.0)
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]


def test_release_returns_the_held_requests(probe: AuthProbe) -> None:
    assert probe.release() == HELD
    assert not probe.is_needed
