"""Decides which page of a list of media to read next, until the whole list was read. No I/O.

The list shows the newest media first, and other users add and delete media while it is read. An
added media moves the others to later pages, so some media are seen twice. A deleted media moves
the others to earlier pages, so the pages that were already read are read again.

The platform may also show its last page for every number after the last, or ignore page numbers.
The latter is noticed unless other users change a whole page between two reads.
Reading ends in every case; see `MediaListPager.most_reads`.
"""

import math
from enum import Enum
from typing import Final

from batch_import.models import Media, MediaPage
from batch_import.viostream.page_size import PageSize

#: Tolerance, in pages, between the total that a list reports and the media that it shows: the
#: total may count media that the list hides, or may leave out media that are missing on a page.
_TOTAL_TOLERANCE_PAGES: Final = 2
#: Number of consecutive pages, each repeating the page that was read before it, that proves that
#: page numbers are ignored. One page proves nothing: a page of media may have been added between
#: two reads.
_MAX_REPEATED_PAGES: Final = 2
#: Number of page reads allowed in addition to twice the pages of the list. Without it, a few
#: changes by other users would already exceed the limit of a short list.
_EXTRA_READS: Final = 20
#: Maximum number of pages of a list: ten million media, 100 per page. This limit ends a list that
#: reports no total and always has another page.
_MAX_PAGES: Final = 100_000

_MediaIdentity = tuple[str, str, str, str]


class ListEnd(Enum):
    """How reading a list ended. Except for `COMPLETE`, some media may not have been seen."""

    #: Every media was seen that was in the list during the whole time of reading.
    COMPLETE = "all of it was read"
    #: Pages with different numbers show the same media.
    REPEATED = "it shows the same media under different page numbers"
    #: The list ended well before the total that it reports.
    CUT_SHORT = "it ends long before the number of media that it reports"
    #: The list continued well beyond its reported total, or changed faster than it can be read.
    ENDLESS = "it goes on beyond the number of media that it reports, or changes too fast"


class MediaListPager:
    """Reads one list of media from its newest media to its oldest.

    Args:
        page_size: the known page size; it learns from each page.

    Attributes:
        page_number: number of the page to read next, from 1.
        total: total number of media that the list reported last; None if it reports none.
        read_count: number of pages that were read.
        end: how reading ended; None until then.
    """

    def __init__(self, page_size: PageSize | None = None) -> None:
        self.page_number = 1
        self.total: int | None = None
        self.read_count = 0
        self.end: ListEnd | None = None
        self._page_size = page_size or PageSize()
        self._initial_page_count = _MAX_PAGES
        self._previous_page: tuple[int, list[_MediaIdentity]] = (0, [])
        self._repeated_pages = 0
        self._is_last_page_again = False
        self._has_unexplained_repeat = False

    @property
    def max_reads(self) -> int:
        """Maximum number of page reads: twice the initial number of pages, and a few more."""
        return min(_MAX_PAGES, 2 * self._initial_page_count + _EXTRA_READS)

    def record_page(self, page: MediaPage) -> None:
        """Record that page `page_number` of the list was read, and choose the next page.

        Args:
            page: content of the page; empty if the platform refuses the page number, because it is
                beyond the end of the list.
        """
        self._page_size.learn(self.page_number, page)
        self.read_count += 1
        if self.read_count == 1 and page.total is not None:
            self._initial_page_count = self._page_size.page_count(1, page)
        removed = self._removed_count(page)
        added = self._added_count(page)
        if page.total is not None:
            self.total = page.total
        self._compare_with_previous(page, added, removed)
        self.end = self._end_after(page, removed)
        if self.end is None:
            self.page_number = self._next_page_number(removed)

    def _next_page_number(self, removed: int) -> int:
        pages_back = -(-removed // self._page_size.size)
        return (
            max(1, self.page_number - pages_back)
            if pages_back and self.page_number > 1
            else self.page_number + 1
        )

    def _removed_count(self, page: MediaPage) -> int:
        """Returns how many media fewer the list has than at the last read."""
        if page.total is not None:
            return max(0, (self.total or 0) - page.total)
        # A refused page has no total. If the last total says that it exists, the list got shorter.
        is_expected = self.total is not None and self._offset(self.page_number) < self.total
        return 1 if is_expected and not page.items else 0

    def _offset(self, number: int) -> int:
        """Returns the minimum number of media on the pages before a page."""
        return (number - 1) * self._page_size.longest_page

    def _end_after(self, page: MediaPage, removed: int) -> ListEnd | None:
        """Returns how reading ends with this page; None if reading continues."""
        tolerance = _TOTAL_TOLERANCE_PAGES * self._page_size.longest_page
        if not (removed and self.page_number > 1):
            if self._repeated_pages >= _MAX_REPEATED_PAGES:
                return ListEnd.REPEATED
            if self._is_last_page_again or not self._has_more(page):
                if self._has_unexplained_repeat:
                    return ListEnd.REPEATED  # the media of this page may never have been seen
                max_seen = self._offset(self.page_number) + len(page.items) + tolerance
                return ListEnd.COMPLETE if max_seen >= (self.total or 0) else ListEnd.CUT_SHORT
            if (
                self.total is not None
                and self._offset(self.page_number + 1) >= self.total + tolerance
            ):
                return ListEnd.ENDLESS
        return ListEnd.ENDLESS if self.read_count >= self.max_reads else None

    def _has_more(self, page: MediaPage) -> bool:
        if page.total is None and self.page_number == 1:
            return bool(page.items)  # a short first page may be full: the page size is not known
        return self._page_size.has_more(self.page_number, page)

    def _compare_with_previous(self, page: MediaPage, added: int, removed: int) -> None:
        """Compare a page with the page that was read before it: most lists show other media.

        Media added by other users move the same number of media from the end of a page to the next
        page, and deleted media move media to the page before. If other media are shown again, page
        numbers are perhaps ignored. A page is repeated if this is true for at least half of it. The
        last page may be shown again, for a number after it or because it was requested again.
        """
        previous_number, previous_media = self._previous_page
        shown = [_identity(media) for media in page.items]
        self._previous_page = self.page_number, shown
        shown_again = [index for index, media in enumerate(previous_media) if media in set(shown)]
        is_forward = self.page_number > previous_number
        moved = added if is_forward else removed
        is_repeated = bool(shown) and 2 * (len(shown_again) - moved) >= len(shown)
        is_same_page = self._within_list(self.page_number) == self._within_list(previous_number)
        self._is_last_page_again = is_repeated and is_same_page
        if self._is_last_page_again:
            return
        self._repeated_pages = self._repeated_pages + 1 if is_repeated else 0
        self._has_unexplained_repeat = bool(shown_again) and (
            shown_again[0] < len(previous_media) - moved if is_forward else len(shown_again) > moved
        )

    def _within_list(self, number: int) -> int:
        """Returns the page that is shown if the last page is shown for all numbers after it."""
        longest_page = self._page_size.longest_page
        if self.total is None or not longest_page:
            return number
        return min(number, max(1, math.ceil(self.total / longest_page)))

    def _added_count(self, page: MediaPage) -> int:
        """Returns how many media more the list has than at the last read."""
        if page.total is None or self.total is None:
            return 0
        return max(0, page.total - self.total)


def _identity(media: Media) -> _MediaIdentity:
    """Returns what distinguishes two media, even if the platform lists no IDs."""
    return media.id, media.key, media.reference_id, media.title
