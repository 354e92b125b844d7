"""Finding what is in the account already, before the first create of a job. Pure.

The account is read page by page, or each row is looked for before its POST, whichever is fewer
calls. This file must not know rows, nor the state.
"""

from batch_import.models import MediaPage


class Adoption:
    """Reads the account's list from its newest media to its oldest.

    One page after the other: media that are added meanwhile push others down the list, and so
    onto pages that are yet to be read.

    Args:
        pending: rows that may be in the account; None to read it all, whatever it takes.
        page_size: how many media a page holds.

    Attributes:
        page: the one to read next, from 1.
        page_size: as above; it may turn out to be another.
        done: nothing more is to be read.
        each_row: every row is to be looked for before its POST, for that is fewer calls.
    """

    def __init__(self, pending: int | None, page_size: int) -> None:
        self._pending = float("inf") if pending is None else pending
        self.page_size = page_size
        self.page = 1
        self._total: int | None = None
        self._again: set[int] = set()
        self.done = pending == 0
        self.each_row = False

    def read(self, number: int, page: MediaPage) -> None:
        """A page was read, perhaps for another purpose."""
        if self.done or number != self.page:
            return
        shrunk = page.total is not None and self._total is not None and page.total < self._total
        self._total = page.total
        if self._is_last(number, page):
            self.done = True
        elif number == 1 and self._pages(page.total) > self._pending:
            self.look_first()
        else:
            # Media that were deleted meanwhile have drawn others onto this page.
            again = shrunk and number not in self._again
            self._again |= {number} if again else set()
            self.page = number if again else number + 1

    def _is_last(self, number: int, page: MediaPage) -> bool:
        if page.total is None:
            return len(page.items) < self.page_size
        return not page.items or number * self.page_size >= page.total

    def look_first(self) -> None:
        """Do not read the list: look for each row instead."""
        self.done = self.each_row = True

    def _pages(self, total: int | None) -> int:
        return 2 if total is None else -(-total // self.page_size)
