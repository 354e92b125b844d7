"""How many calls an import takes, and how long. Pure sums.

This file must not know rows, the platform, or what time it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from statistics import quantiles
from typing import Final

from batch_import.configuration.settings import Settings

#: Calls that a row takes in all, its POST among them: measured by `tests/benchmark/run.py`.
CALLS_A_ROW: Final = 1.05
#: … and one whose POST got no answer, until it is known what came of it: in rehearsals 2.3, where
#: many other rows are sent, to 4.8, where none is.
_CALLS_TO_SETTLE: Final = 3.5
#: Seconds that a call is under way. Nobody tells; most services are faster.
_A_CALL: Final = 0.3
#: Fewer rows than this tell of chance.
_ENOUGH: Final = 20


@dataclass(frozen=True, slots=True)
class ProcessingTime:
    """How long the platform takes from a POST until the video is online, in seconds.

    Attributes:
        low, high: of ten rows, one is faster than the first, one slower than the second.
        rows, jobs: what they were learned from; 0 where they are assumed.
    """

    low: float
    high: float
    rows: int = 0
    jobs: int = 0


#: Processing takes 0.5 to 0.8 times the video's length (vendor's help pages): here from two
#: minutes to fifty, from a clip to a recorded lecture.
ASSUMED: Final = ProcessingTime(60.0, 2400.0)


@dataclass(frozen=True, slots=True)
class Work:
    """What a run has to do, in rows.

    Attributes:
        search: calls to find out what is in the account already.
    """

    create: int
    resume: int = 0
    settle: int = 0
    search: int = 0

    @property
    def under_way(self) -> int:
        """Rows that the run is to see online."""
        return self.create + self.resume + self.settle


class Bound(StrEnum):
    """The options that may keep a run from being faster."""

    RATE = "rate"
    WORKERS = "workers"
    MAX_IN_FLIGHT = "max-in-flight"


@dataclass(frozen=True, slots=True)
class Forecast:
    """How a run is likely to go.

    Attributes:
        calls: of all kinds.
        pace: rows created a second.
        bound: the option that keeps it from being faster.
        seconds: until the last row is seen online.
    """

    calls: int
    pace: float
    bound: Bound
    seconds: float


def learned(waits: Iterable[list[float]]) -> ProcessingTime:
    """The processing times of earlier jobs, or what is assumed where they are too few.

    Args:
        waits: seconds from POST to online, job by job. A row is *seen* online later than it is,
            by up to a poll interval: what is learned errs on the long side.
    """
    jobs = [job for job in waits if job]
    every = list(chain.from_iterable(jobs))
    if len(every) < _ENOUGH:
        return ASSUMED
    tenths = quantiles(every, n=10)
    return ProcessingTime(tenths[0], tenths[-1], len(every), len(jobs))


def forecast(work: Work, settings: Settings, processing: float) -> Forecast:
    """Tell how a run goes if every row is processed for so many seconds, and nothing fails."""
    rate, slowest = min((settings.rate, Bound.RATE), (settings.workers / _A_CALL, Bound.WORKERS))
    looks = (CALLS_A_ROW - 1) * work.resume + _CALLS_TO_SETTLE * work.settle
    anything = bool(work.under_way or work.search)
    before = anything + work.search + looks
    between = CALLS_A_ROW / rate
    sending = work.create * between
    waiting = _in_waves(work.create, settings.max_in_flight, processing, between)
    # While the last rows are waited for, a page a poll interval tells of them.
    at_the_end = processing / settings.poll_interval if work.under_way else 0.0
    last = processing if work.under_way else 0.0
    sent = max(sending, waiting)
    return Forecast(
        calls=round(before + work.create * CALLS_A_ROW + at_the_end),
        pace=work.create / sent if sent else rate / CALLS_A_ROW,
        bound=Bound.MAX_IN_FLIGHT if waiting > sending else slowest,
        seconds=before / rate + sent + last,
    )


def _in_waves(rows: int, at_once: int, processing: float, between: float) -> float:
    """Seconds until the last row is sent, where so many are under way at once at the most.

    A row waits for the end of the one that was sent so many places before it.
    """
    if not rows:
        return 0.0
    waves, place = divmod(rows - 1, at_once)
    return waves * processing + (place + 1) * between
