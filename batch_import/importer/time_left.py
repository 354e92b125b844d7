"""How long a run will still take, estimated from its progress so far. Pure: the clock is passed in.

A run ends when its last row is created, and has then been seen online. This file must not know
rows, calls, or how the end is shown.
"""

import math
from typing import Final

#: Creates a second are averaged over about the last so many seconds, the latest weighing most.
_MEMORY: Final = 60.0


class CreationRate:
    """How many rows a second are really created."""

    def __init__(self) -> None:
        self._began = self._last = 0.0
        self._created = 0.0
        self._any = False

    def created(self, rows: int, now: float) -> None:
        """So many rows were created since the last call."""
        if not rows:
            return
        if not self._any:
            # The first ones start the clock: what was before them is no part of their time.
            self._any, self._began, self._last = True, now, now
            return
        self._created = rows + self._faded(now)
        self._last = now

    def rate(self, now: float) -> float | None:
        """Rows a second; None where nothing was created, nothing for too long, or all at once."""
        if self._created == 0 or now <= self._began or now - self._last > 3 * _MEMORY:
            return None
        return self._faded(now) / (_MEMORY * -math.expm1(-(now - self._began) / _MEMORY))

    def time_for(self, rows: int, ceiling: float, now: float) -> float | None:
        """Seconds until so many rows are created; None where nobody knows.

        Args:
            ceiling: rows a second that are allowed just now.
        """
        if rows == 0:
            return 0.0
        rate = self.rate(now)
        return None if rate is None else rows / min(rate, ceiling)

    def _faded(self, now: float) -> float:
        return self._created * math.exp(-(now - self._last) / _MEMORY)
