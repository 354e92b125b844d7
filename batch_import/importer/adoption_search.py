"""Search the account for media of pending rows, before the first POST of a job. No I/O.

There are two ways: read all pages of the media list, or search for the reference ID of each row
before its POST. The way that needs fewer requests is used. This module must not know rows or the
job database.
"""

from batch_import.models import MediaPage
from batch_import.viostream.media_list_pager import ListEnd, MediaListPager
from batch_import.viostream.page_size import PageSize


class AdoptionSearch:
    """Reads the media list from the newest media to the oldest, or decides against it.

    Args:
        pending_count: number of rows that may have a media in the account. None if rows cannot be
            searched for one by one; then the whole list is read.
        page_size: what is known about the length of pages.
        first_page_only: whether a previous run has searched the account. Then the first page is
            enough, unless it has a media that a row can adopt.

    Attributes:
        is_done: whether no more pages are to be read.
        checks_each_row: whether each row must be searched for before its POST, because this needs
            fewer requests, or because the list cannot be read to its end.
    """

    def __init__(
        self, pending_count: int | None, page_size: PageSize, *, first_page_only: bool = False
    ) -> None:
        self._pending_count = pending_count
        self._page_size = page_size
        self._pager = MediaListPager(page_size)
        self._first_page_only = first_page_only
        self.is_done = pending_count == 0
        self.checks_each_row = False

    @property
    def page_number(self) -> int:
        """Number of the page to read next, from 1."""
        return self._pager.page_number

    @property
    def list_end(self) -> ListEnd | None:
        """How reading the list ended; None if it has not ended."""
        return self._pager.end

    def record_page(self, number: int, page: MediaPage) -> None:
        """Record a page of the list that was read, for this search or for another purpose."""
        if self.is_done or number != self.page_number:
            return
        self._pager.record_page(page)
        if self.list_end is ListEnd.COMPLETE:
            self.is_done = True
        elif self.list_end is not None or self._costs_more_than_row_checks(number, page):
            self.check_each_row()

    def _costs_more_than_row_checks(self, number: int, page: MediaPage) -> bool:
        """Whether reading the list needs more requests than searching for each row."""
        if self._pending_count is None:
            return False
        pages = self._page_size.page_count(1, page) if number == 1 else 0
        return max(pages, self._pager.read_count) > self._pending_count

    def record_match(self, *, any_media: bool) -> None:
        """Record whether the last page had a media that a row can adopt."""
        if self._first_page_only and self._pager.read_count:
            self._first_page_only = False
            if not any_media:
                self.is_done, self.checks_each_row = True, False

    def check_each_row(self) -> None:
        """Stop reading the list. Each row is searched for before its POST instead, if possible."""
        self.is_done = True
        unread = self._first_page_only and not self._pager.read_count
        self.checks_each_row = self._pending_count is not None and not unread
