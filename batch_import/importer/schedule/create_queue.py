"""The queue of rows that wait for their POST. No I/O.

Rows are sent in the order in which they were claimed. A row whose POST failed goes to the end of
the queue, and waits longer after each failure. Between the POSTs, a few status requests are sent,
which show the status of rows that were sent already. This module must not know what answers mean.
"""

import heapq
from collections import deque
from typing import Final

from batch_import.importer.schedule.row_states import ToCreate

#: Share of the requests that are status requests while rows wait for their POST. A page of the
#: media list shows a hundred rows; therefore 1 % is enough to see every row once. The other 1 % is
#: a reserve for failed requests.
STATUS_REQUEST_SHARE: Final = 0.02


class CreateQueue:
    """Rows that wait for their POST. It also decides when a status request may be sent instead."""

    def __init__(self) -> None:
        #: Rows whose POST may be sent at once.
        self._new: deque[ToCreate] = deque()
        #: Heap of the rows that are sent again: (epoch seconds before which the POST must not be
        #: sent, order in which they were added, row).
        self._delayed: list[tuple[float, int, ToCreate]] = []
        #: Number of rows that were ever added to `_delayed`.
        self._delay_count = 0
        #: Grows with each POST. A status request may be sent when it has reached 1.
        self._status_request_credit = 0.0

    def add(self, waiting: ToCreate) -> None:
        """Add a claimed row to the end of the queue."""
        self._new.append(waiting)

    def add_first(self, waiting: ToCreate) -> None:
        """Add a row to the front of the queue."""
        self._new.appendleft(waiting)

    def delay(self, waiting: ToCreate, ready_at: float) -> None:
        """Add a row behind all other rows.

        Args:
            waiting: the row.
            ready_at: epoch seconds before which its POST must not be sent.
        """
        self._delay_count += 1
        heapq.heappush(self._delayed, (ready_at, self._delay_count, waiting))

    def remove(self, waiting: ToCreate) -> None:
        """Remove a row that needs no POST, because its media was found in the account."""
        if waiting in self._new:
            self._new.remove(waiting)
        else:
            self._delayed = [entry for entry in self._delayed if entry[2] is not waiting]
            heapq.heapify(self._delayed)

    @property
    def has_new_rows(self) -> bool:
        """Whether rows wait whose POST is not delayed."""
        return bool(self._new)

    def is_ready(self, now: float) -> bool:
        """Whether a POST can be sent now."""
        return bool(self._new) or self.ready_at() <= now

    def ready_at(self) -> float:
        """Returns the epoch seconds when the next delayed row can be sent; infinity if none is."""
        return self._delayed[0][0] if self._delayed else float("inf")

    def pop(self) -> ToCreate:
        """Remove and return the next row. Must be called only if `is_ready` returns true."""
        self._status_request_credit = min(1.0, self._status_request_credit + STATUS_REQUEST_SHARE)
        if self._new:
            return self._new.popleft()
        return heapq.heappop(self._delayed)[2]

    def may_request_status(self) -> bool:
        """Whether a status request may be sent before the next POST."""
        # The tolerance is for rounding errors of the sum.
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
