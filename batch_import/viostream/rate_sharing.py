"""How the runs of one account share the account's rate limit. No I/O: the caller passes the time.

A few times per second, each run reports how many requests it has sent, and is granted a rate until
its next report. The account has one `RateLimiter`, which learns from the responses to all runs. The
rate of this limiter is divided by max-min fairness: if a run needs less than an equal share, the
other runs get the rest. A run that was killed sends no more reports, and soon has no share.

The record is a JSON text with the state of this rate limiter and of each run. This module must not
know where the record is stored.
"""

import json
from dataclasses import dataclass, field
from typing import Any, Final

from batch_import.viostream.rate_limiter import RateLimiter

#: Seconds after which a run without a report has no share. Even a busy machine reports several
#: times within this time.
GONE_SECONDS: Final = 3.0
#: For this many seconds after its share was too small, a run is assumed to need its maximum rate.
#: A run that may send only one request in several seconds cannot show its need in every report.
_LIMITED_SECONDS: Final = 3.0
#: A run that needs less than its share may increase its rate by this factor until its next report.
_GROWTH_FACTOR: Final = 2.0
#: Part of an equal share that every run may use at any time, for example a new run before the other
#: runs have reduced their rates, or a run that was idle.
_MIN_SHARE: Final = 0.25
#: Seconds until all runs know about a refusal. Refusals of requests that were sent in this time do
#: not reduce the rate again.
_SPREAD_SECONDS: Final = 0.5
#: Weight of the latest report in the average rate of a run.
_LATEST_WEIGHT: Final = 0.3


@dataclass(frozen=True, slots=True)
class Report:
    """The activity of a run since its last report.

    Attributes:
        max_rate: maximum rate of the run, in requests per second.
        seconds: time since the last report.
        sent_count, accepted_count: number of requests that were sent, and of requests that the
            platform did not refuse with 429.
        refusals: for each refusal (429): seconds since the refused request was sent, and the value
            of `Retry-After` in seconds, or None.
        pause_seconds: seconds from now for which the platform asked the run to pause; 0 for none.
        was_limited: whether the run could have sent more requests than its share allowed.
        limiter_state: `RateLimiter.dump` of a run that used the account alone, with the times of
            the record's clock; else empty.
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
    """The rate that a run may use until its next report.

    Attributes:
        rate: requests per second.
        pause_seconds: seconds from now during which the run may send no request; 0 for none.
        is_alone: whether no other run of the account is in progress.
        limiter_state: `RateLimiter.dump` of the account, with the times of the record's clock.
        now: time of the record's clock, in seconds.
    """

    rate: float
    pause_seconds: float
    is_alone: bool
    limiter_state: dict[str, Any]
    now: float


@dataclass(slots=True)
class _Run:
    """The state of one run in the record. All rates are in requests per second.

    Attributes:
        reported_at: time of the last report.
        max_rate: maximum rate of the run.
        sent_rate: moving average of the rate at which the run sends.
        limited_at: time of the last report that says that the share was too small.
        granted_rate: rate of the last grant.
    """

    reported_at: float
    max_rate: float
    sent_rate: float = 0.0
    limited_at: float = float("-inf")
    granted_rate: float = 0.0

    def needed_rate(self, now: float, min_rate: float) -> float:
        """Returns how many requests per second the run can use; at least `min_rate` if possible."""
        if now - self.limited_at < _LIMITED_SECONDS:
            return self.max_rate
        return min(self.max_rate, max(_GROWTH_FACTOR * self.sent_rate, min_rate))


def handle_report(text: str, run_id: str, report: Report, now: float) -> tuple[str, Grant]:
    """Handle a report of a run; returns the new record, and the grant for the run.

    Args:
        text: the record; empty if there is none yet.
        run_id: identifies the run.
        report: the report.
        now: time in seconds, of a clock that all reports to this record use.
    """
    stored_state, runs = _read(text)
    # The clocks of two processors may differ a little: time must not go back.
    now = max(
        [now, *(run.reported_at for run in runs.values() if run.reported_at < now + GONE_SECONDS)]
    )
    runs = {name: run for name, run in runs.items() if 0 <= now - run.reported_at < GONE_SECONDS}
    if not runs:
        stored_state = {}
    # A new run is assumed to need its maximum rate.
    run = runs.setdefault(run_id, _Run(now, report.max_rate, limited_at=now))
    is_alone = len(runs) == 1
    max_rate = max(report.max_rate, *(each.max_rate for each in runs.values()))
    limiter = RateLimiter(max_rate, now)
    if is_alone and report.limiter_state:
        # The run's own rate limiter has already counted its requests.
        limiter.restore(report.limiter_state, now)
    else:
        limiter.restore(stored_state, now)
        _update_limiter(limiter, report, now)
    _update_run(run, report, now)
    total_rate = limiter.rate(now)
    run.granted_rate = _granted_rate(run_id, runs, total_rate, now)
    limiter_state = limiter.dump()
    pause_seconds = limiter.paused_until - now
    if pause_seconds > 0:
        # After a pause, the runs start one after the other, because the platform may refuse bursts.
        pause_seconds += sorted(runs).index(run_id) / total_rate
    grant = Grant(run.granted_rate, max(0.0, pause_seconds), is_alone, limiter_state, now)
    record = json.dumps([limiter_state, {name: _fields(each) for name, each in runs.items()}])
    return record, grant


def _granted_rate(run_id: str, runs: dict[str, _Run], total_rate: float, now: float) -> float:
    """Returns the rate that a run may use: its share, if the other runs have left this rate free.

    At least the minimum share, even if the other runs have not reduced their rates yet.
    """
    share = _shares(total_rate, runs, now)[run_id]
    others_rate = sum(each.granted_rate for name, each in runs.items() if name != run_id)
    return min(share, max(total_rate - others_rate, _MIN_SHARE * total_rate / len(runs)))


def _read(text: str) -> tuple[dict[str, Any], dict[str, _Run]]:
    """Returns the content of a record: the state of the account's rate limiter, and the runs by ID.

    Both are empty if the text is not a valid record.
    """
    try:
        limiter_state, runs = json.loads(text)
        return dict(limiter_state), {name: _Run(*fields) for name, fields in runs.items()}
    except (ValueError, TypeError, AttributeError):
        return {}, {}


def _fields(run: _Run) -> list[float]:
    """Returns the values of a run in the order of its attributes, for the record."""
    return [run.reported_at, run.max_rate, run.sent_rate, run.limited_at, run.granted_rate]


def _update_run(run: _Run, report: Report, now: float) -> None:
    run.reported_at, run.max_rate = now, report.max_rate
    if report.seconds > 0:
        run.sent_rate += _LATEST_WEIGHT * (report.sent_count / report.seconds - run.sent_rate)
    if report.was_limited:
        run.limited_at = now


def _update_limiter(limiter: RateLimiter, report: Report, now: float) -> None:
    """Record the requests of one run in the account's rate limiter."""
    limiter.record_other_run(report.sent_count, report.accepted_count, now)
    for age, retry_after in report.refusals:
        limiter.record_refusal(now - age - _SPREAD_SECONDS, now, retry_after)
    if report.pause_seconds:
        limiter.pause(now, report.pause_seconds)


def _shares(total: float, runs: dict[str, _Run], now: float) -> dict[str, float]:
    """Returns the rate of each run by max-min fairness, by the ID of the run.

    Runs that need less are served first. A rate that no run needs is divided equally.
    """
    min_rate = _MIN_SHARE * total / len(runs)
    needs = sorted((run.needed_rate(now, min_rate), name) for name, run in runs.items())
    shares, remaining_rate = {}, total
    for served_count, (needed_rate, name) in enumerate(needs):
        equal_share = remaining_rate / (len(needs) - served_count)
        shares[name] = min(needed_rate, equal_share)
        remaining_rate -= shares[name]
    spare_rate = remaining_rate / len(runs)
    return {name: min(runs[name].max_rate, share + spare_rate) for name, share in shares.items()}
