"""A whole import on a virtual clock: the real dispatcher, state and budget against the model.

Threads become a number of free workers, the network a delay each way; hours pass in seconds.
Replies become answers by way of JSON text, as over HTTP.
"""
# ruff: noqa: T201 - the runner reads what this process prints

import argparse
import heapq
import itertools
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from samples import sample

from batch_import.api.rate_limit import Budget
from batch_import.api.request import ApiRequest
from batch_import.errors import CallFailed
from batch_import.importer.calls import Arrival, Create, request_of
from batch_import.importer.dispatch import Dispatcher
from batch_import.importer.schedule import Finished, Wait
from batch_import.models import ManifestRow
from batch_import.sandbox.model import API, Knobs, Platform, Reply, Request
from batch_import.settings import Settings
from batch_import.state.store import Store

#: As in the pool: a waiting worker asks again at least this often.
_LONGEST_NAP = 0.5
#: The clock starts here: any moment will do.
_START = 1_000_000.0


@dataclass(frozen=True)
class Case:
    rows: int
    rate: float
    processing: tuple[float, float]
    listed_from: str = "created"
    rate_limit: float = 0.0
    retry_after: str = "seconds"
    latency: tuple[float, float] = (0.05, 0.2)
    workers: int = 32
    poll_interval: float = 30.0
    seed: int = 1

    @property
    def max_in_flight(self) -> int:
        """Room for every row that can be under way at this rate; fewer would bound the rate."""
        return max(Settings().max_in_flight, int(2 * self.rate * self.processing[1]))


def as_sent(request: ApiRequest[Any]) -> Request:
    path, query = API + request.path, dict(request.query)
    return Request(request.method, path, query, "VC-sandbox", "sandbox", request.body)


def answer_of(request: ApiRequest[Any], reply: Reply, now: float) -> Any:
    try:
        return request.answered(reply.status, reply.headers, json.dumps(reply.payload), now)
    except CallFailed as failed:
        return failed


class World:
    """The event loop: calls arrive, answers come home, workers wake up."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.now = _START
        self.random = Random(case.seed)
        knobs = {
            "processing": case.processing,
            "listed_from": case.listed_from,
            "rate_limit": case.rate_limit,
            "retry_after": case.retry_after,
        }
        self.platform = Platform(Knobs.from_mapping(knobs), case.seed, _START)
        self.store = Store(None)
        self.store.load(_manifest_rows(case.rows), {}, _START)
        settings = Settings(
            rate=case.rate,
            workers=case.workers,
            poll_interval=case.poll_interval,
            max_in_flight=case.max_in_flight,
        )
        budget = Budget(case.rate, _START)
        self.dispatcher = Dispatcher(settings, self.store, budget, _START)
        self.free = case.workers
        self.first_create: float | None = None
        self.last_answer = _START
        self.sent: Counter[str] = Counter()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._turn = itertools.count()
        self._wake_at = float("inf")

    def run(self) -> None:
        while not self._hand_out():
            if not self._events:
                raise RuntimeError("The engine waits, and nothing is under way.")
            self.now, _, deed = heapq.heappop(self._events)
            deed()

    def _at(self, moment: float, deed: Callable[[], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._turn), deed))

    def _hand_out(self) -> bool:
        """Let free workers take calls; returns whether the engine is through."""
        while self.free:
            step = self.dispatcher.next(self.now)
            if isinstance(step, Finished):
                return True
            if isinstance(step, Wait):
                self._wake(min(max(step.until, self.now + 1e-4), self.now + _LONGEST_NAP))
                return False
            self._send(step)
        return False

    def _wake(self, moment: float) -> None:
        # An earlier waking is under way already: whoever wakes asks again.
        if self.now < self._wake_at <= moment:
            return
        self._wake_at = moment
        self._at(moment, lambda: None)

    def _send(self, call: Any) -> None:
        self.free -= 1
        self.sent[type(call).__name__] += 1
        if isinstance(call, Create):
            self.first_create = self.first_create or self.now
        left_at = self.now
        request = request_of(call)
        there, back = (self.random.uniform(*self.case.latency) / 2 for _ in range(2))

        def arrive() -> None:
            reply = self.platform.handle(as_sent(request), self.now)
            self._at(self.now + reply.delay + back, lambda: come_home(reply))

        def come_home(reply: Reply) -> None:
            self.free += 1
            self.last_answer = self.now
            answer = answer_of(request, reply, self.now)
            self.dispatcher.answered([Arrival(call, answer, left_at)], self.now)

        self._at(self.now + there, arrive)


def _manifest_rows(rows: int) -> list[ManifestRow]:
    made = []
    for number in range(1, rows + 1):
        url, name, extension, reference = sample(number).values()
        made.append(ManifestRow(number + 1, reference, reference, url, name, extension, ()))
    return made


def measure(case: Case) -> dict[str, Any]:
    started = time.monotonic()
    world = World(case)
    world.run()
    begun = world.first_create or _START
    taken = case.rate if not case.rate_limit else min(case.rate, case.rate_limit)
    limit = case.rows / taken + case.processing[1]
    calls = world.platform.calls
    return {
        "imported": world.store.counts().imported,
        "makespan": world.last_answer - begun,
        "limit": limit,
        "calls": calls.total(),
        "kinds": dict(calls),
        "sent": dict(world.sent),
        "refused": world.platform.refused,
        "videos": len(world.platform.media),
        "real_seconds": time.monotonic() - started,
        "max_in_flight": case.max_in_flight,
    }


def _span(text: str) -> tuple[float, float]:
    low, high = map(float, text.split(","))
    return low, high


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--rows", type=int, default=100_000)
    add("--rate", type=float, default=50.0)
    add("--processing", type=_span, default=(5.0, 120.0), metavar="LOW,HIGH")
    add("--listed-from", choices=("created", "online"), default="created")
    add("--rate-limit", type=float, default=0.0)
    add("--retry-after", choices=("seconds", "date", "none"), default="seconds")
    add("--latency", type=_span, default=(0.05, 0.2), metavar="LOW,HIGH")
    add("--workers", type=int, default=32)
    add("--poll-interval", type=float, default=30.0)
    add("--seed", type=int, default=1)
    print(json.dumps(measure(Case(**vars(parser.parse_args())))))


if __name__ == "__main__":
    main()
