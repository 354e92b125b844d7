"""The reader returns rows of a job in blocks and groups, and the times of its events."""

import pytest

from batch_import.models import Counts, ManifestRow, Media, Status, StatusUpdate
from batch_import.state.reader import InFlightRow, Reader
from batch_import.state.store import Store


def row(number: int, *, url: str = "", error: str = "") -> ManifestRow:
    name = f"r{number}"
    url = url or f"https://h/{number}.mp4"
    codes = ("url-page",) if error else ()
    return ManifestRow(number + 1, name, name, url, "T", "mp4", (url,), error, codes=codes)


@pytest.fixture
def store() -> Store:
    """Return five rows: imported after 7 s, imported after 3 s, failed, in flight and pending."""
    store = Store(None)
    store.load([row(number) for number in range(1, 6)], 1.0)
    store.queue.claim(4, 10.0)
    sent = [StatusUpdate(number, Status.PROCESSING, sent_at=10.0 + number) for number in (1, 2, 4)]
    store.queue.apply(sent, 12.0)
    store.queue.apply([StatusUpdate(3, Status.FAILED, "no", error="no", code="rejected")], 13.0)
    store.queue.apply([StatusUpdate(2, Status.IMPORTED, media=Media("m2", "k2", "r2"))], 15.0)
    store.queue.apply([StatusUpdate(1, Status.IMPORTED, media=Media("m1", "k1", "r1"))], 18.0)
    return store


@pytest.fixture
def reader(store: Store) -> Reader:
    return store.reader


def line_numbers(rows: object) -> list[int]:
    return [row.line for row in rows]  # type: ignore[attr-defined]


def test_counts_include_a_row_that_is_being_created(store: Store) -> None:
    store.queue.claim(1, 20.0)
    others = {"total": 5, "imported": 2, "failed": 1}
    assert store.reader.counts() == Counts(**others, processing=1, unknown=1)
    assert store.reader.counts(is_running=True) == Counts(**others, processing=2)


def test_rows_are_returned_in_blocks_with_the_changed_ones(store: Store, reader: Reader) -> None:
    assert [line_numbers(block) for block in reader.blocks(2)] == [[2], [3, 4], [5, 6], []]
    assert reader.blocks_with(Status.IMPORTED, 2) == {0, 1}
    assert reader.blocks_with(Status.PENDING, 2) == {2}
    last = reader.last_event()
    assert reader.last_position() == 5
    assert reader.changed_blocks(2, last) == set()
    assert not reader.any_imported_since(last)
    assert reader.any_imported_since(last - 1)
    store.load([row(number) for number in range(1, 5)], 20.0)
    assert [line_numbers(block) for block in reader.blocks(2)] == [[2], [3, 4], [5], [6]]
    assert line_numbers(reader.removed_records()) == [6]
    assert reader.changed_blocks(2, last) == {None}


def test_rows_are_returned_by_status_and_position(reader: Reader) -> None:
    assert line_numbers(reader.records([Status.IMPORTED, Status.PENDING])) == [2, 3, 6]
    assert line_numbers(reader.records_at(2, 3)) == [3, 4]
    assert line_numbers(reader.first_imported(1)) == [2]
    assert line_numbers(reader.first_imported(9)) == [2, 3]


def test_rows_with_the_same_problem_and_host_are_one_group() -> None:
    store = Store(None)
    urls = ["https://a/1", "https://a/2", "https://b/1", "https://a/3"]
    store.load([row(n, url=url, error="no video") for n, url in enumerate(urls, 1)], 1.0)
    groups = [(row.source_url, count) for row, count in store.reader.problem_groups()]
    assert sorted(groups) == [("https://a/1", 3), ("https://b/1", 1)]
    assert line_numbers(store.reader.records_with_codes()) == [2, 3, 4, 5]


def test_reference_ids_near_a_text_are_found(reader: Reader) -> None:
    assert sorted(reader.reference_ids_near("r3x", 1)) == ["r3", "r4"]
    assert sorted(reader.reference_ids_near("a", 2)) == ["r1", "r2"]
    assert reader.is_reference("r3")
    assert not reader.is_reference("r3x")


def test_the_oldest_row_in_flight_and_event_times_are_returned(reader: Reader) -> None:
    assert reader.oldest_in_flight() == InFlightRow(5, "r4", Status.PROCESSING, 14.0)
    assert reader.event_span() == (10.0, 18.0)
    assert reader.processing_times(9, 60.0) == [7.0, 3.0]
    assert reader.processing_times(1, 60.0) == [7.0]
    assert reader.processing_times(9, 7.0) == [7.0, 3.0]
    assert reader.processing_times(9, 6.9) == [3.0]


def test_a_job_without_rows_has_empty_results() -> None:
    with Store(None) as store:
        assert store.reader.last_position() == -1
        assert store.reader.last_event() == 0
        assert store.reader.event_span() is None
        assert store.reader.oldest_in_flight() is None
        assert list(store.reader.records()) == []
        assert list(store.reader.problem_groups()) == []
        assert store.reader.find_by_line(2) is None
