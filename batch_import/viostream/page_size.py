"""Estimates how many media a page of the platform's lists has, from the pages that were read.

The platform may return fewer media per page than requested, and may omit media of a page.
"""

from batch_import.models import MediaPage
from batch_import.viostream.endpoints import PAGE_SIZE


class PageSize:
    """The page size, as far as the pages read so far show it. All lists of an account share it.

    Attributes:
        size: number of media per page.
        longest_page: number of media on the longest page so far; 0 before the first page.
    """

    def __init__(self) -> None:
        self.size = PAGE_SIZE
        self.longest_page = 0

    def learn(self, number: int, page: MediaPage) -> None:
        """Learn from a page of any list.

        Args:
            number: page number, from 1.
            page: content of the page.
        """
        media_count = len(page.items)
        self.longest_page = max(self.longest_page, media_count)
        if number == 1 and media_count and page.total is not None and media_count < page.total:
            # The first page is shorter than the list, so it shows how long a page is.
            self.size = min(self.size, media_count)

    def page_count(self, number: int, page: MediaPage) -> int:
        """Returns how many pages the list has, judging by one of its pages; at least 1."""
        total = page.total
        if total is None:
            total = (number - 1) * self.size + len(page.items) + self.has_more(number, page)
        return max(1, -(-total // self.size))

    def has_more(self, number: int, page: MediaPage) -> bool:
        """Whether more pages follow; true if this is not certain.

        A full page counts as followed by another page, even if it contradicts the total, because
        the total is too low if the platform omits media. After a shorter page, more pages follow if
        the total is not reached yet. The number of media before the page is estimated from the
        longest page and not counted, because a resumed run possibly starts at a later page.
        """
        media_count = len(page.items)
        longest = max(self.longest_page, media_count)
        is_full = media_count >= (self.size if number == 1 else longest)
        if is_full or page.total is None:
            return is_full and media_count > 0
        return media_count > 0 and (number - 1) * longest + media_count < page.total
