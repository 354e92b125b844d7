"""When each row is looked at next. Pure: the clock is passed in.

Every row in the account has a due time. After a look it is due again when its age has grown by
`RECHECK_SHARE`: so a row is seen online at the latest that share of its age later, whatever the
distribution of processing times, at the price of a logarithmic number of looks. This file must not
know which call serves a row, nor what it shows.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from batch_import.importer.backoff import backoff
from batch_import.importer.schedule.row_search import RowSearch

#: A row is looked at again when its age has grown by this share: what the issue allows a row that
#: is online to stay unseen.
RECHECK_SHARE: Final = 0.15
#: … and no sooner than this (seconds): what a person does not notice, and a page serves many.
MIN_POLL_INTERVAL: Final = 1.0
#: Reads of pages that did not show a row, or pages that could not be read, before a row is asked
#: for by itself: a page costs the same and serves a hundred, and one miss has many causes.
MISSES_BEFORE_LOOKUP: Final = 2


@dataclass(slots=True)
class Poll:
    """What is known of the looks at one row.

    Attributes:
        due: when it is looked at next.
        nearly: from when on a page that is read for other rows serves it, too.
        under_way: a single look at it is.
        search: for its reference ID, where that is several pages long and goes on.
        page: the page of the whole list that comes next, where it is looked for on page after page.
        failures: single looks that brought no answer, one after the other.
        refusals: single looks that were refused.
        late_misses: looks at its place in the list, later than most rows are listed, that did not
            show it.
        checked_at: the age at which it was last asked for by itself.
        searched_at: the age at which it was last searched for.
        expected_page: the page next to one that did not show it, where it must be.
        misplaced_reads: reads of the page it was expected on that did not show it.
        misplaced_since_due: how many of these reads there were since it became due.
        needs_lookup: it is asked for by itself next, for lists cannot tell.
        vanished: a list that must show it, as lists did, does not.
        seen: a list has shown it.
        in_review: the platform waits for a person, so that nobody knows for how long.
        not_done_at: the greatest age at which it was seen not to be done.
        unseen_at: the greatest age at which it was looked for in vain.
        hidden_at: the greatest age at which a list that covers it did not show it.
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
    """The looks at all rows in the account.

    Args:
        poll_interval: seconds; no row waits longer for a look that the budget allows.
    """

    def __init__(self, poll_interval: float) -> None:
        self._poll_interval = poll_interval
        self._polls: dict[int, Poll] = {}
        self._heap: list[tuple[float, int]] = []
        self._due_rows: dict[int, Poll] = {}

    def __getitem__(self, number: int) -> Poll:
        return self._polls[number]

    def add(self, number: int, due_at: float) -> None:
        """A row is in the account from now on, or may be."""
        self._polls[number] = Poll(due_at, due_at)
        heapq.heappush(self._heap, (due_at, number))

    def remove(self, number: int) -> None:
        """A row is looked at no more."""
        self._polls.pop(number, None)
        self._due_rows.pop(number, None)

    def schedule(self, number: int, now: float, wait: float = 0.0) -> None:
        """Look at a row again after so many seconds, not before."""
        poll, due_at = self._polls[number], now + wait
        poll.due_at, poll.early_at = due_at, now + wait / 2
        poll.expected_page, poll.misplaced_since_due_count = None, 0
        self._due_rows.pop(number, None)
        heapq.heappush(self._heap, (due_at, number))

    def interval_for(self, age: float, *, is_in_review: bool = False) -> float:
        """Seconds between two looks at a row of an age."""
        share = max(MIN_POLL_INTERVAL, RECHECK_SHARE * age)
        return share if is_in_review else min(self._poll_interval, share)

    def record_answer(self, number: int) -> Poll:
        """A single look at a row was answered."""
        poll = self._polls[number]
        poll.is_requested = False
        poll.failure_count = poll.late_miss_count = poll.misplaced_read_count = 0
        return poll

    def record_failure(self, number: int, now: float) -> None:
        """A single look brought no answer: at once again, and then later and later."""
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
        """The rows that are due, by number; those under way included."""
        while self._heap and self._heap[0][0] <= now:
            due_at, number = heapq.heappop(self._heap)
            poll = self._polls.get(number)
            if poll is not None and poll.due_at == due_at:
                self._due_rows[number] = poll
        return self._due_rows

    def rows_due_early(self, now: float) -> Iterator[tuple[int, Poll]]:
        """The rows that a page which is read now serves, too: half of their wait is over.

        Looked at early together, rows of one page stay together: one read serves them all.
        """
        for number, poll in self._polls.items():
            if poll.early_at <= now and not poll.is_requested:
                yield number, poll

    def next_due_at(self) -> float:
        """When the next row becomes due; infinity where none does."""
        while self._heap:
            due_at, number = self._heap[0]
            poll = self._polls.get(number)
            if poll is not None and poll.due_at == due_at:
                return due_at
            heapq.heappop(self._heap)
        return float("inf")

    def not_done_ages(self) -> Iterator[float]:
        """The greatest age at which each row was seen not to be done."""
        return (poll.not_done_age for poll in self._polls.values() if poll.not_done_age)
