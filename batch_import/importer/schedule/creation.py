"""Rows that wait to be created: which POST is next, and how many looks may come between. Pure.

Rows are created in the order in which they were claimed. One whose POST came to nothing goes to the
back of the queue, and waits longer each time. This file must not know what answers mean.
"""

import heapq
from collections import deque
from typing import Final

from batch_import.importer.schedule.flights import ToCreate

#: While rows wait to be created, looks take this share of the calls: a page shows a hundred rows,
#: so that half of it is enough to see every row once, and the other half is for faults.
LOOKS_SHARE: Final = 0.02


class Creation:
    """The queue of rows to be created, and the account of looks that may come between."""

    def __init__(self) -> None:
        self._fresh: deque[ToCreate] = deque()
        #: (not before, turn, row): rows that are sent again.
        self._delayed: list[tuple[float, int, ToCreate]] = []
        self._turn = 0
        self._looks = 0.0

    def add(self, todo: ToCreate) -> None:
        """A claimed row, to be created after those before it."""
        self._fresh.append(todo)

    def put_back(self, todo: ToCreate) -> None:
        """A row that was about to be created, and is next."""
        self._fresh.appendleft(todo)

    def delay(self, todo: ToCreate, until: float) -> None:
        """A row to be created after all others, and not before a moment."""
        self._turn += 1
        heapq.heappush(self._delayed, (until, self._turn, todo))

    def remove(self, todo: ToCreate) -> None:
        """A row that was found in the account meanwhile."""
        if todo in self._fresh:
            self._fresh.remove(todo)
        else:
            self._delayed = [entry for entry in self._delayed if entry[2] is not todo]
            heapq.heapify(self._delayed)

    @property
    def has_fresh(self) -> bool:
        """Whether claimed rows wait for their first POST."""
        return bool(self._fresh)

    def ready(self, now: float) -> bool:
        """Whether a POST may leave now."""
        return bool(self._fresh) or self.ready_at() <= now

    def ready_at(self) -> float:
        """When a delayed row may be created; infinity where there is none."""
        return self._delayed[0][0] if self._delayed else float("inf")

    def take(self) -> ToCreate:
        """The next row; only where there is one (`ready`)."""
        self._looks = min(1.0, self._looks + LOOKS_SHARE)
        if self._fresh:
            return self._fresh.popleft()
        return heapq.heappop(self._delayed)[2]

    def may_look(self) -> bool:
        """Whether a look may come before the next create."""
        return self._looks >= 1.0 - LOOKS_SHARE / 2

    def looked(self) -> None:
        """A look came before a create."""
        self._looks = 0.0

    def take_all(self) -> list[ToCreate]:
        """All rows that wait; then none does."""
        left = [*self._fresh, *(todo for _, _, todo in sorted(self._delayed))]
        self._fresh.clear()
        self._delayed.clear()
        return left
