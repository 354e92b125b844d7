"""Handle a page of the media list, for all rows that it shows or should show. No I/O.

This module must not know why a page is read.
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
    """The numbers of the rows that a page is read for.

    Attributes:
        expected: rows that are expected on this page.
        scanned: rows that are searched for page by page, because searches for their reference ID do
            not work.
    """

    expected: tuple[int, ...] = ()
    scanned: tuple[int, ...] = ()


class PageReading:
    """Handles pages of the whole media list, which has the newest media first."""

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
        """Handle a page of the whole media list.

        It decides about rows on the page, about rows that should be on it and are not, and about
        rows that were expected on it. Afterwards, each row that it was read for is due later, or is
        expected on another page.

        Args:
            requested_at: epoch seconds when the page was requested: it shows the list at that time
                or later.
        """
        positions_in_list, scanned = self._positions, list(served.scanned)
        has_more = self._pages.has_more(page_number, page)
        shown = self._rows_shown(page.items)
        media_ids = {media.id for media in page.items}
        creation_times = [
            state.created
            for state, found in shown.values()
            if self._has_certain_creation_time(state, found)
        ]
        period = positions_in_list.covered_period(
            media_ids,
            creation_times,
            requested_at if page_number == 1 else None,
            is_last=not has_more,
        )
        positions = self._shown_positions(page_number, page)
        positions_in_list.learn_positions(positions, now)
        positions_in_list.check_consistency(media_ids, *period)
        covered = {
            state.row.row_number: state for state in positions_in_list.created_between(*period)
        }
        seen = set(covered)
        changes = []
        for row_number, (state, found) in shown.items():
            # A failed media may be of an earlier POST; therefore the row's media is on another
            # page.
            has_non_failed = any(
                media.status != "failed" for media in (*found.ours, *found.undecided)
            )
            is_known = not isinstance(state, Unknown) and (found.ours or found.undecided)
            if row_number in scanned and (has_non_failed or is_known):
                scanned.remove(row_number)
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
        self._record_all_misplaced(page_number, page, misplaced, period, requested_at, now)
        return changes

    def _record_all_misplaced(
        self,
        page_number: int,
        page: MediaPage,
        misplaced: list[int],
        period: tuple[float, float],
        requested_at: float,
        now: float,
    ) -> None:
        """Record the rows that the page should have shown, and where each may be instead."""
        has_more = self._pages.has_more(page_number, page)
        for row_number in misplaced:
            adjacent = self._adjacent_page(row_number, page_number, *period, requested_at)
            exists = has_more or adjacent != page_number + 1
            self._record_misplaced(row_number, adjacent if exists else None, requested_at, now)

    def _relearn(
        self, number: int, page: MediaPage, misplaced: list[int], requested_at: float
    ) -> None:
        """Correct the expected positions if the page shows no row in flight."""
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
        """Whether a list must show a row, as far as lists have shown other rows at its age."""
        row, visible = (
            self._tracker[number],
            self._consistency.visible_age(self._comparison.max_unseen_age()),
        )
        return (
            isinstance(row, Online) and visible is not None and row.created.min_age(now) >= visible
        )

    def _rows_shown(self, items: Iterable[Media]) -> dict[int, tuple[InAccount, MediaByOwner]]:
        """Returns the rows in the account that have media among `items`, by row number."""
        by_reference: dict[str, list[Media]] = {}
        for media in items:
            by_reference.setdefault(media.reference_id, []).append(media)
        shown = {}
        for reference, media_of_it in by_reference.items():
            state = self._tracker.by_reference(reference)
            if isinstance(state, Processing | Online | Unknown):
                shown[state.row.row_number] = (
                    state,
                    self._comparison.group_by_owner(state, media_of_it),
                )
        return shown

    def _has_certain_creation_time(self, state: InAccount, found: MediaByOwner) -> bool:
        """Whether the shown media was certainly created by the row's last POST."""
        own_media = found.ours if isinstance(state, Unknown) else (*found.ours, *found.undecided)
        is_only_one = len(found.ours) + len(found.undecided) + len(found.others) == 1
        created = state.created
        return (
            is_only_one
            and bool(own_media)
            and may_be_created_between(
                own_media[0], created.earliest, created.latest, self._comparison.clock_offset
            )
        )

    def _record_scan_page(self, number: int, now: float) -> list[StatusUpdate]:
        """Count one more page that was read to find a row and does not show it."""
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
        """End the scan for a row, because the whole list was read and does not show it."""
        self._tracker.polling.record_answer(state.row.row_number)
        poll.scan_page_number, poll.needs_lookup = 1, False
        poll.checked_age = poll.searched_age = state.created.min_age(now)
        self._comparison.schedule_check(state, now)
        if not isinstance(state, Unknown):
            return self._comparison.end_if_overdue(state, now)
        unknown = replace(state, is_searched=True)
        self._tracker.replace(unknown)
        return self._settling.end_if_expired(unknown, now)

    def _shown_positions(self, number: int, page: MediaPage) -> dict[int, int]:
        first_position = (number - 1) * self._pages.size
        positions = {}
        for position, media in enumerate(page.items, start=first_position):
            state = self._tracker.by_reference(media.reference_id)
            if isinstance(state, Processing | Online | Unknown) and may_be_created_between(
                media, state.created.earliest, state.created.latest, self._comparison.clock_offset
            ):
                positions[state.row.row_number] = position
        return positions

    def _adjacent_page(
        self, row_number: int, page: int, oldest: float, newest: float, requested_at: float
    ) -> int | None:
        """Returns the page on which a misplaced row probably is; None if that is not known.

        It is the next page if the row is older than all media of the page, and the previous one if
        it is newer.
        """
        created = self._tracker.in_account(row_number).created
        is_older = created.earliest <= oldest < float("inf")
        is_newer = created.latest >= newest > float("-inf")
        if is_older != is_newer:
            return page + 1 if is_older else max(1, page - 1)
        return self._neighbour(row_number, page, requested_at)

    def _neighbour(self, row_number: int, page: int, requested_at: float) -> int | None:
        """Returns the next page on the first try, and the previous page on the second try.

        None if the row need not be listed yet.
        """
        poll = self._tracker.polling[row_number]
        if not (poll.is_listed or self._must_be_listed(row_number, requested_at)):
            return None
        # On the second try, `page` is the page after the first one.
        behind = page + 1 if poll.misplaced_since_due_count == 0 else page - 2
        return behind if 1 <= behind <= self._pages.known_page_count else max(1, page - 1)

    def _record_misplaced(
        self, number: int, adjacent: int | None, requested_at: float, now: float
    ) -> None:
        """Record that the page on which a row was expected did not show it.

        Args:
            adjacent: the page on which the row probably is instead; None if not known.
        """
        poll, row = self._tracker.polling[number], self._tracker.in_account(number)
        was_overridden = poll.expected_page is not None
        poll.misplaced_read_count += 1
        poll.misplaced_since_due_count += 1
        if adjacent and poll.misplaced_since_due_count <= MISSES_BEFORE_LOOKUP:
            poll.expected_page = adjacent  # the row stays due
            return
        age = row.created.min_age(requested_at)
        if is_confirmed_created(row) and not poll.is_listed:
            poll.unseen_age = max(poll.unseen_age, age)
        if poll.misplaced_read_count > MISSES_BEFORE_LOOKUP:
            poll.is_listed = False  # it may have failed meanwhile, or its position is not known
        is_lost = poll.misplaced_read_count >= self._pages.max_scan_pages
        self._comparison.late_rows.count_miss(row, poll, age, is_lost=is_lost)
        self._comparison.schedule_check(row, now)
        if not (adjacent or was_overridden):  # it may just as well be on the adjacent page
            poll.expected_page = self._positions.adjacent_page(number, now)
