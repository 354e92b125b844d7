"""Handle a page of the media list, for all rows that it shows or should show. No I/O.

A page covers a period: it shows every media of the account that was created in this period. A row
is misplaced if it was expected on the page and is not there. This module must not know why a page
is read.
"""

from dataclasses import dataclass

from batch_import.importer.list_pages import ListPages
from batch_import.importer.schedule.list_order import ListOrder
from batch_import.importer.schedule.list_positions import ListPositions
from batch_import.importer.schedule.media_comparison import MediaComparison
from batch_import.importer.schedule.media_grouping import (
    MediaByOwner,
    group_by_owner,
    has_certain_creation_time,
    may_show_own_media,
)
from batch_import.importer.schedule.media_matching import MatchedMedia, match_media
from batch_import.importer.schedule.ownership import may_be_created_between
from batch_import.importer.schedule.polling import MISSES_BEFORE_LOOKUP
from batch_import.importer.schedule.repeat import ListConsistency
from batch_import.importer.schedule.row_states import (
    InAccount,
    Online,
    Processing,
    Unknown,
    is_confirmed_created,
)
from batch_import.importer.schedule.settling import Settling
from batch_import.importer.schedule.status_timing import StatusTiming
from batch_import.importer.schedule.tracker import Tracker
from batch_import.models import MediaPage, StatusUpdate


@dataclass(frozen=True, slots=True)
class ServedRows:
    """The rows that a page is read for, by their numbers in the job database.

    Attributes:
        expected: rows that are expected on this page.
        scanned: rows that may be anywhere in the list. They are searched for page by page, because
            searches for their reference ID do not work.
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
        list_order: ListOrder,
        comparison: MediaComparison,
        timing: StatusTiming,
        settling: Settling,
        consistency: ListConsistency,
    ) -> None:
        self._tracker = tracker
        self._positions = positions
        self._pages = pages
        self._list_order = list_order
        self._comparison = comparison
        self._timing = timing
        self._settling = settling
        self._consistency = consistency

    def handle_page(
        self, page_number: int, page: MediaPage, served: ServedRows, requested_at: float, now: float
    ) -> list[StatusUpdate]:
        """Handle a page of the whole media list; returns the status updates to store.

        Each row that the page was read for is then due later, or expected on another page.

        Args:
            requested_at: epoch seconds when the page was requested: it shows the list at that time
                or later.
        """
        matched = match_media(self._tracker, page.items, self._comparison.clock_offset)
        shown_rows = self._group_media(matched)
        self._learn_order(page_number, page, served, has_rows=bool(shown_rows))
        period = self._covered_period(page_number, page, shown_rows, requested_at)
        media_ids = {media.id for media in page.items}
        positions = self._shown_positions(page_number, page, matched)
        self._positions.learn_positions(positions, now)
        self._positions.check_consistency(media_ids, *period)
        # Rows that the page has to show, without the rows that it shows.
        absent_rows = {
            state.row.row_number: state for state in self._positions.created_between(*period)
        }
        decided_numbers = set(absent_rows)
        scanned_numbers = list(served.scanned)
        changes = []
        for number, (state, media_by_owner) in shown_rows.items():
            has_own_media = may_show_own_media(state, media_by_owner)
            if number in scanned_numbers and has_own_media:
                scanned_numbers.remove(number)
                self._tracker.polling.record_search(number, state.created.min_age(requested_at))
            if has_own_media or number in absent_rows:
                absent_rows.pop(number, None)
                decided_numbers.add(number)
                changes += self._comparison.compare(state, media_by_owner, requested_at, now)
        for number, (unknown, media) in matched.ambiguous.items():
            if number not in shown_rows:
                absent_rows.pop(number, None)
                decided_numbers.add(number)
                changes += self._comparison.handle_ambiguous_media(unknown, media, now)
        for state in absent_rows.values():
            changes += self._comparison.handle_absence(state, requested_at, now)
        if served.scanned:
            # The next page; after the last page, the first.
            self._pages.next_scan_page = page_number % self._pages.known_page_count + 1
        for number in scanned_numbers:
            changes += self._record_scan_page(number, now)
        misplaced_numbers = [
            number
            for number in served.expected
            if number not in decided_numbers and self._is_in_account(number)
        ]
        if misplaced_numbers and not positions:
            self._relearn(page_number, page, misplaced_numbers, requested_at)
        self._record_all_misplaced(page_number, page, misplaced_numbers, period, requested_at, now)
        return changes

    def _learn_order(
        self, page_number: int, page: MediaPage, served: ServedRows, *, has_rows: bool
    ) -> None:
        """Learn the order of the list by whether a page shows rows of this run."""
        if has_rows:
            self._list_order.has_shown_rows = True
        elif served.expected and self._pages.has_more(page_number, page):
            self._list_order.record_without_rows()

    def _covered_period(
        self,
        page_number: int,
        page: MediaPage,
        shown_rows: dict[int, tuple[InAccount, MediaByOwner]],
        requested_at: float,
    ) -> tuple[float, float]:
        """Returns start and end, in epoch seconds, of the period that the page covers.

        If the list has several pages and does not have the newest media first, the page covers no
        period.
        """
        is_last = not self._pages.has_more(page_number, page)
        if not self._list_order.is_newest_first and not (page_number == 1 and is_last):
            return float("inf"), float("-inf")
        creation_times = [
            state.created
            for state, media_by_owner in shown_rows.values()
            if has_certain_creation_time(state, media_by_owner, self._comparison.clock_offset)
        ]
        return self._positions.covered_period(
            {media.id for media in page.items},
            creation_times,
            requested_at if page_number == 1 else None,
            is_last=is_last,
        )

    def _record_all_misplaced(
        self,
        page_number: int,
        page: MediaPage,
        misplaced_numbers: list[int],
        period: tuple[float, float],
        requested_at: float,
        now: float,
    ) -> None:
        """Record the rows that the page should have shown, and on which page each probably is."""
        has_more = self._pages.has_more(page_number, page)
        for number in misplaced_numbers:
            adjacent_page = self._adjacent_page(number, page_number, *period, requested_at)
            if adjacent_page == page_number + 1 and not has_more:
                adjacent_page = None  # the list has no such page
            self._record_misplaced(number, page_number, adjacent_page, requested_at, now)

    def _relearn(
        self,
        page_number: int,
        page: MediaPage,
        misplaced_numbers: list[int],
        requested_at: float,
    ) -> None:
        """Correct the expected positions, because the page shows no row in flight."""
        first_position = (page_number - 1) * self._pages.size
        if self._positions.learn_borders([media.id for media in page.items], first_position):
            return
        if any(self._must_be_listed(number, requested_at) for number in misplaced_numbers):
            self._positions.move_to_next_page(is_last=not self._pages.has_more(page_number, page))
        else:
            self._positions.halve_drift()

    def _is_in_account(self, number: int) -> bool:
        return isinstance(self._tracker.by_number(number), Processing | Online | Unknown)

    def _must_be_listed(self, number: int, now: float) -> bool:
        """Whether lists must show a row by now.

        This is so if its media is online, and old enough that lists showed all other media of that
        age.
        """
        state = self._tracker[number]
        visible_age = self._consistency.visible_age(self._timing.max_unseen_age())
        return (
            isinstance(state, Online)
            and visible_age is not None
            and state.created.min_age(now) >= visible_age
        )

    def _group_media(self, matched: MatchedMedia) -> dict[int, tuple[InAccount, MediaByOwner]]:
        """Returns the rows that a page shows, by row number, with their media grouped by owner."""
        clock_offset = self._comparison.clock_offset
        return {
            number: (state, group_by_owner(state, items, clock_offset))
            for number, (state, items) in matched.of_rows.items()
        }

    def _record_scan_page(self, number: int, now: float) -> list[StatusUpdate]:
        """Count one more page of a scan that does not show a row."""
        state = self._tracker.by_number(number)
        if not isinstance(state, Processing | Online | Unknown):
            return []
        poll = self._tracker.polling[number]
        poll.lookup.scan_page_number += 1
        if poll.lookup.scan_page_number <= self._pages.max_scan_pages:
            self._tracker.polling.schedule(number, now)
            return []
        return self._end_scan(state, now)

    def _end_scan(self, state: InAccount, now: float) -> list[StatusUpdate]:
        """End the scan for a row, because the whole list was read and does not show it."""
        self._tracker.polling.record_search(state.row.row_number, state.created.min_age(now))
        self._timing.schedule_next(state, now)
        if not isinstance(state, Unknown):
            return self._timing.end_if_overdue(state, now)
        return self._settling.end_if_expired(state, now)

    def _shown_positions(
        self, page_number: int, page: MediaPage, matched: MatchedMedia
    ) -> dict[int, int]:
        """Returns the positions in the whole list, from 0, of the rows that the page shows.

        The keys are row numbers.
        """
        states = {id(media): state for state, items in matched.of_rows.values() for media in items}
        first_position = (page_number - 1) * self._pages.size
        positions = {}
        for position, media in enumerate(page.items, start=first_position):
            state = states.get(id(media))
            if state is not None and may_be_created_between(
                media, state.created.earliest, state.created.latest, self._comparison.clock_offset
            ):
                positions[state.row.row_number] = position
        return positions

    def _adjacent_page(
        self, number: int, page_number: int, start: float, end: float, requested_at: float
    ) -> int | None:
        """Returns the page on which a misplaced row probably is; None if this is not known.

        It is the next page if the row is older than the period from `start` to `end` that the page
        covers, and the previous page if the row is newer.
        """
        created = self._tracker.in_account(number).created
        # If the page covers no period, `start` or `end` is infinite, and shows nothing.
        is_older = created.earliest <= start < float("inf")
        is_newer = created.latest >= end > float("-inf")
        # If both or neither are true, the row may be on either side of the page.
        if is_older != is_newer:
            return page_number + 1 if is_older else max(1, page_number - 1)
        return self._neighbour(number, page_number, requested_at)

    def _neighbour(self, number: int, page_number: int, requested_at: float) -> int | None:
        """Returns a page next to the one on which a row was expected first; None if not needed.

        It is the next page on the first try, and the previous page on the second try. It is not
        needed if lists need not show the row yet.
        """
        poll = self._tracker.polling[number]
        if not (poll.history.is_listed or self._must_be_listed(number, requested_at)):
            return None
        # On the second try, `page_number` is the page after the one on which the row was expected.
        is_first_try = poll.placement.misplaced_since_due_count == 0
        neighbour = page_number + 1 if is_first_try else page_number - 2
        if 1 <= neighbour <= self._pages.known_page_count:
            return neighbour
        return max(1, page_number - 1)

    def _record_misplaced(
        self,
        number: int,
        page_number: int,
        adjacent_page: int | None,
        requested_at: float,
        now: float,
    ) -> None:
        """Record that the page on which a row was expected did not show it.

        Args:
            number: number of the row.
            page_number: number of this page, from 1.
            adjacent_page: the page on which the row probably is instead; None if not known.
            requested_at: when the page was requested.
            now: current time.
        """
        poll, state = self._tracker.polling[number], self._tracker.in_account(number)
        had_expected_page = poll.placement.expected_page is not None
        poll.placement.misplaced_read_count += 1
        poll.placement.misplaced_since_due_count += 1
        if adjacent_page and poll.placement.misplaced_since_due_count <= MISSES_BEFORE_LOOKUP:
            poll.placement.expected_page = adjacent_page  # the row stays due
            return
        age = state.created.min_age(requested_at)
        if is_confirmed_created(state) and not poll.history.is_listed:
            poll.history.unseen_age = max(poll.history.unseen_age, age)
        if poll.placement.misplaced_read_count > MISSES_BEFORE_LOOKUP:
            # The media may have failed and been removed, or its position is not known.
            poll.history.is_listed = False
        is_lost = poll.placement.misplaced_read_count >= self._pages.max_scan_pages
        self._timing.late_rows.count_miss(state, poll, age, is_lost=is_lost)
        self._timing.schedule_next(state, now)
        is_expected_here = self._positions.page_of(number, now) == page_number
        if is_expected_here and not (adjacent_page or had_expected_page):
            # Next time, the row is expected on the adjacent page, where it may be just as well.
            poll.placement.expected_page = self._positions.adjacent_page(number, now)
