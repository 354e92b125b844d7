"""Estimates how many media a page of the platform's media lists has, from the pages read so far.

The platform may return fewer media per page than requested, and may omit media from a page.
"""

from batch_import.models import MediaPage
from batch_import.viostream.endpoints import PAGE_SIZE


class PageSize:
    """The estimated page size. All media lists of an account have the same page size.

    Attributes:
        size: estimated number of media per page, without omissions.
        longest_page: number of media on the longest page read so far; 0 before the first page.
    """

    def __init__(self) -> None:
        self.size = PAGE_SIZE
        self.longest_page = 0

    def learn(self, page_number: int, page: MediaPage) -> None:
        """Update the estimate after a page of any list was read.

        Args:
            page_number: number of the page, from 1.
            page: content of the page.
        """
        media_count = len(page.items)
        self.longest_page = max(self.longest_page, media_count)
        if page_number == 1 and media_count and page.total is not None and media_count < page.total:
            # The first page does not contain the whole list, so it is as long as a page can be.
            self.size = min(self.size, media_count)

    def page_count(self, page_number: int, page: MediaPage) -> int:
        """Returns the number of pages of a list, estimated from one of its pages; at least 1."""
        total = page.total
        if total is None:
            total = (page_number - 1) * self.size + len(page.items)
            if self.has_more(page_number, page):
                total += 1
        return max(1, -(-total // self.size))  # rounded up

    def has_more(self, page_number: int, page: MediaPage) -> bool:
        """Returns whether more pages follow this page; true if this is not certain.

        After a full page, another page may follow, even if the total of the list is already
        reached: the total is too low if the platform omits media. After a shorter page, more pages
        follow if the total is not reached. The number of media on the pages before is estimated
        from the longest page, because a resumed run may not have read these pages.
        """
        media_count = len(page.items)
        if media_count == 0:
            return False
        longest = max(self.longest_page, media_count)
        is_full = media_count >= (self.size if page_number == 1 else longest)
        if is_full or page.total is None:
            return is_full
        return (page_number - 1) * longest + media_count < page.total
