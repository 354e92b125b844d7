"""When the status of a row is requested next."""

import pytest

from batch_import.importer.schedule.polling import Polling


@pytest.mark.parametrize(
    ("age", "pause"), [(0.0, 1.0), (5.0, 1.0), (20.0, 3.0), (100.0, 15.0), (1000.0, 30.0)]
)
def test_the_interval_grows_with_the_age_of_the_row(age: float, pause: float) -> None:
    assert Polling(30.0).interval_for(age) == pytest.approx(pause)


def test_rows_become_due_in_time_and_stay_due_until_they_are_requested() -> None:
    polling = Polling(30.0)
    polling.add(1, 10.0)
    polling.add(2, 20.0)
    assert polling.next_due_at() == 10.0
    assert set(polling.due_rows(10.0)) == {1}
    assert polling.next_due_at() == 20.0
    assert set(polling.due_rows(20.0)) == {1, 2}
    polling.schedule(1, 20.0, 20.0)
    assert set(polling.due_rows(20.0)) == {2}
    polling.remove(2)
    assert set(polling.due_rows(40.0)) == {1}


def test_a_failed_status_request_is_repeated_at_once_and_then_with_backoff() -> None:
    polling, waits = Polling(30.0), []
    polling.add(1, 0.0)
    for _ in range(6):
        polling.record_failure(1, 100.0)
        waits.append(polling[1].due_at - 100.0)
    assert waits == [0, 4, 8, 16, 30, 30]
    polling.record_answer(1)
    polling.record_failure(1, 100.0)
    assert polling[1].due_at == 100.0


def test_removed_rows_are_never_due() -> None:
    polling = Polling(30.0)
    polling.add(1, 10.0)
    polling.remove(1)
    assert polling.next_due_at() == float("inf")
    assert not polling.due_rows(20.0)


def test_a_page_also_serves_rows_that_have_waited_half_of_their_interval() -> None:
    polling = Polling(30.0)
    polling.add(1, 10.0)
    assert not dict(polling.rows_due_early(9.9)), "its first look is none too early"
    assert set(dict(polling.rows_due_early(10.0))) == {1}
    polling.schedule(1, 10.0, 8.0)
    assert not dict(polling.rows_due_early(13.9))
    assert set(dict(polling.rows_due_early(14.0))) == {1}
    assert not polling.due_rows(14.0), "none is read for it alone"
    polling[1].lookup.is_open = True
    assert not dict(polling.rows_due_early(14.0))
