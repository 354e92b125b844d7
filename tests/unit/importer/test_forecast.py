"""The sums of a forecast, in tables."""

import pytest

from batch_import.configuration.settings import Settings
from batch_import.importer.forecast import (
    ASSUMED_PROCESSING_TIME,
    Bound,
    ProcessingTime,
    Work,
    forecast,
    learn_processing_time,
)

#: Rows a second, at 10.5 calls a second: 10.
TEN = Settings(rate=10.5, poll_interval=30.0)


@pytest.mark.parametrize(
    ("work", "processing", "seconds", "calls"),
    [
        # A call to see who we are, then 100 rows at 10 a second, then 60 s for the last one to be
        # online; two pages meanwhile.
        (Work(100), 60.0, 1 / 10.5 + 10 + 60, 1 + 105 + 2),
        (Work(100, search_request_count=21), 60.0, 22 / 10.5 + 10 + 60, 22 + 105 + 2),
        (Work(0, resume_count=100), 60.0, 6 / 10.5 + 60, 1 + 5 + 2),
        (Work(0, settle_count=10), 60.0, 36 / 10.5 + 60, 1 + 35 + 2),
        (Work(0, search_request_count=5), 60.0, 6 / 10.5, 6),
        (Work(0), 60.0, 0.0, 0),
    ],
)
def test_time_and_calls(work: Work, processing: float, seconds: float, calls: int) -> None:
    printed = forecast(work, TEN, processing)
    assert printed.seconds == pytest.approx(seconds)
    assert printed.request_count == calls


@pytest.mark.parametrize(
    ("rows", "rate", "workers", "at_once", "processing", "bound", "pace"),
    [
        (1000, 10.5, 8, 10_000, 60.0, Bound.RATE, 10.0),
        (1000, 50.0, 3, 10_000, 60.0, Bound.WORKERS, 10 / 1.05),
        # 100 rows at a time, each of 100 s: one a second, but for the first hundred.
        (10_000, 10.5, 8, 100, 100.0, Bound.MAX_IN_FLIGHT, 10_000 / (99 * 100.0 + 10)),
        # The first row is done before the hundredth is sent: there is always room.
        (10_000, 10.5, 8, 100, 9.0, Bound.RATE, 10.0),
        # All rows have room at once, however long they take.
        (100, 10.5, 8, 100, 5000.0, Bound.PROCESSING, 10.0),
    ],
)
def test_what_bounds_the_pace(
    rows: int,
    rate: float,
    workers: int,
    at_once: int,
    processing: float,
    bound: Bound,
    pace: float,
) -> None:
    settings = Settings(rate=rate, workers=workers, max_in_flight=at_once)
    printed = forecast(Work(rows), settings, processing)
    assert printed.bound is bound
    assert printed.rows_per_second == pytest.approx(pace)


def test_processing_is_learned_from_the_tenths_of_earlier_rows() -> None:
    printed = learn_processing_time(
        [[float(n) for n in range(1, 60)], [], [float(n) for n in range(60, 100)]]
    )
    assert printed == ProcessingTime(10.0, 90.0, rows=99, jobs=2)


@pytest.mark.parametrize("waits", [[], [[]], [[5.0] * 19]])
def test_too_few_rows_teach_nothing(waits: list[list[float]]) -> None:
    assert learn_processing_time(waits) is ASSUMED_PROCESSING_TIME
