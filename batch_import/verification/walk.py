"""Which page of the account's list to read next, until all of it was read. Pure.

Others add and delete media meanwhile. What is added pushes media onto pages that are yet to be
read, where they are seen again; what is deleted draws them onto pages that were read already, so
these are read once more. This file must not know what is looked for.
"""

from batch_import.importer.pages import Pages
from batch_import.models import MediaPage


class Walk:
    """The way from the newest media to the oldest.

    Attributes:
        page: the one to read next, from 1.
        total: how many media the list last said to hold; None where it does not tell.
        done: all was read.
    """

    def __init__(self) -> None:
        self.page = 1
        self.total: int | None = None
        self.done = False
        self._pages = Pages(poll_interval=0.0)
        self._went_back_from: set[int] = set()

    def read(self, page: MediaPage, new: int) -> None:
        """The page was read.

        Args:
            new: how many of its media no page before had shown.
        """
        self._pages.read(self.page, page)
        gone = (self.total or 0) - (page.total or 0) if page.total is not None else 0
        self.total = page.total
        if gone > 0 and self.page > 1 and self.page not in self._went_back_from:
            # Once from each page: a list that loses media at random would never end.
            self._went_back_from.add(self.page)
            self.page = max(1, self.page - -(-gone // self._pages.size))
        elif self._is_last(page, new):
            self.done = True
        else:
            self.page += 1

    def _is_last(self, page: MediaPage, new: int) -> bool:
        if page.total is None:
            # A short page may be all that a page holds here, and the last one may come again.
            return new == 0
        return not page.items or self.page * self._pages.size >= page.total
