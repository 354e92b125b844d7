"""Reads the account: first its whole list of media, then media that the list omits, then pages.

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
from batch_import.viostream.media_list_pager import MediaListPager
from batch_import.viostream.page_size import PageSize
from batch_import.viostream.session import PlatformSession

#: Number of rows that are read from the job database at once.
_ROWS_PER_QUERY: Final = 100
#: Seconds for which the server of the embed pages may be down or overloaded.
_PLAYER_WAIT_SECONDS: Final = 60.0
#: Maximum number of requests of one embed page that fails.
_MAX_PAGE_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class VerificationProgress:
    """The progress of one step of the verification.

    Attributes:
        what: what is counted.
        done: number that is done.
        of: total number; None if it is not known.
    """

    what: str
    done: int
    of: int | None


class AccountReader:
    """Reads the account for one verification.

    Args:
        session: sends the requests.
        listing: stores the media that were read.
        on_step: called with the progress, many times.

    Attributes:
        pager: reads the list; its `end` says whether the whole list was read.
    """

    def __init__(
        self,
        session: PlatformSession,
        listing: AccountListing,
        on_step: Callable[[VerificationProgress], None],
    ) -> None:
        self._page_size = PageSize()
        self.pager = MediaListPager(self._page_size)
        self.stop = session.stop
        self._session = session
        self._listing = listing
        self._on_step = on_step
        #: Whether the platform ignores the filter by reference ID. If so, searching is useless.
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
            self._on_step(VerificationProgress("media", self._listing.count(), self.pager.total))

    def ask_for_missing(self) -> None:
        """Request each media individually that the list did not show: lists can be incomplete.

        Raises:
            RunFault: the platform can no longer be used.
        """
        total, done_count, last_number = self._listing.unlisted_count(), 0, 0
        while rows := self._listing.unlisted(last_number, _ROWS_PER_QUERY):
            for target in rows:
                self._look_up(target)
                done_count, last_number = done_count + 1, target.row_number
                self._on_step(
                    VerificationProgress("media that the list does not show", done_count, total)
                )

    def _look_up(self, target: LookupTarget) -> None:
        """Search by reference ID, then request by ID: the reference ID may have been changed."""
        if not self._find_by_reference(target) and (name := target.media_id or target.key):
            media = self._media_by_name(name)
            if media and _is_target(media, target):
                self._listing.add([media])

    def _media_by_name(self, name: str) -> Media | None:
        try:
            return self._session.send(endpoints.get_media(name))
        except RequestRejected:
            return None
        except CredentialsRefused:
            # This request shows whether the credentials are refused, or only the request above.
            self._session.send(endpoints.get_account())
            return None

    def _find_by_reference(self, target: LookupTarget) -> bool:
        # Returns early if the results show that the filter is ignored.
        pager = MediaListPager(self._page_size)
        while not (pager.end or self._is_filter_ignored):
            page = self._read_page(
                endpoints.find_by_reference(target.reference_id, pager.page_number), pager
            )
            self._listing.add(page.items)
            pager.record_page(page)
            if any(_is_target(media, target) for media in page.items):
                return True
            # An inexact filter is possible, but every result must at least contain the ID.
            self._is_filter_ignored = not all(
                target.reference_id.casefold() in media.reference_id.casefold()
                for media in page.items
            )
        return False

    def _read_page(self, request: ApiRequest[MediaPage], pager: MediaListPager) -> MediaPage:
        """Returns one page; empty if the platform refuses the page number as beyond the end."""
        try:
            return self._session.send(request)
        except RequestRejected as rejected:
            if pager.page_number > 1:
                return MediaPage(())
            raise PlatformUnreachable(
                f"The platform does not list its videos: {rejected.message}.",
                "Nothing was changed: run the same command again later.",
            ) from None

    # Embed pages ------------------------------------------------------------------------------

    def ask_for_pages(self, pages: EmbedPages, url_of: Callable[[str], str]) -> int:
        """Request the embed page of every imported row.

        Args:
            pages: requests the pages.
            url_of: returns the URL of the embed page of a media key.

        Returns:
            The number of pages.

        Raises:
            RunFault: the server of the embed pages cannot be reached.
        """
        total, done_count, last_number = self._listing.playable_count(), 0, 0
        while rows := self._listing.playable(last_number, _ROWS_PER_QUERY):
            for row in rows:
                if fault := self._page_fault(pages, url_of(row.key)):
                    self._listing.save_page_fault(row.key, fault)
                done_count, last_number = done_count + 1, row.row_number
                self._on_step(VerificationProgress("embed pages", done_count, total))
        return done_count

    def _page_fault(self, pages: EmbedPages, url: str) -> str:
        try:
            self._open_page(pages, url)
        except (NotSent, Throttled) as failed:
            raise PlatformUnreachable(
                f"Cannot connect to the embed pages: {failed.message}.",
                f"Check {setting_ref('embed_base')} and the network, or verify without"
                f" {setting_ref('embeds')}.",
            ) from None
        except RequestFailed as failed:
            has_status = failed.status is None or f"HTTP {failed.status}" in failed.message
            return failed.message if has_status else f"HTTP {failed.status}: {failed.message}"
        return ""

    def _open_page(self, pages: EmbedPages, url: str) -> None:
        """Open a page.

        Waits if the server is not available, but gives up after a few errors of this page.
        """
        failures: list[NoAnswer] = []

        def attempt() -> None:
            try:
                pages.open(url)
            except NoAnswer as failed:
                failures.append(failed)
                if len(failures) < _MAX_PAGE_ATTEMPTS:
                    raise

        self._session.repeat(attempt, _PLAYER_WAIT_SECONDS)
        if len(failures) == _MAX_PAGE_ATTEMPTS:
            raise failures[-1]


def _is_target(media: Media, target: LookupTarget) -> bool:
    return media.id == target.media_id if target.media_id else media.key == target.key
