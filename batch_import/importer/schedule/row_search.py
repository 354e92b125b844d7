"""A search for the media with one row's reference ID, which may have several pages. No I/O.

The pages are read by a `MediaListPager`, because other users add and delete media meanwhile. This
module must not know why a row is searched for.
"""

from batch_import.importer.schedule.ownership import same_title
from batch_import.models import JobRow, Media, MediaPage
from batch_import.viostream.media_list_pager import ListEnd, MediaListPager
from batch_import.viostream.page_size import PageSize


class RowSearch:
    """One search, from its first page to its end.

    It ends early if a media that has not failed has the row's title, too, because no other media
    can be a better match.

    Args:
        page_size: what is known about the size of pages; it learns from each page.
        started_at: epoch seconds when the first page was requested. The search shows the account at
            that time or later.

    Attributes:
        is_done: whether the search is finished.
        is_usable: whether searches find only what is searched for, and can be read to their end.
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
        """Add a page of the search. A page that the platform refuses is added as an empty page."""
        reference = self._row.reference_id
        if any(reference not in media.reference_id for media in page.items):
            self.is_usable = False  # the platform ignores the search parameter
            return
        self._pager.record_page(page)
        for media in page.items:
            if media.reference_id == reference:
                self._media[media.id or media.key] = media
        is_own = any(m.status != "failed" and same_title(self._row, m) for m in self.items)
        self.is_done = is_own or self._pager.end is ListEnd.COMPLETE
        self.is_usable = self.is_done or self._pager.end is None
