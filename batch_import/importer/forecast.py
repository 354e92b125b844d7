"""Estimate how many requests an import needs and how long it takes. No I/O.

This module must not know rows, the platform or the current time.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from statistics import quantiles
from typing import Final

from batch_import.configuration.settings import Settings

#: Average number of requests per row, its POST included: measured by `tests/benchmark/run.py`.
REQUESTS_PER_ROW: Final = 1.05
#: Average number of requests until it is known whether a POST without an answer created a media. In
#: rehearsals it was 2.3 if many other rows were sent, and 4.8 if no other row was sent.
_REQUESTS_TO_SETTLE: Final = 3.5
#: Assumed duration of a request in seconds. The platform documents none; most web services are
#: faster.
_REQUEST_SECONDS: Final = 0.3
#: Smallest number of processing times from which quantiles are taken. With fewer, the outer tenths
#: depend on one or two rows.
_MIN_SAMPLE_SIZE: Final = 20


@dataclass(frozen=True, slots=True)
class ProcessingTime:
    """How long the platform takes from the POST until the video is online, in seconds.

    Attributes:
        low, high: the first and the last decile: a tenth of the rows is faster than `low`, and a
            tenth is slower than `high`.
        rows, jobs: numbers of rows and of jobs that the times were learned from; 0 if the times are
            assumed.
    """

    low: float
    high: float
    rows: int = 0
    jobs: int = 0


#: Used if there are too few earlier rows. The vendor's help pages say that processing takes 0.5 to
#: 0.8 times the length of the video. The videos are assumed to be two to fifty minutes long, from a
#: clip to a recorded lecture.
ASSUMED_PROCESSING_TIME: Final = ProcessingTime(60.0, 2400.0)


@dataclass(frozen=True, slots=True)
class Work:
    """What a run has to do, in numbers of rows.

    Attributes:
        create_count: rows to create.
        resume_count: rows that a previous run sent and that are not imported yet.
        settle_count: rows whose POST got no clear answer.
        search_request_count: requests needed to search the account before the first POST.
    """

    create_count: int
    resume_count: int = 0
    settle_count: int = 0
    search_request_count: int = 0

    @property
    def in_account_count(self) -> int:
        """Number of rows for which the run waits until they are online."""
        return self.create_count + self.resume_count + self.settle_count


class Bound(StrEnum):
    """What keeps a run from being faster: a setting, or the platform."""

    RATE = "rate"
    WORKERS = "workers"
    MAX_IN_FLIGHT = "max-in-flight"
    #: Most of the time is spent waiting for the last videos, which no option shortens.
    PROCESSING = "processing"


@dataclass(frozen=True, slots=True)
class Forecast:
    """Estimate of a run.

    Attributes:
        request_count: number of requests of all kinds.
        rows_per_second: how many rows are created per second.
        bound: what keeps the run from being faster.
        seconds: duration until the run knows that the last row is online.
    """

    request_count: int
    rows_per_second: float
    bound: Bound
    seconds: float


def learn_processing_time(processing_times: Iterable[list[float]]) -> ProcessingTime:
    """Returns the processing time of earlier jobs, or an assumed one if there are too few rows.

    Args:
        processing_times: seconds from the POST until the row was seen online, for each job. A row
            is seen online up to one poll interval after it is online; therefore the result is
            rather too long.
    """
    jobs = [job for job in processing_times if job]
    seconds = list(chain.from_iterable(jobs))
    if len(seconds) < _MIN_SAMPLE_SIZE:
        return ASSUMED_PROCESSING_TIME
    deciles = quantiles(seconds, n=10)
    return ProcessingTime(deciles[0], deciles[-1], len(seconds), len(jobs))


def forecast(work: Work, settings: Settings, processing_seconds: float) -> Forecast:
    """Returns the estimate of a run in which no request fails.

    Args:
        processing_seconds: how long each row is processed.
    """
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
    # While the run waits for the last rows, it reads about one page per poll interval.
    requests_at_end = processing_seconds / settings.poll_interval if work.in_account_count else 0.0
    last_row_seconds = processing_seconds if work.in_account_count else 0.0
    sending_seconds = max(seconds_by_rate, seconds_by_in_flight)
    sending_bound = Bound.MAX_IN_FLIGHT if seconds_by_in_flight > seconds_by_rate else rate_bound
    seconds_before = requests_before / rate + sending_seconds
    return Forecast(
        request_count=round(
            requests_before + work.create_count * REQUESTS_PER_ROW + requests_at_end
        ),
        rows_per_second=work.create_count / sending_seconds
        if sending_seconds
        else rate / REQUESTS_PER_ROW,
        bound=Bound.PROCESSING if last_row_seconds > seconds_before else sending_bound,
        seconds=seconds_before + last_row_seconds,
    )


def _seconds_to_send(
    rows: int, max_in_flight: int, processing_seconds: float, seconds_per_row: float
) -> float:
    """Returns the seconds until the last row is sent, if at most `max_in_flight` are in flight.

    A row can be sent when the row that was sent `max_in_flight` rows before it is finished.
    """
    if not rows:
        return 0.0
    full_waves, position = divmod(rows - 1, max_in_flight)
    return full_waves * processing_seconds + (position + 1) * seconds_per_row
