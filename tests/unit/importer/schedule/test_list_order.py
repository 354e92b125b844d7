"""Whether the media list has the newest media first, by the creation dates on its pages."""

from collections.abc import Iterable
from random import Random

import pytest

from batch_import.importer.schedule.list_order import ListOrder
from batch_import.models import Media, MediaPage


def page(minutes: Iterable[int | None]) -> MediaPage:
    """Return a page with media of these creation times; None for a media without a time."""
    dates = ["" if m is None else f"2026-01-01T{m // 60:02}:{m % 60:02}:00Z" for m in minutes]
    media = (
        Media(f"m{n}", f"k{n}", f"r{n}", "online", "T", created_date=date)
        for n, date in enumerate(dates)
    )
    return MediaPage(tuple(media), total=1000)


SHUFFLED = Random(1).sample(range(100), 100)


@pytest.mark.parametrize(
    ("minutes", "is_newest_first"),
    [
        ([], True),
        ([None] * 100, True),
        ([7] * 100, True),
        (range(100, 0, -1), True),
        ([*range(7), *range(100, 0, -1)], True),  # a few pinned media
        (range(100), False),
        ([minute // 2 for minute in range(100)], False),
        ([None, *range(50), None, *range(50, 100)], False),
        (SHUFFLED, False),
    ],
)
def test_the_order_is_learned_from_creation_dates(
    minutes: Iterable[int | None],
    is_newest_first: bool,  # noqa: FBT001
) -> None:
    order = ListOrder()
    order.learn_page(page(minutes))
    assert order.is_newest_first is is_newest_first
    order.record_without_rows()
    assert order.needs_lookups is not is_newest_first


def test_several_small_pages_show_the_order() -> None:
    order = ListOrder()
    for _ in range(3):
        assert order.is_newest_first
        order.learn_page(page(range(4)))
    assert not order.is_newest_first
    assert not order.needs_lookups


@pytest.mark.parametrize("has_shown_rows", [False, True])
def test_two_rows_that_only_searches_show_need_lookups(has_shown_rows: bool) -> None:  # noqa: FBT001
    order = ListOrder()
    order.has_shown_rows = has_shown_rows
    order.record_unlisted_row()
    assert not order.needs_lookups
    order.record_unlisted_row()
    assert order.needs_lookups is not has_shown_rows
    assert order.is_newest_first is has_shown_rows
