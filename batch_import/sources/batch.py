"""A batch of sources: gives them to threads, and returns the results in their order."""

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from batch_import.addresses.urls import parse, request_url
from batch_import.manifest.rules.violation import Violation
from batch_import.models import VideoSource
from batch_import.sources.host_queues import HostQueues

#: Seconds after which a waiting thread checks whether the run must stop.
_STOP_CHECK_SECONDS: Final = 0.2


class SourceCheck(NamedTuple):
    """The result for one source: its violation, if any, and its size in bytes, if known."""

    source: VideoSource
    violation: Violation | None = None
    size: int | None = None


class SourceBatch:
    """Sources that are checked together, and the results so far."""

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
        self._checks: dict[int, SourceCheck | None] = {}
        self._source_ready = threading.Condition(lock)
        self._check_ready = threading.Condition(lock)
        with lock:
            for index, source in enumerate(sources):
                url = parse(request_url(source.download_url))
                queues.add(index, url.origin if url else "")

    def take(self) -> tuple[int, str] | None:
        """Wait for the next source whose host may be contacted; None if all sources are done.

        Returns:
            Index of the source, and its host.
        """
        with self._source_ready:
            while not self._stop.is_set() and len(self._checks) < len(self.sources):
                now = time.monotonic()
                if source_and_host := self._queues.take(now):
                    self._source_ready.notify()
                    return source_and_host
                due_at = self._queues.due()
                seconds = _STOP_CHECK_SECONDS if due_at is None else due_at - now
                self._source_ready.wait(min(_STOP_CHECK_SECONDS, seconds))
        return None

    def finish(self, index: int, host: str, check: SourceCheck | None) -> None:
        """Save the result for a source; None if it was not checked because the run must stop."""
        with self._source_ready:
            self._checks[index] = check
            self._queues.finished(host)
            self._source_ready.notify()
            self._check_ready.notify()

    def give_up(self, host: str, violation: Violation) -> None:
        """Save the same result for all waiting sources of a host that is down."""
        with self._source_ready:
            for index in self._queues.give_up(host):
                self._checks[index] = SourceCheck(self.sources[index], violation)
            self._source_ready.notify_all()
            self._check_ready.notify()

    def findings(self) -> Iterator[SourceCheck]:
        """Yields the results in the order of the sources, and waits for each of them."""
        try:
            for index in range(len(self.sources)):
                with self._check_ready:
                    while index not in self._checks and not self._stop.is_set():
                        self._check_ready.wait(_STOP_CHECK_SECONDS)
                    check = self._checks.get(index)
                if check is not None:
                    yield check
        finally:
            with self._source_ready:
                if len(self._checks) < len(self.sources):
                    self._queues.clear()
