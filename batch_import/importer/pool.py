"""The threads of a run: workers send requests, and one thread runs the dispatcher.

Only the dispatcher thread uses the `Dispatcher`. Therefore no lock is needed. The next commit
stores all answers that arrived during the previous commit. Therefore more workers lead to larger
commits, not to more commits. The caller's thread shows the progress, which does not delay the
import. This module must not know what an answer means.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from queue import Empty, SimpleQueue

from batch_import.errors import NoAnswer, RequestFailed
from batch_import.importer.dispatch import Dispatcher, Progress
from batch_import.importer.schedule import Finished, Wait
from batch_import.importer.schedule.polling import MIN_POLL_INTERVAL
from batch_import.importer.scheduled_request import (
    Answer,
    CompletedRequest,
    CreateMedia,
    NotSigned,
    ScheduledRequest,
    api_request,
)
from batch_import.sources.signing import SignedUrl
from batch_import.sources.source import ReferenceRefused, SigningFailed
from batch_import.viostream.client import Client

#: Maximum number of seconds that the dispatcher thread waits for an answer. Then it checks whether
#: the run must stop. A person who stops a run does not notice half a second.
_MAX_WAIT_SECONDS = MIN_POLL_INTERVAL / 2


class Pool:
    """The threads of one run.

    Args:
        worker_count: maximum number of open requests: requests that are sent and not answered.
        stop: if set, open requests are finished and no new request is sent.
        clock: returns epoch seconds.
        sign: returns a temporary URL for the source URL of a row if this is a reference to a file
            in cloud storage, such as `s3://bucket/key`. Returns None for a web URL. It is called
            by several threads.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        client: Client,
        worker_count: int,
        stop: threading.Event,
        clock: Callable[[], float],
        sign: Callable[[str], SignedUrl | None],
    ) -> None:
        self._sign = sign
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
        """Run until all rows are finished or the run is stopped.

        Args:
            on_progress: called in the caller's thread, about every `interval_seconds` and at the
                end. If it raises an exception, the run ends.
            interval_seconds: seconds between two calls of `on_progress`.

        Raises:
            RunFault: the run could not continue.
            KeyboardInterrupt: the user pressed Ctrl-C. Open requests are finished first, unless the
                user presses it again.
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
        """Start as many workers as the system allows; fewer workers only make the run slower.

        Raises:
            RuntimeError: the system allows none.
        """
        workers: list[threading.Thread] = []
        for worker_number in range(1, self._worker_count + 1):
            worker = threading.Thread(
                target=self._run_worker, name=f"worker-{worker_number}", daemon=True
            )
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
            self._requests.put(None)  # each worker ends when it takes a None

    def _report_progress(
        self,
        dispatcher_thread: threading.Thread,
        on_progress: Callable[[Progress], None],
        interval_seconds: float,
    ) -> None:
        is_running = True
        while is_running:
            dispatcher_thread.join(interval_seconds)
            # Checked before the report, so that the last report has the final numbers.
            is_running = dispatcher_thread.is_alive()
            on_progress(self._progress)

    # The dispatcher thread --------------------------------------------------------------------

    def _run_dispatcher(self, interval_seconds: float) -> None:
        report_at = 0.0
        wait_until = self._send_requests()
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
        """Queue requests for the workers.

        Returns:
            epoch seconds when to try again; infinity if an answer must arrive first; None if no
            more requests will be sent.
        """
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
        """Yields all completed requests, after waiting for the first of them.

        Yields nothing if no request is completed before `wait_until` (epoch seconds), or within
        `_MAX_WAIT_SECONDS`.
        """
        seconds_left = _MAX_WAIT_SECONDS if wait_until is None else wait_until - self._clock()
        with suppress(Empty):  # ends the loop when the queue is empty
            yield self._completed.get(timeout=min(_MAX_WAIT_SECONDS, max(0.0, seconds_left)))
            while True:
                yield self._completed.get_nowait()

    @contextmanager
    def _keep_fault(self) -> Iterator[None]:
        """Keep an exception of this block for `run`, which raises it after all threads have ended.

        From then on, no new request is sent, and open requests are finished.
        """
        try:
            yield
        except BaseException as fault:  # noqa: BLE001 - raised again by run(), in its own thread
            # Keep the first exception, because it may have caused the later ones.
            self._fault = self._fault or fault

    # The workers ------------------------------------------------------------------------------

    def _run_worker(self) -> None:
        while (request := self._requests.get()) is not None:
            self._completed.put(self._send(request))

    def _send(self, request: ScheduledRequest) -> CompletedRequest:
        """Send a request, after signing the reference of its row if it is a POST."""
        if not isinstance(request, CreateMedia):
            return self._send_to_platform(request, None)
        signed_url = self._try_to_sign(request.row.source_url)
        if isinstance(signed_url, NotSigned):
            return CompletedRequest(request, signed_url, self._clock())
        if signed_url is None:
            return self._send_to_platform(request, None)
        completed = self._send_to_platform(request, signed_url.url)
        return replace(completed, url_seconds=signed_url.seconds)

    def _try_to_sign(self, source_url: str) -> SignedUrl | NotSigned | None:
        """Returns the temporary URL of a reference; None for a web URL.

        A reference is signed right before the POST, because the temporary URL soon expires, and
        in a worker thread, because signing may need network requests.
        """
        try:
            return self._sign(source_url)
        except ReferenceRefused as refused:
            return NotSigned(str(refused), is_final=True)
        except SigningFailed as failed:
            return NotSigned(str(failed))
        except BaseException as fault:  # noqa: BLE001 - raised again by run(), in its own thread
            self._fault = self._fault or fault
            return NotSigned("the run ended")

    def _send_to_platform(
        self, request: ScheduledRequest, signed_url: str | None
    ) -> CompletedRequest:
        requested_at = self._clock()
        # The answer after an unexpected exception: the platform may have carried out the request.
        answer: Answer = NoAnswer("an error of batch-import itself ended the request")
        with self._keep_fault():
            try:
                answer = self._client.send(api_request(request, signed_url))
            except RequestFailed as failed:
                answer = failed
        return CompletedRequest(request, answer, requested_at, self._client.clock_offset)
