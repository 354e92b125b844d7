"""The rate limiter, on a virtual clock."""

import heapq
import math

import pytest

from batch_import.viostream.rate_limiter import RateLimiter


def take_tokens(
    budget: RateLimiter, start: float, seconds: float, *, accept: bool = True
) -> list[float]:
    """Take each token as soon as it is ready, and return the times."""
    times, now = [], start
    while (now := budget.ready_at(now)) < start + seconds:
        budget.take_token(now)
        budget.record_return()
        times.append(now)
        if accept:
            budget.record_accepted()
    return times


@pytest.mark.parametrize("rate", [0.5, 5.0, 20.0, 333.0])
def test_the_rate_never_exceeds_the_configured_rate(rate: float) -> None:
    times = take_tokens(RateLimiter(rate, 100.0), 100.0, 60.0)
    assert len(times) == pytest.approx(rate * 60, abs=1 + rate * 0.11)
    for first, last in zip(times, times[int(rate) + 1 :], strict=False):
        assert last - first >= 1 - 0.1 - 1e-6  # the requests of one second, minus the tolerance


def test_idle_time_does_not_save_tokens() -> None:
    budget = RateLimiter(10.0, 0.0)
    take_tokens(budget, 0.0, 1.0)
    late = take_tokens(budget, 1000.0, 0.01)
    assert len(late) <= 2


def test_retry_after_delays_all_requests() -> None:
    budget = RateLimiter(10.0, 0.0)
    budget.take_token(0.0)
    budget.record_refusal(0.0, 0.1, retry_after=30.0)
    assert budget.ready_at(0.2) == pytest.approx(30.1)


def test_waits_grow_if_refusals_have_no_retry_after() -> None:
    budget, now, waits = RateLimiter(10.0, 0.0), 0.0, []
    for _ in range(5):
        now = budget.ready_at(now)
        budget.take_token(now)
        budget.record_return()
        budget.record_refusal(now, now, retry_after=None)
        waits.append(budget.ready_at(now) - now)
    # The second refusal is within a second of the first: it is the same event.
    assert waits == [pytest.approx(seconds) for seconds in (0.5, 0.5, 1.0, 2.0, 4.0)]


def test_refusals_at_the_same_time_are_one_event() -> None:
    budget = RateLimiter(100.0, 0.0)
    for _ in range(8):
        budget.record_refusal(0.5, 1.0, retry_after=1.0)
    assert budget.rate(1.0) == pytest.approx(0.6 * 100)


def test_a_refusal_of_a_request_sent_before_the_last_refusal_is_the_same_event() -> None:
    budget = RateLimiter(100.0, 0.0)
    budget.record_refusal(0.5, 1.0, retry_after=None)
    rate = budget.rate(1.0)
    budget.record_refusal(0.9, 2.5, retry_after=None)
    assert budget.rate(1.0) == rate
    assert budget.ready_at(2.5) == pytest.approx(3.0)  # half a second, not one second
    budget.record_refusal(2.6, 4.0, retry_after=None)
    assert budget.rate(4.0) < rate
    assert budget.ready_at(4.0) == pytest.approx(5.0)


def test_a_sustained_rate_is_nearly_kept_after_a_refusal_and_recovers_in_ten_seconds() -> None:
    budget, now = RateLimiter(20.0, 0.0), 60.0
    take_tokens(budget, 0.0, now)
    for late in (0.0, 0.3, 0.9):  # one bad second is one event, and idle time proves nothing
        budget.record_refusal(now + late, now + late, retry_after=1.0)
    assert budget.rate(now) >= 0.9 * 20
    assert budget.rate(now + 10) >= 0.9 * 20


def test_a_rate_that_was_soon_refused_is_reduced_more_and_recovers() -> None:
    budget = RateLimiter(60.0, 0.0)
    budget.record_refusal(0.0, 0.1, retry_after=1.0)  # no sustained rate is known yet
    assert budget.rate(0.1) == pytest.approx(0.6 * 60)
    assert budget.rate(10.1) == pytest.approx(0.6 * 60 * math.exp(0.3))
    assert budget.rate(1_000.0) == 60.0  # by now the platform may accept more


def test_idle_time_does_not_count_as_time_with_refusals() -> None:
    budget = RateLimiter(20.0, 0.0)
    take_tokens(budget, 0.0, 10.0)
    take_tokens(budget, 1000.0, 10.0)  # the machine slept in between
    budget.record_refusal(1010.0, 1010.0, retry_after=1.0)
    assert budget.rate(1010.0) >= 0.9 * 20


def test_a_pause_that_the_platform_requests_does_not_reduce_the_rate() -> None:
    budget = RateLimiter(20.0, 0.0)
    take_tokens(budget, 0.0, 10.0)
    budget.pause(10.0, 2.0)
    assert budget.ready_at(10.0) == pytest.approx(12.0)
    assert budget.rate(12.0) == 20.0


def test_a_run_starts_with_few_requests_under_way() -> None:
    budget = RateLimiter(1000.0, 0.0)
    for _ in range(4):
        assert budget.ready_at(10.0) <= 10.0
        budget.take_token(10.0)
    assert budget.ready_at(10.0) == float("inf")
    budget.record_return()
    budget.record_accepted()
    for _ in range(2):  # the slot of the finished request, and one more
        assert budget.ready_at(11.0) == 11.0
        budget.take_token(10.0)
    assert budget.ready_at(11.0) == float("inf")


class LimitedPlatform:
    """A platform with a token bucket: `rate` requests per second, and a burst after a pause."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self.tokens, self.filled = burst, 0.0

    def accepts(self, now: float) -> bool:
        self.tokens = min(self.burst, self.tokens + (now - self.filled) * self.rate)
        self.filled = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


def simulate(
    budget: RateLimiter,
    platform: LimitedPlatform,
    latency: float,
    workers: int,
    seconds: float,
    retry_after: float | None,
) -> tuple[int, int]:
    """Return accepted and refused requests; each arrives after half of the latency."""
    events: list[tuple[float, int, str, float]] = []
    now, turn, out, accepted, refused = 0.0, 0, 0, 0, 0
    while now < seconds:
        ready = budget.ready_at(now)
        if out < workers and ready <= now:
            budget.take_token(now)
            out, turn = out + 1, turn + 1
            heapq.heappush(events, (now + latency / 2, turn, "arrives", now))
            continue
        wake = ready if out < workers else float("inf")
        if not events or wake < events[0][0]:
            now = wake
            continue
        now, _, kind, left = heapq.heappop(events)
        if kind == "arrives":
            turn += 1
            printed = "accepted" if platform.accepts(now) else "refused"
            heapq.heappush(events, (now + latency / 2, turn, printed, left))
            continue
        out -= 1
        budget.record_return()
        if kind == "accepted":
            budget.record_accepted()
            accepted += 1
        else:
            budget.record_refusal(left, now, retry_after)
            refused += 1
    return accepted, refused


@pytest.mark.parametrize("share", [1 / 6, 1 / 2, 2.0])
@pytest.mark.parametrize("burst", [1, 10])
@pytest.mark.parametrize("latency", [0.03, 0.2])
@pytest.mark.parametrize("retry_after", [1.0, None])
def test_the_rate_of_the_platform_is_used_with_few_refusals(
    share: float, burst: int, latency: float, retry_after: float | None
) -> None:
    ceiling, seconds = 60.0, 300.0
    limit = min(ceiling, ceiling * share)
    platform = LimitedPlatform(ceiling * share, burst)
    accepted, refused = simulate(
        RateLimiter(ceiling, 0.0), platform, latency, 16, seconds, retry_after
    )
    # Without a burst, requests that it could have accepted during a wait are lost.
    assert accepted >= (0.9 if burst > 1 else 0.7) * limit * seconds
    # Without a burst, the requests that are under way are refused, too.
    assert refused <= (0.02 if burst > 1 else 0.025) * (accepted + refused)
