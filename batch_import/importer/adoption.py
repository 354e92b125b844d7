"""Finding what is in the account already, before the first create of a job. Pure.

The account is read page by page, or each row is looked for before its POST, whichever is fewer
calls. This file must not know rows, nor the state.
"""

from batch_import.importer.pages import Pages
from batch_import.models import MediaPage


class Adoption:
    """Reads the account's list from its newest media to its oldest.

    One page after the other: media that are added meanwhile push others down the list, and so
    onto pages that are yet to be read.

    Args:
        pending: rows that may be in the account; None to read it all, whatever it takes.
        pages: what is known of them; a page is read there first.
        glance: the account was read before: its first page is enough, unless that has something to
            take over.

    Attributes:
        page: the one to read next, from 1.
        done: nothing more is to be read.
        each_row: every row is to be looked for before its POST, for that is fewer calls.
    """

    def __init__(self, pending: int | None, pages: Pages, *, glance: bool = False) -> None:
        self._pending = float("inf") if pending is None else pending
        self._pages = pages
        self.page = 1
        self._total: int | None = None
        self._again: set[int] = set()
        self._glance = glance
        self._begun = False
        self.done = pending == 0
        self.each_row = False

    def read(self, number: int, page: MediaPage) -> None:
        """A page was read, perhaps for another purpose."""
        if self.done or number != self.page:
            return
        self._begun = True
        shrunk = page.total is not None and self._total is not None and page.total < self._total
        self._total = page.total
        if shrunk and number > 1 and number not in self._again:
            # Media that were deleted meanwhile have drawn others onto the page before this one.
            self._again.add(number)
            self.page = number - 1
        elif not self._pages.has_more(number, page):
            self.done = True
        elif number == 1 and self._pages.many > self._pending:
            self.look_first()
        else:
            self.page = number + 1

    def found(self, *, any_media: bool) -> None:
        """Tell whether there was something to take over on the page that was read."""
        if self._glance and self._begun:
            self._glance = False
            if not any_media:
                self.done, self.each_row = True, False

    def look_first(self) -> None:
        """Do not read the list: look for each row instead."""
        self.done, self.each_row = True, not self._glance
