"""When a source checks again that its credentials are accepted.

Most libraries sign a URL without contacting the vendor; therefore a URL signed with expired
credentials looks like any other. A source therefore requests one file from time to time.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

#: Seconds for which a successful check is valid. Credentials may expire at any time, and URLs that
#: are signed with them afterwards do not work; every check is one request to the storage.
_VALID_SECONDS: Final = 300.0


class AccessChecks:
    """Remembers for each bucket or container when access to it was last confirmed. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._valid_until: dict[str, float] = {}

    def confirm(self, place: str, check: Callable[[], object]) -> None:
        """Check access to a place, unless a recent check has confirmed it.

        Args:
            place: bucket or container.
            check: requests one of its files. The exception that it raises is not caught, and
                access counts as not confirmed.
        """
        now = time.monotonic()
        with self._lock:
            if now < self._valid_until.get(place, 0.0):
                return
        check()
        with self._lock:
            self._valid_until[place] = now + _VALID_SECONDS
