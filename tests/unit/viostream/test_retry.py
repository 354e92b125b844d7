"""Requests that change nothing are repeated while they fail temporarily."""

import threading

import pytest
import requests_mock

from batch_import.configuration.credentials import Credentials
from batch_import.errors import AuthenticationFailed, NoAnswer, Throttled
from batch_import.viostream import endpoints
from batch_import.viostream.client import Client
from batch_import.viostream.rate_limiter import RateLimiter
from batch_import.viostream.retry import call_with_retry

URL = "https://api.example.test/v3/api/account/info"
ACCOUNT = {"json": {"id": "acc", "title": "Us"}}


class Clock(threading.Event):
    """A stop event and a clock: time passes only in `wait`."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.naps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        if timeout > 0 and not self.is_set():
            self.naps.append(timeout)
            self.now += timeout
        return self.is_set()


def request_account(answers: list[dict[str, object]], clock: Clock) -> tuple[object, int]:
    with requests_mock.Mocker() as mocker, Client(URL[:-13], Credentials("a", "b")) as client:
        mocker.get(URL, answers)
        try:
            result: object = call_with_retry(
                lambda: client.send(endpoints.get_account()),
                RateLimiter(1000.0, 0.0),
                60.0,
                clock=clock,
                stop=clock,
            )
        except Exception as error:  # noqa: BLE001 - the test looks at it
            result = error
        return result, mocker.call_count


def test_temporary_failures_are_repeated_with_growing_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Without jitter: the longest wait that can be drawn.
    monkeypatch.setattr("random.uniform", lambda _, high: high)
    clock = Clock()
    result, calls = request_account(
        [{"status_code": 500}, {"status_code": 502}, {"text": "{"}, ACCOUNT], clock
    )
    assert getattr(result, "id", None) == "acc"
    assert calls == 4
    waits = [nap for nap in clock.naps if nap > 0.01]
    assert len(waits) == 3
    assert waits == sorted(set(waits))
    assert waits[-1] >= 3 * waits[0]
    assert all(nap <= 20 for nap in waits)


def test_retry_after_is_obeyed() -> None:
    clock = Clock()
    request_account([{"status_code": 429, "headers": {"Retry-After": "17"}}, ACCOUNT], clock)
    assert clock.now >= 17


def test_a_request_with_refused_credentials_is_not_repeated() -> None:
    result, calls = request_account([{"status_code": 401}, ACCOUNT], Clock())
    assert isinstance(result, AuthenticationFailed)
    assert calls == 1


@pytest.mark.parametrize(("status", "error_class"), [(429, Throttled), (500, NoAnswer)])
def test_retries_end_with_the_last_failure(status: int, error_class: type) -> None:
    clock = Clock()
    result, calls = request_account(
        [{"status_code": status, "headers": {"Retry-After": "7"}}], clock
    )
    assert isinstance(result, error_class)
    assert 2 <= calls <= 9
    assert clock.now <= 60


def test_a_stop_event_ends_the_retries() -> None:
    clock = Clock()
    clock.set()
    result, calls = request_account([{"status_code": 500}], clock)
    assert isinstance(result, NoAnswer)
    assert calls == 1
