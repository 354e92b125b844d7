"""Which signed URLs stop working before the platform can have fetched them. Pure.

This file must not know how a signature tells its end.
"""

from array import array
from collections.abc import Iterator
from typing import Final

import numpy as np

#: Seconds between a row's being created and its file's having been fetched. The platform tells
#: no figure; an hour is on the safe side.
_FETCHED_WITHIN: Final = 3600.0


class UrlExpiries:
    """When the URLs of all rows so far stop working: 16 bytes for each that does."""

    def __init__(self) -> None:
        self._lines = array("q")
        self._ends = array("d")

    def add(self, line: int, end: float) -> None:
        """Take up a row whose URL stops working; `end` is in epoch seconds."""
        self._lines.append(line)
        self._ends.append(end)

    def missed(self, now: float, rate: float) -> Iterator[tuple[int, float, float]]:
        """Forecast an import that begins now, and creates first what stops working first.

        Where any order is in time for all of them, this one is.

        Args:
            rate: rows that are created a second.

        Yields:
            Line, end, and forecast of a URL that stops working too early.
        """
        ends = np.frombuffer(self._ends) if self._ends else np.empty(0)
        order = ends.argsort(kind="stable")
        fetched = now + np.arange(1, ends.size + 1) / rate + _FETCHED_WITHIN
        for turn in (ends[order] < fetched).nonzero()[0].tolist():
            at = order[turn]
            yield self._lines[at], float(ends[at]), float(fetched[turn])
