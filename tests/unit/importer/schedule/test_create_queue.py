"""Rows that wait to be created."""

from batch_import.importer.schedule.create_queue import STATUS_REQUEST_SHARE, CreateQueue
from batch_import.importer.schedule.row_states import ToCreate
from batch_import.models import JobRow, Status


def row_to_create(number: int) -> ToCreate:
    return ToCreate(JobRow(number, f"r{number}", "https://h/v", "T", "mp4", Status.PENDING), 0.0)


def test_a_repeated_row_comes_after_all_others_and_not_before_its_time() -> None:
    creation = CreateQueue()
    creation.delay(row_to_create(1), ready_at=10.0)
    creation.add(row_to_create(2))
    assert creation.is_ready(0.0)
    assert creation.pop() == row_to_create(2)
    assert not creation.is_ready(9.0)
    assert creation.ready_at() == 10.0
    assert creation.is_ready(10.0)
    assert creation.pop() == row_to_create(1)


def test_two_requests_in_a_hundred_may_be_status_requests() -> None:
    creation = CreateQueue()
    for number in range(200):
        creation.add(row_to_create(number))
    status_request_count = 0
    for _ in range(200):
        if creation.may_request_status():
            creation.record_status_request()
            status_request_count += 1
        creation.pop()
    assert status_request_count == 200 * STATUS_REQUEST_SHARE - 1


def test_pop_all_returns_all_waiting_rows() -> None:
    creation = CreateQueue()
    creation.add(row_to_create(1))
    creation.delay(row_to_create(2), ready_at=5.0)
    creation.add_first(row_to_create(3))
    assert [one.row.row_number for one in creation.pop_all()] == [3, 1, 2]
    assert not creation.is_ready(100.0)


def test_a_removed_row_no_longer_waits() -> None:
    creation = CreateQueue()
    one, two = row_to_create(1), row_to_create(2)
    creation.add(one)
    creation.delay(two, ready_at=5.0)
    creation.remove(one)
    creation.remove(two)
    assert creation.pop_all() == []
