"""The positions of rows in the media list of the account."""

import pytest

from batch_import.importer.list_pages import ListPages
from batch_import.importer.schedule.list_positions import ListPositions
from batch_import.importer.schedule.observations import ProcessingTimes
from batch_import.importer.schedule.polling import Polling
from batch_import.importer.schedule.repeat import ListConsistency
from batch_import.importer.schedule.row_states import CreationTime, Processing
from batch_import.models import JobRow, Media, MediaPage, Status

NOW = 1000.0


def positions_of(rows: int) -> ListPositions:
    """Return positions of rows 1, 2 …, created one second apart; a page has ten media."""
    pages, consistency = ListPages(), ListConsistency()
    items = (Media(f"m{n}", f"k{n}", "", "online", "") for n in range(10))
    pages.learn_page(1, MediaPage(tuple(items), total=100))
    consistency.record_shown(
        1.0, hidden_age=0.0, is_first=True, is_done=False
    )  # lists show what is processing
    listing = ListPositions(pages, ProcessingTimes(), consistency, Polling(30.0))
    for number in range(1, rows + 1):
        row = JobRow(number, f"r{number}", "https://h/v.mp4", "T", "mp4", Status.PROCESSING)
        listing.add(Processing(row, created_at(number), NOW, ingest_id=f"i{number}"))
    return listing


def created_at(moment: float) -> CreationTime:
    return CreationTime(moment, moment, moment)


def test_rows_are_expected_after_newer_rows() -> None:
    listing = positions_of(25)
    assert [listing.page_of(number, NOW) for number in (25, 16, 15, 1)] == [1, 1, 2, 3]


def test_a_row_is_expected_at_the_position_where_a_page_showed_it() -> None:
    listing = positions_of(25)
    listing.learn_positions({16: 10}, NOW)  # others are in front of it, or it took longer than 15
    assert listing.page_of(16, NOW) == 2
    assert listing.page_of(25, NOW) == 1


@pytest.mark.parametrize("shown", [[24, 23], [24]])
def test_rows_are_expected_after_newer_media_that_a_page_shows(shown: list[int]) -> None:
    listing = positions_of(22)
    for number in shown:
        listing.add_known_media(f"m{number}", created_at(number))
    assert listing.learn_borders([f"m{number}" for number in shown], first_position=30)
    assert listing.page_of(22, NOW) == 4
    assert not listing.learn_borders([f"m{number}" for number in shown], first_position=30)


def test_rows_are_expected_before_older_media_that_a_page_shows() -> None:
    listing = positions_of(25)
    listing.learn_positions({25: 40}, NOW)
    listing.add_known_media("m0", created_at(0))
    assert listing.learn_borders(["other", "m0"], first_position=29)
    assert listing.page_of(1, NOW) == 3


def test_pages_without_imported_media_show_no_borders() -> None:
    assert not positions_of(25).learn_borders(["other"], first_position=0)


@pytest.mark.parametrize(("number", "page"), [(25, 1), (17, 2), (15, 1), (7, 3), (1, 2)])
def test_adjacent_page_is_at_the_nearer_border(number: int, page: int) -> None:
    assert positions_of(25).adjacent_page(number, NOW) == page
