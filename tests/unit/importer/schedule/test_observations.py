"""Processing times of rows: their quantiles, and which observations count."""

import pytest

from batch_import.importer.schedule.observations import SAMPLE_SIZE, ProcessingTimes
from batch_import.importer.schedule.polling import MIN_POLL_INTERVAL


def times(*seconds: float) -> ProcessingTimes:
    made = ProcessingTimes()
    for time in seconds:
        made.record(time, time)
    return made


def test_fewer_than_eight_times_give_no_estimate() -> None:
    few = times(*range(1, 8))
    assert few.shortest() == 0.0
    assert few.age_when_all_done([]) is None
    assert times().late_age() is None
    assert times().share_done(5.0) == 0.5


def test_quantiles_of_a_hundred_times() -> None:
    many = times(*range(1, 101))
    assert many.shortest() == 1
    assert many.share_done(25.0) == 0.25
    assert many.late_age() == pytest.approx(1.5 * 93)


@pytest.mark.parametrize(
    ("count", "late_time"), [(1, 1), (2, 2), (10, 6), (15, 8), (16, 9), (17, 10), (100, 93)]
)
def test_the_late_age_follows_from_the_latest_half_of_the_times(count: int, late_time: int) -> None:
    assert times(*range(1, count + 1)).late_age() == pytest.approx(1.5 * late_time)


def test_late_rows_that_are_still_processing_raise_the_late_age() -> None:
    some = times(*range(1, 11))
    for _ in range(2):
        some.record_late_check(100.0)
    assert some.late_age() == 9.0
    some.record_late_check(100.0)
    assert some.late_age() == 150.0
    for _ in range(3):
        some.record_late_check(0.0)
    assert some.late_age() == 9.0


@pytest.mark.parametrize(
    ("not_done", "done", "time"), [(2.0, 4.0, 3.0), (5.0, 4.0, 5.0), (0.0, 4.0, 2.0)]
)
def test_a_time_is_the_middle_between_two_status_requests(
    not_done: float, done: float, time: float
) -> None:
    made = times()
    made.record(not_done, done)
    assert made.late_age() == 1.5 * time


@pytest.mark.parametrize(("not_done", "is_recorded"), [(50.0, True), (49.0, False)])
def test_a_time_between_distant_requests_counts_only_among_few(
    not_done: float,
    is_recorded: bool,  # noqa: FBT001
) -> None:
    few, many = times(*[1.0] * 7), times(*[1.0] * 8)
    for each in (few, many):
        each.record(not_done, 100.0)
    assert few.share_done(50.0) == 7 / 8
    assert (many.share_done(50.0) < 1.0) == is_recorded


def test_a_time_between_status_requests_within_the_shortest_interval_always_counts() -> None:
    many = times(*[1.0] * 8)
    many.record(0.0, MIN_POLL_INTERVAL)
    assert many.shortest() == MIN_POLL_INTERVAL / 2


def test_eight_times_are_enough_for_an_estimate() -> None:
    eight = times(*range(1, 9))
    assert eight.shortest() == 1.0
    assert eight.age_when_all_done([]) == 8.0
    # Only one of nine is done at 5, after which the first became done at 1.
    assert times(1, *range(10, 17)).age_when_all_done([5.0]) == 1 + 4 * 9
    # Eight of sixteen are done at 8; the others become done at the same rate.
    assert eight.age_when_all_done([8.0] * 8) == 1 + 7 * 16 / 8


def test_the_share_done_can_be_limited_to_times_above_an_age() -> None:
    many = times(*range(1, 101))
    assert many.share_done(75.0, not_done_age=50.0) == 0.5
    assert many.share_done(101.0, not_done_age=100.0) == 0.0, "none is known to take so long"


def test_only_the_latest_times_are_kept() -> None:
    many = times(*[100.0] * SAMPLE_SIZE, *[1.0] * SAMPLE_SIZE)
    assert many.share_done(1.0) == 1.0
    many = times(100.0, *[1.0] * (SAMPLE_SIZE - 1))
    assert many.share_done(1.0) < 1.0
    many.record(1.0, 1.0)
    assert many.share_done(1.0) == 1.0


def test_a_row_without_status_requests_for_long_is_not_recorded() -> None:
    many = times(*[10.0] * 20)
    many.record(0.0, 1000.0)
    assert many.share_done(10.0) == 1.0


def test_the_age_when_all_are_done_is_extrapolated() -> None:
    # Half of the rows were done by 30 s, evenly since 10 s; the others are still under way.
    half = times(*(10 + n / 5 for n in range(100)))
    assert half.age_when_all_done([30.0] * 100) == pytest.approx(50, rel=0.1)
    assert half.age_when_all_done([]) == pytest.approx(30, rel=0.05)
