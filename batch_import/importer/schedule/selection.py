"""Choose the status request that serves the most due rows: a page, or a lookup. No I/O.

This module must not know what a request shows, nor when rows are due.
"""

from typing import Final

from batch_import.importer.backoff import backoff
from batch_import.importer.list_pages import ListPages
from batch_import.importer.schedule.create_queue import STATUS_REQUEST_SHARE
from batch_import.importer.schedule.late_rows import may_search
from batch_import.importer.schedule.media_comparison import MediaComparison
from batch_import.importer.schedule.page_reading import ServedRows
from batch_import.importer.schedule.polling import MIN_POLL_INTERVAL, MISSES_BEFORE_LOOKUP, Poll
from batch_import.importer.schedule.row_states import InAccount, Processing
from batch_import.importer.schedule.tracker import Tracker
from batch_import.importer.scheduled_request import (
    FindByReference,
    GetIngestStatus,
    ReadPage,
    ScheduledRequest,
)

#: A page whose request is open for longer than this is requested again, because its answer may
#: never arrive, and rows wait for it. This is longer than the platform takes, and shorter than a
#: delay that a person would mind.
_PAGE_TIMEOUT_SECONDS: Final = 5.0


class Selection:
    """Chooses among the rows that are due.

    Attributes:
        paused_until: epoch seconds before which no page is requested, because pages could not be
            read.
        served_rows: for each page that is being read, the rows that it is read for.
    """

    def __init__(
        self, tracker: Tracker, pages: ListPages, comparison: MediaComparison, poll_interval: float
    ) -> None:
        self._poll_interval = poll_interval
        self._tracker = tracker
        self._pages = pages
        self._comparison = comparison
        #: Number of consecutive pages that could not be read.
        self._failure_count = 0
        self.paused_until = float("-inf")
        self.served_rows: dict[int, ServedRows] = {}

    def record_page(self) -> None:
        """Record that a page was read."""
        self._failure_count = 0

    def record_page_failure(self, now: float) -> None:
        """Record that a page could not be read. It is repeated at once, and then with delay."""
        if self._failure_count:
            self.paused_until = now + backoff(
                MIN_POLL_INTERVAL / 2, self._failure_count, self._poll_interval
            )
        self._failure_count += 1

    def next_request_at(self, now: float) -> float:
        """Returns when the next status request can be sent if no answer arrives before."""
        next_due_at = self._tracker.polling.next_due_at()
        is_any_waiting = any(
            not poll.is_requested for poll in self._tracker.polling.due_rows(now).values()
        )
        if not is_any_waiting:
            return next_due_at
        timeouts = [
            requested_at + _PAGE_TIMEOUT_SECONDS
            for requested_at in self._pages.reads_in_progress.values()
            if requested_at + _PAGE_TIMEOUT_SECONDS > now
        ]
        return min([next_due_at, self.paused_until, *timeouts])

    def best_request(self, now: float) -> ScheduledRequest | None:
        """Returns the request that serves the rows that are overdue longest, added up."""
        best: tuple[float, ScheduledRequest | None] = (-1.0, None)
        weights: dict[int, float] = {}
        scanned_rows: list[int] = []
        for number, poll in self._tracker.polling.due_rows(now).items():
            if poll.is_requested:
                continue
            overdue_seconds = now - poll.due_at
            if not self._needs_lookup(number, poll, now):
                page = self._expected_page(number, poll, now)
                weights[page] = weights.get(page, 0.0) + overdue_seconds
            elif self._is_scanned(number):
                scanned_rows.append(number)
            elif overdue_seconds > best[0]:
                best = overdue_seconds, self._lookup(number, poll)
        page_number = self._heaviest_page(weights, now)
        if page_number is not None and weights[page_number] > best[0]:
            return self._read_page(page_number, now)
        return best[1] or self._scan_page(scanned_rows, now)

    def fullest_page(self, now: float) -> ScheduledRequest | None:
        """Returns the request for the page with the most due rows, if it serves enough of them.

        Used while rows wait for their POST.
        """
        weights: dict[int, float] = {}
        for number, poll in self._tracker.polling.due_rows(now).items():
            if not poll.is_requested:
                page = self._expected_page(number, poll, now)
                weights[page] = (
                    weights.get(page, 0.0) + 1.0 + (now - poll.due_at) / self._poll_interval
                )
        page_number = self._heaviest_page(weights, now)
        # Enough: as many as are created between two status requests, or as a page can have.
        if page_number is None or weights[page_number] < min(
            1 / STATUS_REQUEST_SHARE, self._pages.size
        ):
            return None
        return self._read_page(page_number, now)

    def _expected_page(self, number: int, poll: Poll, now: float) -> int:
        return poll.expected_page or self._tracker.positions.page_of(number, now)

    def _heaviest_page(self, weights: dict[int, float], now: float) -> int | None:
        if now < self.paused_until:
            return None
        candidates = [page for page in weights if not self._is_being_read(page, now)]
        return max(candidates, key=lambda page: (weights[page], page), default=None)

    def _read_page(self, page: int, now: float, scanned_rows: tuple[int, ...] = ()) -> ReadPage:
        """Returns the request for a page, and notes which rows it serves."""
        expected = [
            number
            for number, poll in self._tracker.polling.rows_due_early(now)
            if self._expected_page(number, poll, now) == page
            and not self._needs_lookup(number, poll, now)
        ]
        self.served_rows[page] = ServedRows(tuple(expected), scanned_rows)
        return ReadPage(page)

    def _is_being_read(self, page: int, now: float) -> bool:
        """Whether a page is being read. A read that takes too long does not count."""
        return now < self._pages.reads_in_progress.get(page, float("-inf")) + _PAGE_TIMEOUT_SECONDS

    def _needs_lookup(self, number: int, poll: Poll, now: float) -> bool:
        """Whether the next status request for a row must be a lookup."""
        row = self._tracker.in_account(number)
        if (
            self._comparison.late_rows.needs_lookup(row, poll, now)
            or poll.search is not None
            or poll.scan_page_number > 1
            or (self._failure_count > MISSES_BEFORE_LOOKUP and now < self.paused_until)
        ):
            return True
        is_misplaced = (
            poll.misplaced_read_count >= MISSES_BEFORE_LOOKUP
            and not _has_ingest_id(row)
            and may_search(row, poll, now)
        )
        # Before a row that no list has shown is given up, it gets a lookup.
        return is_misplaced or (self._comparison.is_overdue(row, now) and not poll.is_listed)

    def _is_scanned(self, number: int) -> bool:
        """Whether a row must be searched for page by page, because no lookup is possible."""
        return not (
            self._comparison.filter_works or _has_ingest_id(self._tracker.in_account(number))
        )

    def _lookup(self, number: int, poll: Poll) -> ScheduledRequest:
        state = self._tracker.in_account(number)
        if isinstance(state, Processing) and state.ingest_id is not None:
            return GetIngestStatus(state.row, state.ingest_id)
        return FindByReference(state.row, poll.search.page_number if poll.search else 1)

    def _scan_page(self, scanned_rows: list[int], now: float) -> ScheduledRequest | None:
        """Returns the request for the next page for rows that are searched for page by page."""
        if not scanned_rows:
            return None
        polls = [self._tracker.polling[number] for number in scanned_rows]
        if all(poll.scan_page_number == 1 for poll in polls):
            self._pages.next_scan_page = self._tracker.positions.page_of(scanned_rows[0], now)
        page = self._pages.next_scan_page
        if self._is_being_read(page, now) or now < self.paused_until:
            return None
        return self._read_page(page, now, tuple(scanned_rows))


def _has_ingest_id(state: InAccount) -> bool:
    return isinstance(state, Processing) and state.ingest_id is not None
