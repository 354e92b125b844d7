"""What a page of the account's list means for all rows that it shows, or does not. Pure.

This file must not know why a page is read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from batch_import.importer.pages import Pages
from batch_import.importer.schedule.flights import InAccount, Online, Processing, Unknown
from batch_import.importer.schedule.listing import Listing
from batch_import.importer.schedule.ownership import may_be_created_between
from batch_import.importer.schedule.polling import TRIES, Poll
from batch_import.importer.schedule.repeat import ListConsistency
from batch_import.importer.schedule.settling import Settling
from batch_import.importer.schedule.showing import Showing, Shown, is_there
from batch_import.importer.schedule.tracker import Tracker
from batch_import.models import Media, MediaPage, StatusUpdate


@dataclass(frozen=True, slots=True)
class Serves:
    """The rows that a page is read for.

    Attributes:
        expected: those that were expected on it.
        scanned: those that are looked for on page after page, wherever they are expected.
    """

    expected: tuple[int, ...] = ()
    scanned: tuple[int, ...] = ()


class PageReading:
    """Reads pages of the whole list, newest first."""

    def __init__(
        self,
        tracker: Tracker,
        listing: Listing,
        pages: Pages,
        showing: Showing,
        settling: Settling,
        consistency: ListConsistency,
    ) -> None:
        self._tracker = tracker
        self._listing = listing
        self._pages = pages
        self._showing = showing
        self._settling = settling
        self._consistency = consistency

    def page_read(
        self, number: int, page: MediaPage, serves: Serves, left: float, now: float
    ) -> list[StatusUpdate]:
        """A page of the whole list was read.

        It decides about rows that it shows, rows that it must show and does not, and rows that
        were expected on it. Each row that it was read for is due later, or elsewhere, after it.

        Args:
            left: when it was asked for: it tells of that moment at the earliest.
        """
        listing, scanned = self._listing, list(serves.scanned)
        has_more = self._pages.has_more(number, page)
        shown = self._shown_rows(page.items)
        media_ids = {media.id for media in page.items}
        dated = [row.created for row, found in shown.values() if self._dates(row, found)]
        span = listing.covered(media_ids, dated, left if number == 1 else None, last=not has_more)
        places = self._places(number, page)
        listing.learn_places(places, now)
        listing.measure(media_ids, *span)
        covered = {row.row.number: row for row in listing.created_between(*span)}
        seen = set(covered)
        changes = []
        for which, (row, found) in shown.items():
            # What failed may be of an earlier POST, and an unknown row's own media elsewhere.
            alive = any(media.status != "failed" for media in (*found.ours, *found.undecided))
            known = not isinstance(row, Unknown) and (found.ours or found.undecided)
            if which in scanned and (alive or known):
                scanned.remove(which)  # found
            if alive or known or which in covered:
                covered.pop(which, None)
                seen.add(which)
                changes += self._showing.compared(row, found, left, now)
        for row in covered.values():
            changes += self._showing.missing(row, left, now)
        if serves.scanned:
            self._pages.scanned = number % self._pages.many + 1
        for which in scanned:
            changes += self._scanned(which, now)
        misplaced = [which for which in serves.expected if which not in seen and self._waits(which)]
        if misplaced and not places:
            self._relearn(number, page, misplaced, left)
        for which in misplaced:
            beside = self._beside(which, number, *span, left)
            self._misplaced(which, beside if has_more or beside != number + 1 else None, left, now)
        return changes

    def _relearn(self, number: int, page: MediaPage, misplaced: list[int], left: float) -> None:
        """Nothing on a page was expected there: rows stand elsewhere."""
        first = (number - 1) * self._pages.size
        if self._listing.learn_borders([media.id for media in page.items], first):
            return
        if any(self._must_be_listed(which, left) for which in misplaced):
            self._listing.search_on(last=not self._pages.has_more(number, page))
        else:
            self._listing.doubt()

    def _waits(self, number: int) -> bool:
        return isinstance(self._tracker.find(number), Processing | Online | Unknown)

    def _must_be_listed(self, number: int, now: float) -> bool:
        """Whether lists show a row, wherever it stands, as far as they showed others."""
        row, visible = self._tracker[number], self._consistency.visible_from(self._showing.unseen())
        return isinstance(row, Online) and visible is not None and row.created.age(now) >= visible

    def _shown_rows(self, items: Iterable[Media]) -> dict[int, tuple[InAccount, Shown]]:
        """The rows in the account that have media among these."""
        by_reference: dict[str, list[Media]] = {}
        for media in items:
            by_reference.setdefault(media.reference_id, []).append(media)
        shown = {}
        for reference, media_of_it in by_reference.items():
            row = self._tracker.with_reference(reference)
            if isinstance(row, Processing | Online | Unknown):
                shown[row.row.number] = row, self._showing.whose(row, media_of_it)
        return shown

    def _dates(self, row: InAccount, found: Shown) -> bool:
        """Whether a page that shows the row reaches back to the moment of its POST."""
        own = found.ours if isinstance(row, Unknown) else (*found.ours, *found.undecided)
        alone = len(found.ours) + len(found.undecided) + len(found.others) == 1
        created = row.created
        return (
            alone
            and bool(own)
            and may_be_created_between(
                own[0], created.earliest, created.latest, self._showing.clock_offset
            )
        )

    def _scanned(self, number: int, now: float) -> list[StatusUpdate]:
        """One more page was read in search of a row, where searches for its ID do not work."""
        flight = self._tracker.find(number)
        if not isinstance(flight, Processing | Online | Unknown):
            return []
        poll = self._tracker.polling[number]
        poll.page += 1
        if poll.page <= self._pages.enough:
            self._tracker.polling.again(number, now)
            return []
        return self._not_found(flight, poll, now)

    def _not_found(self, row: InAccount, poll: Poll, now: float) -> list[StatusUpdate]:
        """All of the list was read for a row, and does not show it."""
        self._tracker.polling.answered(row.row.number)
        poll.page, poll.needs_lookup = 1, False
        poll.checked_at = poll.searched_at = row.created.age(now)
        self._showing.look_again(row, now)
        if not isinstance(row, Unknown):
            return self._showing.given_up(row, now)
        unknown = replace(row, searched=True)
        self._tracker.replace(unknown)
        return self._settling.expired(unknown, now)

    def _places(self, number: int, page: MediaPage) -> dict[int, int]:
        first = (number - 1) * self._pages.size
        places = {}
        for place, media in enumerate(page.items, start=first):
            row = self._tracker.with_reference(media.reference_id)
            if isinstance(row, Processing | Online | Unknown) and may_be_created_between(
                media, row.created.earliest, row.created.latest, self._showing.clock_offset
            ):
                places[row.row.number] = place
        return places

    def _beside(
        self, which: int, page: int, oldest: float, newest: float, left: float
    ) -> int | None:
        """The page on which a row probably is that seems older, or newer, than all of a page."""
        created = self._tracker.in_account_at(which).created
        older = created.earliest <= oldest < float("inf")
        newer = created.latest >= newest > float("-inf")
        if older != newer:
            return page + 1 if older else max(1, page - 1)
        return self._neighbour(which, page, left)

    def _neighbour(self, which: int, page: int, left: float) -> int | None:
        """The next page for a row that must be listed near this one: behind it, then before it."""
        poll = self._tracker.polling[which]
        if not (poll.seen or self._must_be_listed(which, left)):
            return None
        # The second try comes from the page behind, and goes to the one before the first page.
        behind = page + 1 if poll.misplaced_since_due == 0 else page - 2
        return behind if 1 <= behind <= self._pages.many else max(1, page - 1)

    def _misplaced(self, number: int, beside: int | None, left: float, now: float) -> None:
        """The page on which a row was expected did not show it.

        Args:
            beside: the page on which it probably is instead.
        """
        poll, row = self._tracker.polling[number], self._tracker.in_account_at(number)
        elsewhere = poll.expected_page is not None
        poll.misplaced_reads += 1
        poll.misplaced_since_due += 1
        if beside and poll.misplaced_since_due <= TRIES:
            poll.expected_page = beside  # due still
            return
        age = row.created.age(left)
        if is_there(row) and not poll.seen:
            poll.unseen_at = max(poll.unseen_at, age)
        if poll.misplaced_reads > TRIES:
            poll.seen = False  # it has failed since, perhaps, or stands nobody knows where
        lost = poll.misplaced_reads >= self._pages.enough
        self._showing.count_late(row, poll, age, lost=lost)
        self._showing.look_again(row, now)
        if not (beside or elsewhere):  # it may as well be beyond the border
            poll.expected_page = self._listing.nearest_page(number, now)
