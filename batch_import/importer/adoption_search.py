"""Finding what is in the account already, before the first create of a job. Pure.

The account is read page by page, or each row is looked for before its POST, whichever is fewer
calls. This file must not know rows, nor the state.
"""

from batch_import.models import MediaPage
from batch_import.viostream.media_list_pager import ListEnd, MediaListPager
from batch_import.viostream.page_size import PageSize


class AdoptionSearch:
    """Reads the account's list from its newest media to its oldest.

    Args:
        pending: rows that may be in the account; None to read it all, whatever it takes, because
            rows cannot be looked for one by one.
        page_size: what is known of the length of pages.
        first_page_only: the account was read before: that page is enough, unless it has something
            to take over.

    Attributes:
        done: nothing more is to be read.
        each_row: every row is to be looked for before its POST: that is fewer calls, or the list
            cannot be read to its end.
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
        """The page to read next, from 1."""
        return self._pager.page_number

    @property
    def list_end(self) -> ListEnd | None:
        """How reading the list ended; None where it was not read to an end."""
        return self._pager.end

    def record_page(self, number: int, page: MediaPage) -> None:
        """A page was read, perhaps for another purpose."""
        if self.is_done or number != self.page_number:
            return
        self._pager.record_page(page)
        if self.list_end is ListEnd.COMPLETE:
            self.is_done = True
        elif self.list_end is not None or self._costs_more_than_row_checks(number, page):
            self.check_each_row()

    def _costs_more_than_row_checks(self, number: int, page: MediaPage) -> bool:
        """Whether looking for each row is fewer calls than reading the list."""
        if self._pending_count is None:
            return False
        pages = self._page_size.page_count(1, page) if number == 1 else 0
        return max(pages, self._pager.read_count) > self._pending_count

    def record_match(self, *, any_media: bool) -> None:
        """Tell whether there was something to take over on the page that was read."""
        if self._first_page_only and self._pager.read_count:
            self._first_page_only = False
            if not any_media:
                self.is_done, self.checks_each_row = True, False

    def check_each_row(self) -> None:
        """Do not read the list: look for each row instead, where that is possible."""
        self.is_done = True
        unread = self._first_page_only and not self._pager.read_count
        self.checks_each_row = self._pending_count is not None and not unread
