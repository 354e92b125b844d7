"""Learn whether the media list has the newest media first, as it was requested. No I/O.

If it has another order, its pages do not cover periods, and the rows of this run may be on any
page. The order is learned from the creation dates of adjacent media on the pages that were read.
This module must not know why a page is read.
"""

from datetime import UTC
from itertools import pairwise

from batch_import.importer.schedule.observations import MIN_SAMPLE_SIZE
from batch_import.importer.schedule.ownership import creation_moment
from batch_import.models import MediaPage


class ListOrder:
    """The order of the account's media list, as far as its pages have shown it.

    Attributes:
        needs_lookups: whether rows must be requested individually, because the list has another
            order, and a page that was read for rows of this run showed none of them.
    """

    def __init__(self) -> None:
        self.needs_lookups = False
        #: Number of adjacent media of which the second one is newer, and is older, than the first.
        self._newer_count = self._older_count = 0

    @property
    def is_newest_first(self) -> bool:
        """Whether the list has the newest media first; true if it is not known.

        A few pinned media may precede the newest ones. In a list by title or by ID, the second of
        two adjacent media is newer in half of the cases. The limit is a third of the cases.
        """
        return self._newer_count < max(MIN_SAMPLE_SIZE, self._older_count / 2)

    def learn_page(self, page: MediaPage) -> None:
        """Learn the order from the creation dates of the media on a page."""
        moments = [creation_moment(media.created_date) for media in page.items]
        times = [moment.replace(tzinfo=moment.tzinfo or UTC) for moment in moments if moment]
        for first, second in pairwise(times):
            self._newer_count += second > first
            self._older_count += second < first

    def record_without_rows(self) -> None:
        """Record that a page was read for rows of this run and shows none, and is not the last."""
        self.needs_lookups = self.needs_lookups or not self.is_newest_first
