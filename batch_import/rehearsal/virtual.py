"""Runs an import with the real dispatcher and the sandbox on a virtual clock, as an event loop.

An import of hours takes seconds, because the clock advances from one event to the next. The worker
threads of a real run are replaced by a count of free workers, and the network by a delay in each
direction. No socket is opened, and the real clock is not read.
"""

import heapq
import itertools
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Final

from batch_import.errors import NoAnswer
from batch_import.importer.dispatch import Dispatcher
from batch_import.importer.schedule import Finished, Wait
from batch_import.importer.scheduled_request import (
    CompletedRequest,
    CreateMedia,
    ScheduledRequest,
    api_request,
)
from batch_import.rehearsal.exchange import client_answer, simulated_request
from batch_import.sandbox.platform import SimulatedPlatform
from batch_import.sandbox.replies import ReplyFault, SimulatedReply

#: Maximum number of seconds until the dispatcher is called again after it returned no request, as
#: in the real worker pool.
_MAX_WAIT_SECONDS: Final = 0.5
#: Minimum number of seconds until this call. It is not 0, so that the virtual clock always
#: advances.
_MIN_WAIT_SECONDS: Final = 1e-4


class VirtualRun:
    """One import on a virtual clock.

    Args:
        dispatcher: the importer: returns the next request, and handles completed requests.
        platform: the simulated platform.
        start: start of the clock in epoch seconds; any value is possible.
        workers: maximum number of simultaneous requests.
        latency: minimum and maximum round-trip time in seconds.
        timeout: seconds after which the client gives up a request without a reply.
        seed: seed of the random round-trip times.

    Attributes:
        now: the virtual clock, in epoch seconds.
        sent_counts: name of a class of requests, such as `CreateMedia` → number of sent requests.
        first_create_at: when the first POST was sent, in epoch seconds; None before that.
        last_reply_at: when the latest reply arrived, in epoch seconds.
        unanswered_count: number of requests without a clear answer.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        platform: SimulatedPlatform,
        *,
        start: float,
        workers: int,
        latency: tuple[float, float],
        timeout: float,
        seed: int,
    ) -> None:
        self._dispatcher = dispatcher
        self._platform = platform
        self._free_workers = workers
        self._latency = latency
        self._timeout = timeout
        self._random = Random(seed)
        self.now = self.last_reply_at = start
        self.first_create_at: float | None = None
        self.unanswered_count = 0
        self.sent_counts: Counter[str] = Counter()
        #: A heap of events: time, number in the order of creation, and action.
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._event_numbers = itertools.count()
        self._wake_at = float("inf")

    def run(self) -> None:
        """Run until the import has finished.

        Raises:
            RunFault: the run cannot continue.
        """
        while not self._send_ready_requests():
            if not self._events:
                raise RuntimeError("The importer waits, but no request is in progress.")
            self.now, _, action = heapq.heappop(self._events)
            action()

    def _schedule_event(self, time: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._events, (time, next(self._event_numbers), action))

    def _send_ready_requests(self) -> bool:
        """Send requests while workers are free; return whether the import has finished."""
        while self._free_workers:
            step = self._dispatcher.next_request(self.now)
            if isinstance(step, Finished):
                return True
            if isinstance(step, Wait):
                wake_at = max(step.until, self.now + _MIN_WAIT_SECONDS)
                self._schedule_wake_up(min(wake_at, self.now + _MAX_WAIT_SECONDS))
                return False
            self._send(step)
        return False

    def _schedule_wake_up(self, time: float) -> None:
        """Schedule an event that calls the dispatcher again, unless an earlier one exists."""
        if self.now < self._wake_at <= time:
            return
        self._wake_at = time
        self._schedule_event(time, lambda: None)

    def _send(self, request: ScheduledRequest) -> None:
        """Send a request: schedule its arrival, which schedules the arrival of its reply."""
        self._free_workers -= 1
        self.sent_counts[type(request).__name__] += 1
        if isinstance(request, CreateMedia) and self.first_create_at is None:
            self.first_create_at = self.now
        sent_at, sent_request = self.now, api_request(request)
        request_delay = self._random.uniform(*self._latency) / 2
        reply_delay = self._random.uniform(*self._latency) / 2

        def receive_request() -> None:
            reply = self._platform.handle(simulated_request(sent_request), self.now)
            handling_delay = reply.delay
            if reply.fault is ReplyFault.HANG:
                handling_delay = min(handling_delay, self._timeout)
            self._schedule_event(
                self.now + handling_delay + reply_delay, lambda: receive_reply(reply)
            )

        def receive_reply(reply: SimulatedReply) -> None:
            self._free_workers += 1
            self.last_reply_at = self.now
            answer = client_answer(sent_request, reply, self.now)
            if isinstance(answer, NoAnswer):
                self.unanswered_count += 1
            self._dispatcher.handle_completed(
                [CompletedRequest(request, answer, sent_at, clock_offset=0.0)], self.now
            )

        self._schedule_event(self.now + request_delay, receive_request)
