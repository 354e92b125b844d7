"""The pages of the account's list: how long they are, which are under way, when none is read.

Pure. This file must not know what a page is read for, nor what it means.
"""

from typing import Final

from batch_import.importer.backoff import backoff
from batch_import.models import MediaPage, Row
from batch_import.viostream.endpoints import PAGE_SIZE

#: Pages that cannot be read are left alone this long at first (seconds), then twice as long, and
#: so on, up to so many poll intervals.
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 4.0
#: Looks on ever other pages for one row, after which it is not to be found: a few more than there
#: are pages, but no more than this.
_A_FEW: Final = 3
_SEARCH: Final = 25


class Pages:
    """What is known of the pages.

    Args:
        poll_interval: seconds.

    Attributes:
        size: media a page, as far as is known: the platform may give fewer than it is asked for.
        many: how many there are, as far as is known.
        out: those under way, by when they left.
        sought: for which row a page is read, where the row is not expected there.
        paused_until: none is to be read before, in epoch seconds.
    """

    def __init__(self, poll_interval: float) -> None:
        self.size = PAGE_SIZE
        self.many = 1
        self.out: dict[int, float] = {}
        self.sought: dict[int, Row] = {}
        self.paused_until = float("-inf")
        self._longest_pause = _LONGEST_PAUSE * poll_interval
        self._failures = 0
        self._longest = 0

    @property
    def enough(self) -> int:
        """How many pages are read in search of one row."""
        return min(self.many + _A_FEW, _SEARCH)

    def failed(self, now: float) -> None:
        """A page could not be read: leave all alone for a while, longer each time."""
        self.paused_until = now + backoff(_FIRST_PAUSE, self._failures, self._longest_pause)
        self._failures += 1

    def read(self, number: int, page: MediaPage) -> None:
        """A page was read: learn how long pages are, and how many."""
        self._failures = 0
        self.measure(number, page)
        total = page.total
        if total is None:
            total = (number - 1) * self.size + len(page.items) + self.has_more(number, page)
        self.many = max(1, -(-total // self.size))

    def measure(self, number: int, page: MediaPage) -> None:
        """Learn how long pages are from one of any list."""
        shown = len(page.items)
        self._longest = max(self._longest, shown)
        if number == 1 and shown and page.total is not None and shown < page.total:
            # A first page that is shorter than the list is as long as pages are.
            self.size = min(self.size, shown)

    def has_more(self, number: int, page: MediaPage) -> bool:
        """Whether pages follow; where that is not sure, they do.

        A full page has others behind it, whatever the list tells of its length: one that leaves
        media of a page out tells of too few. How many media stand before a page is at least what
        the longest page says: a run that goes on may read others before the first.
        """
        shown = len(page.items)
        longest = max(self._longest, shown)
        full = shown >= (self.size if number == 1 else longest)
        if full or page.total is None:
            return full and shown > 0
        return shown > 0 and (number - 1) * longest + shown < page.total
