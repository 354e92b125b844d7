"""Sources that are asked for together: handed out to threads in turn, and what was found in order.

This file must not know how a source is asked.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from batch_import.addresses.urls import parse, requestable
from batch_import.manifest.rules.violation import Violation
from batch_import.models import VideoSource
from batch_import.sources.host_queues import HostQueues

#: Seconds after which a thread that waits looks whether the run is to stop.
_LOOK_UP: Final = 0.2


class SourceCheck(NamedTuple):
    """What is wrong with a source, if anything, and its size in bytes where the host sent it."""

    source: VideoSource
    violation: Violation | None = None
    size: int | None = None


class Batch:
    """Sources that are asked for together, and what was found so far."""

    def __init__(
        self,
        sources: Sequence[VideoSource],
        lock: threading.Lock,
        queues: HostQueues,
        stop: threading.Event,
    ) -> None:
        self.sources = sources
        self._queues = queues
        self._stop = stop
        self._found: dict[int, SourceCheck | None] = {}
        self._work = threading.Condition(lock)
        self._news = threading.Condition(lock)
        with lock:
            for number, source in enumerate(sources):
                url = parse(requestable(source.url))
                queues.add(number, url.origin if url else "")

    def take(self) -> tuple[int, str] | None:
        """The next source; waits for the turn of its host. None where all are done."""
        with self._work:
            while not self._stop.is_set() and len(self._found) < len(self.sources):
                now = time.monotonic()
                if taken := self._queues.take(now):
                    self._work.notify()
                    return taken
                due = self._queues.due()
                self._work.wait(min(_LOOK_UP, due - now) if due is not None else _LOOK_UP)
        return None

    def finish(self, number: int, host: str, finding: SourceCheck | None) -> None:
        """Note what was found for a source; None where the run is to stop."""
        with self._work:
            self._found[number] = finding
            self._queues.finished(host)
            self._work.notify()
            self._news.notify()

    def give_up(self, host: str, violation: Violation) -> None:
        """A host is down: all that waits for it shares that finding."""
        with self._work:
            for number in self._queues.give_up(host):
                self._found[number] = SourceCheck(self.sources[number], violation)
            self._work.notify_all()
            self._news.notify()

    def findings(self) -> Iterator[SourceCheck]:
        """What was found, in the order of the sources; waits for it."""
        try:
            for number in range(len(self.sources)):
                with self._news:
                    while number not in self._found and not self._stop.is_set():
                        self._news.wait(_LOOK_UP)
                    finding = self._found.get(number)
                if finding is not None:
                    yield finding
        finally:
            with self._work:
                if len(self._found) < len(self.sources):
                    self._queues.clear()
