"""Rows that wait to be created."""

from batch_import.importer.schedule.creation import LOOKS_SHARE, Creation
from batch_import.importer.schedule.flights import ToCreate
from batch_import.models import JobRow, Status


def todo(number: int) -> ToCreate:
    return ToCreate(JobRow(number, f"r{number}", "https://h/v", "T", "mp4", Status.PENDING), 0.0)


def test_rows_that_are_sent_again_come_after_all_others_and_in_time() -> None:
    creation = Creation()
    creation.delay(todo(1), until=10.0)
    creation.add(todo(2))
    assert creation.ready(0.0)
    assert creation.take() == todo(2)
    assert not creation.ready(9.0)
    assert creation.ready_at() == 10.0
    assert creation.ready(10.0)
    assert creation.take() == todo(1)


def test_a_look_may_come_between_so_many_creates() -> None:
    creation = Creation()
    for number in range(200):
        creation.add(todo(number))
    looks = 0
    for _ in range(200):
        if creation.may_look():
            creation.looked()
            looks += 1
        creation.take()
    assert looks == 200 * LOOKS_SHARE - 1


def test_all_that_wait_are_given_back() -> None:
    creation = Creation()
    creation.add(todo(1))
    creation.delay(todo(2), until=5.0)
    creation.put_back(todo(3))
    assert [one.row.number for one in creation.take_all()] == [3, 1, 2]
    assert not creation.ready(100.0)


def test_a_row_that_was_found_waits_no_more() -> None:
    creation = Creation()
    one, two = todo(1), todo(2)
    creation.add(one)
    creation.delay(two, until=5.0)
    creation.remove(one)
    creation.remove(two)
    assert creation.take_all() == []
