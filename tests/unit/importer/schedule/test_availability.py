"""Requests are sent only while the platform and the credentials are not in doubt."""

import pytest

from batch_import.errors import AuthenticationFailed, CredentialsRefused, NoAnswer, RunFault
from batch_import.importer.schedule.availability import Availability
from batch_import.importer.schedule.outage import UNCLEAR_THRESHOLD
from batch_import.importer.scheduled_request import (
    Answer,
    CreateMedia,
    GetAccount,
    NotSigned,
    ReadPage,
    ScheduledRequest,
)
from batch_import.models import JobRow, MediaPage, Status
from batch_import.viostream.responses import Account

PAGE, PROBE = ReadPage(1), GetAccount()
POST = CreateMedia(
    JobRow(1, "video-1", "https://media.example/1.mp4", "One", "mp4", Status.PENDING)
)
FORBIDDEN = AuthenticationFailed("not yours", status=403)
UNAUTHORIZED = AuthenticationFailed("unknown key", status=401)
ACCOUNT = Account("a", "Us")


def record_answer_to(
    availability: Availability, request: ScheduledRequest, answer: Answer
) -> RunFault | None:
    availability.record_sent(request)
    return availability.record_answer(request, answer, 0.0)


@pytest.fixture
def availability() -> Availability:
    return Availability(give_up_after=600.0)


def test_after_a_403_only_the_account_is_requested_once(availability: Availability) -> None:
    assert availability.probe_at() is None
    assert record_answer_to(availability, PAGE, FORBIDDEN) is None
    assert availability.probe_at() == float("-inf")
    availability.record_sent(PROBE)
    assert availability.probe_at() == float("inf")
    assert availability.record_answer(PROBE, ACCOUNT, 1.0) is None
    assert availability.handle_probe_answer(ACCOUNT, 1.0) == [(PAGE, FORBIDDEN)]
    assert availability.probe_at() is None


@pytest.mark.parametrize(
    ("request_", "answer", "ends"),
    [(PAGE, FORBIDDEN, False), (PAGE, UNAUTHORIZED, True), (PROBE, FORBIDDEN, True)],
)
def test_the_run_ends_if_the_credentials_are_refused(
    availability: Availability, request_: ScheduledRequest, answer: Answer, *, ends: bool
) -> None:
    fault = record_answer_to(availability, request_, answer)
    assert isinstance(fault, CredentialsRefused) is ends


def test_a_403_about_one_request_is_kept_if_the_probe_fails(availability: Availability) -> None:
    record_answer_to(availability, PAGE, FORBIDDEN)
    record_answer_to(availability, PROBE, NoAnswer("cut"))
    assert availability.handle_probe_answer(NoAnswer("cut"), 0.0) == []
    assert availability.release_refused() == [(PAGE, FORBIDDEN)]


def test_an_outage_allows_a_probe_and_then_one_request_at_a_time(
    availability: Availability,
) -> None:
    for _ in range(UNCLEAR_THRESHOLD):
        assert availability.probe_at() is None
        record_answer_to(availability, PAGE, NoAnswer("cut"))
    assert availability.probe_at() is not None
    record_answer_to(availability, PROBE, ACCOUNT)
    assert availability.handle_probe_answer(ACCOUNT, 0.0) == []
    assert availability.probe_at() is None
    assert availability.allows_request()
    availability.record_sent(PAGE)
    assert not availability.allows_request()
    availability.record_answer(PAGE, MediaPage(()), 0.0)
    assert availability.allows_request()


def test_an_open_post_counts_as_unclear_after_an_unclear_answer(availability: Availability) -> None:
    for _ in range(UNCLEAR_THRESHOLD - 1):
        availability.record_sent(POST)
    assert availability.allows_post()
    record_answer_to(availability, PAGE, NoAnswer("cut"))
    assert not availability.allows_post()


def test_a_post_that_was_not_signed_shows_nothing_about_the_platform(
    availability: Availability,
) -> None:
    for _ in range(2 * UNCLEAR_THRESHOLD):
        assert (
            record_answer_to(availability, POST, NotSigned("the storage does not answer")) is None
        )
    assert not availability.has_open_requests
    assert availability.probe_at() is None
