"""Search the account for media that pending rows can adopt, before the first POST of a job. No I/O.

To adopt means to use an existing media of the account for a row instead of creating a media. There
are two ways to search: read all pages of the media list before the first POST, or search for the
reference ID of each row right before its POST. The way that needs fewer requests is used. This
module must not know rows or the job database.
"""

from batch_import.models import MediaPage
from batch_import.viostream.media_list_pager import ListEnd, MediaListPager
from batch_import.viostream.page_size import PageSize


class AdoptionSearch:
    """Decides which page of the media list to read next, and when to search row by row instead.

    Args:
        pending_count: number of rows that may have a media in the account. None if the account
            cannot be searched for one reference ID; then the whole list is read.
        page_size: number of media per page, as far as it is known. It is updated from each page.
        first_page_only: whether a previous run has searched the account. Then the first page is
            enough, unless this page has a media that a row can adopt.

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
        """Whether all pages were read, or why not; None if more pages are to be read."""
        return self._pager.end

    @property
    def is_impossible(self) -> bool:
        """Whether neither the list shows all media, nor a search for each row is possible."""
        return self._pending_count is None and self.list_end not in (None, ListEnd.COMPLETE)

    def record_page(self, number: int, page: MediaPage) -> None:
        """Record a page of the list that was read for this search or for another purpose.

        It is ignored if it is not the page that this search needs next.
        """
        if self.is_done or self.is_impossible or number != self.page_number:
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
        # The first page shows the length of the list. Later, the number of pages that were read
        # shows whether the list became longer than expected.
        page_count = self._page_size.page_count(1, page) if number == 1 else 0
        return max(page_count, self._pager.read_count) > self._pending_count

    def record_match(self, *, has_match: bool) -> None:
        """Record whether the last page has a media with the reference ID of a pending row."""
        if self._first_page_only and self._pager.read_count:
            self._first_page_only = False
            if not has_match:
                self.is_done, self.checks_each_row = True, False

    def check_each_row(self) -> None:
        """Stop reading the list, and search for each row before its POST instead.

        If this is not possible, the search does not end. Then no POST may be sent.
        """
        self.is_done = not self.is_impossible
        # If the first page was enough and could not be read, a previous run has searched already.
        was_searched_before = self._first_page_only and not self._pager.read_count
        self.checks_each_row = self._pending_count is not None and not was_searched_before
