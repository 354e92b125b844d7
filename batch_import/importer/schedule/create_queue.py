"""The queue of rows that wait for their POST. No I/O.

Rows are created in the order in which they were claimed. A row whose POST failed goes to the end of
the queue, and its delay grows with each failure. This module must not know what answers mean.
"""

import heapq
from collections import deque
from typing import Final

from batch_import.importer.schedule.row_states import ToCreate

#: Share of the requests that are status requests while rows wait for their POST. A page shows a
#: hundred rows; therefore 1 % is enough to see every row once. The other half is a reserve for
#: failed requests.
STATUS_REQUEST_SHARE: Final = 0.02


class CreateQueue:
    """Rows that wait for their POST, and the number of status requests that may come between."""

    def __init__(self) -> None:
        self._new: deque[ToCreate] = deque()
        #: Rows that are sent again: (earliest time of the POST, order in which they came, row).
        self._delayed: list[tuple[float, int, ToCreate]] = []
        self._delay_count = 0
        self._status_request_credit = 0.0

    def add(self, waiting: ToCreate) -> None:
        """Add a claimed row to the end of the queue."""
        self._new.append(waiting)

    def add_first(self, waiting: ToCreate) -> None:
        """Add a row to the front of the queue."""
        self._new.appendleft(waiting)

    def delay(self, waiting: ToCreate, ready_at: float) -> None:
        """Add a row after all others.

        Args:
            ready_at: epoch seconds before which its POST must not be sent.
        """
        self._delay_count += 1
        heapq.heappush(self._delayed, (ready_at, self._delay_count, waiting))

    def remove(self, waiting: ToCreate) -> None:
        """Remove a row whose media was found in the account."""
        if waiting in self._new:
            self._new.remove(waiting)
        else:
            self._delayed = [entry for entry in self._delayed if entry[2] is not waiting]
            heapq.heapify(self._delayed)

    @property
    def has_new_rows(self) -> bool:
        """Whether rows wait for their first POST."""
        return bool(self._new)

    def is_ready(self, now: float) -> bool:
        """Whether a POST can be sent now."""
        return bool(self._new) or self.ready_at() <= now

    def ready_at(self) -> float:
        """Returns when the next delayed row can be sent; infinity if there is none."""
        return self._delayed[0][0] if self._delayed else float("inf")

    def pop(self) -> ToCreate:
        """Remove and return the next row. Call it only if `is_ready`."""
        self._status_request_credit = min(1.0, self._status_request_credit + STATUS_REQUEST_SHARE)
        if self._new:
            return self._new.popleft()
        return heapq.heappop(self._delayed)[2]

    def may_request_status(self) -> bool:
        """Whether a status request may be sent before the next POST."""
        return self._status_request_credit >= 1.0 - STATUS_REQUEST_SHARE / 2

    def record_status_request(self) -> None:
        """Record that a status request was sent before a POST."""
        self._status_request_credit = 0.0

    def pop_all(self) -> list[ToCreate]:
        """Remove and return all rows."""
        rows = [*self._new, *(waiting for _, _, waiting in sorted(self._delayed))]
        self._new.clear()
        self._delayed.clear()
        return rows
