"""A batch of source URLs for preflight: gives them to threads, and yields the results in order."""

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


class SourceCheckResult(NamedTuple):
    """The result of preflight for one source.

    Attributes:
        source: the file to import, with its URL.
        violation: what is wrong with the source; None if nothing is.
        size: size of the file in bytes; None if it is unknown.
    """

    source: VideoSource
    violation: Violation | None = None
    size: int | None = None


class SourceBatch:
    """Sources that are checked together, and the results so far. Thread-safe.

    Args:
        sources: the sources. In this class, an index is the index of a source in this sequence.
        lock: lock for `queues`, which other batches also use.
        queues: decides when the host of a source may be contacted.
        stop: an event that ends the checks.
    """

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
        #: Index → result; None for a source that was not checked because the run must stop.
        self._results: dict[int, SourceCheckResult | None] = {}
        self._source_available = threading.Condition(lock)
        self._result_available = threading.Condition(lock)
        with lock:
            for index, source in enumerate(sources):
                url = parse(request_url(source.download_url))
                queues.add(index, url.origin if url else "")

    def take(self) -> tuple[int, str] | None:
        """Wait for the next source whose host may be contacted, and remove it from its queue.

        Returns:
            The index of the source, and its host as `host:port`; None if all sources have a result
            or the run must stop.
        """
        with self._source_available:
            while not self._stop.is_set() and len(self._results) < len(self.sources):
                now = time.monotonic()
                if source_and_host := self._queues.take(now):
                    self._source_available.notify()
                    return source_and_host
                due_at = self._queues.next_due_at()
                seconds = _STOP_CHECK_SECONDS if due_at is None else due_at - now
                self._source_available.wait(min(_STOP_CHECK_SECONDS, seconds))
        return None

    def finish(self, index: int, host: str, result: SourceCheckResult | None) -> None:
        """Save the result of a source; None if it was not checked because the run must stop."""
        with self._source_available:
            self._results[index] = result
            self._queues.record_end(host)
            self._source_available.notify()
            self._result_available.notify()

    def give_up(self, host: str, violation: Violation) -> None:
        """Save the same violation for all waiting sources of a host that is down."""
        with self._source_available:
            for index in self._queues.give_up(host):
                self._results[index] = SourceCheckResult(self.sources[index], violation)
            self._source_available.notify_all()
            self._result_available.notify()

    def results(self) -> Iterator[SourceCheckResult]:
        """Wait for the result of each source, and yield the results in the order of the sources.

        Sources that were not checked because the run must stop are left out. If the caller stops
        early, the waiting sources are removed from the queues.
        """
        try:
            for index in range(len(self.sources)):
                with self._result_available:
                    while index not in self._results and not self._stop.is_set():
                        self._result_available.wait(_STOP_CHECK_SECONDS)
                    result = self._results.get(index)
                if result is not None:
                    yield result
        finally:
            with self._source_available:
                if len(self._results) < len(self.sources):
                    self._queues.clear()
