"""What is known about the pages of the account's media list. No I/O.

This module must not know what a page is read for, nor what it means.
"""

from typing import Final

from batch_import.models import MediaPage
from batch_import.viostream.page_size import PageSize

#: Upper limit of the pages that are read to find one row that may be anywhere in the list. Reading
#: more would delay all other rows for one.
_MAX_SCAN_PAGES: Final = 25


class ListPages(PageSize):
    """Number and size of the pages, and which pages are being read.

    Attributes:
        known_page_count: number of pages, as far as is known.
        reads_in_progress: epoch seconds when the request was sent, for each page that is being
            read.
        next_scan_page: number of the next page to read to find rows that may be anywhere in the
            list.
    """

    def __init__(self) -> None:
        super().__init__()
        self.known_page_count = 1
        self.reads_in_progress: dict[int, float] = {}
        self.next_scan_page = 1

    @property
    def max_scan_pages(self) -> int:
        """How many pages are read to find one row.

        This is one more than there are pages, because media move to the next page while new ones
        are added.
        """
        return min(self.known_page_count + 1, _MAX_SCAN_PAGES)

    def learn_page(self, page_number: int, page: MediaPage) -> None:
        """Learn the size and the number of pages from a page that was read."""
        self.learn(page_number, page)
        self.known_page_count = self.page_count(page_number, page)
