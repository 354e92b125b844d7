"""Which source is asked next, so that many hosts are asked at once and none too often. Pure.

The time is passed in. This file must not know how a source is asked, nor what it answers.
"""

import heapq
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Final

#: Seconds between two requests to the same host.
SPACING: Final = 0.1
#: Requests to the same host at a time.
_AT_ONCE: Final = 4
#: Connections in a row that fail before a host that has answered counts as down.
_FAILURES: Final = 3
#: Seconds until a host that was down is tried once more.
_DOWN_FOR: Final = 60.0


@dataclass(slots=True)
class _Host:
    """One host: what waits for it, and how it has behaved."""

    waiting: deque[int] = field(default_factory=deque)
    next_turn: float = 0.0
    under_way: int = 0
    queued: bool = False
    answered: bool = False
    failures: int = 0
    down_until: float = 0.0

    @property
    def free(self) -> bool:
        """Whether another request may begin. Until a host has answered, one tries it for all."""
        return self.under_way < (_AT_ONCE if self.answered else 1)


class HostQueues:
    """A queue for each host. Sources are numbers here, hosts are `host:port`."""

    def __init__(self) -> None:
        self._hosts: defaultdict[str, _Host] = defaultdict(_Host)
        self._turns: list[tuple[float, str]] = []

    def add(self, number: int, name: str) -> None:
        """Put a source into the queue of its host."""
        host = self._hosts[name]
        host.waiting.append(number)
        self._queue(name, host)

    def is_down(self, name: str, now: float) -> bool:
        """Whether a host gave no connection a short while ago."""
        return name in self._hosts and now < self._hosts[name].down_until

    def take(self, now: float) -> tuple[int, str] | None:
        """The next source whose host's turn has come; it is under way then."""
        while self._turns and self._turns[0][0] <= now:
            _, name = heapq.heappop(self._turns)
            host = self._hosts[name]
            host.queued = False
            if host.waiting and host.free:
                number = host.waiting.popleft()
                host.under_way += 1
                host.next_turn = max(now, host.next_turn) + SPACING
                self._queue(name, host)
                return number, name
        return None

    def due(self) -> float | None:
        """When `take` gives something again; None where one that is under way must end first."""
        return self._turns[0][0] if self._turns else None

    def reserve(self, name: str, now: float) -> float:
        """Take a turn of a host out of the row, for a redirect; returns the seconds to wait."""
        host = self._hosts[name]
        turn = max(now, host.next_turn)
        host.next_turn = turn + SPACING
        return turn - now

    def answered(self, name: str) -> None:
        """A host gave a connection."""
        host = self._hosts[name]
        host.answered, host.failures, host.down_until = True, 0, 0.0

    def noted_down(self, name: str, now: float) -> None:
        """A host gave no connection. One that has answered before may fail now and then."""
        host = self._hosts[name]
        host.failures += 1
        if not host.answered or host.failures >= _FAILURES:
            host.down_until, host.answered = now + _DOWN_FOR, False

    def give_up(self, name: str) -> list[int]:
        """Take all that waits for a host out of its queue."""
        host = self._hosts[name]
        given_up = list(host.waiting)
        host.waiting.clear()
        return given_up

    def finished(self, name: str) -> None:
        """A source that was taken is not under way any more."""
        host = self._hosts[name]
        host.under_way -= 1
        self._queue(name, host)

    def clear(self) -> None:
        """Forget what waits."""
        for host in self._hosts.values():
            host.waiting.clear()

    def _queue(self, name: str, host: _Host) -> None:
        if host.waiting and host.free and not host.queued:
            host.queued = True
            heapq.heappush(self._turns, (host.next_turn, name))
