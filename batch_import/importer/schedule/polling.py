"""When the status of each row is requested next. No I/O: the clock is passed in.

Every row in the account has a time when it is due. After a status request, it is due again when its
age has grown by `RECHECK_SHARE`. Therefore a row is seen online with a delay of at most that share
of its age, whatever the processing times are, and the number of status requests of a row grows only
with the logarithm of its processing time. This module must not know which request serves a row, nor
what it shows.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from batch_import.importer.backoff import backoff
from batch_import.importer.schedule.row_search import RowSearch

#: The status of a row is requested again when its age has grown by this share, which is the longest
#: delay, as a share of its processing time, after which a row must be seen online.
RECHECK_SHARE: Final = 0.15
#: Shortest time between two status requests for a row, in seconds. A person does not notice a
#: shorter delay, and one page then serves many rows.
MIN_POLL_INTERVAL: Final = 1.0
#: Number of pages that do not show a row, or that cannot be read, before the row gets a lookup. A
#: page costs as much as a lookup and serves a hundred rows, and a single miss has many causes.
MISSES_BEFORE_LOOKUP: Final = 2


@dataclass(slots=True)
class Poll:
    """What is known about the status requests for one row. All ages are in seconds since its POST.

    Attributes:
        due_at: epoch seconds of its next status request.
        early_at: epoch seconds from which a page that is read for other rows serves it, too.
        is_requested: whether a lookup of it is open.
        search: the search for its reference ID, if it has several pages and is not finished.
        scan_page_number: number of pages read, plus one, if it is searched for page by page.
        failure_count: consecutive lookups that got no answer.
        refusal_count: lookups that the platform refused.
        late_miss_count: pages that should have shown it online and did not, because it is older
            than most rows were when they were done.
        checked_age: its age at the last lookup.
        searched_age: its age at the last search for its reference ID.
        expected_page: page on which it is expected, if this was derived from another page that did
            not show it.
        misplaced_read_count: pages on which it was expected and that did not show it.
        misplaced_since_due_count: such pages since it became due.
        needs_lookup: whether its next status request must be a lookup, because lists are not
            enough.
        has_vanished: whether lists have shown it, but the last list that had to show it did not.
        is_listed: whether a list has shown it.
        is_in_review: whether the platform waits for a person to approve it, which may take any
            time.
        not_done_age: its greatest age at which it was seen not to be online.
        unseen_age: its greatest age at which it was searched for and not found.
        hidden_age: its greatest age at which a list that covers its creation did not show it.
    """

    due_at: float
    early_at: float
    is_requested: bool = False
    search: RowSearch | None = None
    scan_page_number: int = 1
    failure_count: int = 0
    refusal_count: int = 0
    late_miss_count: int = 0
    checked_age: float = 0.0
    searched_age: float = 0.0
    expected_page: int | None = None
    misplaced_read_count: int = 0
    misplaced_since_due_count: int = 0
    needs_lookup: bool = False
    has_vanished: bool = False
    is_listed: bool = False
    is_in_review: bool = False
    not_done_age: float = 0.0
    unseen_age: float = 0.0
    hidden_age: float = 0.0


class Polling:
    """When the status of each row in the account is requested next.

    Args:
        poll_interval: longest time between two status requests for a row, in seconds, if the rate
            limiter allows it.
    """

    def __init__(self, poll_interval: float) -> None:
        self._poll_interval = poll_interval
        self._polls: dict[int, Poll] = {}
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
        """Request the status of a row again after `wait` seconds."""
        poll, due_at = self._polls[number], now + wait
        poll.due_at, poll.early_at = due_at, now + wait / 2
        poll.expected_page, poll.misplaced_since_due_count = None, 0
        self._due_rows.pop(number, None)
        heapq.heappush(self._heap, (due_at, number))

    def interval_for(self, age: float, *, is_in_review: bool = False) -> float:
        """Returns the seconds between two status requests for a row of a given age."""
        share = max(MIN_POLL_INTERVAL, RECHECK_SHARE * age)
        return share if is_in_review else min(self._poll_interval, share)

    def record_answer(self, number: int) -> Poll:
        """Record that a lookup was answered; returns the poll of its row."""
        poll = self._polls[number]
        poll.is_requested = False
        poll.failure_count = poll.late_miss_count = poll.misplaced_read_count = 0
        return poll

    def record_failure(self, number: int, now: float) -> None:
        """Record that a lookup got no answer: repeat it at once, and later with growing delay."""
        poll = self._polls[number]
        poll.is_requested = False
        poll.failure_count += 1
        wait = (
            0.0
            if poll.failure_count == 1
            else backoff(MIN_POLL_INTERVAL, poll.failure_count, self._poll_interval)
        )
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
        """Yields the rows that a page that is read now should serve: half of their wait is over.

        Rows of one page then stay due together, so that one read serves all of them.
        """
        for number, poll in self._polls.items():
            if poll.early_at <= now and not poll.is_requested:
                yield number, poll

    def next_due_at(self) -> float:
        """Returns when the next row becomes due; infinity if no row becomes due."""
        while self._heap:
            due_at, number = self._heap[0]
            poll = self._polls.get(number)
            if poll is not None and poll.due_at == due_at:
                return due_at
            heapq.heappop(self._heap)
        return float("inf")

    def not_done_ages(self) -> Iterator[float]:
        """Yields the greatest age at which each row was seen not to be online."""
        return (poll.not_done_age for poll in self._polls.values() if poll.not_done_age)
