"""The budget, on a clock of the test's."""

import pytest

from batch_import.api.rate_limit import Budget


def sent_in(budget: Budget, start: float, seconds: float, *, accept: bool = True) -> list[float]:
    """Spend tokens as soon as they are there; returns when."""
    times, now = [], start
    while (now := budget.ready_at(now)) < start + seconds:
        budget.spend(now)
        times.append(now)
        if accept:
            budget.accepted()
    return times


@pytest.mark.parametrize("rate", [0.5, 5.0, 20.0, 333.0])
def test_never_above_the_ceiling(rate: float) -> None:
    times = sent_in(Budget(rate, 100.0), 100.0, 60.0)
    assert len(times) == pytest.approx(rate * 60, abs=1 + rate * 0.11)
    for first, last in zip(times, times[int(rate) + 1 :], strict=False):
        assert last - first >= 1 - 0.1 - 1e-6  # one second's calls, but for the slack


def test_idle_time_is_not_saved_up() -> None:
    budget = Budget(10.0, 0.0)
    sent_in(budget, 0.0, 1.0)
    late = sent_in(budget, 1000.0, 0.01)
    assert len(late) <= 2


def test_retry_after_holds_everybody() -> None:
    budget = Budget(10.0, 0.0)
    budget.spend(0.0)
    budget.refused(0.0, 0.1, retry_after=30.0)
    assert budget.ready_at(0.2) == pytest.approx(30.1)


def test_waits_grow_where_nothing_is_said() -> None:
    budget, now, waits = Budget(10.0, 0.0), 0.0, []
    for _ in range(5):
        now = budget.ready_at(now)
        budget.spend(now)
        budget.refused(now, now, retry_after=None)
        waits.append(budget.ready_at(now) - now)
    assert waits == [pytest.approx(2.0**n) for n in range(5)]


def test_calls_refused_together_are_one_event() -> None:
    budget = Budget(100.0, 0.0)
    for _ in range(8):
        budget.refused(0.5, 1.0, retry_after=1.0)
    assert budget.rate(1.0) >= 100.0 / 2 * 0.95


def test_the_rate_follows_what_the_platform_takes_and_recovers_slowly() -> None:
    budget = Budget(60.0, 0.0)
    for _ in range(100):
        budget.accepted()
    budget.refused(9.9, 10.0, retry_after=1.0)
    assert budget.rate(10.0) == pytest.approx(9.5)
    assert budget.rate(20.0) == pytest.approx(9.5 + 6.0)
    assert budget.rate(10_000.0) == 60.0
