"""Decides which page of a list of media to read next, until the whole list was read. No I/O.

The list shows the newest media first, and other users may add and delete media during the reading.
An added media moves older media to later pages, so some media are seen twice. A deleted media moves
older media to earlier pages, which were already read; therefore these pages are read again.

The platform may also return the last page of the list for all greater page numbers, or ignore page
numbers. Ignored page numbers are noticed, unless other users change a whole page between two reads.
Reading ends in every case; see `MediaListPager.max_reads`.
"""

import math
from enum import Enum
from typing import Final

from batch_import.models import Media, MediaPage
from batch_import.viostream.page_size import PageSize

#: Tolerance, in pages, between the total that a list reports and the number of media that it shows.
#: The total may include media that the list hides, or exclude media that a page omits.
_TOTAL_TOLERANCE_PAGES: Final = 2
#: If this many consecutive pages each repeat the page that was read before, the platform ignores
#: page numbers. One repeated page proves nothing: a page of media may have been added between two
#: reads.
_MAX_REPEATED_PAGES: Final = 2
#: Page reads that are allowed in addition to twice the number of pages. Without them, a few changes
#: by other users would exceed the limit of a short list.
_EXTRA_READS: Final = 20
#: Maximum number of pages of a list: ten million media, 100 per page. This limit ends a list that
#: reports no total and always has another page.
_MAX_PAGES: Final = 100_000

#: What distinguishes two media: ID, media key, reference ID and title.
_MediaIdentity = tuple[str, str, str, str]

#: What a reader passes on for a page after the first one that the platform refuses, perhaps because
#: the list has fewer pages.
REFUSED_PAGE: Final = MediaPage((), is_refused=True)


class ListEnd(Enum):
    """How reading a list ended. Except for `COMPLETE`, some media may not have been seen."""

    #: All media were seen that were in the list from the start to the end of the reading.
    COMPLETE = "all of it was read"
    #: Pages with different numbers show the same media.
    REPEATED = "it shows the same media under different page numbers"
    #: The list ended well before the total that it reports.
    CUT_SHORT = "it ends long before the number of media that it reports"
    #: The page may be after the last one, or the platform may refuse it for another reason.
    REFUSED = "one of its pages is refused"
    #: The list continued well beyond its reported total, or changed faster than it can be read.
    ENDLESS = "it goes on beyond the number of media that it reports, or changes too fast"


class MediaListPager:
    """Reads one list of media from its newest media to its oldest.

    Args:
        page_size: the estimated page size, which is updated after each page; None to start a new
            estimate.

    Attributes:
        page_number: number of the page to read next, from 1.
        total: number of media in the list, as the list reported last; None if it reports none.
        read_count: number of page reads, including pages that were read again.
        end: how reading ended; None before the end.
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
        #: Whether the last page of the list was shown again.
        self._is_last_page_again = False
        #: Whether the page that was read last repeats media that no change of the list has moved.
        self._has_unexplained_repeat = False

    @property
    def max_reads(self) -> int:
        """Maximum number of page reads: twice the initial number of pages, and a few more."""
        return min(_MAX_PAGES, 2 * self._initial_page_count + _EXTRA_READS)

    def record_page(self, page: MediaPage) -> None:
        """Record the content of page `page_number`, and set `page_number` to the next page.

        Args:
            page: content of the page; empty if the platform refuses the page number because the
                list has no such page.
        """
        self._page_size.learn(self.page_number, page)
        self.read_count += 1
        if self.read_count == 1 and page.total is not None:
            self._initial_page_count = self._page_size.page_count(1, page)
        removed_count = self._removed_count(page)
        added_count = self._added_count(page)
        if page.total is not None:
            self.total = page.total
        self._compare_with_previous(page, added_count, removed_count)
        self.end = self._end_after(page, removed_count)
        if self.end is None:
            self.page_number = self._next_page_number(removed_count)

    def _next_page_number(self, removed_count: int) -> int:
        if removed_count == 0 or self.page_number == 1:
            return self.page_number + 1
        # Media that were not seen may have moved to earlier pages.
        pages_back = -(-removed_count // self._page_size.size)  # rounded up
        return max(1, self.page_number - pages_back)

    def _removed_count(self, page: MediaPage) -> int:
        """Returns how many media fewer the list has than at the previous read.

        If this is not known exactly, the result is 1.
        """
        if page.total is not None:
            return max(0, (self.total or 0) - page.total)
        # A refused page has no total. If the previous total requires this page, the list got
        # shorter by at least one media.
        is_expected = self.total is not None and self._offset(self.page_number) < self.total
        return 1 if is_expected and not page.items else 0

    def _offset(self, page_number: int) -> int:
        """Returns the minimum number of media on the pages before a page."""
        return (page_number - 1) * self._page_size.longest_page

    def _end_after(self, page: MediaPage, removed_count: int) -> ListEnd | None:
        """Returns how reading ends with this page; None if reading continues."""
        tolerance = _TOTAL_TOLERANCE_PAGES * self._page_size.longest_page
        must_go_back = removed_count > 0 and self.page_number > 1
        if not must_go_back:
            if self._repeated_pages >= _MAX_REPEATED_PAGES:
                return ListEnd.REPEATED
            if self._is_last_page_again or not self._has_more(page):
                if self._has_unexplained_repeat:
                    return ListEnd.REPEATED  # the media of this page may never have been seen
                if page.is_refused and (self.total or 0) <= self._page_size.longest_page:
                    return ListEnd.REFUSED  # some platforms report the length of the page as total
                max_seen_count = self._offset(self.page_number) + len(page.items) + tolerance
                is_complete = max_seen_count >= (self.total or 0)
                return ListEnd.COMPLETE if is_complete else ListEnd.CUT_SHORT
            if (
                self.total is not None
                and self._offset(self.page_number + 1) >= self.total + tolerance
            ):
                return ListEnd.ENDLESS
        return ListEnd.ENDLESS if self.read_count >= self.max_reads else None

    def _has_more(self, page: MediaPage) -> bool:
        if page.total is None and self.page_number == 1:
            return bool(page.items)  # even a short first page may be full: the size is not known
        return self._page_size.has_more(self.page_number, page)

    def _compare_with_previous(self, page: MediaPage, added_count: int, removed_count: int) -> None:
        """Compare a page with the page that was read before, which should show other media.

        Media that other users add move the same number of media from the end of each page to the
        next page. Media that they delete move media to the page before. If a page shows more media
        again than were moved, the platform may ignore page numbers. Example: if other users added
        3 media and a page shows 5 media again, 2 of them are unmoved. A page counts as repeated if
        at least half of its media are unmoved.

        The last page of the list may rightly be shown again: for a greater page number, or because
        the pager has requested it again.
        """
        previous_number, previous_media = self._previous_page
        media_on_page = [_identity(media) for media in page.items]
        self._previous_page = self.page_number, media_on_page
        media_set = set(media_on_page)
        # Positions, on the previous page, of the media that this page shows again.
        repeated_positions = [
            position for position, media in enumerate(previous_media) if media in media_set
        ]
        is_forward = self.page_number > previous_number
        moved_count = added_count if is_forward else removed_count
        unmoved_count = len(repeated_positions) - moved_count
        is_repeated = bool(media_on_page) and 2 * unmoved_count >= len(media_on_page)
        is_same_page = self._clamped(self.page_number) == self._clamped(previous_number)
        self._is_last_page_again = is_repeated and is_same_page
        if self._is_last_page_again:
            return
        self._repeated_pages = self._repeated_pages + 1 if is_repeated else 0
        if not repeated_positions:
            self._has_unexplained_repeat = False
        elif is_forward:
            first_moved_position = len(previous_media) - moved_count
            self._has_unexplained_repeat = repeated_positions[0] < first_moved_position
        else:
            self._has_unexplained_repeat = unmoved_count > 0

    def _clamped(self, page_number: int) -> int:
        """Returns the page that is shown if the last page is shown for all greater numbers."""
        longest_page = self._page_size.longest_page
        if self.total is None or not longest_page:
            return page_number
        return min(page_number, max(1, math.ceil(self.total / longest_page)))

    def _added_count(self, page: MediaPage) -> int:
        """Returns how many media more the list has than at the previous read."""
        if page.total is None or self.total is None:
            return 0
        return max(0, page.total - self.total)


def _identity(media: Media) -> _MediaIdentity:
    """Returns the values that distinguish two media, even if the platform lists no IDs."""
    return media.id, media.key, media.reference_id, media.title
