"""Reads the account for a verification, in three steps.

1. The whole list of media is read. A media is a video in the account.
2. Each media of the job that the list does not show is requested individually, because lists can be
   incomplete.
3. If the user wants it, the embed page of each imported row is requested.

All requests share one rate limiter, and are sent one after the other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from batch_import.errors import (
    CredentialsRefused,
    NoAnswer,
    NotSent,
    PlatformUnreachable,
    RequestFailed,
    RequestRejected,
    Throttled,
    setting_ref,
)
from batch_import.models import LookupTarget, Media, MediaPage
from batch_import.state.listing import AccountListing
from batch_import.viostream import endpoints
from batch_import.viostream.embed_page import EmbedPages
from batch_import.viostream.endpoints import ApiRequest
from batch_import.viostream.media_list_pager import REFUSED_PAGE, MediaListPager
from batch_import.viostream.page_size import PageSize
from batch_import.viostream.session import PlatformSession

#: Number of rows that are read from the job database at once.
_ROWS_PER_QUERY: Final = 100
#: Maximum number of seconds to wait for the server of the embed pages if it is down or overloaded.
_PLAYER_WAIT_SECONDS: Final = 60.0
#: Maximum number of requests for one embed page, if they fail.
_MAX_PAGE_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class VerificationProgress:
    """The progress of one step of the verification.

    Attributes:
        unit: what is counted, in the plural: `media` or `embed pages`, for example.
        done_count: number of these that are done.
        total_count: number of all; None if it is unknown.
    """

    unit: str
    done_count: int
    total_count: int | None


class AccountReader:
    """Reads the account for one verification.

    Args:
        session: sends the requests.
        listing: stores the media that were read.
        on_progress: called with the progress after each page of the list, media or embed page.

    Attributes:
        pager: decides which page of the list is read next; `pager.end` shows whether the whole list
            was read.
        stop: an event that stops the requests.
    """

    def __init__(
        self,
        session: PlatformSession,
        listing: AccountListing,
        on_progress: Callable[[VerificationProgress], None],
    ) -> None:
        self._page_size = PageSize()
        self.pager = MediaListPager(self._page_size)
        self.stop = session.stop
        self._session = session
        self._listing = listing
        self._on_progress = on_progress
        #: Whether the platform ignores the filter by reference ID. If true, no search is made.
        self._is_filter_ignored = False

    def read_list(self) -> None:
        """Read all pages of the account's list, as far as possible.

        Raises:
            RunFault: the platform does not answer.
        """
        while self.pager.end is None:
            page = self._read_page(endpoints.list_newest(self.pager.page_number), self.pager)
            self._listing.add(page.items)
            self.pager.record_page(page)
            self._on_progress(
                VerificationProgress("media", self._listing.count(), self.pager.total)
            )

    def look_up_missing(self) -> None:
        """Request each media of the job individually that the list did not show.

        Raises:
            RunFault: the platform can no longer be used.
        """
        total_count = self._listing.unlisted_count()
        done_count = last_number = 0
        while targets := self._listing.unlisted(last_number, _ROWS_PER_QUERY):
            for target in targets:
                self._look_up(target)
                done_count, last_number = done_count + 1, target.row_number
                self._on_progress(
                    VerificationProgress(
                        "media that the list does not show", done_count, total_count
                    )
                )

    def _look_up(self, target: LookupTarget) -> None:
        """Request the media of one row, and store it if the account has it.

        The first request is a search for the reference ID. If it does not find the media, the media
        is requested by its ID or key, because a user may have changed the reference ID.
        """
        if self._find_by_reference(target):
            return
        id_or_key = target.media_id or target.key
        media = self._media_by_id(id_or_key) if id_or_key else None
        if media and _is_target(media, target):
            self._listing.add([media])

    def _media_by_id(self, id_or_key: str) -> Media | None:
        """Returns a media; None if the platform does not have it."""
        try:
            return self._session.send(endpoints.get_media(id_or_key))
        except RequestRejected:
            return None
        except CredentialsRefused:
            # The next request raises the same error if the credentials are wrong. Otherwise the
            # platform refused only this media.
            self._session.send(endpoints.get_account())
            return None

    def _find_by_reference(self, target: LookupTarget) -> bool:
        """Search for the reference ID of a row; returns whether the row's media was found.

        All media of the results are stored. The search ends early if the platform ignores the
        filter.
        """
        pager = MediaListPager(self._page_size)
        while not (pager.end or self._is_filter_ignored):
            page = self._read_page(
                endpoints.find_by_reference(target.reference_id, pager.page_number), pager
            )
            self._listing.add(page.items)
            pager.record_page(page)
            if any(_is_target(media, target) for media in page.items):
                return True
            # The filter may be inexact, but the reference ID of each result must contain the text.
            self._is_filter_ignored = not all(
                target.reference_id.casefold() in media.reference_id.casefold()
                for media in page.items
            )
        return False

    def _read_page(self, request: ApiRequest[MediaPage], pager: MediaListPager) -> MediaPage:
        """Returns one page of a list; an empty page if a page after the first one is refused."""
        try:
            return self._session.send(request)
        except RequestRejected as rejected:
            if pager.page_number > 1:
                return REFUSED_PAGE
            raise PlatformUnreachable(
                f"The platform does not list its videos: {rejected.message}.",
                "Nothing was changed: run the same command again later.",
            ) from None

    # Embed pages ------------------------------------------------------------------------------

    def open_embed_pages(self, pages: EmbedPages, page_url: Callable[[str], str]) -> int:
        """Request the embed page of every imported row, and store which pages cannot be loaded.

        Args:
            pages: requests the pages.
            page_url: returns the URL of the embed page for a media key.

        Returns:
            The number of pages.

        Raises:
            RunFault: the server of the embed pages cannot be reached.
        """
        total_count = self._listing.playable_count()
        done_count = last_number = 0
        while rows := self._listing.playable(last_number, _ROWS_PER_QUERY):
            for row in rows:
                fault = self._page_fault(pages, page_url(row.key))
                if fault:
                    self._listing.save_page_fault(row.key, fault)
                done_count, last_number = done_count + 1, row.row_number
                self._on_progress(VerificationProgress("embed pages", done_count, total_count))
        return done_count

    def _page_fault(self, pages: EmbedPages, url: str) -> str:
        """Returns why an embed page cannot be loaded; empty if it can."""
        try:
            self._open_page(pages, url)
        except (NotSent, Throttled) as failed:
            raise PlatformUnreachable(
                f"Cannot connect to the embed pages: {failed.message}.",
                f"Check {setting_ref('embed_base')} and the network, or verify without"
                f" {setting_ref('embeds')}.",
            ) from None
        except RequestFailed as failed:
            if failed.status is None or f"HTTP {failed.status}" in failed.message:
                return failed.message
            return f"HTTP {failed.status}: {failed.message}"
        return ""

    def _open_page(self, pages: EmbedPages, url: str) -> None:
        """Request a page. While the server is not available, wait and repeat the request.

        Raises:
            RequestFailed: the page failed several times, or the server is not available.
        """
        failures: list[NoAnswer] = []

        def attempt() -> None:
            try:
                pages.open(url)
            except NoAnswer as failed:
                failures.append(failed)
                # `repeat` tries again after an error. The last error is raised below instead.
                if len(failures) < _MAX_PAGE_ATTEMPTS:
                    raise

        self._session.repeat(attempt, _PLAYER_WAIT_SECONDS)
        if len(failures) == _MAX_PAGE_ATTEMPTS:
            raise failures[-1]


def _is_target(media: Media, target: LookupTarget) -> bool:
    """Whether a media is the media of a row, by its ID; by its key if the row has no ID."""
    if target.media_id:
        return media.id == target.media_id
    return media.key == target.key
