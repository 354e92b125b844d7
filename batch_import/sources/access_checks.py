"""Limits how often a source of cloud storage checks that its credentials are accepted.

Most libraries sign a URL without contacting the storage; therefore a URL signed with expired
credentials looks like any other. To find expired credentials, a source requests one file from time
to time.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

#: Number of seconds for which a successful check is valid. Credentials may expire at any time, and
#: URLs signed afterwards do not work; but each check is one request to the storage.
_VALID_SECONDS: Final = 300.0


class AccessChecks:
    """Checks access to each bucket or container, at most once in a while. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._valid_until: dict[str, float] = {}

    def confirm(self, container: str, check: Callable[[], object]) -> None:
        """Check access to a bucket or container, unless a recent check has confirmed it.

        Args:
            container: name of the bucket or container.
            check: requests a file of the container; raises an exception if access is refused. The
                exception is passed on, and the next call checks again.
        """
        now = time.monotonic()
        with self._lock:
            if now < self._valid_until.get(container, 0.0):
                return
        check()
        with self._lock:
            self._valid_until[container] = now + _VALID_SECONDS
