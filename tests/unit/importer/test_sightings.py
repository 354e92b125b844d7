"""What looks teach: an estimate that can be checked against what the looks were drawn from."""

from random import Random

import pytest
from batch_import.importer.sightings import ListedTime, Visibility


def looked(times: list[float], looks: list[float]) -> ListedTime:
    """Every row is looked at, at the same ages, until it is done."""
    listed = ListedTime()
    for time in times:
        before = None
        for age in looks:
            if age >= time:
                listed.done(before, age)
                break
            listed.waits(before, age)
            before = age
    return listed


def test_the_estimate_comes_near_the_truth() -> None:
    dice = Random(1)
    listed = looked([dice.uniform(5, 120) for _ in range(2000)], [10, 30, 60, 90, 130])
    for age in (10, 30, 60, 90):
        assert listed.done_by(age) == pytest.approx((age - 5) / 115, abs=0.08)
    assert listed.done_by(150) > 0.95


def test_rows_that_are_not_done_yet_count() -> None:
    # Looked at young, only the quick ones were seen done: the others are slow, not unknown.
    dice = Random(1)
    listed = looked([dice.uniform(5, 120) for _ in range(2000)], [20])
    assert listed.done_by(20) == pytest.approx(15 / 115, abs=0.05)


def test_chances_never_fall_with_age() -> None:
    listed = looked([3.0, 4.0, 5.0, 200.0], [2, 4, 8, 16])
    ages = [0, 0.1, 0.5, 1, 2, 3, 5, 10, 100, 1e4, 1e6, 1e9]
    chances = [listed.done_by(age) for age in ages]
    assert chances == sorted(chances)
    assert 0 <= chances[0] <= chances[-1] <= 1
    assert 0 <= listed.done_since(2, 3) <= listed.done_since(2, 8) <= 1


def test_nothing_is_overdue_before_anything_is_known() -> None:
    listed = ListedTime()
    assert listed.overdue(1e6) is None
    listed.done(None, 4.0)
    assert listed.overdue(1.0) is False
    assert listed.overdue(60.0) is True


def test_rows_that_never_come_to_be_done_do_not_hide_what_is_overdue() -> None:
    listed = looked([3.0] * 20 + [1e9] * 20, [2, 4, 8, 16, 32, 64])
    assert listed.overdue(40.0) is True


def seen(many: int, *, done: bool = True, age: float = 2.0) -> Visibility:
    visibility = Visibility()
    for _ in range(many):
        visibility.seen(age, first=True, done=done)
    return visibility


def test_nobody_is_sure_at_first() -> None:
    assert seen(7).sure_from(0.0) is None
    assert not seen(7).proves_absence([1e3, 2e3, 3e3, 4e3], 0.0)


def test_sure_is_beyond_the_longest_time_that_a_media_was_hidden() -> None:
    visibility = seen(100, done=False)
    visibility.hidden(40.0)
    sure = visibility.sure_from(0.0)
    assert sure is not None
    assert sure > 1.5 * 40.0


def test_media_seen_only_when_they_were_old_tell_nothing_of_young_ones() -> None:
    sure = seen(100, age=200.0).sure_from(0.0)
    assert sure is not None
    assert sure > 200.0


def test_several_looks_are_needed_and_apart() -> None:
    visibility = seen(100)
    assert not visibility.proves_absence([50.0, 60.0], 0.0)
    assert not visibility.proves_absence([50.0, 50.1, 50.2, 50.3], 0.0)
    assert not visibility.proves_absence([1.0, 3.0, 5.0], 0.0)
    assert visibility.proves_absence([50.0, 60.0, 70.0], 0.0)


def test_one_media_that_was_lost_ends_all_certainty() -> None:
    visibility = seen(100)
    visibility.flickered()
    assert not visibility.proves_absence([50.0, 60.0, 70.0, 1e6], 0.0)


def test_a_media_that_is_still_unseen_puts_off_what_is_sure() -> None:
    visibility = seen(100, age=10.0)
    assert visibility.proves_absence([50.0, 60.0, 70.0], 0.0)
    assert not visibility.proves_absence([50.0, 60.0, 70.0], 60.0)
    assert visibility.proves_absence([150.0, 160.0, 170.0], 60.0)


def test_nothing_is_told_of_the_last_row_before_any_is_done() -> None:
    listed = ListedTime()
    listed.waits(None, 10.0)
    assert listed.all_done() is None


@pytest.mark.parametrize(
    ("shortest", "longest", "oldest"),
    [
        pytest.param(5, 30, 60, id="all rows are done"),
        pytest.param(5, 120, 60, id="the oldest are half-way"),
        pytest.param(60, 600, 300, id="long ones"),
        pytest.param(60, 90, 200, id="alike"),
    ],
)
def test_the_age_of_the_last_row_is_told_from_those_that_are_done(
    shortest: float, longest: float, oldest: float
) -> None:
    times = [shortest + (longest - shortest) * n / 500 for n in range(500)]
    looks = [3.0 * n for n in range(1, 1 + int(oldest / 3))]
    assert looked(times, looks).all_done() == pytest.approx(longest, rel=0.25)
