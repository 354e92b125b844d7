"""A run on a virtual clock: the real dispatcher against the sandbox's model; hours pass in seconds.

Threads become a number of free workers, the network a delay each way. No socket is opened, and no
clock is read. This file must not know what is imported, nor why.
"""

import heapq
import itertools
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Final

from batch_import.errors import NoAnswer
from batch_import.importer.calls import Arrival, Call, Create, request_of
from batch_import.importer.dispatch import Dispatcher
from batch_import.importer.schedule import Finished, Wait
from batch_import.rehearsal.exchange import answer_of, as_sent
from batch_import.sandbox.model import Platform
from batch_import.sandbox.replies import Reply, ReplyFault

#: As in the pool: a waiting worker asks again at least this often, in seconds.
_LONGEST_NAP: Final = 0.5
_SHORTEST_NAP: Final = 1e-4
_OK: Final = 200


class VirtualRun:
    """The event loop: calls arrive, answers come home, workers wake up.

    Args:
        start: epoch seconds; any moment will do.
        workers: calls under way at once.
        latency: seconds that a call is on its way, there and back, at the least and at the most.
        timeout: seconds after which a call without an answer is given up.

    Attributes:
        now: epoch seconds.
        sent: calls by kind, as the engine names them.
        first_create: when the first POST left; None before.
        last_answer: when the latest answer came.
        unanswered: calls that got no clear answer: what became of them was to be found out.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        platform: Platform,
        *,
        start: float,
        workers: int,
        latency: tuple[float, float],
        timeout: float,
        seed: int,
    ) -> None:
        self._dispatcher = dispatcher
        self._platform = platform
        self._free = workers
        self._latency = latency
        self._timeout = timeout
        self._random = Random(seed)
        self.now = self.last_answer = start
        self.first_create: float | None = None
        self.unanswered = 0
        self.sent: Counter[str] = Counter()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._turn = itertools.count()
        self._wake_at = float("inf")

    def run(self) -> None:
        """Go on until nothing more can be done.

        Raises:
            RunFault: the run could not go on.
        """
        while not self._hand_out():
            if not self._events:
                raise RuntimeError("The engine waits, and nothing is under way.")
            self.now, _, deed = heapq.heappop(self._events)
            deed()

    def _at(self, moment: float, deed: Callable[[], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._turn), deed))

    def _hand_out(self) -> bool:
        """Let free workers take calls; returns whether the engine is through."""
        while self._free:
            step = self._dispatcher.next(self.now)
            if isinstance(step, Finished):
                return True
            if isinstance(step, Wait):
                soonest = max(step.until, self.now + _SHORTEST_NAP)
                self._wake(min(soonest, self.now + _LONGEST_NAP))
                return False
            self._send(step)
        return False

    def _wake(self, moment: float) -> None:
        # An earlier waking is under way already: whoever wakes asks again.
        if self.now < self._wake_at <= moment:
            return
        self._wake_at = moment
        self._at(moment, lambda: None)

    def _send(self, call: Call) -> None:
        self._free -= 1
        self.sent[type(call).__name__] += 1
        if isinstance(call, Create) and self.first_create is None:
            self.first_create = self.now
        left_at, request = self.now, request_of(call)
        there, back = (self._random.uniform(*self._latency) / 2 for _ in range(2))

        def arrive() -> None:
            reply = self._platform.handle(as_sent(request), self.now)
            delay = (
                min(reply.delay, self._timeout) if reply.fault is ReplyFault.HANG else reply.delay
            )
            self._at(self.now + delay + back, lambda: come_home(reply))

        def come_home(reply: Reply) -> None:
            self._free += 1
            self.last_answer = self.now
            answer = answer_of(request, reply, self.now)
            self.unanswered += isinstance(answer, NoAnswer)
            self._dispatcher.answered([Arrival(call, answer, left_at, clock_offset=0.0)], self.now)

        self._at(self.now + there, arrive)
