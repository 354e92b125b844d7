"""How fast rows are created: measured, recently, and at most at the allowed rate."""

import pytest

from batch_import.importer.creation_rate import CreationRate


def create_each_second(pace: CreationRate, rows: int, begin: int, end: int) -> None:
    for second in range(begin, end):
        pace.record_created(rows, float(second))


def test_there_is_no_estimate_before_the_second_row() -> None:
    pace = CreationRate()
    assert pace.seconds_for(10, 5.0, 0.0) is None
    pace.record_created(1, 1.0)
    assert pace.seconds_for(10, 5.0, 1.0) is None


def test_rows_of_one_moment_give_no_rate() -> None:
    pace = CreationRate()
    pace.record_created(1, 1.0)
    pace.record_created(1, 1.0)
    assert pace.seconds_for(10, 5.0, 1.0) is None


def test_no_remaining_rows_take_no_time() -> None:
    assert CreationRate().seconds_for(0, 5.0, 0.0) == 0.0


@pytest.mark.parametrize("seconds", [3, 30, 300])
def test_the_estimate_is_stable_from_the_start(seconds: int) -> None:
    pace = CreationRate()
    create_each_second(pace, 4, 0, seconds + 1)
    assert pace.seconds_for(400, 5.0, float(seconds)) == pytest.approx(100, rel=0.05)


def test_the_last_minute_counts_most() -> None:
    pace = CreationRate()
    create_each_second(pace, 4, 0, 600)
    create_each_second(pace, 1, 600, 780)
    rate = pace.rate(780.0)
    assert rate is not None
    assert rate < 1.2


def test_the_estimate_is_limited_by_the_allowed_rate() -> None:
    pace = CreationRate()
    create_each_second(pace, 4, 0, 60)
    assert pace.seconds_for(400, 1.0, 60.0) == 400


def test_there_is_no_estimate_if_nothing_was_created_for_long() -> None:
    pace = CreationRate()
    create_each_second(pace, 4, 0, 60)
    assert pace.seconds_for(400, 5.0, 200.0) is not None
    assert pace.seconds_for(400, 5.0, 300.0) is None
