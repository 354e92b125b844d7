"""How the account is read before the first create."""

import pytest

from batch_import.importer.adoption import Adoption
from batch_import.models import Media, MediaPage


def page(items: int, total: int | None) -> MediaPage:
    return MediaPage(tuple(Media(str(n), "k", "") for n in range(items)), total)


@pytest.mark.parametrize(
    ("pending", "total", "pages", "each_row"),
    [
        (50, 0, 1, False),
        (50, 100, 1, False),
        (50, 101, 2, False),
        (3, 400, 1, True),
        (4, 400, 4, False),
        (None, 400, 4, False),
    ],
)
def test_whichever_is_fewer_calls(
    pending: int | None, total: int, pages: int, *, each_row: bool
) -> None:
    adoption = Adoption(pending, 100)
    read = 0
    while not adoption.done:
        left = total - 100 * (adoption.page - 1)
        adoption.read(adoption.page, page(min(100, left), total))
        read += 1
    assert (read, adoption.each_row) == (pages, each_row)


def test_a_list_that_does_not_tell_its_length_ends_with_a_short_page() -> None:
    adoption = Adoption(1000, 100)
    adoption.read(1, page(100, None))
    assert not adoption.done
    adoption.read(2, page(99, None))
    assert adoption.done


def test_a_page_is_read_again_once_where_media_were_deleted_meanwhile() -> None:
    adoption = Adoption(1000, 100)
    adoption.read(1, page(100, 500))
    adoption.read(2, page(100, 490))  # ten of the third page may be on this one now
    assert adoption.page == 2
    adoption.read(2, page(100, 480))
    assert adoption.page == 3


def test_a_page_read_out_of_turn_changes_nothing() -> None:
    adoption = Adoption(1000, 100)
    adoption.read(4, page(10, 310))
    assert (adoption.page, adoption.done) == (1, False)


def test_without_pending_rows_there_is_nothing_to_read() -> None:
    assert Adoption(0, 100).done
