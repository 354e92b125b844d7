"""The pages of the account's list: how many there are, which are under way.

Pure. This file must not know what a page is read for, nor what it means.
"""

from typing import Final

from batch_import.models import MediaPage
from batch_import.viostream.page_size import PageSize

#: Looks on ever other pages for one row, after which it is not to be found: one more than there
#: are pages, for media move to the next one meanwhile, but no more than this.
_MAX_SCAN_PAGES: Final = 25


class ListPages(PageSize):
    """What is known of the pages.

    Attributes:
        many: how many there are, as far as is known.
        out: those under way, by when they left.
        scanned: the page that is read next in search of rows that may stand anywhere.
    """

    def __init__(self) -> None:
        super().__init__()
        self.known_page_count = 1
        self.reads_in_progress: dict[int, float] = {}
        self.next_scan_page = 1

    @property
    def max_scan_pages(self) -> int:
        """How many pages are read in search of one row."""
        return min(self.known_page_count + 1, _MAX_SCAN_PAGES)

    def learn_page(self, page_number: int, page: MediaPage) -> None:
        """A page was read: learn how long pages are, and how many."""
        self.learn(page_number, page)
        self.known_page_count = self.page_count(page_number, page)
