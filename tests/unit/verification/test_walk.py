"""Every page of a list is read, however long pages are and whatever happens meanwhile."""

from collections.abc import Callable, Iterator

import pytest

from batch_import.models import Media, MediaPage
from batch_import.verification.walk import Walk


class List:
    """An account's list, the newest first.

    Args:
        size: media a page.
        told: the list says how long it is.
        sticks: beyond the end the last page comes again.
    """

    def __init__(self, count: int, size: int, *, told: bool = True, sticks: bool = False) -> None:
        self.names = [f"m{n}" for n in range(count)]
        self.size, self.told, self.sticks = size, told, sticks

    def page(self, number: int) -> MediaPage:
        last = max(1, -(-len(self.names) // self.size))
        start = (min(number, last) if self.sticks else number) * self.size - self.size
        items = tuple(Media(name, "", "") for name in self.names[start : start + self.size])
        return MediaPage(items, len(self.names) if self.told else None)


def walked(
    account: List, meanwhile: Callable[[int], None] = lambda _: None
) -> tuple[set[str], int]:
    """What a walk saw, and how many pages it read."""
    walk, seen = Walk(), set[str]()
    for reads in count_up(200):
        page = account.page(walk.page)
        names = {media.id for media in page.items}
        walk.read(page, len(names - seen))
        seen |= names
        if walk.done:
            return seen, reads
        meanwhile(reads)
    raise AssertionError("the walk does not end")


def count_up(most: int) -> Iterator[int]:
    return iter(range(1, most))


@pytest.mark.parametrize("count", [0, 1, 6, 7, 8, 100, 101, 250])
@pytest.mark.parametrize("size", [7, 100])
@pytest.mark.parametrize("sticks", [False, True])
@pytest.mark.parametrize("told", [True, False])
def test_all_of_a_list_is_read(count: int, size: int, *, told: bool, sticks: bool) -> None:
    account = List(count, size, told=told, sticks=sticks)
    seen, reads = walked(account)
    assert seen == set(account.names)
    pages = max(1, -(-count // size))
    assert reads == pages if told else reads <= pages + 1


def test_what_is_deleted_meanwhile_hides_nothing() -> None:
    account = List(60, 7)

    def delete(reads: int) -> None:
        if reads == 4:
            del account.names[:9]

    assert set(account.names) <= walked(account, delete)[0]


def test_what_is_added_meanwhile_hides_nothing() -> None:
    account = List(60, 7)

    def add(reads: int) -> None:
        account.names.insert(0, f"new{reads}")

    seen, _ = walked(account, add)
    assert {f"m{n}" for n in range(60)} <= seen


def test_a_list_that_shrinks_again_and_again_comes_to_an_end() -> None:
    account = List(60, 7)

    def flicker(reads: int) -> None:
        if reads % 2:
            account.names.insert(0, "x")
        else:
            del account.names[0]

    _, reads = walked(account, flicker)
    assert 9 < reads <= 3 * 9  # each page, and some once more
