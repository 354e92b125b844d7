"""The numbers of a forecast, in tables."""

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

#: 10 rows per second, at 10.5 requests per second.
TEN = Settings(rate=10.5, poll_interval=30.0)


@pytest.mark.parametrize(
    ("work", "processing", "seconds", "calls"),
    [
        # One request for the account, then 100 rows at 10 per second, then 60 s until the last is
        # online, with two pages meanwhile.
        (Work(100), 60.0, 1 / 10.5 + 10 + 60, 1 + 105 + 2),
        (Work(100, search_request_count=21), 60.0, 22 / 10.5 + 10 + 60, 22 + 105 + 2),
        (Work(0, resume_count=100), 60.0, 6 / 10.5 + 60, 1 + 5 + 2),
        (Work(0, settle_count=10), 60.0, 36 / 10.5 + 60, 1 + 35 + 2),
        (Work(0, search_request_count=5), 60.0, 6 / 10.5, 6),
        (Work(0), 60.0, 0.0, 0),
    ],
)
def test_the_forecast_has_seconds_and_requests(
    work: Work, processing: float, seconds: float, calls: int
) -> None:
    forecasted = forecast(work, TEN, processing)
    assert forecasted.seconds == pytest.approx(seconds)
    assert forecasted.request_count == calls


@pytest.mark.parametrize(
    ("rows", "rate", "workers", "max_in_flight", "processing", "bound", "rows_per_second"),
    [
        (1000, 10.5, 8, 10_000, 60.0, Bound.RATE, 10.0),
        (1000, 50.0, 3, 10_000, 60.0, Bound.WORKERS, 10 / 1.05),
        # 100 rows in flight, each for 100 s: one per second, except for the first hundred.
        (10_000, 10.5, 8, 100, 100.0, Bound.MAX_IN_FLIGHT, 10_000 / (99 * 100.0 + 10)),
        # The first row is done before the hundredth is sent: there is always room.
        (10_000, 10.5, 8, 100, 9.0, Bound.RATE, 10.0),
        # All rows have room at once, however long they take.
        (100, 10.5, 8, 100, 5000.0, Bound.PROCESSING, 10.0),
    ],
)
def test_the_forecast_names_what_limits_the_rate(
    rows: int,
    rate: float,
    workers: int,
    max_in_flight: int,
    processing: float,
    bound: Bound,
    rows_per_second: float,
) -> None:
    settings = Settings(rate=rate, workers=workers, max_in_flight=max_in_flight)
    forecasted = forecast(Work(rows), settings, processing)
    assert forecasted.bound is bound
    assert forecasted.rows_per_second == pytest.approx(rows_per_second)


def test_processing_times_are_learned_from_the_deciles_of_earlier_rows() -> None:
    forecasted = learn_processing_time(
        [[float(n) for n in range(1, 60)], [], [float(n) for n in range(60, 100)]]
    )
    assert forecasted == ProcessingTime(10.0, 90.0, rows=99, jobs=2)


@pytest.mark.parametrize("waits", [[], [[]], [[5.0] * 19]])
def test_too_few_rows_give_the_assumed_processing_time(waits: list[list[float]]) -> None:
    assert learn_processing_time(waits) is ASSUMED_PROCESSING_TIME
