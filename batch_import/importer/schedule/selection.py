"""Choose the status request that serves the most due rows: a page, or a lookup. No I/O.

A row is due when its status must be requested. A page of the media list shows the status of all
rows on it, and a lookup shows the status of one row: its ingest status, or a search for its
reference ID. If searches do not work, the list is scanned for the row: read page by page. This
module must not know what a request shows, nor when rows are due.
"""

from typing import Final

from batch_import.errors import AuthenticationFailed, NoAnswer, RequestRejected
from batch_import.importer.backoff import backoff
from batch_import.importer.list_pages import ListPages
from batch_import.importer.schedule.create_queue import STATUS_REQUEST_SHARE
from batch_import.importer.schedule.late_rows import may_search
from batch_import.importer.schedule.list_order import ListOrder
from batch_import.importer.schedule.lookups import Lookups
from batch_import.importer.schedule.page_reading import ServedRows
from batch_import.importer.schedule.polling import MIN_POLL_INTERVAL, MISSES_BEFORE_LOOKUP, Poll
from batch_import.importer.schedule.row_states import InAccount, Processing
from batch_import.importer.schedule.status_timing import StatusTiming
from batch_import.importer.schedule.tracker import Tracker
from batch_import.importer.scheduled_request import (
    Answer,
    FindByReference,
    GetIngestStatus,
    ReadPage,
    ScheduledRequest,
)
from batch_import.models import MediaPage

#: Seconds after which a page is requested again although its first request is still open (not
#: answered), because rows wait for it. The platform usually answers much sooner, and a person does
#: not notice this delay.
_PAGE_TIMEOUT_SECONDS: Final = 5.0
#: Longest pause, in seconds, between two requests for pages that are refused, if the poll interval
#: is not longer. A refusal rarely ends soon; when it ends, the run loses at most half a minute.
_MAX_REFUSED_PAUSE_SECONDS: Final = 30.0


class Selection:
    """Chooses a status request for the rows that are due.

    Attributes:
        paused_until: epoch seconds before which no page is requested, because pages could not be
            read.
    """

    def __init__(
        self,
        tracker: Tracker,
        pages: ListPages,
        list_order: ListOrder,
        timing: StatusTiming,
        lookups: Lookups,
        poll_interval: float,
    ) -> None:
        self._poll_interval = poll_interval
        self._tracker = tracker
        self._pages = pages
        self._list_order = list_order
        self._timing = timing
        self._lookups = lookups
        #: Number of consecutive pages that could not be read.
        self._failure_count = 0
        self.paused_until = float("-inf")
        #: Page number → the rows that the page is read for, for each page that is being read.
        self._served_rows: dict[int, ServedRows] = {}

    def record_page_answer(self, page: int, answer: Answer, now: float) -> ServedRows:
        """Record the answer to the request for a page; returns the rows that the page is read for.

        After the first failure, pages may be requested at once. After more failures in a row, pages
        are paused for a growing time, up to the poll interval. After a refusal, it may grow to
        `_MAX_REFUSED_PAUSE_SECONDS`. A 429 and a missing connection do not count as failures.
        """
        if isinstance(answer, MediaPage):
            self._failure_count = 0
        elif isinstance(answer, NoAnswer | RequestRejected | AuthenticationFailed):
            max_seconds = self._poll_interval
            if not isinstance(answer, NoAnswer):
                max_seconds = max(max_seconds, _MAX_REFUSED_PAUSE_SECONDS)
            if self._failure_count:
                self.paused_until = now + backoff(
                    MIN_POLL_INTERVAL / 2, self._failure_count, max_seconds
                )
            self._failure_count += 1
        return self._served_rows.pop(page, ServedRows())

    def next_request_at(self, now: float) -> float:
        """Returns the epoch seconds of the next status request if no answer arrives before."""
        next_due_at = self._tracker.polling.next_due_at()
        has_waiting_row = any(
            not poll.lookup.is_open for poll in self._tracker.polling.due_rows(now).values()
        )
        if not has_waiting_row:
            return next_due_at
        timeouts = [
            requested_at + _PAGE_TIMEOUT_SECONDS
            for requested_at in self._pages.reads_in_progress.values()
            if requested_at + _PAGE_TIMEOUT_SECONDS > now
        ]
        return min([next_due_at, self.paused_until, *timeouts])

    def best_request(self, now: float) -> ScheduledRequest | None:
        """Returns the status request to send; None if no row is due or its request is open.

        The request with the greatest weight is chosen. The weight is the sum of the seconds for
        which the rows that it serves are overdue.
        """
        lookup: ScheduledRequest | None = None
        lookup_weight = -1.0
        page_weights: dict[int, float] = {}
        scanned_rows: list[int] = []
        for number, poll in self._tracker.polling.due_rows(now).items():
            if poll.lookup.is_open:
                continue
            overdue_seconds = now - poll.due_at
            if not self._needs_lookup(number, poll, now):
                page = self._expected_page(number, poll, now)
                page_weights[page] = page_weights.get(page, 0.0) + overdue_seconds
            elif self._is_scanned(number):
                scanned_rows.append(number)
            elif overdue_seconds > lookup_weight:
                lookup_weight, lookup = overdue_seconds, self._lookup(number, poll)
        page_number = self._heaviest_page(page_weights, now)
        if page_number is not None and page_weights[page_number] > lookup_weight:
            return self._read_page(page_number, now)
        return lookup or self._scan_page(scanned_rows, now)

    def fullest_page(self, now: float) -> ScheduledRequest | None:
        """Returns the request for the page with the most due rows, if it serves enough rows.

        It is used while rows wait for their POST. A due row counts as 1, and as more if it is
        overdue. The sum must reach the number of POSTs between two status requests, or the number
        of media on a page.
        """
        if self._list_order.needs_lookups:
            return None
        page_weights: dict[int, float] = {}
        for number, poll in self._tracker.polling.due_rows(now).items():
            if not poll.lookup.is_open:
                page = self._expected_page(number, poll, now)
                page_weights[page] = (
                    page_weights.get(page, 0.0) + 1.0 + (now - poll.due_at) / self._poll_interval
                )
        page_number = self._heaviest_page(page_weights, now)
        min_weight = min(1 / STATUS_REQUEST_SHARE, self._pages.size)
        if page_number is None or page_weights[page_number] < min_weight:
            return None
        return self._read_page(page_number, now)

    def _expected_page(self, number: int, poll: Poll, now: float) -> int:
        return poll.placement.expected_page or self._tracker.positions.page_of(number, now)

    def _heaviest_page(self, page_weights: dict[int, float], now: float) -> int | None:
        """Returns the page with the greatest weight, the last of equal ones; None if none is free.

        A page is free if it is not being read already.
        """
        if now < self.paused_until:
            return None
        free_pages = [page for page in page_weights if not self._is_being_read(page, now)]
        return max(free_pages, key=lambda page: (page_weights[page], page), default=None)

    def _read_page(self, page: int, now: float, scanned_rows: tuple[int, ...] = ()) -> ReadPage:
        """Returns the request for a page, and stores which rows it serves."""
        expected = [
            number
            for number, poll in self._tracker.polling.rows_due_early(now)
            if self._expected_page(number, poll, now) == page
            and not self._needs_lookup(number, poll, now)
        ]
        self._served_rows[page] = ServedRows(tuple(expected), scanned_rows)
        return ReadPage(page)

    def _is_being_read(self, page: int, now: float) -> bool:
        """Whether the request for a page is open, and was sent less than the timeout ago."""
        requested_at = self._pages.reads_in_progress.get(page, float("-inf"))
        return now < requested_at + _PAGE_TIMEOUT_SECONDS

    def _needs_lookup(self, number: int, poll: Poll, now: float) -> bool:
        """Whether the next status request for a row must be a lookup, or part of a scan."""
        state = self._tracker.in_account(number)
        has_unfinished_search = poll.lookup.search is not None or poll.lookup.scan_page_number > 1
        are_pages_failing = self._failure_count > MISSES_BEFORE_LOOKUP and now < self.paused_until
        if (
            self._timing.late_rows.needs_lookup(state, poll, now)
            or has_unfinished_search
            or self._list_order.needs_lookups
            or are_pages_failing
        ):
            return True
        is_misplaced = (
            poll.placement.misplaced_read_count >= MISSES_BEFORE_LOOKUP
            and not _has_ingest_id(state)
            and may_search(state, poll, now)
        )
        # Before a row that no list has shown is given up, it gets a lookup. Its page comes first,
        # because it serves other rows, too.
        was_missed = poll.history.is_absent or poll.placement.misplaced_read_count > 0
        is_given_up_next = self._timing.is_overdue(state, now) and not poll.history.is_listed
        return is_misplaced or (is_given_up_next and was_missed)

    def _is_scanned(self, number: int) -> bool:
        """Whether a row needs a scan of the whole list, because no lookup is possible."""
        return not (self._lookups.filter_works or _has_ingest_id(self._tracker.in_account(number)))

    def _lookup(self, number: int, poll: Poll) -> ScheduledRequest:
        state = self._tracker.in_account(number)
        if isinstance(state, Processing) and state.ingest_id is not None:
            return GetIngestStatus(state.row, state.ingest_id)
        return FindByReference(
            state.row, poll.lookup.search.page_number if poll.lookup.search else 1
        )

    def _scan_page(self, scanned_rows: list[int], now: float) -> ScheduledRequest | None:
        """Returns the request for the next page of the scan; None if none can be sent now.

        Args:
            scanned_rows: numbers of the rows that need the scan.
            now: current time in epoch seconds.
        """
        if not scanned_rows:
            return None
        polls = [self._tracker.polling[number] for number in scanned_rows]
        if all(poll.lookup.scan_page_number == 1 for poll in polls):
            self._pages.next_scan_page = self._first_scan_page(scanned_rows[0], now)
        page = self._pages.next_scan_page
        if self._is_being_read(page, now) or now < self.paused_until:
            return None
        return self._read_page(page, now, tuple(scanned_rows))

    def _first_scan_page(self, number: int, now: float) -> int:
        """Returns the page with which a new scan starts: the expected page of a row.

        If rows may be on any page, the first scan reads the last pages, because the list may have
        the oldest media first. The next scans continue there, because a scan may be shorter than
        the list.
        """
        if not self._list_order.needs_lookups:
            return self._tracker.positions.page_of(number, now)
        first_of_last_pages = self._pages.known_page_count - self._pages.max_scan_pages + 1
        return self._pages.next_scan_page or max(1, first_of_last_pages)


def _has_ingest_id(state: InAccount) -> bool:
    return isinstance(state, Processing) and state.ingest_id is not None
