"""During an outage, only account/info is requested."""

from batch_import.importer.schedule.outage import UNCLEAR_THRESHOLD, Outage


def open_outage() -> Outage:
    outage = Outage()
    for _ in range(UNCLEAR_THRESHOLD):
        outage.record_answer(0.0, is_clear=False)
    return outage


def test_eight_unclear_answers_in_a_row_open_an_outage() -> None:
    outage = Outage()
    for _ in range(UNCLEAR_THRESHOLD - 1):
        outage.record_answer(0.0, is_clear=False)
    assert not outage.is_open
    outage.record_answer(0.0, is_clear=True)
    for _ in range(UNCLEAR_THRESHOLD - 1):
        outage.record_answer(0.0, is_clear=False)
    assert not outage.is_open
    outage.record_answer(0.0, is_clear=False)
    assert outage.is_open


def test_posts_under_way_count_as_unclear_after_one_unclear_answer() -> None:
    outage = Outage()
    assert outage.allows_post(100)
    outage.record_answer(0.0, is_clear=False)
    assert outage.allows_post(UNCLEAR_THRESHOLD - 2)
    assert not outage.allows_post(UNCLEAR_THRESHOLD - 1)


def test_the_account_is_requested_with_backoff() -> None:
    outage, waits = open_outage(), []
    now = 0.0
    for _ in range(7):
        waits.append(outage.probe_at() - now)
        now = outage.probe_at()
        outage.record_probe_sent()
        assert outage.probe_at() == float("inf")
        outage.record_probe_answer(now, is_clear=False)
    assert waits == [1, 2, 4, 8, 16, 30, 30]


def test_one_request_is_tried_before_all_are_sent_again() -> None:
    outage = open_outage()
    outage.record_probe_sent()
    outage.record_probe_answer(1.0, is_clear=True)
    assert not outage.is_open
    assert outage.allows_request(0)
    assert not outage.allows_request(1)
    outage.record_answer(2.0, is_clear=True)
    assert outage.allows_request(31)


def test_a_failed_trial_request_opens_the_outage_again() -> None:
    outage = open_outage()
    outage.record_probe_sent()
    outage.record_probe_answer(1.0, is_clear=True)
    outage.record_answer(2.0, is_clear=False)
    assert outage.is_open
    assert outage.probe_at() == 4.0
