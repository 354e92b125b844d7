"""Estimate how many requests a run needs and how long it takes. No I/O.

This module must not know rows, the platform or the current time.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from statistics import quantiles
from typing import Final

from batch_import.configuration.settings import Settings

#: Average number of requests per row: its POST, and its share of the status requests. Measured by
#: `tests/benchmark/run.py`.
REQUESTS_PER_ROW: Final = 1.05
#: Average number of requests until it is known whether a POST without an answer created a media. In
#: simulated runs it was 2.3 if many other rows were sent, and 4.8 if no other row was sent.
_REQUESTS_TO_SETTLE: Final = 3.5
#: Assumed duration of a request in seconds, because the platform documents none. Most web services
#: are faster.
_REQUEST_SECONDS: Final = 0.3
#: Minimum number of processing times from which deciles are calculated. With fewer, the first and
#: the last decile depend on one or two rows.
_MIN_SAMPLE_SIZE: Final = 20


@dataclass(frozen=True, slots=True)
class ProcessingTime:
    """How long the platform takes from the POST until the video is online, in seconds.

    Attributes:
        low, high: the first and the last decile: a tenth of the rows is faster than `low`, and a
            tenth is slower than `high`.
        rows, jobs: number of rows, and of their jobs, from which the deciles were calculated; 0 if
            the deciles are assumed.
    """

    low: float
    high: float
    rows: int = 0
    jobs: int = 0


#: Processing time that is assumed if too few rows were imported before. According to the vendor's
#: help pages, processing takes 0.5 to 0.8 times the length of the video. The videos are assumed to
#: be two to fifty minutes long, from a clip to a recorded lecture.
ASSUMED_PROCESSING_TIME: Final = ProcessingTime(60.0, 2400.0)


@dataclass(frozen=True, slots=True)
class Work:
    """What a run has to do, in numbers of rows.

    Attributes:
        create_count: number of rows to create.
        resume_count: number of rows that a previous run sent and that are not imported yet.
        settle_count: number of rows whose POST got no clear answer.
        search_request_count: number of requests that search the account before the first POST.
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
    #: Most of the time is spent waiting for the last videos. No option shortens this time.
    PROCESSING = "processing"


@dataclass(frozen=True, slots=True)
class Forecast:
    """Estimate of a run.

    Attributes:
        request_count: number of requests of all kinds.
        rows_per_second: number of rows that are created per second.
        bound: what keeps the run from being faster.
        seconds: duration of the run: until it has seen that the last video is online.
    """

    request_count: int
    rows_per_second: float
    bound: Bound
    seconds: float


def learn_processing_time(processing_times: Iterable[list[float]]) -> ProcessingTime:
    """Returns the processing time of earlier jobs; an assumed time if there are too few rows.

    Args:
        processing_times: for each job, a list with the seconds from the POST of each row until the
            row was seen online. A run sees that a row is online up to one poll interval too late;
            therefore the result is rather too long.
    """
    non_empty_jobs = [job for job in processing_times if job]
    seconds = list(chain.from_iterable(non_empty_jobs))
    if len(seconds) < _MIN_SAMPLE_SIZE:
        return ASSUMED_PROCESSING_TIME
    deciles = quantiles(seconds, n=10)
    return ProcessingTime(deciles[0], deciles[-1], len(seconds), len(non_empty_jobs))


def forecast(work: Work, settings: Settings, processing_seconds: float) -> Forecast:
    """Returns the estimate of a run in which no request fails.

    Args:
        work: what the run has to do.
        settings: settings of the run.
        processing_seconds: assumed processing time of each row.
    """
    # Two limits of the requests per second: the lower one applies.
    rate, rate_bound = min(
        (settings.rate, Bound.RATE), (settings.workers / _REQUEST_SECONDS, Bound.WORKERS)
    )
    resume_request_count = (REQUESTS_PER_ROW - 1) * work.resume_count
    settle_request_count = _REQUESTS_TO_SETTLE * work.settle_count
    has_work = bool(work.in_account_count or work.search_request_count)
    # A run with work first requests the account, to test the credentials.
    account_request_count = 1 if has_work else 0
    requests_before = (
        account_request_count
        + work.search_request_count
        + (resume_request_count + settle_request_count)
    )
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
    rows_per_second = rate / REQUESTS_PER_ROW
    if sending_seconds:
        rows_per_second = work.create_count / sending_seconds
    return Forecast(
        request_count=round(
            requests_before + work.create_count * REQUESTS_PER_ROW + requests_at_end
        ),
        rows_per_second=rows_per_second,
        bound=Bound.PROCESSING if last_row_seconds > seconds_before else sending_bound,
        seconds=seconds_before + last_row_seconds,
    )


def _seconds_to_send(
    row_count: int, max_in_flight: int, processing_seconds: float, seconds_per_row: float
) -> float:
    """Returns the seconds until the last row is sent, if at most `max_in_flight` are in flight.

    The rows are sent in waves of `max_in_flight` rows: each row of a wave can be sent when the
    corresponding row of the previous wave is finished.
    """
    if not row_count:
        return 0.0
    full_wave_count, position_in_wave = divmod(row_count - 1, max_in_flight)
    return full_wave_count * processing_seconds + (position_in_wave + 1) * seconds_per_row
