"""Nothing leaves into an outage but the question whether it is over."""

from batch_import.importer.schedule.outage import UNCLEAR_IN_A_ROW, Outage


def opened() -> Outage:
    outage = Outage()
    for _ in range(UNCLEAR_IN_A_ROW):
        outage.answered(0.0, clear=False)
    return outage


def test_eight_unclear_answers_in_a_row_open_it() -> None:
    outage = Outage()
    for _ in range(UNCLEAR_IN_A_ROW - 1):
        outage.answered(0.0, clear=False)
    assert not outage.is_open
    outage.answered(0.0, clear=True)
    for _ in range(UNCLEAR_IN_A_ROW - 1):
        outage.answered(0.0, clear=False)
    assert not outage.is_open
    outage.answered(0.0, clear=False)
    assert outage.is_open


def test_posts_under_way_count_as_unclear_once_one_is() -> None:
    outage = Outage()
    assert outage.admits_post(100)
    outage.answered(0.0, clear=False)
    assert outage.admits_post(UNCLEAR_IN_A_ROW - 2)
    assert not outage.admits_post(UNCLEAR_IN_A_ROW - 1)


def test_the_account_is_asked_for_later_and_later() -> None:
    outage, waits = opened(), []
    now = 0.0
    for _ in range(7):
        waits.append(outage.asks_at() - now)
        now = outage.asks_at()
        outage.asked()
        assert outage.asks_at() == float("inf")
        outage.account_answered(now, clear=False)
    assert waits == [1, 2, 4, 8, 16, 30, 30]


def test_one_call_is_tried_before_all() -> None:
    outage = opened()
    outage.asked()
    outage.account_answered(1.0, clear=True)
    assert not outage.is_open
    assert outage.admits(0)
    assert not outage.admits(1)
    outage.answered(2.0, clear=True)
    assert outage.admits(31)


def test_a_trial_that_fails_opens_it_again() -> None:
    outage = opened()
    outage.asked()
    outage.account_answered(1.0, clear=True)
    outage.answered(2.0, clear=False)
    assert outage.is_open
    assert outage.asks_at() == 4.0
