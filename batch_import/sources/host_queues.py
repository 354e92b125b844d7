"""Decides which video URL is checked next: many hosts at once, but none too often.

No I/O: the caller passes the time.
"""

import heapq
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Final

#: Seconds between two requests to the same host.
SPACING_SECONDS: Final = 0.1
#: Maximum number of simultaneous requests to the same host.
_MAX_REQUESTS_PER_HOST: Final = 4
#: Consecutive failed connections after which a host counts as down if it was reached before.
_MAX_FAILURES: Final = 3
#: Seconds until a host that is down is tried again.
_DOWN_SECONDS: Final = 60.0


@dataclass(slots=True)
class _HostState:
    """The waiting sources of one host, and how the host has behaved."""

    waiting: deque[int] = field(default_factory=deque)
    next_request_at: float = 0.0
    in_progress_count: int = 0
    is_queued: bool = False
    has_connected: bool = False
    failure_count: int = 0
    down_until: float = 0.0

    @property
    def has_capacity(self) -> bool:
        """Whether another request may begin. Before the first connection, only one is allowed."""
        return self.in_progress_count < (_MAX_REQUESTS_PER_HOST if self.has_connected else 1)


class HostQueues:
    """One queue per host. A source is a video URL, identified by a number.

    Hosts are identified by `host:port`.
    """

    def __init__(self) -> None:
        self._hosts: defaultdict[str, _HostState] = defaultdict(_HostState)
        self._hosts_by_next_request: list[tuple[float, str]] = []

    def add(self, number: int, name: str) -> None:
        """Add a source to the queue of its host."""
        host = self._hosts[name]
        host.waiting.append(number)
        self._enqueue_host(name, host)

    def is_down(self, name: str, now: float) -> bool:
        """Whether a host counts as down and must not be contacted yet."""
        return name in self._hosts and now < self._hosts[name].down_until

    def take(self, now: float) -> tuple[int, str] | None:
        """Returns the next source whose host may be contacted, and the host; None if none may."""
        while self._hosts_by_next_request and self._hosts_by_next_request[0][0] <= now:
            _, name = heapq.heappop(self._hosts_by_next_request)
            host = self._hosts[name]
            host.is_queued = False
            if host.waiting and host.has_capacity:
                number = host.waiting.popleft()
                host.in_progress_count += 1
                host.next_request_at = max(now, host.next_request_at) + SPACING_SECONDS
                self._enqueue_host(name, host)
                return number, name
        return None

    def due(self) -> float | None:
        """Returns the time from which `take` can return a source.

        None if a request must end first.
        """
        return self._hosts_by_next_request[0][0] if self._hosts_by_next_request else None

    def reserve(self, name: str, now: float) -> float:
        """Reserve the next time slot of a host, for a request that follows a redirect.

        Returns:
            the seconds to wait before the request.
        """
        host = self._hosts[name]
        request_at = max(now, host.next_request_at)
        host.next_request_at = request_at + SPACING_SECONDS
        return request_at - now

    def connected(self, name: str) -> None:
        """Record that a connection to a host was opened."""
        host = self._hosts[name]
        host.has_connected, host.failure_count, host.down_until = True, 0, 0.0

    def connection_failed(self, name: str, now: float) -> None:
        """Record that a connection to a host failed.

        A host that was reached before counts as down only after several failures.
        """
        host = self._hosts[name]
        host.failure_count += 1
        if not host.has_connected or host.failure_count >= _MAX_FAILURES:
            host.down_until, host.has_connected = now + _DOWN_SECONDS, False

    def give_up(self, name: str) -> list[int]:
        """Remove all waiting sources of a host from its queue, and return them."""
        host = self._hosts[name]
        numbers = list(host.waiting)
        host.waiting.clear()
        return numbers

    def finished(self, name: str) -> None:
        """Record that the check of a source has ended."""
        host = self._hosts[name]
        host.in_progress_count -= 1
        self._enqueue_host(name, host)

    def clear(self) -> None:
        """Remove all waiting sources."""
        for host in self._hosts.values():
            host.waiting.clear()

    def _enqueue_host(self, name: str, host: _HostState) -> None:
        if host.waiting and host.has_capacity and not host.is_queued:
            host.is_queued = True
            heapq.heappush(self._hosts_by_next_request, (host.next_request_at, name))
