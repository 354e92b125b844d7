"""A list is read to its end, while others add and delete media, and for any answers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from batch_import.models import Media, MediaPage
from batch_import.viostream.media_list_pager import ListEnd, MediaListPager

PageNumber = Literal["exact", "ignored", "clamped", "refused beyond the end"]


def media_of(names: list[int]) -> tuple[Media, ...]:
    return tuple(Media(f"m{name}", f"k{name}", "") for name in names)


@dataclass
class Account:
    """The media list of an account, the newest media first.

    Attributes:
        names: its media; names are never used again.
        size: media a page.
        tells_total: the list says how long it is.
        hidden: places on each page that are left out, though the list counts them.
    """

    names: list[int]
    size: int
    tells_total: bool = True
    page_number: PageNumber = "exact"
    hidden: set[int] = field(default_factory=set)
    next_name: int = 1_000_000

    def page(self, number: int) -> MediaPage:
        last = max(1, -(-len(self.names) // self.size))
        if self.page_number == "refused beyond the end" and number > last:
            return MediaPage((), is_refused=True)
        if self.page_number == "ignored":
            number = 1
        if self.page_number == "clamped":
            number = min(number, last)
        shown = self.names[(number - 1) * self.size : number * self.size]
        shown = [name for place, name in enumerate(shown) if place not in self.hidden]
        return MediaPage(media_of(shown), len(self.names) if self.tells_total else None)

    def add(self, count: int) -> None:
        for _ in range(count):
            self.next_name += 1
            self.names.insert(0, self.next_name)

    def delete(self, first: int, count: int) -> None:
        del self.names[first : first + count]


def read_list(
    account: Account, meanwhile: Callable[[int], None] = lambda _: None
) -> tuple[MediaListPager, set[str]]:
    """Read a list to its end; returns the pager and the IDs that were seen.

    Args:
        meanwhile: called after each read, with the number of reads.
    """
    pager, seen = MediaListPager(), set[str]()
    while pager.end is None:
        page = account.page(pager.page_number)
        pager.record_page(page)
        seen |= {media.id for media in page.items}
        assert pager.read_count <= pager.max_reads
        meanwhile(pager.read_count)
    return pager, seen


def ids(names: list[int]) -> set[str]:
    return {f"m{name}" for name in names}


def may_be_refused(account: Account) -> bool:
    """Whether a page that is refused beyond the end of a list cannot be recognized as such."""
    has_no_usable_total = not account.tells_total or len(account.names) <= account.size
    return account.page_number == "refused beyond the end" and has_no_usable_total


@pytest.mark.parametrize("total", [None, 100])
def test_a_list_with_a_refused_page_is_not_complete_if_its_total_does_not_show_its_end(
    total: int | None,
) -> None:
    account = Account(list(range(150)), 100)
    pager = MediaListPager()
    pager.record_page(MediaPage(account.page(1).items, total))
    assert pager.end is None
    pager.record_page(MediaPage((), is_refused=True))
    assert pager.end is ListEnd.REFUSED


# Lists that do not change --------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 6, 7, 8, 100, 101, 250])
@pytest.mark.parametrize("size", [7, 100])
@pytest.mark.parametrize("page_number", ["exact", "clamped", "refused beyond the end"])
@pytest.mark.parametrize("tells_total", [True, False])
def test_a_list_is_read_completely(
    count: int, size: int, page_number: PageNumber, *, tells_total: bool
) -> None:
    account = Account(list(range(count)), size, tells_total, page_number)
    pager, seen = read_list(account)
    assert seen == ids(account.names)
    ends_with_a_full_page = count > 0 and count % size == 0
    if may_be_refused(account) and pager.end is ListEnd.REFUSED:
        assert ends_with_a_full_page or count < size
    elif page_number == "clamped" and not tells_total and (ends_with_a_full_page or count < size):
        assert pager.end in (
            ListEnd.REPEATED,
            ListEnd.COMPLETE,
        )  # looks like an ignored page number
    else:
        assert pager.end is ListEnd.COMPLETE
        assert pager.read_count <= max(1, -(-count // size)) + 1


@pytest.mark.parametrize("tells_total", [True, False])
@pytest.mark.parametrize("count", [101, 150, 2_000, 100_000])
@pytest.mark.parametrize("added", [0, 1, 20])
def test_a_list_whose_page_number_is_ignored_is_reported_as_repeated(
    count: int, added: int, *, tells_total: bool
) -> None:
    account = Account(list(range(count)), 100, tells_total, "ignored")
    pager, _ = read_list(account, lambda _: account.add(added))
    assert pager.end is ListEnd.REPEATED
    assert pager.read_count == 3


def test_a_list_with_empty_pages_after_the_first_few_is_reported_as_cut_short() -> None:
    account = Account(list(range(1_000)), 100)
    pager = MediaListPager()
    while pager.end is None:
        page = account.page(pager.page_number)
        pager.record_page(MediaPage((), page.total) if pager.page_number > 4 else page)
    assert pager.end is ListEnd.CUT_SHORT


def test_a_page_that_is_refused_before_the_end_is_repeated_a_limited_number_of_times() -> None:
    account = Account(list(range(1_000)), 100)
    pager = MediaListPager()
    while pager.end is None:
        pager.record_page(
            MediaPage((), is_refused=True)
            if pager.page_number > 4
            else account.page(pager.page_number)
        )
    assert (pager.end, pager.read_count) == (ListEnd.ENDLESS, 40)


@pytest.mark.parametrize("printed", [1_000, 1_150])
def test_a_list_may_count_some_media_that_it_does_not_show(printed: int) -> None:
    account = Account(list(range(1_000)), 100)
    pager = MediaListPager()
    while pager.end is None:
        pager.record_page(MediaPage(account.page(pager.page_number).items, printed))
    assert pager.end is ListEnd.COMPLETE


def test_a_list_that_continues_beyond_its_total_is_reported_as_endless() -> None:
    account = Account(list(range(1_000)), 100)
    pager = MediaListPager()
    while pager.end is None:
        pager.record_page(MediaPage(account.page(pager.page_number).items, 100))
    assert (pager.end, pager.read_count) == (ListEnd.ENDLESS, 3)


# Other users add and delete media -------------------------------------------------------------


def test_300_newer_media_deleted_after_page_10_of_2000() -> None:
    account = Account(list(range(2_000)), 100)
    pager, seen = read_list(account, lambda reads: account.delete(0, 300) if reads == 10 else None)
    assert pager.end is ListEnd.COMPLETE
    assert ids(account.names) <= seen
    assert pager.read_count == 22  # pages 1 to 11, then 8 to 18: the last one is empty


def test_a_page_with_only_known_media_does_not_end_the_list() -> None:
    account = Account(list(range(500)), 100)
    pager, seen = read_list(account, lambda reads: account.add(100) if reads == 1 else None)
    assert pager.end is ListEnd.COMPLETE
    assert ids(account.names[100:]) <= seen


def test_media_that_move_because_of_two_deletions_are_not_missed() -> None:
    account = Account(list(range(60)), 7)
    pager, seen = read_list(
        account, lambda reads: account.delete(0, 2) if reads in (4, 6) else None
    )
    assert pager.end is ListEnd.COMPLETE
    assert ids(account.names) <= seen


def test_a_list_that_became_shorter_than_the_next_page_is_read_backwards() -> None:
    account = Account(list(range(250)), 100, page_number="refused beyond the end")
    pager, seen = read_list(account, lambda reads: account.delete(0, 100) if reads == 2 else None)
    assert pager.end is ListEnd.COMPLETE
    assert ids(account.names) <= seen


def test_a_repeated_last_page_after_a_deletion_ends_the_list() -> None:
    account = Account(list(range(54)), 20, page_number="clamped")
    pager, seen = read_list(account, lambda reads: account.delete(30, 14) if reads == 2 else None)
    assert pager.end is ListEnd.COMPLETE
    assert ids(account.names) <= seen


USABLE: tuple[PageNumber, ...] = ("exact", "clamped", "refused beyond the end")


@st.composite
def histories(
    draw: st.DrawFn, page_numbers: tuple[PageNumber, ...] = USABLE
) -> tuple[Account, dict[int, tuple[int, int, int]]]:
    """Draw a list, and what others change after some reads: media added, first deleted, deleted."""
    size = draw(st.sampled_from((1, 3, 7, 20)))
    account = Account(
        names=list(range(draw(st.integers(0, 200)))),
        size=size,
        page_number=draw(st.sampled_from(page_numbers)),
    )
    change = st.tuples(st.integers(0, 3 * size), st.integers(0, 220), st.integers(0, 5 * size))
    return account, draw(st.dictionaries(st.integers(1, 40), change, max_size=12))


@given(histories((*USABLE, "ignored")))
@example((Account(list(range(24)), 7, page_number="ignored"), {1: (0, 0, 5), 6: (0, 0, 5)}))
@settings(max_examples=600, deadline=None)
def test_media_that_exist_all_the_time_are_seen(
    history: tuple[Account, dict[int, tuple[int, int, int]]],
) -> None:
    account, changes = history
    throughout = set(account.names)

    def change_list(reads: int) -> None:
        added, first, deleted = changes.get(reads, (0, 0, 0))
        if account.page_number == "ignored" and added + deleted >= account.size:
            return  # a page of other media looks like the next page
        account.delete(first, deleted)
        account.add(added)

    pager, seen = read_list(account, change_list)
    throughout &= set(account.names)
    if pager.end is ListEnd.COMPLETE:
        assert ids(list(throughout)) <= seen


@given(histories())
@settings(max_examples=300, deadline=None)
def test_a_list_that_only_grows_or_only_shrinks_a_little_is_read_to_its_end(
    history: tuple[Account, dict[int, tuple[int, int, int]]],
) -> None:
    account, changes = history
    budget = len(account.names) // 2
    grows = bool(len(changes) % 2)

    def change_list(reads: int) -> None:
        nonlocal budget
        added, first, deleted = changes.get(reads, (0, 0, 0))
        count = min(budget, added if grows else deleted)
        budget -= count
        if grows:
            account.add(count)
        elif len(changes) < 10:
            account.delete(first, count)

    pager, _ = read_list(account, change_list)
    # If the last page disappears, a platform that shows the last page for every greater page number
    # shows a page again, as if it ignored page numbers.
    may_repeat = account.page_number == "clamped" and not grows
    may_end = {
        ListEnd.COMPLETE: True,
        ListEnd.REPEATED: may_repeat,
        ListEnd.REFUSED: may_be_refused(account),
    }
    assert pager.end
    assert may_end.get(pager.end)


# Any answers of the platform ------------------------------------------------------------------

PAGES = st.builds(
    lambda names, total: MediaPage(media_of(names), total),
    st.lists(st.integers(0, 30), max_size=8),
    st.one_of(st.none(), st.integers(0, 60)),
)


@given(st.lists(PAGES, min_size=1, max_size=30))
@settings(max_examples=500, deadline=None)
def test_reading_ends_for_any_answers(answers: list[MediaPage]) -> None:
    pager = MediaListPager()
    for answer in _repeat_forever(answers):
        assert pager.page_number >= 1
        pager.record_page(answer)
        if pager.end:
            break
    assert pager.read_count <= pager.max_reads


@given(
    histories(),
    st.sampled_from(("exact", "ignored", "clamped", "refused beyond the end")),
    st.booleans(),
    st.sets(st.integers(0, 19)),
)
@settings(max_examples=500, deadline=None)
def test_reading_ends_within_the_maximum_number_of_reads(
    history: tuple[Account, dict[int, tuple[int, int, int]]],
    page_number: PageNumber,
    tells_total: bool,  # noqa: FBT001
    hidden: set[int],
) -> None:
    account, changes = history
    account.page_number, account.tells_total, account.hidden = page_number, tells_total, hidden

    def change_list(reads: int) -> None:
        added, first, deleted = changes.get(reads, (0, 0, 0))
        account.delete(first, deleted)
        account.add(added)

    pager, _ = read_list(account, change_list)  # asserts the bound after each read
    assert pager.end is not None


def test_a_list_without_end_or_total_is_reported_as_endless() -> None:
    pager, name = MediaListPager(), 0
    while pager.end is None:
        pager.record_page(MediaPage(media_of([name, name + 1])))
        name += 2
    assert (pager.end, pager.read_count) == (ListEnd.ENDLESS, pager.max_reads)


def test_a_list_that_grows_faster_than_it_is_read_is_reported_as_endless() -> None:
    account = Account(list(range(1_000)), 100)
    pager, _ = read_list(account, lambda _: account.add(100))
    assert (pager.end, pager.read_count) == (ListEnd.ENDLESS, 40)


def _repeat_forever(answers: list[MediaPage]) -> Iterator[MediaPage]:
    while True:
        yield from answers
