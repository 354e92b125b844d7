"""Runs of one account on one clock: together they use the rate limit, and each has a fair share."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest

from batch_import.errors import StateError
from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.token_bucket import TokenBucket
from batch_import.viostream.rate_limiter import RateLimiter
from batch_import.viostream.rate_sharing import GONE_SECONDS
from batch_import.viostream.shared_rate_limiter import REPORT_SECONDS, SharedRateLimiter


class MemoryLedger:
    """A ledger in memory, with another clock than the runs."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.text, self.away = "", False
        self._clock = clock

    def update(self, change: Callable[[str, float], tuple[str, object]]) -> object:
        if self.away:
            raise StateError("away")
        self.text, result = change(self.text, self._clock() - 1e6)
        return result

    def close(self) -> None:
        pass


@dataclass
class Run:
    """One run: when it begins and ends, and which of its requests were accepted.

    Attributes:
        pause: seconds between two calls that it needs at least.
    """

    begins: float = 0.0
    ends: float = float("inf")
    ceiling: float = 20.0
    pause: float = 0.0
    accepted: list[float] = field(default_factory=list)
    refused: int = 0


class Account:
    """All runs of an account, and the rate limit of the platform."""

    def __init__(self, limit: float, runs: list[Run]) -> None:
        self.now = 1000.0
        self.runs = runs
        self.record = MemoryLedger(lambda: self.now)
        knobs = Knobs.from_mapping({"rate_limit": limit, "burst": int(limit)})
        self._limit = TokenBucket(knobs, self.now)
        self._dice = Random(1)
        self._events: list[tuple[float, int, str, float]] = []
        self.budgets: list[SharedRateLimiter] = []

    def go(self, seconds: float) -> None:
        for number, run in enumerate(self.runs):
            self.now = 1000.0 + run.begins
            self.budgets.append(SharedRateLimiter(run.ceiling, lambda: self.now))
            for what in ("report", "call"):
                self._later(self._dice.uniform(0, REPORT_SECONDS), number, what)
        while self._events and self._events[0][0] < 1000.0 + seconds:
            self.now, number, what, left_at = heapq.heappop(self._events)
            if self.now < 1000.0 + self.runs[number].ends:
                getattr(self, f"_{what}")(number, left_at)

    def _later(self, seconds: float, number: int, what: str, left_at: float = 0.0) -> None:
        heapq.heappush(self._events, (self.now + seconds, number, what, left_at))

    def _report(self, number: int, _: float) -> None:
        self.budgets[number].report(self.record, str(number))
        self._later(self._dice.uniform(0.8, 1.2) * REPORT_SECONDS, number, "report")

    def _call(self, number: int, _: float) -> None:
        budget = self.budgets[number]
        ready = budget.ready_at(self.now)
        if ready > self.now:
            self._later(
                min(ready - self.now, 0.25) + self._dice.uniform(1e-6, 0.02), number, "call"
            )
            return
        budget.take_token(self.now)
        self._later(0.05, number, "arrive", self.now)
        self._later(self.runs[number].pause, number, "call")

    def _arrive(self, number: int, left_at: float) -> None:
        wait = self._limit.spend_token(self.now)
        self._later(0.05, number, "refused" if wait else "accepted", left_at)

    def _accepted(self, number: int, _: float) -> None:
        self.budgets[number].record_return()
        self.budgets[number].record_accepted()
        self.runs[number].accepted.append(self.now - 1000.0)

    def _refused(self, number: int, left_at: float) -> None:
        self.budgets[number].record_return()
        self.budgets[number].record_refusal(left_at, self.now, 1.0)
        self.runs[number].refused += 1
        self.budgets[number].report(self.record, str(number))  # reported at once


def accepted_rate(run: Run, first: float, last: float) -> float:
    """Return the requests per second that the platform accepted from a run."""
    return sum(first <= at < last for at in run.accepted) / (last - first)


@pytest.mark.parametrize("ceiling", [20.0, 25.0, 60.0])
@pytest.mark.parametrize("run_count", [2, 3, 6])
def test_runs_together_use_the_rate_limit_in_equal_shares(run_count: int, ceiling: float) -> None:
    runs = [Run(ceiling=ceiling) for _ in range(run_count)]
    Account(20.0, runs).go(120.0)
    total = sum(len(run.accepted) for run in runs)
    assert total >= 0.95 * 20 * 120
    for run in runs:
        assert len(run.accepted) == pytest.approx(total / run_count, rel=0.15)
    assert sum(run.refused for run in runs) <= 0.02 * total


def test_runs_without_a_common_ledger_miss_the_limits_of_the_test_above() -> None:
    """This proves that sharing the record is what reaches the numbers of the test above."""
    runs = [Run(ceiling=60.0) for _ in range(3)]
    account = Account(20.0, runs)
    account.record.away = True
    account.go(120.0)
    total = sum(len(run.accepted) for run in runs)
    fair = all(len(run.accepted) == pytest.approx(total / 3, rel=0.15) for run in runs)
    few_refused = sum(run.refused for run in runs) <= 0.02 * total
    assert not (fair and few_refused and total >= 0.95 * 20 * 120)


def test_a_later_run_gets_its_share_and_a_killed_run_loses_it() -> None:
    first, later, killed = Run(), Run(begins=30.0), Run(begins=30.0, ends=60.0)
    Account(20.0, [first, later, killed]).go(120.0)
    assert accepted_rate(first, 5, 30) == pytest.approx(20.0, rel=0.02)
    for run in (first, later, killed):
        assert accepted_rate(run, 35, 60) == pytest.approx(20 / 3, rel=0.05)
    for run in (first, later):
        assert accepted_rate(run, 60 + GONE_SECONDS + 1, 115) == pytest.approx(10.0, rel=0.05)


def test_other_runs_use_the_rate_that_a_slow_run_does_not_need() -> None:
    slow, fast = Run(pause=1.0), Run()
    Account(20.0, [slow, fast]).go(60.0)
    assert accepted_rate(slow, 10, 60) == pytest.approx(1.0, rel=0.1)
    assert accepted_rate(fast, 10, 60) >= 0.95 * 17


def test_a_run_with_a_lower_limit_of_its_own_keeps_to_it() -> None:
    careful, fast = Run(ceiling=2.0), Run(ceiling=20.0)
    Account(20.0, [careful, fast]).go(60.0)
    assert accepted_rate(careful, 5, 60) == pytest.approx(2.0, rel=0.1)
    assert accepted_rate(fast, 5, 60) == pytest.approx(18.0, rel=0.05)


def test_a_single_run_has_the_same_rate_as_without_a_ledger() -> None:
    now = 500.0
    shared, alone = SharedRateLimiter(20.0, lambda: now), RateLimiter(20.0, now)
    record, dice = MemoryLedger(lambda: now), Random(3)
    for step in range(3000):
        now += dice.uniform(0, 0.05)
        if step % 5 == 0:
            shared.report(record, "a")
        ready = alone.ready_at(now)
        assert shared.ready_at(now) == ready
        assert shared.rate(now) == alone.rate(now)
        if ready > now:
            continue
        for budget in (shared, alone):
            budget.take_token(now)
            budget.record_return()
        refused = dice.random() < 0.02
        for budget in (shared, alone):
            if refused:
                budget.record_refusal(now - 0.01, now, None)
            else:
                budget.record_accepted()


def test_a_new_run_begins_with_the_rate_that_earlier_runs_learned() -> None:
    """A new run of an account with a low rate limit gets at most two refusals."""
    first, second = Run(ceiling=60.0), Run(ceiling=60.0, begins=60.0)
    Account(20.0, [first, second]).go(90.0)
    assert second.refused <= 2


@pytest.mark.parametrize("text", ["", "{", "[]", "[1, 2]", '[{}, {"x": [1]}]', "null"])
def test_an_unreadable_record_is_replaced(text: str) -> None:
    account = Account(20.0, [Run(), Run()])
    account.record.text = text
    account.go(10.0)
    assert sum(len(run.accepted) for run in account.runs) >= 0.9 * 200


def test_the_last_share_is_used_while_the_ledger_is_unavailable() -> None:
    account = Account(20.0, [Run(), Run()])
    account.go(10.0)
    account.record.away = True
    rate = account.budgets[0].rate(account.now)
    account.budgets[0].report(account.record, "0")
    assert account.budgets[0].rate(account.now) == rate == pytest.approx(10.0, rel=0.05)


def test_an_unavailable_ledger_is_reported_once_and_the_run_continues() -> None:
    now, said = 100.0, []
    budget, record = SharedRateLimiter(20.0, lambda: now), MemoryLedger(lambda: now)
    record.away = True
    with budget.shared(record, said.append):
        assert budget.ready_at(now) == now
    assert said == ["The limit of calls is not shared with other runs: away"]


def test_a_pause_that_the_platform_requests_from_one_run_applies_to_all() -> None:
    account = Account(20.0, [Run(), Run()])
    account.go(10.0)
    one, other = account.budgets
    one.pause(account.now, 30.0)
    for number, budget in enumerate((one, other)):
        budget.report(account.record, str(number))
    assert other.ready_at(account.now) >= account.now + 30.0
