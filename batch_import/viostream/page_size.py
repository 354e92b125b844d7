"""How many media a page of the platform's lists holds, learned from the pages that were read. Pure.

The platform may give fewer media a page than it is asked for, and may leave media of a page out.
This file must not know what a page is read for.
"""

from batch_import.models import MediaPage
from batch_import.viostream.endpoints import PAGE_SIZE


class PageSize:
    """What the pages read so far say of the length of pages. All lists of an account share it.

    Attributes:
        size: media a page, as far as is known.
        longest: media on the longest page so far; 0 before the first.
    """

    def __init__(self) -> None:
        self.size = PAGE_SIZE
        self.longest = 0

    def measure(self, number: int, page: MediaPage) -> None:
        """Learn from a page of any list.

        Args:
            number: which page of its list it is, from 1.
        """
        shown = len(page.items)
        self.longest = max(self.longest, shown)
        if number == 1 and shown and page.total is not None and shown < page.total:
            # A first page that is shorter than the list is as long as pages are.
            self.size = min(self.size, shown)

    def count(self, number: int, page: MediaPage) -> int:
        """How many pages the list has, as far as one of them shows; at least 1."""
        total = page.total
        if total is None:
            total = (number - 1) * self.size + len(page.items) + self.has_more(number, page)
        return max(1, -(-total // self.size))

    def has_more(self, number: int, page: MediaPage) -> bool:
        """Whether pages follow; where that is not sure, they do.

        A full page has others behind it, whatever length the list reports: one that leaves
        media of a page out reports too few. How many media stand before a page is at least what
        the longest page says: a run that goes on may read others before the first.
        """
        shown = len(page.items)
        longest = max(self.longest, shown)
        full = shown >= (self.size if number == 1 else longest)
        if full or page.total is None:
            return full and shown > 0
        return shown > 0 and (number - 1) * longest + shown < page.total
