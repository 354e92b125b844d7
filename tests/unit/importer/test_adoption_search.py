"""How the media of the account are read before the first POST."""

import itertools

import pytest

from batch_import.importer.adoption_search import AdoptionSearch
from batch_import.importer.list_pages import ListPages
from batch_import.models import Media, MediaPage

_names = itertools.count()


def page(items: int, total: int | None) -> MediaPage:
    """Return a page of media that are on no other page."""
    return MediaPage(tuple(Media(f"m{next(_names)}", "k", "") for _ in range(items)), total)


class AdoptionReading:
    """An adoption search, and the pages that it learns from."""

    def __init__(self, pending: int | None, *, first_page_only: bool = False) -> None:
        self.pages = ListPages()
        self.adoption = AdoptionSearch(pending, self.pages, first_page_only=first_page_only)

    def read(self, number: int, page: MediaPage) -> None:
        self.pages.learn_page(number, page)
        self.adoption.record_page(number, page)

    @property
    def done(self) -> bool:
        return self.adoption.is_done

    @property
    def page(self) -> int:
        return self.adoption.page_number


@pytest.mark.parametrize(
    ("pending", "total", "pages", "each_row"),
    [
        (50, 0, 1, False),
        (50, 100, 2, False),
        (50, 101, 2, False),
        (3, 400, 1, True),
        (4, 400, 5, False),
        (None, 400, 5, False),
    ],
)
def test_each_row_is_searched_if_that_needs_fewer_requests_than_the_whole_account(
    pending: int | None, total: int, pages: int, *, each_row: bool
) -> None:
    reading = AdoptionReading(pending)
    read = 0
    while not reading.done:
        left = max(0, total - 100 * (reading.page - 1))
        reading.read(reading.page, page(min(100, left), total))
        read += 1
    assert (read, reading.adoption.checks_each_row) == (pages, each_row)
    assert not reading.adoption.is_impossible


def test_a_list_without_a_total_ends_with_a_short_page() -> None:
    reading = AdoptionReading(1000)
    reading.read(1, page(100, None))
    assert not reading.done
    reading.read(2, page(99, None))
    assert reading.done


def test_the_previous_page_is_read_again_if_media_were_deleted() -> None:
    reading = AdoptionReading(1000)
    reading.read(1, page(100, 500))
    reading.read(2, page(100, 490))  # ten of this page may be on the first one now
    assert reading.page == 1
    reading.read(1, page(100, 480))
    reading.read(2, page(100, 180))  # 300 of them may be on the pages before
    assert reading.page == 1
    reading.read(1, page(100, 180))
    assert reading.page == 2


def test_the_last_page_does_not_end_the_search_if_media_were_deleted() -> None:
    reading = AdoptionReading(1000)
    reading.read(1, page(100, 150))
    reading.read(2, page(30, 130))
    assert (reading.page, reading.done) == (1, False)
    reading.read(1, page(100, 130))
    reading.read(2, page(30, 130))
    assert reading.done


def test_a_page_read_out_of_order_changes_nothing() -> None:
    reading = AdoptionReading(1000)
    reading.read(4, page(10, 310))
    assert (reading.page, reading.done) == (1, False)


def test_a_job_without_pending_rows_reads_no_page() -> None:
    assert AdoptionReading(0).done


@pytest.mark.parametrize("total", [50, 100, 5000])
def test_a_first_page_without_matches_ends_the_search_if_only_it_is_wanted(total: int) -> None:
    reading = AdoptionReading(10, first_page_only=True)
    reading.adoption.record_match(has_match=False)  # of another request, before the page came
    assert not reading.done
    reading.read(1, page(min(100, total), total))
    reading.adoption.record_match(has_match=False)
    assert reading.done
    assert not reading.adoption.checks_each_row


def test_a_first_page_with_a_match_continues_with_the_whole_list() -> None:
    reading = AdoptionReading(1000, first_page_only=True)
    reading.read(1, page(100, 250))
    reading.adoption.record_match(has_match=True)
    assert (reading.page, reading.done) == (2, False)
    reading.read(2, page(100, 250))
    reading.adoption.record_match(has_match=False)
    assert (reading.page, reading.done) == (3, False)


def test_a_first_page_with_a_match_continues_with_each_row_if_fewer_requests_do() -> None:
    reading = AdoptionReading(3, first_page_only=True)
    reading.read(1, page(100, 1000))
    reading.adoption.record_match(has_match=True)
    assert (reading.done, reading.adoption.checks_each_row) == (True, True)


@pytest.mark.parametrize(("pending", "each_row"), [(1000, True), (None, False)])
def test_a_list_with_identical_pages_is_not_read_further(
    pending: int | None, *, each_row: bool
) -> None:
    reading, same = AdoptionReading(pending), page(100, 1000)
    for number in (1, 2, 3):
        assert not reading.done
        reading.read(number, same)
    assert (reading.done, reading.adoption.checks_each_row) == (each_row, each_row)
    # Without a search for each row, some media of the account cannot be seen at all.
    assert reading.adoption.is_impossible == (not each_row)


def test_a_list_that_needs_more_requests_than_there_are_rows_is_not_read_further() -> None:
    reading = AdoptionReading(3)
    for number in (1, 2, 3, 4):
        assert not reading.done
        reading.read(number, page(100, None))
    assert reading.adoption.checks_each_row


def test_an_unreadable_first_page_does_not_start_a_search_for_each_row() -> None:
    reading = AdoptionReading(10, first_page_only=True)
    reading.adoption.check_each_row()
    assert reading.done
    assert not reading.adoption.checks_each_row
