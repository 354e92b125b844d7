"""Which page of a list of media to read next, until all of the list was read. Pure.

The list is the newest media first, and others add and delete media while it is read. What is added
pushes media onto pages that are yet to be read, where they are seen again. What is deleted draws
media onto pages that were read already, so these are read once more.

A page number may also be ignored, or mean the last page for every number beyond it. Whatever the
platform answers, reading ends: see `AccountPager.most_reads`. This file must not know what the list
is read for, nor how a page is asked for.
"""

from enum import Enum
from typing import Final

from batch_import.models import Media, MediaPage
from batch_import.viostream.page_size import PageSize

#: Pages by which the length that a list reports may be off: it may count media that it does not
#: show, or leave out those that it misses on a page.
_SLACK_PAGES: Final = 2
#: Pages, one after the other, that repeat the page before them, after which page numbers are taken
#: to be ignored. One proves nothing: others may have added a page of media between two reads.
_MOST_REPEATS: Final = 2
#: Others may change a list by as much as it holds, and so many pages more, while it is read.
_SPARE_READS: Final = 20
#: No list has more pages than this: ten million media, a hundred a page. It ends a list that does
#: not report its length and always has another page.
_MOST_PAGES: Final = 100_000

_Identity = tuple[str, str, str, str]


class ListEnd(Enum):
    """How reading a list ended. All but `COMPLETE` mean that media may not have been seen."""

    #: Every media that was in the list all the time was seen.
    COMPLETE = "all of it was read"
    #: Pages of different numbers show the same media.
    REPEATED = "it shows the same media under different page numbers"
    #: It stopped showing media well before the length that it reports.
    CUT_SHORT = "it ends long before the number of media that it reports"
    #: It went on well beyond the length that it reports, or changed faster than it could be read.
    ENDLESS = "it goes on beyond the number of media that it reports, or changes too fast"


class AccountPager:
    """Reads one list from its newest media to its oldest.

    Args:
        page_size: what is known of the length of pages; learns from each page.

    Attributes:
        page: the number of the page to read next, from 1.
        total: how many media the list last said to hold; None where it does not report that.
        reads: how many pages were read.
        end: how reading ended; None while pages are to be read.
    """

    def __init__(self, page_size: PageSize | None = None) -> None:
        self.page = 1
        self.total: int | None = None
        self.reads = 0
        self.end: ListEnd | None = None
        self._page_size = page_size or PageSize()
        self._first_count = _MOST_PAGES
        self._previous: tuple[int, set[_Identity]] = (0, set())
        self._repeats = 0

    @property
    def most_reads(self) -> int:
        """How many pages are read, at the most: twice those of the list as it was, and a few."""
        return min(_MOST_PAGES, 2 * self._first_count + _SPARE_READS)

    def read(self, page: MediaPage) -> None:
        """The page was read; one that the platform refuses, as beyond the end, is an empty one."""
        self._page_size.measure(self.page, page)
        self.reads += 1
        if self.reads == 1 and page.total is not None:
            self._first_count = self._page_size.count(1, page)
        gone = self._gone(page)
        self._count_repeats(page, gone)
        if page.total is not None:
            self.total = page.total
        self.end = self._end(page, gone)
        if self.end is None:
            back = -(-gone // self._page_size.size)
            self.page = max(1, self.page - back) if back and self.page > 1 else self.page + 1

    def _gone(self, page: MediaPage) -> int:
        """How many media fewer the list holds than at the last read."""
        if page.total is not None:
            return max(0, (self.total or 0) - page.total)
        # A page that is refused does not say whether the list became shorter; the one before does.
        expected = self.total is not None and self._place(self.page) < self.total
        return 1 if expected and not page.items else 0

    def _place(self, number: int) -> int:
        """How many media stand before a page, at the least."""
        return (number - 1) * self._page_size.longest

    def _end(self, page: MediaPage, gone: int) -> ListEnd | None:
        """How reading ends with this page; None where it goes on."""
        slack = _SLACK_PAGES * self._page_size.longest
        if not (gone and self.page > 1):
            if not self._has_more(page):
                reached = self._place(self.page) + len(page.items) + slack
                return ListEnd.COMPLETE if reached >= (self.total or 0) else ListEnd.CUT_SHORT
            beyond = self.total is not None and self._place(self.page) >= self.total
            if self._repeats == 1 and beyond:
                return ListEnd.COMPLETE  # the last page comes again
            if self._repeats >= _MOST_REPEATS:
                return ListEnd.REPEATED
            if self.total is not None and self._place(self.page + 1) >= self.total + slack:
                return ListEnd.ENDLESS
        return ListEnd.ENDLESS if self.reads >= self.most_reads else None

    def _has_more(self, page: MediaPage) -> bool:
        if page.total is None and self.page == 1:
            return bool(page.items)  # a short page may be all that a page holds here
        return self._page_size.has_more(self.page, page)

    def _count_repeats(self, page: MediaPage, gone: int) -> None:
        """Notice a page that shows mostly what the page before it showed, which it cannot.

        Media that others added push as many onto the next page, and make the list so much longer.
        Where media were deleted, a number may now mean another page: that proves nothing.
        """
        number, before = self._previous
        shown = set(map(_identity, page.items))
        self._previous = self.page, shown
        if gone or self.page != number + 1 or number == 0:
            self._repeats = 0
            return
        repeated = len(shown & before) - self._grown(page)
        self._repeats = self._repeats + 1 if shown and 2 * repeated >= len(shown) else 0

    def _grown(self, page: MediaPage) -> int:
        """How many media more the list holds than at the last read."""
        if page.total is None or self.total is None:
            return 0
        return max(0, page.total - self.total)


def _identity(media: Media) -> _Identity:
    """What distinguishes media, even where the platform lists no ids."""
    return media.id, media.key, media.reference_id, media.title
