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
REQUESTS_PER_ROW: Final = 1.05
#: … and one whose POST got no answer, until it is known what came of it: in rehearsals 2.3, where
#: many other rows are sent, to 4.8, where none is.
_REQUESTS_TO_SETTLE: Final = 3.5
#: Seconds that a call is under way. Nobody tells; most services are faster.
_REQUEST_SECONDS: Final = 0.3
#: Fewer rows than this tell of chance.
_MIN_SAMPLE_SIZE: Final = 20


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
ASSUMED_PROCESSING_TIME: Final = ProcessingTime(60.0, 2400.0)


@dataclass(frozen=True, slots=True)
class Work:
    """What a run has to do, in rows.

    Attributes:
        search: calls to find out what is in the account already.
    """

    create_count: int
    resume_count: int = 0
    settle_count: int = 0
    search_request_count: int = 0

    @property
    def in_account_count(self) -> int:
        """Rows that the run is to see online."""
        return self.create_count + self.resume_count + self.settle_count


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

    request_count: int
    rows_per_second: float
    bound: Bound
    seconds: float


def learn_processing_time(processing_times: Iterable[list[float]]) -> ProcessingTime:
    """The processing times of earlier jobs, or what is assumed where they are too few.

    Args:
        waits: seconds from POST to online, job by job. A row is *seen* online later than it is,
            by up to a poll interval: what is learned errs on the long side.
    """
    jobs = [job for job in processing_times if job]
    seconds = list(chain.from_iterable(jobs))
    if len(seconds) < _MIN_SAMPLE_SIZE:
        return ASSUMED_PROCESSING_TIME
    deciles = quantiles(seconds, n=10)
    return ProcessingTime(deciles[0], deciles[-1], len(seconds), len(jobs))


def forecast(work: Work, settings: Settings, processing_seconds: float) -> Forecast:
    """Tell how a run goes if every row is processed for so many seconds, and nothing fails."""
    rate, rate_bound = min(
        (settings.rate, Bound.RATE), (settings.workers / _REQUEST_SECONDS, Bound.WORKERS)
    )
    status_request_count = (
        REQUESTS_PER_ROW - 1
    ) * work.resume_count + _REQUESTS_TO_SETTLE * work.settle_count
    is_any_work = bool(work.in_account_count or work.search_request_count)
    requests_before = is_any_work + work.search_request_count + status_request_count
    seconds_per_row = REQUESTS_PER_ROW / rate
    seconds_by_rate = work.create_count * seconds_per_row
    seconds_by_in_flight = _seconds_to_send(
        work.create_count, settings.max_in_flight, processing_seconds, seconds_per_row
    )
    # While the last rows are waited for, a page a poll interval tells of them.
    requests_at_end = processing_seconds / settings.poll_interval if work.in_account_count else 0.0
    last_row_seconds = processing_seconds if work.in_account_count else 0.0
    sending_seconds = max(seconds_by_rate, seconds_by_in_flight)
    return Forecast(
        request_count=round(
            requests_before + work.create_count * REQUESTS_PER_ROW + requests_at_end
        ),
        rows_per_second=work.create_count / sending_seconds
        if sending_seconds
        else rate / REQUESTS_PER_ROW,
        bound=Bound.MAX_IN_FLIGHT if seconds_by_in_flight > seconds_by_rate else rate_bound,
        seconds=requests_before / rate + sending_seconds + last_row_seconds,
    )


def _seconds_to_send(
    rows: int, max_in_flight: int, processing_seconds: float, seconds_per_row: float
) -> float:
    """Seconds until the last row is sent, where so many are under way at once at the most.

    A row waits for the end of the one that was sent so many places before it.
    """
    if not rows:
        return 0.0
    full_waves, position = divmod(rows - 1, max_in_flight)
    return full_waves * processing_seconds + (position + 1) * seconds_per_row
