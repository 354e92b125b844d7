"""Cuts connections off when their time is up, however busily the other side drips bytes.

One thread watches all of them. This file must not know what is asked over a connection.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

#: Seconds between two looks at the clock.
_EVERY: Final = 0.1


class Deadline:
    """One connection, and until when it may take."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.end = time.monotonic() + seconds
        self.passed = False
        self._link: socket.socket | None = None

    def watch(self, link: socket.socket) -> socket.socket:
        """Take charge of a connection; it is closed at the end."""
        link.settimeout(self.seconds)
        self._link = link
        return link

    def cut(self) -> None:
        """End it now."""
        self.passed = True
        if self._link is not None:
            try:
                self._link.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it is closed already

    def close(self) -> None:
        """Give the connection up."""
        if self._link is not None:
            self._link.close()


class RequestDeadlines:
    """All deadlines that run. A context manager: its thread ends with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[Deadline] = set()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        if self._thread:
            self._thread.join()

    @contextmanager
    def within(self, seconds: float) -> Iterator[Deadline]:
        """Give what happens inside so many seconds.

        Raises:
            TimeoutError: at the end, where it was cut; what came until then is not whole.
        """
        deadline = Deadline(seconds)
        with self._lock:
            self._running.add(deadline)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="deadlines", daemon=True)
                self._thread.start()
        try:
            yield deadline
        except Exception as error:
            if deadline.passed:
                raise TimeoutError from error
            raise
        finally:
            with self._lock:
                self._running.discard(deadline)
            deadline.close()
        if deadline.passed:
            raise TimeoutError

    def _watch(self) -> None:
        while not self._over.wait(_EVERY):
            now = time.monotonic()
            with self._lock:
                late = [deadline for deadline in self._running if deadline.end <= now]
            for deadline in late:
                if not deadline.passed:
                    deadline.cut()
