"""How long rows take."""

import pytest

from batch_import.importer.schedule.observations import SAMPLE_SIZE, ProcessingTimes


def times(*seconds: float) -> ProcessingTimes:
    made = ProcessingTimes()
    for time in seconds:
        made.record(time, time)
    return made


def test_little_is_said_of_few() -> None:
    few = times(*range(1, 8))
    assert few.shortest() == 0.0
    assert few.age_when_all_done([]) is None
    assert times().late_age() is None
    assert times().share_done(5.0) == 0.5


def test_quantiles_of_many() -> None:
    many = times(*range(1, 101))
    assert many.shortest() == 1
    assert many.share_done(25.0) == 0.25
    assert many.late_age() == pytest.approx(1.5 * 93)


def test_a_row_that_was_not_done_at_an_age_is_compared_with_later_ones() -> None:
    many = times(*range(1, 101))
    assert many.share_done(75.0, not_done_age=50.0) == 0.5
    assert many.share_done(101.0, not_done_age=100.0) == 0.0, "none is known to take so long"


def test_only_the_latest_are_remembered() -> None:
    many = times(*[100.0] * SAMPLE_SIZE, *[1.0] * SAMPLE_SIZE)
    assert many.share_done(1.0) == 1.0


def test_a_row_that_nobody_looked_at_for_long_tells_little() -> None:
    many = times(*[10.0] * 20)
    many.record(0.0, 1000.0)
    assert many.share_done(10.0) == 1.0


def test_the_end_is_drawn_on_from_what_is_known() -> None:
    # Half of the rows were done by 30 s, evenly since 10 s; the others are still under way.
    half = times(*(10 + n / 5 for n in range(100)))
    assert half.age_when_all_done([30.0] * 100) == pytest.approx(50, rel=0.1)
    assert half.age_when_all_done([]) == pytest.approx(30, rel=0.05)
