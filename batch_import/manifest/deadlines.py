"""Find signed URLs that will expire before the platform fetches them. No I/O.

This module must not know how the expiry is read from a URL.
"""

from array import array
from collections.abc import Iterator
from typing import Final

import numpy as np

#: Assumed maximum of the seconds between the POST of a row and the end of the download. The API
#: guide gives no figure; one hour is a safe value.
FETCHED_WITHIN_SECONDS: Final = 3600.0


class UrlExpiries:
    """Collects the expiry of each signed URL: 16 bytes per URL."""

    def __init__(self) -> None:
        self._lines = array("q")
        self._ends = array("d")

    def add(self, line: int, end: float) -> None:
        """Add a row whose URL expires. `end` is in epoch seconds."""
        self._lines.append(line)
        self._ends.append(end)

    def find_missed(self, now: float, rate: float) -> Iterator[tuple[int, float, float]]:
        """Find the URLs that expire too early, if rows are sent in the order of their expiry.

        If any order of sending is fast enough for all URLs, this order is.

        Args:
            rate: number of rows that are sent per second.

        Yields:
            Line number, expiry, and forecast of the download for a URL that expires too early.
        """
        ends = np.frombuffer(self._ends) if self._ends else np.empty(0)
        order = ends.argsort(kind="stable")
        fetched = now + np.arange(1, ends.size + 1) / rate + FETCHED_WITHIN_SECONDS
        for turn in (ends[order] < fetched).nonzero()[0].tolist():
            at = order[turn]
            yield self._lines[at], float(ends[at]), float(fetched[turn])
