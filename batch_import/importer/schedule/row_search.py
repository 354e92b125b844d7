"""The search for one row's media by its reference ID, which may be several pages long. Pure.

Each search is read by a `MediaListPager`, because others add and delete media meanwhile. This file
must not know why a row is searched for.
"""

from batch_import.importer.schedule.ownership import same_title
from batch_import.models import JobRow, Media, MediaPage
from batch_import.viostream.media_list_pager import ListEnd, MediaListPager
from batch_import.viostream.page_size import PageSize


class RowSearch:
    """One search, from its first page to its end.

    It ends early where a media that has not failed has the row's title, too: no other tells more.

    Args:
        page_size: what is known of the length of pages; learns from each page.
        began: when the first page was asked for, in epoch seconds: all of the search tells of that
            moment at the earliest.

    Attributes:
        done: all is known that a search can tell.
        usable: searches bring what was searched for, and can be read to their end.
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
        """The page to read next, from 1."""
        return self._pager.page_number

    @property
    def items(self) -> list[Media]:
        """The media with exactly the row's reference ID that were found so far."""
        return list(self._media.values())

    def add_page(self, page: MediaPage) -> None:
        """A page of the search was read; one that the platform refuses is an empty one."""
        reference = self._row.reference_id
        if any(reference not in media.reference_id for media in page.items):
            self.is_usable = False  # the platform ignores what is searched for
            return
        self._pager.record_page(page)
        for media in page.items:
            if media.reference_id == reference:
                self._media[media.id or media.key] = media
        is_own = any(m.status != "failed" and same_title(self._row, m) for m in self.items)
        self.is_done = is_own or self._pager.end is ListEnd.COMPLETE
        self.is_usable = self.is_done or self._pager.end is None
