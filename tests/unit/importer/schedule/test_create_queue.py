"""Rows that wait to be created."""

from batch_import.importer.schedule.create_queue import STATUS_REQUEST_SHARE, CreateQueue
from batch_import.importer.schedule.row_states import ToCreate
from batch_import.models import JobRow, Status


def todo(number: int) -> ToCreate:
    return ToCreate(JobRow(number, f"r{number}", "https://h/v", "T", "mp4", Status.PENDING), 0.0)


def test_rows_that_are_sent_again_come_after_all_others_and_in_time() -> None:
    creation = CreateQueue()
    creation.delay(todo(1), ready_at=10.0)
    creation.add(todo(2))
    assert creation.is_ready(0.0)
    assert creation.pop() == todo(2)
    assert not creation.is_ready(9.0)
    assert creation.ready_at() == 10.0
    assert creation.is_ready(10.0)
    assert creation.pop() == todo(1)


def test_a_look_may_come_between_so_many_creates() -> None:
    creation = CreateQueue()
    for number in range(200):
        creation.add(todo(number))
    looks = 0
    for _ in range(200):
        if creation.may_request_status():
            creation.record_status_request()
            looks += 1
        creation.pop()
    assert looks == 200 * STATUS_REQUEST_SHARE - 1


def test_all_that_wait_are_given_back() -> None:
    creation = CreateQueue()
    creation.add(todo(1))
    creation.delay(todo(2), ready_at=5.0)
    creation.add_first(todo(3))
    assert [one.row.row_number for one in creation.pop_all()] == [3, 1, 2]
    assert not creation.is_ready(100.0)


def test_a_row_that_was_found_waits_no_more() -> None:
    creation = CreateQueue()
    one, two = todo(1), todo(2)
    creation.add(one)
    creation.delay(two, ready_at=5.0)
    creation.remove(one)
    creation.remove(two)
    assert creation.pop_all() == []
