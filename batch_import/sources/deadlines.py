"""Ends requests after a time limit, even if the server keeps sending single bytes.

The timeout of a socket begins again with each byte; therefore one thread shuts down every
connection whose request has taken too long.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

#: Seconds between two checks of all deadlines: a request may take this much longer than its limit.
_CHECK_INTERVAL_SECONDS: Final = 0.1


class Deadline:
    """The time limit of one request, and the connection that the request uses.

    Attributes:
        seconds: the time limit.
        end_at: when the time is over, in seconds of the monotonic clock.
        has_passed: whether the connection was shut down because the time was over.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.end_at = time.monotonic() + seconds
        self.has_passed = False
        self._connection: socket.socket | None = None

    def watch(self, connection: socket.socket) -> socket.socket:
        """Register the connection to shut down when the time is over, and return it."""
        connection.settimeout(self.seconds)
        self._connection = connection
        return connection

    def shut_down(self) -> None:
        """Shut down the connection now; the thread that reads from it gets an error or its end."""
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
    """The deadlines of all requests in progress, and the thread that watches them.

    A context manager: the thread starts with the first request, and ends with the `with` block.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._deadlines: set[Deadline] = set()
        self._is_closed = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_closed.set()
        if self._thread:
            self._thread.join()

    @contextmanager
    def limit(self, seconds: float) -> Iterator[Deadline]:
        """Limit the time of a `with` block, which makes one request.

        The block passes its connection to `Deadline.watch`. The connection is closed at its end.

        Raises:
            TimeoutError: the time was over. Data received until then may be incomplete.
        """
        deadline = Deadline(seconds)
        with self._lock:
            self._deadlines.add(deadline)
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
                self._deadlines.discard(deadline)
            deadline.close()
        if deadline.has_passed:
            raise TimeoutError

    def _watch(self) -> None:
        while not self._is_closed.wait(_CHECK_INTERVAL_SECONDS):
            now = time.monotonic()
            with self._lock:
                expired = [deadline for deadline in self._deadlines if deadline.end_at <= now]
            for deadline in expired:
                if not deadline.has_passed:
                    deadline.shut_down()
