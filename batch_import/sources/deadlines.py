"""Closes connections after a time limit, even if the other side keeps sending single bytes.

One thread watches all connections.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

#: Seconds between two checks of all deadlines.
_CHECK_INTERVAL_SECONDS: Final = 0.1


class Deadline:
    """The time limit of one request.

    Attributes:
        seconds: the time limit.
        end_at: when it ends, on the monotonic clock.
        has_passed: whether the connection was closed because the time was over.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.end_at = time.monotonic() + seconds
        self.has_passed = False
        self._connection: socket.socket | None = None

    def watch(self, connection: socket.socket) -> socket.socket:
        """Register the connection to close when the time is over."""
        connection.settimeout(self.seconds)
        self._connection = connection
        return connection

    def cut(self) -> None:
        """Shut the connection down now."""
        self.has_passed = True
        if self._connection is not None:
            try:
                self._connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # already closed

    def close(self) -> None:
        """Release the connection."""
        if self._connection is not None:
            self._connection.close()


class RequestDeadlines:
    """All deadlines of requests in progress. A context manager, which ends the watching thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: set[Deadline] = set()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closed.set()
        if self._thread:
            self._thread.join()

    @contextmanager
    def within(self, seconds: float) -> Iterator[Deadline]:
        """Limit the time of the `with` block.

        Raises:
            TimeoutError: the time is over. Data received until then are incomplete.
        """
        deadline = Deadline(seconds)
        with self._lock:
            self._active.add(deadline)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="deadlines", daemon=True)
                self._thread.start()
        try:
            yield deadline
        except Exception as error:
            if deadline.has_passed:
                raise TimeoutError from error
            raise
        finally:
            with self._lock:
                self._active.discard(deadline)
            deadline.close()
        if deadline.has_passed:
            raise TimeoutError

    def _watch(self) -> None:
        while not self._closed.wait(_CHECK_INTERVAL_SECONDS):
            now = time.monotonic()
            with self._lock:
                expired = [deadline for deadline in self._active if deadline.end_at <= now]
            for deadline in expired:
                if not deadline.has_passed:
                    deadline.cut()
