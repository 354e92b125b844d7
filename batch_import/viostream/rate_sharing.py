"""How the runs of one account share its rate limit. No I/O: the clock is passed in.

Each run reports a few times per second what it has sent, and is granted a rate until its next
report. The account has one `RateLimiter`, which learns from the responses to all runs. Its rate is
divided by max-min fairness: if a run needs less than an equal share, the others get the rest. A run
that was killed sends no more reports, and soon has no share. This module must not know where the
record of the account is stored.
"""

import json
from dataclasses import dataclass, field
from typing import Any, Final

from batch_import.viostream.rate_limiter import RateLimiter

#: A run that has not reported for so long has no share. Even a busy machine reports several times
#: within this time.
GONE_SECONDS: Final = 3.0
#: A run that had to wait for its share needs as much as it can get, for so long. If it may send
#: only one request in several seconds, not every report can show this.
_LIMITED_SECONDS: Final = 3.0
#: A run that needs less than its share may increase its rate by this factor until its next report.
_GROWTH_FACTOR: Final = 2.0
#: Every run may use this part of an equal share at any time: a new run, before the others have
#: reduced their rates, and a run that was idle.
_MIN_SHARE: Final = 0.25
#: Seconds until all runs know about a refusal. Refusals of requests that were sent meanwhile do not
#: reduce the rate again.
_SPREAD_SECONDS: Final = 0.5
#: Weight of the latest report in the average rate of a run.
_LATEST_WEIGHT: Final = 0.3


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did since its last report.

    Attributes:
        max_rate: maximum rate of the run, in requests per second.
        seconds: time since the last report.
        sent_count, accepted_count: requests that were sent, and that the platform did not refuse.
        refusals: for each refusal (429): seconds since its request was sent, and `Retry-After`.
        pause_seconds: for how long the platform wants no requests.
        was_limited: whether the run had to wait for its share.
        limiter_state: `RateLimiter.dump` of a run that was alone, by the record's clock; else
            empty.
    """

    max_rate: float
    seconds: float
    sent_count: int = 0
    accepted_count: int = 0
    refusals: tuple[tuple[float, float | None], ...] = ()
    pause_seconds: float = 0.0
    was_limited: bool = False
    limiter_state: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a run may do until its next report.

    Attributes:
        rate: requests per second.
        pause_seconds: seconds from now in which no request may be sent.
        is_alone: whether no other run is in progress.
        limiter_state: `RateLimiter.dump` of the account, by the record's clock.
        now: time of the record's clock in seconds.
    """

    rate: float
    pause_seconds: float
    is_alone: bool
    limiter_state: dict[str, Any]
    now: float


@dataclass(slots=True)
class _Run:
    """What is known about one run."""

    reported_at: float
    max_rate: float
    sent_rate: float = 0.0
    limited_at: float = float("-inf")
    granted_rate: float = 0.0

    def needed_rate(self, now: float, min_rate: float) -> float:
        """Returns how many requests per second the run can use."""
        if now - self.limited_at < _LIMITED_SECONDS:
            return self.max_rate
        return min(self.max_rate, max(_GROWTH_FACTOR * self.sent_rate, min_rate))


def exchange(text: str, run_id: str, report: Report, now: float) -> tuple[str, Grant]:
    """Handle a report of a run; returns the new record, and what the run may do.

    Args:
        text: the record; empty for a new one.
        run_id: identifies the run.
        now: seconds of the clock for all reports to this record.
    """
    known, runs = _read(text)
    # The clocks of two processors may differ a little.
    now = max(
        [now, *(run.reported_at for run in runs.values() if run.reported_at < now + GONE_SECONDS)]
    )
    runs = {name: run for name, run in runs.items() if 0 <= now - run.reported_at < GONE_SECONDS}
    known = known if runs else {}
    run = runs.setdefault(run_id, _Run(now, report.max_rate, limited_at=now))
    is_alone = len(runs) == 1
    max_rate = max(report.max_rate, *(each.max_rate for each in runs.values()))
    limiter = RateLimiter(max_rate, now)
    limiter.restore(report.limiter_state if is_alone and report.limiter_state else known, now)
    if not (is_alone and report.limiter_state):
        _update_limiter(limiter, report, now)
    _update_run(run, report, now)
    total = limiter.rate(now)
    share = _shares(total, runs, now)[run_id]
    others = sum(each.granted_rate for name, each in runs.items() if name != run_id)
    run.granted_rate = min(share, max(total - others, _MIN_SHARE * total / len(runs)))
    state = limiter.dump()
    pause_seconds = limiter.paused_until - now
    # After a pause, the runs start one after the other, because the platform may allow no burst.
    turn = sorted(runs).index(run_id) / total
    grant = Grant(
        run.granted_rate, pause_seconds + turn if pause_seconds > 0 else 0.0, is_alone, state, now
    )
    return json.dumps([state, {name: _fields(each) for name, each in runs.items()}]), grant


def _read(text: str) -> tuple[dict[str, Any], dict[str, _Run]]:
    """Returns the content of a record; an empty one if the text is not valid."""
    try:
        state, runs = json.loads(text)
        return dict(state), {name: _Run(*fields) for name, fields in runs.items()}
    except (ValueError, TypeError, AttributeError):
        return {}, {}


def _fields(run: _Run) -> list[float]:
    return [run.reported_at, run.max_rate, run.sent_rate, run.limited_at, run.granted_rate]


def _update_run(run: _Run, report: Report, now: float) -> None:
    run.reported_at, run.max_rate = now, report.max_rate
    if report.seconds > 0:
        run.sent_rate += _LATEST_WEIGHT * (report.sent_count / report.seconds - run.sent_rate)
    if report.was_limited:
        run.limited_at = now


def _update_limiter(limiter: RateLimiter, report: Report, now: float) -> None:
    """Record the requests of one run in the account's rate limiter."""
    limiter.add(report.sent_count, report.accepted_count, now)
    for age, retry_after in report.refusals:
        limiter.record_refusal(now - age - _SPREAD_SECONDS, now, retry_after)
    if report.pause_seconds:
        limiter.pause(now, report.pause_seconds)


def _shares(total: float, runs: dict[str, _Run], now: float) -> dict[str, float]:
    """Returns the share of each run by max-min fairness; the rest is divided equally."""
    least = _MIN_SHARE * total / len(runs)
    needs = sorted((run.needed_rate(now, least), name) for name, run in runs.items())
    found, left = {}, total
    for served, (needed, name) in enumerate(needs):
        found[name] = min(needed, left / (len(needs) - served))
        left -= found[name]
    spare = left / len(runs)
    return {name: min(runs[name].max_rate, share + spare) for name, share in found.items()}
