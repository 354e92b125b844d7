"""How the runs of one account share its budget of calls. Pure: the clock is passed in.

Each run reports a few times a second what it did, and is granted a rate until its next report. The
budget of the account is one `RateLimiter`, which learns from the answers that all runs got. What it
allows is shared max-min fairly: a run that needs less leaves the rest to the others. A run that was
killed says nothing any more, and soon has no share. This file must not know where the record is.
"""

import json
from dataclasses import dataclass, field
from typing import Any, Final

from batch_import.viostream.rate_limiter import RateLimiter

#: Seconds after which a run that says nothing has no share: many reports of a machine that is busy.
GONE: Final = 3.0
#: Seconds for which a run that had to wait for its share counts as one that needs all it can get:
#: at a call every few seconds, not each report can say so.
_NEEDY: Final = 3.0
#: A run that needs less than its share may double its calls until its next report.
_ROOM: Final = 2.0
#: Of an equal share, so much is every run's at once: a newcomer's, before the others have made
#: room, and that of one that was idle.
_FIRST: Final = 0.25
#: Seconds until all runs have heard of a refusal: what they sent meanwhile tells nothing new.
_NEWS: Final = 0.5
#: The weight of the latest report in how much a run needs.
_LATEST: Final = 0.3


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did since its last report.

    Attributes:
        ceiling: calls a second that it may make at most.
        seconds: since the last report.
        spent, accepted: calls that left, and that the platform took.
        refused: for each refusal, how many seconds ago its call left, and `Retry-After`.
        held: seconds from now that the platform asked everybody to wait for.
        limited: it had to wait for its share.
        budget: `RateLimiter.dump` of a run that had nobody beside it, by the record's clock.
    """

    ceiling: float
    seconds: float
    spent: int = 0
    accepted: int = 0
    refused: tuple[tuple[float, float | None], ...] = ()
    held: float = 0.0
    limited: bool = False
    budget: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a run may do until its next report.

    Attributes:
        rate: calls a second.
        hold: seconds from now in which nothing may leave.
        alone: no other run is in progress.
        budget: `RateLimiter.dump` of the account, by the record's clock.
        now: that clock.
    """

    rate: float
    hold: float
    alone: bool
    budget: dict[str, Any]
    now: float


@dataclass(slots=True)
class _Run:
    """What is known of one run."""

    seen: float
    ceiling: float
    used: float = 0.0
    limited_at: float = float("-inf")
    granted: float = 0.0

    def needs(self, now: float, least: float) -> float:
        """Calls a second that it can use."""
        if now - self.limited_at < _NEEDY:
            return self.ceiling
        return min(self.ceiling, max(_ROOM * self.used, least))


def exchange(text: str, who: str, report: Report, now: float) -> tuple[str, Grant]:
    """One run reports, and is granted its share.

    Args:
        text: the record as it was left; empty for a new one.
        who: names the run, as no other.
        now: seconds, by the clock of all reports to this record.

    Returns:
        The record as it is left, and what the run may do.
    """
    known, runs = _read(text)
    # Of two clocks that are read at the same time, one may be a little behind.
    now = max([now, *(run.seen for run in runs.values() if run.seen < now + GONE)])
    runs = {name: run for name, run in runs.items() if 0 <= now - run.seen < GONE}
    known = known if runs else {}
    run = runs.setdefault(who, _Run(now, report.ceiling, limited_at=now))
    alone = len(runs) == 1
    ceiling = max(report.ceiling, *(each.ceiling for each in runs.values()))
    budget = RateLimiter(ceiling, now)
    budget.restore(report.budget if alone and report.budget else known, now)
    if not (alone and report.budget):
        _learn(budget, report, now)
    _hear(run, report, now)
    total = budget.rate(now)
    share = _shares(total, runs, now)[who]
    others = sum(each.granted for name, each in runs.items() if name != who)
    run.granted = min(share, max(total - others, _FIRST * total / len(runs)))
    state = budget.dump()
    hold = budget.paused_until - now
    # One after the other: a platform without a reserve would refuse all but the first.
    turn = sorted(runs).index(who) / total
    grant = Grant(run.granted, hold + turn if hold > 0 else 0.0, alone, state, now)
    return json.dumps([state, {name: _fields(each) for name, each in runs.items()}]), grant


def _read(text: str) -> tuple[dict[str, Any], dict[str, _Run]]:
    """A record; a new one where the text is none."""
    try:
        state, runs = json.loads(text)
        return dict(state), {name: _Run(*fields) for name, fields in runs.items()}
    except (ValueError, TypeError, AttributeError):
        return {}, {}


def _fields(run: _Run) -> list[float]:
    return [run.seen, run.ceiling, run.used, run.limited_at, run.granted]


def _hear(run: _Run, report: Report, now: float) -> None:
    run.seen, run.ceiling = now, report.ceiling
    if report.seconds > 0:
        run.used += _LATEST * (report.spent / report.seconds - run.used)
    if report.limited:
        run.limited_at = now


def _learn(budget: RateLimiter, report: Report, now: float) -> None:
    """The account's budget hears of the calls of one run."""
    budget.add(report.spent, report.accepted, now)
    for age, retry_after in report.refused:
        budget.record_refusal(now - age - _NEWS, now, retry_after)
    if report.held:
        budget.pause(now, report.held)


def _shares(total: float, runs: dict[str, _Run], now: float) -> dict[str, float]:
    """Max-min fair: those that need least first; what nobody needs is everybody's."""
    least = _FIRST * total / len(runs)
    needs = sorted((run.needs(now, least), name) for name, run in runs.items())
    found, left = {}, total
    for served, (needed, name) in enumerate(needs):
        found[name] = min(needed, left / (len(needs) - served))
        left -= found[name]
    spare = left / len(runs)
    return {name: min(runs[name].ceiling, share + spare) for name, share in found.items()}
