"""Threads: workers carry calls out, one more thread decides and commits, until nothing is left.

The deciding thread alone touches the dispatcher, so nothing is locked. Answers that came while it
was committing are its next commit, all in one: the more workers, the larger the groups. Whoever
shows progress may take his time; the import does not wait for a terminal. This file must not know
what an answer means.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue

from batch_import.errors import NoAnswer, RequestFailed
from batch_import.importer.calls import Answer, Arrival, Call, request_of
from batch_import.importer.dispatch import Dispatcher, Progress
from batch_import.importer.schedule import Finished, Wait
from batch_import.importer.schedule.polling import SHORTEST
from batch_import.viostream.client import Client

#: The deciding thread looks up at least this often (seconds): a stop must not go unnoticed.
_LONGEST_NAP = SHORTEST / 2


class Pool:
    """The threads of one run.

    Args:
        workers: calls under way at once, at most.
        stop: once set, calls under way are brought home and nothing new leaves.
        clock: epoch seconds.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        client: Client,
        workers: int,
        stop: threading.Event,
        clock: Callable[[], float],
    ) -> None:
        self._dispatcher = dispatcher
        self._client = client
        self._workers = workers
        self._stop = stop
        self._clock = clock
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._arrivals: SimpleQueue[Arrival] = SimpleQueue()
        self._under_way = 0
        self._fault: BaseException | None = None
        self._progress = dispatcher.progress(clock())

    def run(self, on_progress: Callable[[Progress], None], every: float) -> None:
        """Work until all is done or the run is stopped.

        Args:
            on_progress: called in this thread, about every `every` seconds and at the end. What it
                raises ends the run.

        Raises:
            RunFault: the run could not go on.
            KeyboardInterrupt: of this thread; calls under way came home first, unless it came
                twice.
        """
        deciding = threading.Thread(
            target=self._decide, args=(every,), name="dispatcher", daemon=True
        )
        workers = self._started()
        self._workers = len(workers)
        try:
            deciding.start()
        except RuntimeError:
            self._dismiss()
            raise
        with self._fault_kept():
            self._watch(deciding, on_progress, every)
        for thread in (deciding, *workers):
            thread.join()
        if self._fault:
            raise self._fault

    def _started(self) -> list[threading.Thread]:
        """As many workers as the system allows: fewer are slower, and no more.

        Raises:
            RuntimeError: it allows none.
        """
        workers: list[threading.Thread] = []
        for n in range(1, self._workers + 1):
            worker = threading.Thread(target=self._work, name=f"worker-{n}", daemon=True)
            try:
                worker.start()
            except RuntimeError:
                if not workers:
                    raise
                break
            workers.append(worker)
        return workers

    def _dismiss(self) -> None:
        for _ in range(self._workers):
            self._calls.put(None)

    def _watch(
        self, deciding: threading.Thread, on_progress: Callable[[Progress], None], every: float
    ) -> None:
        going_on = True
        while going_on:
            deciding.join(every)
            # Asked first: what is reported last is how it ended.
            going_on = deciding.is_alive()
            on_progress(self._progress)

    # The deciding thread ----------------------------------------------------------------------

    def _decide(self, every: float) -> None:
        until, tell_at = self._hand_out(), 0.0
        while until is not None or self._under_way:
            self._take_in(until)
            until = self._hand_out()
            if self._clock() >= tell_at:
                self._progress = self._dispatcher.progress(self._clock())
                tell_at = self._clock() + every
        with self._fault_kept():
            self._dispatcher.withdraw(self._clock())
            self._progress = self._dispatcher.progress(self._clock())
        self._dismiss()

    def _hand_out(self) -> float | None:
        """Let calls leave; returns when to ask again, None once nothing more will leave."""
        with self._fault_kept():
            while not (self._fault or self._stop.is_set()):
                if self._under_way == self._workers:
                    return float("inf")
                step = self._dispatcher.next(self._clock())
                if isinstance(step, Finished):
                    break
                if isinstance(step, Wait):
                    return step.until
                self._under_way += 1
                self._calls.put(step)
        return None

    def _take_in(self, until: float | None) -> None:
        with self._fault_kept():
            arrived = list(self._arrived(until))
            self._under_way -= len(arrived)
            self._dispatcher.answered(arrived, self._clock())

    def _arrived(self, until: float | None) -> Iterator[Arrival]:
        """All that has come by now; waits for the first, but not beyond `until`."""
        left = _LONGEST_NAP if until is None else until - self._clock()
        with suppress(Empty):
            yield self._arrivals.get(timeout=min(_LONGEST_NAP, max(0.0, left)))
            while True:
                yield self._arrivals.get_nowait()

    @contextmanager
    def _fault_kept(self) -> Iterator[None]:
        """After a fault nothing leaves, and calls under way still come home."""
        try:
            yield
        except BaseException as fault:  # noqa: BLE001 - raised again by run(), in its own thread
            # A state that cannot be written to fails here again; what came first says why.
            self._fault = self._fault or fault

    # The workers ------------------------------------------------------------------------------

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            self._arrivals.put(self._carry_out(call))

    def _carry_out(self, call: Call) -> Arrival:
        left_at = self._clock()
        # Where it ends in a fault, it may have been carried out all the same.
        answer: Answer = NoAnswer("an error of batch-import itself ended the call")
        with self._fault_kept():
            try:
                answer = self._client.send(request_of(call))
            except RequestFailed as failed:
                answer = failed
        return Arrival(call, answer, left_at, self._client.clock_offset)
