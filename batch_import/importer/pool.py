"""Worker threads: take a call, carry it out, bring the answer back, until nothing is left.

All decisions are the dispatcher's, made under one lock. This file must not know what an answer
means.
"""

import threading
import time
from collections.abc import Callable

from batch_import.api.client import Client
from batch_import.errors import CallFailed
from batch_import.importer.calls import Answer, Call, request_of
from batch_import.importer.dispatch import Dispatcher, Progress
from batch_import.importer.schedule import Finished, Wait

#: A waiting worker looks up at least this often (seconds): a stop must not go unnoticed.
_LONGEST_NAP = 0.5


def epoch_clock() -> Callable[[], float]:
    """A clock in epoch seconds that never goes back, whatever becomes of the machine's."""
    offset = time.time() - time.monotonic()
    return lambda: offset + time.monotonic()


class Pool:
    """The threads of one run.

    Args:
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
        self._changed = threading.Condition()
        self._fault: BaseException | None = None

    def run(self, on_progress: Callable[[Progress], None], every: float) -> None:
        """Work until all is done or the run is stopped.

        Args:
            on_progress: called in this thread, about every `every` seconds and at the end.

        Raises:
            RunFault: the run could not go on.
        """
        threads = [
            threading.Thread(target=self._work, name=f"worker-{n}", daemon=True)
            for n in range(1, self._workers + 1)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(every)
                on_progress(self._progress())
        try:
            with self._changed:
                self._dispatcher.withdraw(self._clock())
        finally:
            # A state that cannot be written to fails here again; what came first says why.
            if self._fault:
                raise self._fault
        on_progress(self._progress())

    def _progress(self) -> Progress:
        with self._changed:
            return self._dispatcher.progress(self._clock())

    def _work(self) -> None:
        try:
            while (call := self._take()) is not None:
                left_at = self._clock()
                answer = self._carry_out(call)
                with self._changed:
                    self._dispatcher.answered(call, answer, left_at, self._clock())
                    self._changed.notify_all()
        except BaseException as fault:  # noqa: BLE001 - raised again by run(), in the main thread
            with self._changed:
                self._fault = self._fault or fault
                self._changed.notify_all()

    def _take(self) -> Call | None:
        with self._changed:
            while not (self._fault or self._stop.is_set()):
                step = self._dispatcher.next(self._clock())
                if isinstance(step, Finished):
                    self._changed.notify_all()
                    return None
                if not isinstance(step, Wait):
                    return step
                self._changed.wait(min(_LONGEST_NAP, max(0.0, step.until - self._clock())))
        return None

    def _carry_out(self, call: Call) -> Answer:
        try:
            answer: Answer = self._client.send(request_of(call))
        except CallFailed as failed:
            return failed
        return answer
