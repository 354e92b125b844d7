"""Finding what is in the account already, before the first create of a job. Pure.

The account is read page by page, or each row is looked for before its POST, whichever is fewer
calls. This file must not know rows, nor the state.
"""

from batch_import.models import MediaPage
from batch_import.viostream.media_list_pager import ListEnd, MediaListPager
from batch_import.viostream.page_size import PageSize


class Adoption:
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
        self, pending: int | None, page_size: PageSize, *, first_page_only: bool = False
    ) -> None:
        self._pending = pending
        self._page_size = page_size
        self._pager = MediaListPager(page_size)
        self._first_page_only = first_page_only
        self.done = pending == 0
        self.each_row = False

    @property
    def page(self) -> int:
        """The page to read next, from 1."""
        return self._pager.page

    @property
    def end(self) -> ListEnd | None:
        """How reading the list ended; None where it was not read to an end."""
        return self._pager.end

    def read(self, number: int, page: MediaPage) -> None:
        """A page was read, perhaps for another purpose."""
        if self.done or number != self.page:
            return
        self._pager.read(page)
        if self.end is ListEnd.COMPLETE:
            self.done = True
        elif self.end is not None or self._is_dear(number, page):
            self.look_first()

    def _is_dear(self, number: int, page: MediaPage) -> bool:
        """Whether looking for each row is fewer calls than reading the list."""
        if self._pending is None:
            return False
        pages = self._page_size.count(1, page) if number == 1 else 0
        return max(pages, self._pager.reads) > self._pending

    def found(self, *, any_media: bool) -> None:
        """Tell whether there was something to take over on the page that was read."""
        if self._first_page_only and self._pager.reads:
            self._first_page_only = False
            if not any_media:
                self.done, self.each_row = True, False

    def look_first(self) -> None:
        """Do not read the list: look for each row instead, where that is possible."""
        self.done = True
        unread = self._first_page_only and not self._pager.reads
        self.each_row = self._pending is not None and not unread
