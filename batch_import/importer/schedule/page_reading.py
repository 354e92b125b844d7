"""What a page of the account's list means for all rows that it shows, or does not. Pure.

This file must not know why a page is read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from batch_import.importer.list_pages import ListPages
from batch_import.importer.schedule.list_positions import ListPositions
from batch_import.importer.schedule.media_comparison import (
    MediaByOwner,
    MediaComparison,
    is_confirmed_created,
)
from batch_import.importer.schedule.ownership import may_be_created_between
from batch_import.importer.schedule.polling import MISSES_BEFORE_LOOKUP, Poll
from batch_import.importer.schedule.repeat import ListConsistency
from batch_import.importer.schedule.row_states import InAccount, Online, Processing, Unknown
from batch_import.importer.schedule.settling import Settling
from batch_import.importer.schedule.tracker import Tracker
from batch_import.models import Media, MediaPage, StatusUpdate


@dataclass(frozen=True, slots=True)
class ServedRows:
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
        positions: ListPositions,
        pages: ListPages,
        comparison: MediaComparison,
        settling: Settling,
        consistency: ListConsistency,
    ) -> None:
        self._tracker = tracker
        self._positions = positions
        self._pages = pages
        self._comparison = comparison
        self._settling = settling
        self._consistency = consistency

    def handle_page(
        self, page_number: int, page: MediaPage, served: ServedRows, requested_at: float, now: float
    ) -> list[StatusUpdate]:
        """A page of the whole list was read.

        It decides about rows that it shows, rows that it must show and does not, and rows that
        were expected on it. Each row that it was read for is due later, or elsewhere, after it.

        Args:
            left: when it was asked for: it tells of that moment at the earliest.
        """
        listing, scanned = self._positions, list(served.scanned)
        has_more = self._pages.has_more(page_number, page)
        shown = self._rows_shown(page.items)
        media_ids = {media.id for media in page.items}
        creation_times = [
            state.created
            for state, found in shown.values()
            if self._has_certain_creation_time(state, found)
        ]
        period = listing.covered_period(
            media_ids,
            creation_times,
            requested_at if page_number == 1 else None,
            is_last=not has_more,
        )
        positions = self._shown_positions(page_number, page)
        listing.learn_positions(positions, now)
        listing.check_consistency(media_ids, *period)
        covered = {state.row.number: state for state in listing.created_between(*period)}
        seen = set(covered)
        changes = []
        for row_number, (state, found) in shown.items():
            # What failed may be of an earlier POST, and an unknown row's own media elsewhere.
            has_non_failed = any(
                media.status != "failed" for media in (*found.ours, *found.undecided)
            )
            is_known = not isinstance(state, Unknown) and (found.ours or found.undecided)
            if row_number in scanned and (has_non_failed or is_known):
                scanned.remove(row_number)  # found
            if has_non_failed or is_known or row_number in covered:
                covered.pop(row_number, None)
                seen.add(row_number)
                changes += self._comparison.compare(state, found, requested_at, now)
        for state in covered.values():
            changes += self._comparison.handle_absence(state, requested_at, now)
        if served.scanned:
            self._pages.next_scan_page = page_number % self._pages.known_page_count + 1
        for row_number in scanned:
            changes += self._record_scan_page(row_number, now)
        misplaced = [
            row_number
            for row_number in served.expected
            if row_number not in seen and self._is_in_account(row_number)
        ]
        if misplaced and not positions:
            self._relearn(page_number, page, misplaced, requested_at)
        for row_number in misplaced:
            adjacent = self._adjacent_page(row_number, page_number, *period, requested_at)
            self._record_misplaced(
                row_number,
                adjacent if has_more or adjacent != page_number + 1 else None,
                requested_at,
                now,
            )
        return changes

    def _relearn(
        self, number: int, page: MediaPage, misplaced: list[int], requested_at: float
    ) -> None:
        """Nothing on a page was expected there: rows stand elsewhere."""
        first = (number - 1) * self._pages.size
        if self._positions.learn_borders([media.id for media in page.items], first):
            return
        if any(self._must_be_listed(row_number, requested_at) for row_number in misplaced):
            self._positions.move_to_next_page(is_last=not self._pages.has_more(number, page))
        else:
            self._positions.halve_drift()

    def _is_in_account(self, number: int) -> bool:
        return isinstance(self._tracker.by_number(number), Processing | Online | Unknown)

    def _must_be_listed(self, number: int, now: float) -> bool:
        """Whether lists show a row, wherever it stands, as far as they showed others."""
        row, visible = (
            self._tracker[number],
            self._consistency.visible_age(self._comparison.max_unseen_age()),
        )
        return (
            isinstance(row, Online) and visible is not None and row.created.min_age(now) >= visible
        )

    def _rows_shown(self, items: Iterable[Media]) -> dict[int, tuple[InAccount, MediaByOwner]]:
        """The rows in the account that have media among these."""
        by_reference: dict[str, list[Media]] = {}
        for media in items:
            by_reference.setdefault(media.reference_id, []).append(media)
        shown = {}
        for reference, media_of_it in by_reference.items():
            state = self._tracker.by_reference(reference)
            if isinstance(state, Processing | Online | Unknown):
                shown[state.row.number] = state, self._comparison.group_by_owner(state, media_of_it)
        return shown

    def _has_certain_creation_time(self, state: InAccount, found: MediaByOwner) -> bool:
        """Whether a page that shows the row reaches back to the moment of its POST."""
        own = found.ours if isinstance(state, Unknown) else (*found.ours, *found.undecided)
        alone = len(found.ours) + len(found.undecided) + len(found.others) == 1
        created = state.created
        return (
            alone
            and bool(own)
            and may_be_created_between(
                own[0], created.earliest, created.latest, self._comparison.clock_offset
            )
        )

    def _record_scan_page(self, number: int, now: float) -> list[StatusUpdate]:
        """One more page was read in search of a row, where searches for its ID do not work."""
        state = self._tracker.by_number(number)
        if not isinstance(state, Processing | Online | Unknown):
            return []
        poll = self._tracker.polling[number]
        poll.scan_page_number += 1
        if poll.scan_page_number <= self._pages.max_scan_pages:
            self._tracker.polling.schedule(number, now)
            return []
        return self._end_scan(state, poll, now)

    def _end_scan(self, state: InAccount, poll: Poll, now: float) -> list[StatusUpdate]:
        """All of the list was read for a row, and does not show it."""
        self._tracker.polling.record_answer(state.row.number)
        poll.scan_page_number, poll.needs_lookup = 1, False
        poll.checked_age = poll.searched_age = state.created.min_age(now)
        self._comparison.schedule_check(state, now)
        if not isinstance(state, Unknown):
            return self._comparison.end_if_overdue(state, now)
        unknown = replace(state, is_searched=True)
        self._tracker.replace(unknown)
        return self._settling.end_if_expired(unknown, now)

    def _shown_positions(self, number: int, page: MediaPage) -> dict[int, int]:
        first = (number - 1) * self._pages.size
        positions = {}
        for place, media in enumerate(page.items, start=first):
            state = self._tracker.by_reference(media.reference_id)
            if isinstance(state, Processing | Online | Unknown) and may_be_created_between(
                media, state.created.earliest, state.created.latest, self._comparison.clock_offset
            ):
                positions[state.row.number] = place
        return positions

    def _adjacent_page(
        self, row_number: int, page: int, oldest: float, newest: float, requested_at: float
    ) -> int | None:
        """The page on which a row probably is that seems older, or newer, than all of a page."""
        created = self._tracker.in_account(row_number).created
        older = created.earliest <= oldest < float("inf")
        newer = created.latest >= newest > float("-inf")
        if older != newer:
            return page + 1 if older else max(1, page - 1)
        return self._neighbour(row_number, page, requested_at)

    def _neighbour(self, row_number: int, page: int, requested_at: float) -> int | None:
        """The next page for a row that must be listed near this one: behind it, then before it."""
        poll = self._tracker.polling[row_number]
        if not (poll.is_listed or self._must_be_listed(row_number, requested_at)):
            return None
        # The second try comes from the page behind, and goes to the one before the first page.
        behind = page + 1 if poll.misplaced_since_due_count == 0 else page - 2
        return behind if 1 <= behind <= self._pages.known_page_count else max(1, page - 1)

    def _record_misplaced(
        self, number: int, adjacent: int | None, requested_at: float, now: float
    ) -> None:
        """The page on which a row was expected did not show it.

        Args:
            beside: the page on which it probably is instead.
        """
        poll, row = self._tracker.polling[number], self._tracker.in_account(number)
        was_overridden = poll.expected_page is not None
        poll.misplaced_read_count += 1
        poll.misplaced_since_due_count += 1
        if adjacent and poll.misplaced_since_due_count <= MISSES_BEFORE_LOOKUP:
            poll.expected_page = adjacent  # due still
            return
        age = row.created.min_age(requested_at)
        if is_confirmed_created(row) and not poll.is_listed:
            poll.unseen_age = max(poll.unseen_age, age)
        if poll.misplaced_read_count > MISSES_BEFORE_LOOKUP:
            poll.is_listed = False  # it has failed since, perhaps, or stands nobody knows where
        is_lost = poll.misplaced_read_count >= self._pages.max_scan_pages
        self._comparison.count_late_miss(row, poll, age, is_lost=is_lost)
        self._comparison.schedule_check(row, now)
        if not (adjacent or was_overridden):  # it may as well be beyond the border
            poll.expected_page = self._positions.adjacent_page(number, now)
