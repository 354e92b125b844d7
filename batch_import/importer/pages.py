"""The pages of the account's list: how many there are, which are under way, when none is read.

Pure. This file must not know what a page is read for, nor what it means.
"""

from typing import Final

from batch_import.importer.backoff import backoff
from batch_import.models import MediaPage
from batch_import.viostream.page_size import PageSize

#: Pages that cannot be read are left alone this long at first (seconds), then twice as long, and
#: so on, up to so many poll intervals.
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 4.0
#: Looks on ever other pages for one row, after which it is not to be found: a few more than there
#: are pages, but no more than this.
_A_FEW: Final = 3
_SEARCH: Final = 25


class Pages(PageSize):
    """What is known of the pages.

    Args:
        poll_interval: seconds.

    Attributes:
        many: how many there are, as far as is known.
        out: those under way, by when they left.
        paused_until: none is to be read before, in epoch seconds.
    """

    def __init__(self, poll_interval: float) -> None:
        super().__init__()
        self.many = 1
        self.out: dict[int, float] = {}
        self.paused_until = float("-inf")
        self._longest_pause = _LONGEST_PAUSE * poll_interval
        self._failures = 0

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
        self.many = self.count(number, page)
