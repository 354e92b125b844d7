"""Number and size of the pages of the account's media list, as far as they are known. No I/O.

A scan reads the list page by page, to find rows that may be anywhere in the list. This module must
not know why a page is read, nor what its content means.
"""

from typing import Final

from batch_import.models import MediaPage
from batch_import.viostream.page_size import PageSize

#: Upper limit of the pages that a scan reads for one row. With more pages, all other rows would
#: wait too long because of this row.
_MAX_SCAN_PAGES: Final = 25


class ListPages(PageSize):
    """Number and size of the pages, and the pages whose request is not answered yet.

    Page numbers start at 1.

    Attributes:
        known_page_count: number of pages, as the page that was read last shows it; 1 before that.
        reads_in_progress: page number → epoch seconds when its request was sent, for each page
            whose request is not answered yet.
        next_scan_page: number of the page that a scan reads next; 0 before the first scan.
    """

    def __init__(self) -> None:
        super().__init__()
        self.known_page_count = 1
        self.reads_in_progress: dict[int, float] = {}
        self.next_scan_page = 0

    @property
    def max_scan_pages(self) -> int:
        """Maximum number of pages that a scan reads for one row.

        This is one more than the list has, because during the scan, other users may add media. Then
        older media move to the next page.
        """
        return min(self.known_page_count + 1, _MAX_SCAN_PAGES)

    def learn_page(self, page_number: int, page: MediaPage) -> None:
        """Update the size and the number of the pages from the content of a page."""
        self.learn(page_number, page)
        self.known_page_count = self.page_count(page_number, page)
