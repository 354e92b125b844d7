"""Learn whether the media list has the newest media first, as it was requested. No I/O.

If it has another order, its pages do not cover periods, and the rows of this run may be on any
page. The order is learned from the creation dates of adjacent media on the pages that were read.
This module must not know why a page is read.
"""

from datetime import UTC
from itertools import pairwise

from batch_import.importer.schedule.observations import MIN_SAMPLE_SIZE
from batch_import.importer.schedule.ownership import creation_moment
from batch_import.importer.schedule.polling import MISSES_BEFORE_LOOKUP
from batch_import.models import MediaPage


class ListOrder:
    """The order of the account's media list, as far as its pages have shown it.

    Attributes:
        needs_lookups: whether rows must be requested individually, because the list has another
            order, and a page that was read for rows of this run showed none of them.
        has_shown_rows: whether a page has shown a row of this run in flight.
    """

    def __init__(self) -> None:
        self.needs_lookups = False
        self.has_shown_rows = False
        #: Number of rows that a search showed after several pages had lacked them.
        self._unlisted_row_count = 0
        #: Number of adjacent media of which the second one is newer, and is older, than the first.
        self._newer_count = self._older_count = 0

    @property
    def is_newest_first(self) -> bool:
        """Whether the list has the newest media first; true if it is not known.

        A few pinned media may precede the newest ones. In a list by title or by ID, the second of
        two adjacent media is newer in half of the cases. The limit is a third of the cases.
        """
        return not self.needs_lookups and self._newer_count < max(
            MIN_SAMPLE_SIZE, self._older_count / 2
        )

    def learn_page(self, page: MediaPage) -> None:
        """Learn the order from the creation dates of the media on a page."""
        moments = [creation_moment(media.created_date) for media in page.items]
        times = [moment.replace(tzinfo=moment.tzinfo or UTC) for moment in moments if moment]
        for first, second in pairwise(times):
            self._newer_count += second > first
            self._older_count += second < first

    def record_without_rows(self) -> None:
        """Record that a page was read for rows of this run and shows none, and is not the last."""
        self.needs_lookups = not self.is_newest_first

    def record_unlisted_row(self) -> None:
        """Record that a search shows an online row that several pages lacked.

        Without creation dates, or if the dates happen to be in order, this shows that the list has
        another order. One such row proves nothing, because lists show new media with a delay.
        """
        self._unlisted_row_count += 1
        if not self.has_shown_rows and self._unlisted_row_count >= MISSES_BEFORE_LOOKUP:
            self.needs_lookups = True
