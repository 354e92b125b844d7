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
from batch_import.importer.dispatch import Dispatcher, Progress
from batch_import.importer.schedule import Finished, Wait
from batch_import.importer.schedule.polling import MIN_POLL_INTERVAL
from batch_import.importer.scheduled_request import (
    Answer,
    CompletedRequest,
    ScheduledRequest,
    api_request,
)
from batch_import.viostream.client import Client

#: The deciding thread looks up at least this often (seconds): a stop must not go unnoticed.
_MAX_WAIT_SECONDS = MIN_POLL_INTERVAL / 2


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
        worker_count: int,
        stop: threading.Event,
        clock: Callable[[], float],
    ) -> None:
        self._dispatcher = dispatcher
        self._client = client
        self._worker_count = worker_count
        self._stop = stop
        self._clock = clock
        self._requests: SimpleQueue[ScheduledRequest | None] = SimpleQueue()
        self._completed: SimpleQueue[CompletedRequest] = SimpleQueue()
        self._open_request_count = 0
        self._fault: BaseException | None = None
        self._progress = dispatcher.progress(clock())

    def run(self, on_progress: Callable[[Progress], None], interval_seconds: float) -> None:
        """Work until all is done or the run is stopped.

        Args:
            on_progress: called in this thread, about every `every` seconds and at the end. What it
                raises ends the run.

        Raises:
            RunFault: the run could not go on.
            KeyboardInterrupt: of this thread; calls under way came home first, unless it came
                twice.
        """
        dispatcher_thread = threading.Thread(
            target=self._run_dispatcher, args=(interval_seconds,), name="dispatcher", daemon=True
        )
        workers = self._start_workers()
        self._worker_count = len(workers)
        try:
            dispatcher_thread.start()
        except RuntimeError:
            self._stop_workers()
            raise
        with self._keep_fault():
            self._report_progress(dispatcher_thread, on_progress, interval_seconds)
        for thread in (dispatcher_thread, *workers):
            thread.join()
        if self._fault:
            raise self._fault

    def _start_workers(self) -> list[threading.Thread]:
        """As many workers as the system allows: fewer are slower, and no more.

        Raises:
            RuntimeError: it allows none.
        """
        workers: list[threading.Thread] = []
        for n in range(1, self._worker_count + 1):
            worker = threading.Thread(target=self._run_worker, name=f"worker-{n}", daemon=True)
            try:
                worker.start()
            except RuntimeError:
                if not workers:
                    raise
                break
            workers.append(worker)
        return workers

    def _stop_workers(self) -> None:
        for _ in range(self._worker_count):
            self._requests.put(None)

    def _report_progress(
        self,
        dispatcher_thread: threading.Thread,
        on_progress: Callable[[Progress], None],
        interval_seconds: float,
    ) -> None:
        is_running = True
        while is_running:
            dispatcher_thread.join(interval_seconds)
            # Asked first: what is reported last is how it ended.
            is_running = dispatcher_thread.is_alive()
            on_progress(self._progress)

    # The deciding thread ----------------------------------------------------------------------

    def _run_dispatcher(self, interval_seconds: float) -> None:
        wait_until, report_at = self._send_requests(), 0.0
        while wait_until is not None or self._open_request_count:
            self._handle_completed(wait_until)
            wait_until = self._send_requests()
            if self._clock() >= report_at:
                self._progress = self._dispatcher.progress(self._clock())
                report_at = self._clock() + interval_seconds
        with self._keep_fault():
            self._dispatcher.withdraw(self._clock())
            self._progress = self._dispatcher.progress(self._clock())
        self._stop_workers()

    def _send_requests(self) -> float | None:
        """Let calls leave; returns when to ask again, None once nothing more will leave."""
        with self._keep_fault():
            while not (self._fault or self._stop.is_set()):
                if self._open_request_count == self._worker_count:
                    return float("inf")
                step = self._dispatcher.next_request(self._clock())
                if isinstance(step, Finished):
                    break
                if isinstance(step, Wait):
                    return step.until
                self._open_request_count += 1
                self._requests.put(step)
        return None

    def _handle_completed(self, wait_until: float | None) -> None:
        with self._keep_fault():
            completed = list(self._wait_for_completed(wait_until))
            self._open_request_count -= len(completed)
            self._dispatcher.handle_completed(completed, self._clock())

    def _wait_for_completed(self, wait_until: float | None) -> Iterator[CompletedRequest]:
        """All that has come by now; waits for the first, but not beyond `until`."""
        seconds_left = _MAX_WAIT_SECONDS if wait_until is None else wait_until - self._clock()
        with suppress(Empty):
            yield self._completed.get(timeout=min(_MAX_WAIT_SECONDS, max(0.0, seconds_left)))
            while True:
                yield self._completed.get_nowait()

    @contextmanager
    def _keep_fault(self) -> Iterator[None]:
        """After a fault nothing leaves, and calls under way still come home."""
        try:
            yield
        except BaseException as fault:  # noqa: BLE001 - raised again by run(), in its own thread
            # A state that cannot be written to fails here again; what came first says why.
            self._fault = self._fault or fault

    # The workers ------------------------------------------------------------------------------

    def _run_worker(self) -> None:
        while (request := self._requests.get()) is not None:
            self._completed.put(self._send(request))

    def _send(self, request: ScheduledRequest) -> CompletedRequest:
        requested_at = self._clock()
        # Where it ends in a fault, it may have been carried out all the same.
        answer: Answer = NoAnswer("an error of batch-import itself ended the call")
        with self._keep_fault():
            try:
                answer = self._client.send(api_request(request))
            except RequestFailed as failed:
                answer = failed
        return CompletedRequest(request, answer, requested_at, self._client.clock_offset)
