"""How many media a page has, and whether more pages follow."""

import pytest

from batch_import.importer.list_pages import ListPages
from batch_import.models import Media, MediaPage


def page(shown: int, total: int | None) -> MediaPage:
    items = (Media(f"m{n}", f"k{n}", f"ref-{n}", "online", f"Video {n}") for n in range(shown))
    return MediaPage(tuple(items), total)


def pages_with(*read: tuple[int, MediaPage]) -> ListPages:
    known = ListPages()
    for number, answer in read:
        known.learn_page(number, answer)
    return known


@pytest.mark.parametrize(
    ("number", "shown", "total", "more"),
    [
        (1, 10, 25, True),
        (2, 10, 25, True),
        (3, 5, 25, False),
        (4, 0, 25, False),
        (2, 10, 20, True),  # the next one is empty
        (2, 10, 17, True),  # three of the third page were left out, and not counted
        (2, 10, None, True),
        (2, 9, None, False),
        (1, 0, 0, False),
        (1, 3, 3, False),
    ],
)
def test_pages_follow_a_full_page_or_one_that_does_not_reach_the_total(
    number: int, shown: int, total: int | None, *, more: bool
) -> None:
    assert pages_with((1, page(10, 25))).has_more(number, page(shown, total)) is more


@pytest.mark.parametrize("number", [2, 7, 57])
def test_a_page_read_before_the_first_page_is_not_the_last(number: int) -> None:
    answer = page(7, 399)
    assert pages_with((number, answer)).has_more(number, answer)


def test_the_last_page_is_shorter_than_an_earlier_one() -> None:
    assert not pages_with((7, page(7, 45))).has_more(7, page(3, 45))
