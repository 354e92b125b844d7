"""The budget, on a clock of the test's."""

import heapq
import math

import pytest

from batch_import.viostream.rate_limiter import RateLimiter


def sent_in(
    budget: RateLimiter, start: float, seconds: float, *, accept: bool = True
) -> list[float]:
    """Spend tokens as soon as they are there; returns when."""
    times, now = [], start
    while (now := budget.ready_at(now)) < start + seconds:
        budget.take_token(now)
        budget.record_return()
        times.append(now)
        if accept:
            budget.record_accepted()
    return times


@pytest.mark.parametrize("rate", [0.5, 5.0, 20.0, 333.0])
def test_never_above_the_ceiling(rate: float) -> None:
    times = sent_in(RateLimiter(rate, 100.0), 100.0, 60.0)
    assert len(times) == pytest.approx(rate * 60, abs=1 + rate * 0.11)
    for first, last in zip(times, times[int(rate) + 1 :], strict=False):
        assert last - first >= 1 - 0.1 - 1e-6  # one second's calls, but for the slack


def test_idle_time_is_not_saved_up() -> None:
    budget = RateLimiter(10.0, 0.0)
    sent_in(budget, 0.0, 1.0)
    late = sent_in(budget, 1000.0, 0.01)
    assert len(late) <= 2


def test_retry_after_holds_everybody() -> None:
    budget = RateLimiter(10.0, 0.0)
    budget.take_token(0.0)
    budget.record_refusal(0.0, 0.1, retry_after=30.0)
    assert budget.ready_at(0.2) == pytest.approx(30.1)


def test_waits_grow_where_nothing_is_said() -> None:
    budget, now, waits = RateLimiter(10.0, 0.0), 0.0, []
    for _ in range(5):
        now = budget.ready_at(now)
        budget.take_token(now)
        budget.record_return()
        budget.record_refusal(now, now, retry_after=None)
        waits.append(budget.ready_at(now) - now)
    # The second refusal is within a second of the first: it is the same event.
    assert waits == [pytest.approx(seconds) for seconds in (0.5, 0.5, 1.0, 2.0, 4.0)]


def test_calls_refused_together_are_one_event() -> None:
    budget = RateLimiter(100.0, 0.0)
    for _ in range(8):
        budget.record_refusal(0.5, 1.0, retry_after=1.0)
    assert budget.rate(1.0) == pytest.approx(0.6 * 100)


def test_a_refusal_of_a_request_that_was_sent_before_the_last_refusal_is_the_same_event() -> None:
    budget = RateLimiter(100.0, 0.0)
    budget.record_refusal(0.5, 1.0, retry_after=None)
    rate = budget.rate(1.0)
    budget.record_refusal(0.9, 2.5, retry_after=None)
    assert budget.rate(1.0) == rate
    assert budget.ready_at(2.5) == pytest.approx(3.0)  # half a second, not one
    budget.record_refusal(2.6, 4.0, retry_after=None)
    assert budget.rate(4.0) < rate
    assert budget.ready_at(4.0) == pytest.approx(5.0)


def test_what_held_is_nearly_kept_and_comes_back_within_ten_seconds() -> None:
    budget, now = RateLimiter(20.0, 0.0), 60.0
    sent_in(budget, 0.0, now)
    for late in (0.0, 0.3, 0.9):  # one bad second is one event, and idle time tells nothing
        budget.record_refusal(now + late, now + late, retry_after=1.0)
    assert budget.rate(now) >= 0.9 * 20
    assert budget.rate(now + 10) >= 0.9 * 20


def test_a_rate_that_was_refused_soon_is_cut_deeper_and_found_again() -> None:
    budget = RateLimiter(60.0, 0.0)
    budget.record_refusal(0.0, 0.1, retry_after=1.0)  # nothing to go by yet
    assert budget.rate(0.1) == pytest.approx(0.6 * 60)
    assert budget.rate(10.1) == pytest.approx(0.6 * 60 * math.exp(0.3))
    assert budget.rate(1_000.0) == 60.0  # it seems to take more by now


def test_idle_time_does_not_count_as_time_in_which_the_platform_refused() -> None:
    budget = RateLimiter(20.0, 0.0)
    sent_in(budget, 0.0, 10.0)
    sent_in(budget, 1000.0, 10.0)  # the machine slept in between
    budget.record_refusal(1010.0, 1010.0, retry_after=1.0)
    assert budget.rate(1010.0) >= 0.9 * 20


def test_a_platform_that_asks_for_a_pause_gets_it_and_no_slower_pace() -> None:
    budget = RateLimiter(20.0, 0.0)
    sent_in(budget, 0.0, 10.0)
    budget.pause(10.0, 2.0)
    assert budget.ready_at(10.0) == pytest.approx(12.0)
    assert budget.rate(12.0) == 20.0


def test_a_run_starts_with_few_calls_under_way() -> None:
    budget = RateLimiter(1000.0, 0.0)
    for _ in range(4):
        assert budget.ready_at(10.0) <= 10.0
        budget.take_token(10.0)
    assert budget.ready_at(10.0) == float("inf")
    budget.record_return()
    budget.record_accepted()
    for _ in range(2):  # the place of the one that is back, and one more
        assert budget.ready_at(11.0) == 11.0
        budget.take_token(10.0)
    assert budget.ready_at(11.0) == float("inf")


class Door:
    """A platform that lets so many calls a second in, and so many at once after a pause."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self.tokens, self.filled = burst, 0.0

    def lets_in(self, now: float) -> bool:
        self.tokens = min(self.burst, self.tokens + (now - self.filled) * self.rate)
        self.filled = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


def run(
    budget: RateLimiter,
    door: Door,
    latency: float,
    workers: int,
    seconds: float,
    retry_after: float | None,
) -> tuple[int, int]:
    """Calls accepted and refused in so many seconds, each arriving half-way through its time."""
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
            printed = "accepted" if door.lets_in(now) else "refused"
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
def test_what_the_platform_takes_is_used_and_little_is_refused(
    share: float, burst: int, latency: float, retry_after: float | None
) -> None:
    ceiling, seconds = 60.0, 300.0
    limit = min(ceiling, ceiling * share)
    door = Door(ceiling * share, burst)
    accepted, refused = run(RateLimiter(ceiling, 0.0), door, latency, 16, seconds, retry_after)
    # Without a reserve, what it could have given during a wait is lost.
    assert accepted >= (0.9 if burst > 1 else 0.7) * limit * seconds
    # Without a reserve, the requests that are on their way are refused, too.
    assert refused <= (0.02 if burst > 1 else 0.025) * (accepted + refused)
