"""Rows that wait to be created: which POST is next, and how many looks may come between. Pure.

Rows are created in the order in which they were claimed. One whose POST came to nothing goes to the
back of the queue, and waits longer each time. This file must not know what answers mean.
"""

import heapq
from collections import deque
from typing import Final

from batch_import.importer.schedule.row_states import ToCreate

#: While rows wait to be created, looks take this share of the calls: a page shows a hundred rows,
#: so that half of it is enough to see every row once, and the other half is for faults.
STATUS_REQUEST_SHARE: Final = 0.02


class CreateQueue:
    """The queue of rows to be created, and the account of looks that may come between."""

    def __init__(self) -> None:
        self._new: deque[ToCreate] = deque()
        #: (not before, turn, row): rows that are sent again.
        self._delayed: list[tuple[float, int, ToCreate]] = []
        self._delay_count = 0
        self._status_request_credit = 0.0

    def add(self, waiting: ToCreate) -> None:
        """A claimed row, to be created after those before it."""
        self._new.append(waiting)

    def add_first(self, waiting: ToCreate) -> None:
        """A row that was about to be created, and is next."""
        self._new.appendleft(waiting)

    def delay(self, waiting: ToCreate, ready_at: float) -> None:
        """A row to be created after all others, and not before a moment."""
        self._delay_count += 1
        heapq.heappush(self._delayed, (ready_at, self._delay_count, waiting))

    def remove(self, waiting: ToCreate) -> None:
        """A row that was found in the account meanwhile."""
        if waiting in self._new:
            self._new.remove(waiting)
        else:
            self._delayed = [entry for entry in self._delayed if entry[2] is not waiting]
            heapq.heapify(self._delayed)

    @property
    def has_new_rows(self) -> bool:
        """Whether claimed rows wait for their first POST."""
        return bool(self._new)

    def is_ready(self, now: float) -> bool:
        """Whether a POST may leave now."""
        return bool(self._new) or self.ready_at() <= now

    def ready_at(self) -> float:
        """When a delayed row may be created; infinity where there is none."""
        return self._delayed[0][0] if self._delayed else float("inf")

    def pop(self) -> ToCreate:
        """The next row; only where there is one (`ready`)."""
        self._status_request_credit = min(1.0, self._status_request_credit + STATUS_REQUEST_SHARE)
        if self._new:
            return self._new.popleft()
        return heapq.heappop(self._delayed)[2]

    def may_request_status(self) -> bool:
        """Whether a look may come before the next create."""
        return self._status_request_credit >= 1.0 - STATUS_REQUEST_SHARE / 2

    def record_status_request(self) -> None:
        """A look came before a create."""
        self._status_request_credit = 0.0

    def pop_all(self) -> list[ToCreate]:
        """All rows that wait; then none does."""
        rows = [*self._new, *(waiting for _, _, waiting in sorted(self._delayed))]
        self._new.clear()
        self._delayed.clear()
        return rows
