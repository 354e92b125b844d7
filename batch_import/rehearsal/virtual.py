"""Runs an import on a virtual clock: the real dispatcher against the sandbox, in seconds.

Worker threads are replaced by a number of free workers, and the network by a delay in each
direction. No socket is opened, and no clock is read.
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

#: Maximum seconds until a waiting worker asks the dispatcher again, as in the real worker pool.
_MAX_WAIT_SECONDS: Final = 0.5
#: Minimum seconds until then, so that the virtual clock always advances.
_MIN_WAIT_SECONDS: Final = 1e-4
_OK: Final = 200


class VirtualRun:
    """The event loop: requests and replies arrive, and workers wake up.

    Args:
        dispatcher: the importer.
        platform: the simulated platform.
        start: start of the clock in epoch seconds; any value is possible.
        workers: maximum number of simultaneous requests.
        latency: minimum and maximum round-trip time in seconds.
        timeout: seconds after which the client gives up a request without a reply.
        seed: seed of the latencies.

    Attributes:
        now: epoch seconds.
        sent: number of requests by kind, as named by the importer.
        first_create: when the first POST was sent; None before that.
        last_answer: when the latest reply arrived.
        unanswered: number of requests without a clear answer.
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
        self.now = self.last_answer = start
        self.first_create: float | None = None
        self.unanswered = 0
        self.sent: Counter[str] = Counter()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._event_numbers = itertools.count()
        self._wake_at = float("inf")

    def run(self) -> None:
        """Run until the import has finished.

        Raises:
            RunFault: the run cannot continue.
        """
        while not self._send_ready_calls():
            if not self._events:
                raise RuntimeError("The importer waits, but no request is in progress.")
            self.now, _, action = heapq.heappop(self._events)
            action()

    def _schedule_event(self, time: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._events, (time, next(self._event_numbers), action))

    def _send_ready_calls(self) -> bool:
        """Send requests while workers are free; returns whether the import has finished."""
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
        # An earlier wake-up is already scheduled; the dispatcher is asked again then.
        if self.now < self._wake_at <= time:
            return
        self._wake_at = time
        self._schedule_event(time, lambda: None)

    def _send(self, request: ScheduledRequest) -> None:
        self._free_workers -= 1
        self.sent[type(request).__name__] += 1
        if isinstance(request, CreateMedia) and self.first_create is None:
            self.first_create = self.now
        sent_at, sent_request = self.now, api_request(request)
        delay_there, delay_back = (self._random.uniform(*self._latency) / 2 for _ in range(2))

        def receive_request() -> None:
            reply = self._platform.handle(simulated_request(sent_request), self.now)
            delay = (
                min(reply.delay, self._timeout) if reply.fault is ReplyFault.HANG else reply.delay
            )
            self._schedule_event(self.now + delay + delay_back, lambda: receive_reply(reply))

        def receive_reply(reply: SimulatedReply) -> None:
            self._free_workers += 1
            self.last_answer = self.now
            answer = client_answer(sent_request, reply, self.now)
            self.unanswered += isinstance(answer, NoAnswer)
            self._dispatcher.handle_completed(
                [CompletedRequest(request, answer, sent_at, clock_offset=0.0)], self.now
            )

        self._schedule_event(self.now + delay_there, receive_request)
