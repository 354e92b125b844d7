"""One search for the reference ID of a row."""

import pytest

from batch_import.importer.schedule.row_search import RowSearch
from batch_import.models import JobRow, Media, MediaPage, Status
from batch_import.viostream.page_size import PageSize

ROW = JobRow(1, "r1", "https://h/v.mp4", "Clip", "mp4", Status.CREATING)


def media(
    number: int, reference: str = "r1", title: str = "Another", status: str = "online"
) -> Media:
    return Media(f"m{number}", f"k{number}", reference, status=status, title=title)


def page(*items: Media, total: int | None = None) -> MediaPage:
    return MediaPage(items, total=len(items) if total is None else total)


@pytest.fixture
def search() -> RowSearch:
    return RowSearch(ROW, PageSize(), started_at=5.0)


def test_an_empty_page_ends_the_search(search: RowSearch) -> None:
    search.add_page(page())
    assert (search.is_done, search.is_usable, search.items) == (True, True, [])


def test_a_media_with_the_rows_title_ends_the_search(search: RowSearch) -> None:
    own = media(2, title="Clip")
    search.add_page(page(media(1, "r12"), own, total=9))
    assert (search.is_done, search.items) == (True, [own])


@pytest.mark.parametrize("other", [media(1), media(1, title="Clip", status="failed")])
def test_the_search_continues_if_no_media_is_certainly_the_rows(
    search: RowSearch, other: Media
) -> None:
    search.add_page(page(other, media(2, "r10"), total=4))
    assert (search.is_done, search.page_number) == (False, 2)
    own = media(4, title="Clip")
    search.add_page(page(media(3, "r11"), own, total=4))
    assert (search.is_done, search.items) == (True, [other, own])


def test_pages_are_read_again_if_media_were_deleted(search: RowSearch) -> None:
    others = [media(n, f"r1{n}") for n in range(6)]
    search.add_page(page(*others[:2], total=6))
    search.add_page(page(*others[2:4], total=6))
    assert search.page_number == 3
    search.add_page(page(*others[4:], total=4))
    assert (search.is_done, search.page_number) == (False, 2)


def test_a_search_whose_filter_is_ignored_is_not_usable(search: RowSearch) -> None:
    search.add_page(page(media(1, "x"), media(2)))
    assert (search.is_done, search.is_usable) == (False, False)


def test_a_search_with_the_same_page_for_every_number_is_not_usable(search: RowSearch) -> None:
    shown = [media(n, f"r1{n}") for n in range(5)]
    reads = 0
    while search.is_usable and not search.is_done:
        search.add_page(page(*shown, total=50))
        reads += 1
    assert not search.is_done
    assert reads < 10
