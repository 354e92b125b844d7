"""Which look serves the most rows that are due: a page of the list, or one row by itself. Pure.

This file must not know what a look shows, nor when rows are due.
"""

from typing import Final

from batch_import.importer.backoff import backoff
from batch_import.importer.calls import AskStatus, Call, Find, ReadPage
from batch_import.importer.pages import Pages
from batch_import.importer.schedule.creation import LOOKS_SHARE
from batch_import.importer.schedule.flights import InAccount, Processing
from batch_import.importer.schedule.page_reading import Serves
from batch_import.importer.schedule.polling import SHORTEST, TRIES, Poll
from batch_import.importer.schedule.showing import Showing
from batch_import.importer.schedule.tracker import Tracker

#: A page that was asked for so long ago (seconds) is asked for again: its answer may never come,
#: and rows wait for it. Longer than platforms take, shorter than a person minds.
_HANGS: Final = 5.0


class Selection:
    """Chooses among the rows that are due.

    Attributes:
        paused_until: no page is asked for before, for pages could not be read.
        serves: the rows that a page is being read for.
    """

    def __init__(
        self, tracker: Tracker, pages: Pages, showing: Showing, poll_interval: float
    ) -> None:
        self._poll_interval = poll_interval
        self._tracker = tracker
        self._pages = pages
        self._showing = showing
        #: Pages that could not be read, one after the other.
        self._failures = 0
        self.paused_until = float("-inf")
        self.serves: dict[int, Serves] = {}

    def page_read(self) -> None:
        """A page was read."""
        self._failures = 0

    def page_failed(self, now: float) -> None:
        """A page could not be read: again at once, and then later and later."""
        if self._failures:
            self.paused_until = now + backoff(SHORTEST / 2, self._failures, self._poll_interval)
        self._failures += 1

    def due_at(self, now: float) -> float:
        """When a look may leave next, as long as no answer comes."""
        soonest = self._tracker.polling.due_at()
        waiting = any(not poll.under_way for poll in self._tracker.polling.due(now).values())
        if not waiting:
            return soonest
        hangs = [left + _HANGS for left in self._pages.out.values() if left + _HANGS > now]
        return min([soonest, self.paused_until, *hangs])

    def best(self, now: float) -> Call | None:
        """The look that serves the rows that have been due longest, all together."""
        best: tuple[float, Call | None] = (-1.0, None)
        overdue: dict[int, float] = {}
        scanned: list[int] = []
        for number, poll in self._tracker.polling.due(now).items():
            if poll.under_way:
                continue
            late = now - poll.due
            if not self._is_alone(number, poll, now):
                page = self._page(number, poll, now)
                overdue[page] = overdue.get(page, 0.0) + late
            elif self._is_scanned(number):
                scanned.append(number)
            elif late > best[0]:
                best = late, self._lookup(number, poll)
        fullest = self._best_page(overdue, now)
        if fullest is not None and overdue[fullest] > best[0]:
            return self._read(fullest, now)
        return best[1] or self._scan(scanned, now)

    def full_page(self, now: float) -> Call | None:
        """The page with the most due rows, if it is worth a call while rows wait to be created."""
        weights: dict[int, float] = {}
        for number, poll in self._tracker.polling.due(now).items():
            if not poll.under_way:
                page = self._page(number, poll, now)
                weights[page] = (
                    weights.get(page, 0.0) + 1.0 + (now - poll.due) / self._poll_interval
                )
        fullest = self._best_page(weights, now)
        # Each look may serve as many rows as are created between two looks, or all of a page.
        if fullest is None or weights[fullest] < min(1 / LOOKS_SHARE, self._pages.size):
            return None
        return self._read(fullest, now)

    def _page(self, number: int, poll: Poll, now: float) -> int:
        return poll.expected_page or self._tracker.listing.page_of(number, now)

    def _best_page(self, weights: dict[int, float], now: float) -> int | None:
        if now < self.paused_until:
            return None
        free = [page for page in weights if not self._is_out(page, now)]
        return max(free, key=lambda page: (weights[page], page), default=None)

    def _read(self, page: int, now: float, scanned: tuple[int, ...] = ()) -> ReadPage:
        """A page is read now, for all rows that are expected on it and due, or nearly so."""
        expected = [
            number
            for number, poll in self._tracker.polling.nearly_due(now)
            if self._page(number, poll, now) == page and not self._is_alone(number, poll, now)
        ]
        self.serves[page] = Serves(tuple(expected), scanned)
        return ReadPage(page)

    def _is_out(self, page: int, now: float) -> bool:
        """Whether a page is being read; a read that hangs keeps no other from it."""
        return now < self._pages.out.get(page, float("-inf")) + _HANGS

    def _is_alone(self, number: int, poll: Poll, now: float) -> bool:
        """Whether the next look is for one row by itself, for pages do not serve it."""
        row = self._tracker.in_account_at(number)
        if (
            self._showing.needs_lookup(row, poll, now)
            or poll.search is not None
            or poll.page > 1
            or (self._failures > TRIES and now < self.paused_until)
        ):
            return True
        misplaced = (
            poll.misplaced_reads >= TRIES
            and not _has_ingest(row)
            and self._showing.may_search(row, now)
        )
        # No row is given up on before it was asked for, but where lists tell of it.
        return misplaced or (self._showing.is_final(row, now) and not poll.seen)

    def _is_scanned(self, number: int) -> bool:
        """Whether a row is looked for on page after page, for nothing tells of it alone."""
        return not (self._showing.filter_works or _has_ingest(self._tracker.in_account_at(number)))

    def _lookup(self, number: int, poll: Poll) -> Call:
        row = self._tracker.in_account_at(number)
        if isinstance(row, Processing) and row.ingest_id is not None:
            return AskStatus(row.row, row.ingest_id)
        return Find(row.row, poll.search.page if poll.search else 1)

    def _scan(self, scanned: list[int], now: float) -> Call | None:
        """The next page in search of rows that may stand anywhere, read for all of them."""
        if not scanned:
            return None
        polls = [self._tracker.polling[number] for number in scanned]
        if all(poll.page == 1 for poll in polls):
            self._pages.scanned = self._tracker.listing.page_of(scanned[0], now)
        page = self._pages.scanned
        if self._is_out(page, now) or now < self.paused_until:
            return None
        return self._read(page, now, tuple(scanned))


def _has_ingest(row: InAccount) -> bool:
    return isinstance(row, Processing) and row.ingest_id is not None
