"""Reads the account: all of its list, then what the list did not show, then embed pages.

Every call goes through the one budget, one after the other. This file must not know what a
difference means, nor how media are kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from batch_import.errors import (
    CallFailed,
    CredentialsRefused,
    NoAnswer,
    NotSent,
    PlatformUnreachable,
    Rejected,
    Throttled,
    named,
)
from batch_import.models import LookupTarget, Media, MediaPage
from batch_import.state.listing import AccountListing
from batch_import.viostream import endpoints
from batch_import.viostream.account_pager import AccountPager
from batch_import.viostream.embed_page import EmbedPages
from batch_import.viostream.endpoints import ApiRequest
from batch_import.viostream.page_size import PageSize
from batch_import.viostream.session import PlatformSession

#: Rows that are looked up in the state at once.
_AT_ONCE: Final = 100
#: Seconds that the player of embed pages may be down, or too busy.
_PLAYER_PATIENCE: Final = 60.0
#: How often an embed page that does not come is asked for.
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class VerificationProgress:
    """How far a step of the verification is.

    Attributes:
        what: what is counted.
        done, of: how many, of how many; None where that is not known.
    """

    what: str
    done: int
    of: int | None


class AccountReader:
    """One look at the whole account.

    Args:
        on_step: called again and again.

    Attributes:
        pager: the way through the list; it says whether that was read to its end.
    """

    def __init__(
        self,
        session: PlatformSession,
        listing: AccountListing,
        on_step: Callable[[VerificationProgress], None],
    ) -> None:
        self._page_size = PageSize()
        self.pager = AccountPager(self._page_size)
        self.stop = session.stop
        self._session = session
        self._listing = listing
        self._on_step = on_step
        #: The platform does not filter by reference ID: a search for one shows nothing.
        self._unfiltered = False

    def read_list(self) -> None:
        """Read all pages of the account's list, as far as it can be read.

        Raises:
            RunFault: the platform does not answer.
        """
        while self.pager.end is None:
            page = self._page(endpoints.newest(self.pager.page), self.pager)
            self._listing.add(page.items)
            self.pager.read(page)
            self._on_step(VerificationProgress("media", self._listing.count(), self.pager.total))

    def ask_for_missing(self) -> None:
        """Ask singly for each media that the list did not show: lists may be late, or have holes.

        Raises:
            RunFault: the platform is of no use any more.
        """
        count, done, after = self._listing.unlisted_count(), 0, 0
        while some := self._listing.unlisted(after, _AT_ONCE):
            for target in some:
                self._ask_for(target)
                done, after = done + 1, target.number
                self._on_step(
                    VerificationProgress("media that the list does not show", done, count)
                )

    def _ask_for(self, target: LookupTarget) -> None:
        """By its reference ID; and by itself, for a media may have been given another one."""
        if not self._found_by_reference(target) and (name := target.media_id or target.key):
            media = self._media(name)
            if media and _is_target(media, target):
                self._listing.add([media])

    def _media(self, name: str) -> Media | None:
        try:
            return self._session.send(endpoints.media(name))
        except Rejected:
            return None
        except CredentialsRefused:
            # Another call shows whether the credentials are refused, or this call alone.
            self._session.send(endpoints.account())
            return None

    def _found_by_reference(self, target: LookupTarget) -> bool:
        pager = AccountPager(self._page_size)
        while not (pager.end or self._unfiltered):
            page = self._page(endpoints.find(target.reference_id, pager.page), pager)
            self._listing.add(page.items)
            pager.read(page)
            if any(_is_target(media, target) for media in page.items):
                return True
            # A filter may be inexact, but what it gives has something to do with what was asked.
            self._unfiltered = not all(
                target.reference_id.casefold() in media.reference_id.casefold()
                for media in page.items
            )
        return False

    def _page(self, call: ApiRequest[MediaPage], pager: AccountPager) -> MediaPage:
        """One page; empty where the platform refuses it as beyond the end."""
        try:
            return self._session.send(call)
        except Rejected as rejected:
            if pager.page > 1:
                return MediaPage(())
            raise PlatformUnreachable(
                f"The platform does not list its videos: {rejected.message}.",
                "Nothing was changed: run the same command again later.",
            ) from None

    # Embed pages ------------------------------------------------------------------------------

    def ask_for_pages(self, pages: EmbedPages, url_of: Callable[[str], str]) -> None:
        """Ask for the embed page of every imported row.

        Args:
            url_of: key of a media → its embed page.

        Raises:
            RunFault: the player cannot be reached at all.
        """
        count, done, after = self._listing.playable_count(), 0, 0
        while some := self._listing.playable(after, _AT_ONCE):
            for row in some:
                if fault := self._page_fault(pages, url_of(row.key)):
                    self._listing.save_page_fault(row.key, fault)
                done, after = done + 1, row.number
                self._on_step(VerificationProgress("embed pages", done, count))

    def _page_fault(self, pages: EmbedPages, url: str) -> str:
        try:
            self._open(pages, url)
        except (NotSent, Throttled) as failed:
            raise PlatformUnreachable(
                f"Cannot connect to the embed pages: {failed.message}.",
                f"Check {named('embed_base')} and the network, or verify without"
                f" {named('embeds')}.",
            ) from None
        except CallFailed as failed:
            known = failed.status is None or f"HTTP {failed.status}" in failed.message
            return failed.message if known else f"HTTP {failed.status}: {failed.message}"
        return ""

    def _open(self, pages: EmbedPages, url: str) -> None:
        """Open a page. A player that is away is waited for; one page that is, is no reason to."""
        failures: list[NoAnswer] = []

        def attempt() -> None:
            try:
                pages.open(url)
            except NoAnswer as failed:
                failures.append(failed)
                if len(failures) < _TRIES:
                    raise

        self._session.repeat(attempt, _PLAYER_PATIENCE)
        if len(failures) == _TRIES:
            raise failures[-1]


def _is_target(media: Media, target: LookupTarget) -> bool:
    return media.id == target.media_id if target.media_id else media.key == target.key
