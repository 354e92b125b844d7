"""Which rows are due for a status request. No I/O: the clock is passed in.

A row is due when its status must be requested. After a status request, the row is due again when
its age (seconds since its POST) has grown by the share `RECHECK_SHARE`. Therefore a row is seen
online with a delay of at most this share of its age, however long processing takes, and the number
of status requests grows only with the logarithm of the processing time. This module must not know
which request serves a row, nor what the answer shows.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from batch_import.importer.backoff import backoff
from batch_import.importer.schedule.row_search import RowSearch

#: Growth of a row's age, as a share, between two status requests. It is also the maximum delay, as
#: a share of the processing time, with which the run sees that a row is online.
RECHECK_SHARE: Final = 0.15
#: Minimum time between two status requests for a row, in seconds. It lets many rows become due for
#: one page, and a person does not notice the delay.
MIN_POLL_INTERVAL: Final = 1.0
#: Number of pages that do not show a row, or that cannot be read, before the row gets a lookup: a
#: request for this row only. A page costs as much as a lookup and serves a hundred rows, and a
#: single miss has many causes.
MISSES_BEFORE_LOOKUP: Final = 2


@dataclass(slots=True)
class LookupProgress:
    """The lookups of one row: the requests that show the status of this row only.

    Attributes:
        is_needed: whether the next status request must be a lookup, because lists are not enough.
        is_open: whether a lookup was sent and is not answered.
        search: the search for the row's reference ID, if some of its pages were read and others
            not; else None.
        scan_page_number: number, from 1, of the next page of the scan, which reads the whole list
            page by page to find the row; 1 if there is no scan.
        failure_count: number of consecutive lookups that got no answer.
        refusal_count: number of lookups that the platform refused.
        last_age: age of the row at the last lookup.
        last_search_age: age of the row at the last search for its reference ID; minus infinity if
            there was none.
    """

    is_needed: bool = False
    is_open: bool = False
    search: RowSearch | None = None
    scan_page_number: int = 1
    failure_count: int = 0
    refusal_count: int = 0
    last_age: float = 0.0
    last_search_age: float = float("-inf")


@dataclass(slots=True)
class Placement:
    """On which page one row is expected, and which pages did not show it there.

    Attributes:
        expected_page: page on which the row is expected because another page did not show it; None
            if the row is expected where `ListPositions` says.
        misplaced_read_count: number of consecutive pages on which the row was expected and that did
            not show it.
        misplaced_since_due_count: number of such pages since the row became due.
    """

    expected_page: int | None = None
    misplaced_read_count: int = 0
    misplaced_since_due_count: int = 0


@dataclass(slots=True)
class ListHistory:
    """What lists have shown about one row. Ages are in seconds since its POST.

    A list shows a row if it shows the media of the row.

    Attributes:
        is_listed: whether a list has shown the row.
        has_vanished: whether lists have shown the row, but the last list that should have shown it
            did not.
        is_absent: whether the last list that had to show the row did not show it.
        media_status: status of the row's media, or of its ingest, in the last answer that showed
            one; empty if none did.
        is_in_review: whether a person must approve the media before it is online, which may take
            any time.
        late_miss_count: number of pages since the last lookup that did not show the row online
            although it was late: older than most rows were when they were done.
        not_done_age: greatest age at which the row was seen not to be online.
        unseen_age: greatest age at which the row was looked for and not found in a list.
        hidden_age: greatest age at which a list that covers the time of the row's POST did not show
            the row.
    """

    is_listed: bool = False
    has_vanished: bool = False
    is_absent: bool = False
    media_status: str = ""
    is_in_review: bool = False
    late_miss_count: int = 0
    not_done_age: float = 0.0
    unseen_age: float = 0.0
    hidden_age: float = 0.0


@dataclass(slots=True)
class Poll:
    """When the status of one row is requested next, and what earlier requests have shown.

    Attributes:
        due_at: epoch seconds of the row's next status request.
        early_at: epoch seconds from which a page that is read for other rows serves this row, too.
        lookup: the requests for this row only.
        placement: where the row is expected in the media list.
        history: what lists have shown about the row.
    """

    due_at: float
    early_at: float
    lookup: LookupProgress = field(default_factory=LookupProgress)
    placement: Placement = field(default_factory=Placement)
    history: ListHistory = field(default_factory=ListHistory)


class Polling:
    """When the status of each row in the account is requested next.

    Args:
        poll_interval: longest time between two status requests for a row, in seconds, if the rate
            limiter allows it.
    """

    def __init__(self, poll_interval: float) -> None:
        self._poll_interval = poll_interval
        self._polls: dict[int, Poll] = {}
        #: Pairs of `Poll.due_at` and row number. Pairs with an outdated time stay until they are
        #: popped, and are then ignored.
        self._heap: list[tuple[float, int]] = []
        self._due_rows: dict[int, Poll] = {}

    def __getitem__(self, number: int) -> Poll:
        return self._polls[number]

    def add(self, number: int, due_at: float) -> None:
        """Add a row that is, or may be, in the account."""
        self._polls[number] = Poll(due_at, due_at)
        heapq.heappush(self._heap, (due_at, number))

    def remove(self, number: int) -> None:
        """Remove a row."""
        self._polls.pop(number, None)
        self._due_rows.pop(number, None)

    def schedule(self, number: int, now: float, wait: float = 0.0) -> None:
        """Set the time of the next status request for a row: after `wait` seconds."""
        poll, due_at = self._polls[number], now + wait
        poll.due_at, poll.early_at = due_at, now + wait / 2
        poll.placement.expected_page, poll.placement.misplaced_since_due_count = None, 0
        self._due_rows.pop(number, None)
        heapq.heappush(self._heap, (due_at, number))

    def interval_for(self, age: float, *, is_in_review: bool = False) -> float:
        """Returns the seconds between two status requests for a row of an age.

        If the row is in review, they may exceed the poll interval.
        """
        interval = max(MIN_POLL_INTERVAL, RECHECK_SHARE * age)
        return interval if is_in_review else min(self._poll_interval, interval)

    def record_answer(self, number: int) -> Poll:
        """Record that a lookup was answered, and reset the counts; returns the row's `Poll`."""
        poll = self._polls[number]
        poll.lookup.is_open = False
        poll.lookup.failure_count = 0
        poll.history.late_miss_count = 0
        poll.placement.misplaced_read_count = 0
        return poll

    def record_search(self, number: int, age: float) -> None:
        """Record that a search or a scan for a row is finished.

        `age` is the age of the row when it was requested, in seconds.
        """
        lookup = self.record_answer(number).lookup
        lookup.scan_page_number, lookup.is_needed = 1, False
        lookup.last_age = lookup.last_search_age = age

    def record_failure(self, number: int, now: float) -> None:
        """Record that a lookup got no answer.

        It is repeated at once after the first failure, and with a growing delay after more.
        """
        poll = self._polls[number]
        poll.lookup.is_open = False
        poll.lookup.failure_count += 1
        wait = 0.0
        if poll.lookup.failure_count > 1:
            wait = backoff(MIN_POLL_INTERVAL, poll.lookup.failure_count, self._poll_interval)
        self.schedule(number, now, wait)

    def due_rows(self, now: float) -> dict[int, Poll]:
        """Returns the rows that are due, by number, including those whose lookup is open."""
        while self._heap and self._heap[0][0] <= now:
            due_at, number = heapq.heappop(self._heap)
            poll = self._polls.get(number)
            if poll is not None and poll.due_at == due_at:
                self._due_rows[number] = poll
        return self._due_rows

    def rows_due_early(self, now: float) -> Iterator[tuple[int, Poll]]:
        """Yields the rows that are due, or for which half of the time until then has passed.

        If a page is read now, it serves these rows. Therefore the rows on one page become due at
        about the same time, and one request serves all of them.
        """
        for number, poll in self._polls.items():
            if poll.early_at <= now and not poll.lookup.is_open:
                yield number, poll

    def next_due_at(self) -> float:
        """Returns the epoch seconds when the next row becomes due; infinity if none does."""
        while self._heap:
            due_at, number = self._heap[0]
            poll = self._polls.get(number)
            if poll is not None and poll.due_at == due_at:
                return due_at
            heapq.heappop(self._heap)
        return float("inf")

    def not_done_ages(self) -> Iterator[float]:
        """Yields `Poll.not_done_age` of each row that was seen not to be online."""
        return (
            poll.history.not_done_age for poll in self._polls.values() if poll.history.not_done_age
        )
