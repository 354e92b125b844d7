"""The pages of the account's list: how long they are, which are under way, when none is read.

Pure. This file must not know what a page is read for, nor what it means.
"""

from typing import Final

from batch_import.api.request import PAGE_SIZE
from batch_import.models import MediaPage, Row

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

    @property
    def enough(self) -> int:
        """How many pages are read in search of one row."""
        return min(self.many + _A_FEW, _SEARCH)

    def failed(self, now: float) -> None:
        """A page could not be read: leave all alone for a while, longer each time."""
        pause = _FIRST_PAUSE * 2.0 ** min(self._failures, 20)
        self._failures += 1
        self.paused_until = now + min(self._longest_pause, pause)

    def read(self, number: int, page: MediaPage) -> None:
        """A page was read: learn how long pages are, and how many."""
        self._failures = 0
        self.measure(number, page)
        self.many = max(1, -(-(page.total or len(page.items)) // self.size))

    def measure(self, number: int, page: MediaPage) -> None:
        """Learn how long pages are from one of any list."""
        shown = len(page.items)
        if number == 1 and shown and page.total is not None and shown < page.total:
            # A first page that is shorter than the list is as long as pages are.
            self.size = min(self.size, shown)

    def has_more(self, number: int, page: MediaPage) -> bool:
        """Whether pages follow. A list that does not tell how long it is ends with a short one."""
        if page.total is None:
            return len(page.items) >= self.size
        before = (number - 1) * self.size
        return bool(page.items) and before + len(page.items) < page.total
