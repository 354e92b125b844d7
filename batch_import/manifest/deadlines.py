"""Find signed URLs that will expire before the platform fetches them. No I/O.

A signed URL works only until its expiry time. This module must not know how the expiry time is read
from a URL.
"""

from array import array
from collections.abc import Iterator
from typing import Final

import numpy as np

#: Assumed maximum number of seconds between the POST that sends a row and the end of the platform's
#: download. The Viostream API guide gives no figure; one hour is a safe value.
MAX_DOWNLOAD_SECONDS: Final = 3600.0


class UrlExpiries:
    """Collects the line number and the expiry time of each signed URL, in 16 bytes per URL."""

    def __init__(self) -> None:
        self._lines = array("q")
        self._expires_at = array("d")

    def add(self, line: int, expires_at: float) -> None:
        """Add a row whose URL expires at a time in epoch seconds."""
        self._lines.append(line)
        self._expires_at.append(expires_at)

    def find_missed(self, now: float, rate: float) -> Iterator[tuple[int, float, float]]:
        """Find the URLs that expire too early, even if the URLs that expire first are sent first.

        If there is an order of sending in which no URL expires too early, then none expires too
        early in this order.

        Args:
            now: time of the first POST, in epoch seconds.
            rate: number of rows that are sent per second.

        Yields:
            Line number, expiry time, and forecast of the end of the download for each URL that
            expires too early. Both times are in epoch seconds.
        """
        expiries = np.frombuffer(self._expires_at) if self._expires_at else np.empty(0)
        order = expiries.argsort(kind="stable")
        send_times = now + np.arange(1, expiries.size + 1) / rate
        fetched_at = send_times + MAX_DOWNLOAD_SECONDS
        for turn in (expiries[order] < fetched_at).nonzero()[0].tolist():
            index = order[turn]
            yield self._lines[index], float(expiries[index]), float(fetched_at[turn])
