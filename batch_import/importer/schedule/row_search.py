"""A search for the media with one row's reference ID, which may have several pages. No I/O.

A `MediaListPager` chooses the next page, because other users may add and delete media between two
pages. This module must not know why a row is searched for.
"""

from batch_import.importer.schedule.media_statuses import FAILED_STATUS
from batch_import.importer.schedule.ownership import same_title
from batch_import.models import JobRow, Media, MediaPage
from batch_import.viostream.media_list_pager import ListEnd, MediaListPager
from batch_import.viostream.page_size import PageSize


class RowSearch:
    """One search for a row's reference ID, from its first page to its end.

    It ends early if a media with the reference ID also has the row's title and has not failed,
    because no other media can be a better match.

    Args:
        row: the row.
        page_size: number of media per page, as far as it is known. It is updated from each page.
        started_at: epoch seconds when the first page was requested.

    Attributes:
        started_at: the argument. The search shows the account at this time or later.
        is_done: whether the search is finished.
        is_usable: false if the platform returned media with other reference IDs, or if the pages of
            the search cannot be read to their end.
    """

    def __init__(self, row: JobRow, page_size: PageSize, started_at: float) -> None:
        self._row = row
        self._pager = MediaListPager(page_size)
        self._media: dict[str, Media] = {}
        self.started_at = started_at
        self.is_done = False
        self.is_usable = True

    @property
    def page_number(self) -> int:
        """Number of the page to read next, from 1."""
        return self._pager.page_number

    @property
    def items(self) -> list[Media]:
        """The media with exactly the row's reference ID that were found so far."""
        return list(self._media.values())

    def add_page(self, page: MediaPage) -> None:
        """Add the next page of the search."""
        reference = self._row.reference_id
        # The platform may also return longer reference IDs that contain this one.
        if any(reference not in media.reference_id for media in page.items):
            self.is_usable = False  # the platform ignores the search parameter
            return
        self._pager.record_page(page)
        for media in page.items:
            if media.reference_id == reference:
                self._media[media.id or media.key] = media
        has_best_match = any(
            media.status != FAILED_STATUS and same_title(self._row, media) for media in self.items
        )
        self.is_done = has_best_match or self._pager.end is ListEnd.COMPLETE
        self.is_usable = self.is_done or self._pager.end is None
