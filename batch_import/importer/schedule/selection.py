"""Which look serves the most rows that are due: a page of the list, or one row by itself. Pure.

This file must not know what a look shows, nor when rows are due.
"""

from typing import Final

from batch_import.importer.backoff import backoff
from batch_import.importer.calls import AskStatus, Call, Find, ReadPage
from batch_import.importer.pages import Pages
from batch_import.importer.schedule.flights import InAccount, Processing
from batch_import.importer.schedule.polling import SHORTEST, Poll
from batch_import.importer.schedule.showing import Showing
from batch_import.importer.schedule.tracker import Tracker

#: While rows wait to be created, a page is worth a call where so large a share of it is due …
_FULL: Final = 0.5
#: … and a row that is overdue (seconds) counts twice, thrice …: none waits for the end of all.
_PATIENCE: Final = 10.0
#: A page that was asked for so long ago (seconds) is asked for again: its answer may never come.
_HANGS: Final = 5.0
#: Reads of the page a row was expected on that told nothing of it, and pages that could not be
#: read, before rows are asked for one by one.
_MISPLACED: Final = 2


class Selection:
    """Chooses among the rows that are due.

    Attributes:
        paused_until: no page is asked for before, for pages could not be read.
        sought: for which row a page is being read, where the row is not expected on it.
    """

    def __init__(
        self, tracker: Tracker, pages: Pages, showing: Showing, longest_pause: float
    ) -> None:
        self._longest_pause = longest_pause
        self._tracker = tracker
        self._pages = pages
        self._showing = showing
        #: Pages that could not be read, one after the other.
        self._failures = 0
        self.paused_until = float("-inf")
        self.sought: dict[int, int] = {}

    def page_read(self) -> None:
        """A page was read."""
        self._failures = 0

    def page_failed(self, now: float) -> None:
        """A page could not be read: again at once, and then later and later."""
        if self._failures:
            self.paused_until = now + backoff(SHORTEST / 2, self._failures, self._longest_pause)
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
        best: tuple[float, Call | None, int | None] = (0.0, None, None)
        pages: dict[int, float] = {}
        for number, poll in self._tracker.polling.due(now).items():
            if poll.under_way:
                continue
            overdue = now - poll.due + 1e-3
            if self._is_alone(number, poll, now):
                if overdue > best[0]:
                    call = self._lookup(number, poll, now)
                    best = (overdue, call, number) if call else best
            else:
                page = poll.expected_page or self._tracker.listing.page_of(number, now)
                pages[page] = pages.get(page, 0.0) + overdue
        for page, overdue in pages.items() if now >= self.paused_until else ():
            if overdue > best[0] and not self._is_out(page, now):
                best = overdue, ReadPage(page), None
        _, chosen, sought = best
        if isinstance(chosen, ReadPage) and sought is not None:
            self.sought[chosen.page] = sought
        return chosen

    def full_page(self, now: float) -> Call | None:
        """The page with the most due rows, if it is worth a call while rows wait to be created."""
        due = self._tracker.polling.due(now)
        pages: dict[int, float] = {}
        for number, poll in due.items():
            if not poll.under_way:
                page = poll.expected_page or self._tracker.listing.page_of(number, now)
                weight = 1.0 + (now - poll.due) / _PATIENCE
                pages[page] = pages.get(page, 0.0) + weight
        free = [page for page in pages if not self._is_out(page, now)]
        fullest = max(free, key=lambda page: (pages[page], page), default=None)
        if fullest is None or now < self.paused_until:
            return None
        return ReadPage(fullest) if pages[fullest] >= _FULL * self._pages.size else None

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
            or (self._failures > _MISPLACED and now < self.paused_until)
        ):
            return True
        misplaced = (
            poll.misplaced_reads >= _MISPLACED
            and not _has_ingest(row)
            and self._showing.may_search(row, now)
        )
        # No row is given up on before it was asked for, but where lists tell of it.
        return misplaced or (self._showing.is_final(row, now) and not poll.seen)

    def _lookup(self, number: int, poll: Poll, now: float) -> Call | None:
        row = self._tracker.in_account_at(number)
        if isinstance(row, Processing) and row.ingest_id is not None:
            return AskStatus(row.row, row.ingest_id)
        if self._showing.filter_works:
            return Find(row.row, poll.search.page if poll.search else 1)
        # Further on each time: it may stand anywhere, for all that its neighbours tell.
        expected = self._tracker.listing.page_of(number, now)
        page = (expected + poll.page - 2) % self._pages.many + 1
        if self._is_out(page, now) or now < self.paused_until:
            return None
        return ReadPage(page)


def _has_ingest(row: InAccount) -> bool:
    return isinstance(row, Processing) and row.ingest_id is not None
