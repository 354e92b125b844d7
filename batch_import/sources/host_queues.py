"""Decides which source URL preflight checks next: many hosts at once, but no host too often.

No I/O: the caller passes the time, in seconds of the monotonic clock.
"""

import heapq
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Final

#: Seconds between two requests to the same host: ten requests per second overload no web server.
SPACING_SECONDS: Final = 0.1
#: Maximum number of simultaneous requests to the same host. A browser makes up to six.
_MAX_REQUESTS_PER_HOST: Final = 4
#: Number of consecutive failed connections after which a host counts as down, if a connection to
#: the host was opened before. Otherwise, the first failure is enough.
_MAX_FAILURES: Final = 3
#: Seconds until a host that is down is contacted again: time for a server to restart.
_DOWN_SECONDS: Final = 60.0


@dataclass(slots=True)
class _HostState:
    """The waiting sources of one host, and the results of requests to the host so far.

    Attributes:
        waiting: numbers of the sources that wait to be checked.
        next_request_at: time from which the next request may begin.
        in_progress_count: number of sources that are being checked.
        is_scheduled: whether the heap of `HostQueues` has an entry for the host.
        has_connected: whether a connection was opened since the host was last down.
        failure_count: number of failed connections since the last connection that was opened.
        down_until: time until which the host counts as down.
    """

    waiting: deque[int] = field(default_factory=deque)
    next_request_at: float = 0.0
    in_progress_count: int = 0
    is_scheduled: bool = False
    has_connected: bool = False
    failure_count: int = 0
    down_until: float = 0.0

    @property
    def has_capacity(self) -> bool:
        """Whether another check may begin. Until a connection was opened, only one may run."""
        return self.in_progress_count < (_MAX_REQUESTS_PER_HOST if self.has_connected else 1)


class HostQueues:
    """One queue of sources per host.

    A source is the video file of a row, identified by a number that the caller chooses. The name of
    a host is `host:port`.
    """

    def __init__(self) -> None:
        self._hosts: defaultdict[str, _HostState] = defaultdict(_HostState)
        #: A heap of hosts with waiting sources: when the next request may begin, and the name.
        self._schedule: list[tuple[float, str]] = []

    def add(self, number: int, name: str) -> None:
        """Add a source to the queue of its host."""
        host = self._hosts[name]
        host.waiting.append(number)
        self._schedule_host(name, host)

    def is_down(self, name: str, now: float) -> bool:
        """Whether a host counts as down and must not be contacted yet."""
        return name in self._hosts and now < self._hosts[name].down_until

    def take(self, now: float) -> tuple[int, str] | None:
        """Remove the next source whose host may be contacted from its queue.

        Returns:
            The number of the source, and the name of its host; None if no host may be contacted.
        """
        while self._schedule and self._schedule[0][0] <= now:
            _, name = heapq.heappop(self._schedule)
            host = self._hosts[name]
            host.is_scheduled = False
            if host.waiting and host.has_capacity:
                number = host.waiting.popleft()
                host.in_progress_count += 1
                host.next_request_at = max(now, host.next_request_at) + SPACING_SECONDS
                self._schedule_host(name, host)
                return number, name
        return None

    def next_due_at(self) -> float | None:
        """Returns the time from which `take` can return a source.

        None if no source waits, or if a check must end first.
        """
        return self._schedule[0][0] if self._schedule else None

    def reserve(self, name: str, now: float) -> float:
        """Reserve the time of the next request to a host, for a request that follows a redirect.

        Returns:
            The number of seconds to wait before this request.
        """
        host = self._hosts[name]
        request_at = max(now, host.next_request_at)
        host.next_request_at = request_at + SPACING_SECONDS
        return request_at - now

    def record_connection(self, name: str) -> None:
        """Record that a connection to a host was opened."""
        host = self._hosts[name]
        host.has_connected, host.failure_count, host.down_until = True, 0, 0.0

    def record_failed_connection(self, name: str, now: float) -> None:
        """Record that a connection to a host failed, and decide whether the host is down."""
        host = self._hosts[name]
        host.failure_count += 1
        if not host.has_connected or host.failure_count >= _MAX_FAILURES:
            host.down_until, host.has_connected = now + _DOWN_SECONDS, False

    def give_up(self, name: str) -> list[int]:
        """Remove all waiting sources of a host from its queue, and return their numbers."""
        host = self._hosts[name]
        numbers = list(host.waiting)
        host.waiting.clear()
        return numbers

    def record_end(self, name: str) -> None:
        """Record that the check of a source that `take` returned with this host has ended."""
        host = self._hosts[name]
        host.in_progress_count -= 1
        self._schedule_host(name, host)

    def clear(self) -> None:
        """Remove the waiting sources of all hosts."""
        for host in self._hosts.values():
            host.waiting.clear()

    def _schedule_host(self, name: str, host: _HostState) -> None:
        if host.waiting and host.has_capacity and not host.is_scheduled:
            host.is_scheduled = True
            heapq.heappush(self._schedule, (host.next_request_at, name))
