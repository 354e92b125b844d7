"""The rate limiter of one run, which shares the account's rate limit with other runs.

A thread reports the activity of the run to the account's record (`rate_sharing.py`), and gets the
rate that the run may use. While no other run is in progress, the run's own rate limiter decides, as
if there were no record. If the record cannot be reached, the last granted rate is used. This module
must not know where the record is stored.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, Protocol, TypeVar
from uuid import uuid4

from batch_import.errors import StateError
from batch_import.viostream.rate_limiter import BURST_SECONDS, RateLimiter
from batch_import.viostream.rate_sharing import Grant, Report, handle_report

_T = TypeVar("_T")

#: Seconds between two reports. At usual rates, a run sends only a few requests before it learns
#: that the platform refused a request of another run.
REPORT_SECONDS: Final = 0.25
#: Seconds for which a run pauses after a refusal without `Retry-After`. The next report decides
#: about a longer pause.
_PAUSE_SECONDS: Final = 1.0


class Ledger(Protocol):
    """Stores the record of an account in a place that all runs of the account can reach."""

    def update(self, change: Callable[[str, float], tuple[str, _T]]) -> _T:
        """Replace the record atomically: no other run can change the record during the call.

        Args:
            change: called with the text of the record and the time of the record's clock; returns
                the new text and a result.

        Returns:
            the result that `change` returned.

        Raises:
            StateError: the record cannot be reached.
        """

    def close(self) -> None:
        """Close the connection or file."""


class SharedRateLimiter(RateLimiter):
    """A rate limiter whose rate is a share of the account's rate while other runs use the account.

    Args:
        ceiling: maximum number of requests per second.
        clock: returns the current time in seconds; callers must use the same clock for `now`.
    """

    def __init__(self, ceiling: float, clock: Callable[[], float]) -> None:
        super().__init__(ceiling, clock())
        self._clock = clock
        self._lock = threading.RLock()
        #: Set if the next report must be sent at once.
        self._must_report = threading.Event()
        #: The last grant; None while no other run uses the account. Then the base class decides.
        self._grant: Grant | None = None
        self._next_own_request_at = self._own_pause_until = float("-inf")
        self._had_to_wait = False
        self._start_report(clock())

    def _start_report(self, now: float) -> None:
        """Reset the counts for the next report."""
        self._reported_at = now
        self._sent_count = self._accepted_count = 0
        self._refusals: list[tuple[float, float | None]] = []
        self._reported_pause_until = float("-inf")
        self._was_limited = False

    # As `RateLimiter` -----------------------------------------------------------------------------

    def rate(self, now: float) -> float:
        """Returns the current rate in requests per second."""
        grant = self._grant
        return super().rate(now) if grant is None else grant.rate

    def ready_at(self, now: float) -> float:
        """As in `RateLimiter`."""
        with self._lock:
            ready = super().ready_at(now)
            if self._grant is not None:
                is_window_full = ready == float("inf")
                if not is_window_full:
                    ready = max(now, self._next_own_request_at, self._own_pause_until)
            self._had_to_wait = self._had_to_wait or ready > now
            return ready

    def take_token(self, now: float) -> None:
        """As in `RateLimiter`."""
        with self._lock:
            self._sent_count += 1
            if self._grant is None:
                super().take_token(now)
                return
            # A request that waited, and was sent as soon as possible, shows that the run could send
            # more requests.
            is_sent_at_once = now - self._next_own_request_at < BURST_SECONDS
            if self._had_to_wait and is_sent_at_once:
                self._was_limited = True
            self._had_to_wait = False
            seconds = 1 / self._grant.rate
            self._next_own_request_at = (
                max(self._next_own_request_at, now - BURST_SECONDS) + seconds
            )
            self._in_progress_count += 1

    def record_accepted(self) -> None:
        """As in `RateLimiter`."""
        with self._lock:
            super().record_accepted()
            self._accepted_count += 1

    def record_refusal(self, requested_at: float, now: float, retry_after: float | None) -> None:
        """As in `RateLimiter`."""
        with self._lock:
            if self._grant is None:
                super().record_refusal(requested_at, now, retry_after)
            else:
                self._window = float("inf")
                self._refusals.append((requested_at, retry_after))
                self._pause_own_requests(
                    now + (_PAUSE_SECONDS if retry_after is None else retry_after)
                )
        self._must_report.set()

    def pause(self, now: float, seconds: float) -> None:
        """As in `RateLimiter`."""
        with self._lock:
            if self._grant is None:
                super().pause(now, seconds)
                return
            self._reported_pause_until = max(self._reported_pause_until, now + seconds)
            self._pause_own_requests(now + seconds)
        self._must_report.set()

    def _pause_own_requests(self, until: float) -> None:
        self._own_pause_until = max(self._own_pause_until, until)
        self._next_own_request_at = max(self._next_own_request_at, until)

    # Sharing ----------------------------------------------------------------------------------

    @contextmanager
    def shared(self, ledger: Ledger, on_problem: Callable[[str], None]) -> Iterator[None]:
        """Share the account's rate limit while this context is open.

        Args:
            ledger: stores the record of the account; it is closed at the end.
            on_problem: called with a message if the first report fails.
        """
        is_over, run_id = threading.Event(), uuid4().hex

        def report_repeatedly() -> None:
            while not is_over.is_set():
                self.report(ledger, run_id)
                self._must_report.wait(REPORT_SECONDS)
                self._must_report.clear()

        fault = self.report(ledger, run_id)
        if fault:
            on_problem(f"The limit of calls is not shared with other runs: {fault}")
        thread = threading.Thread(target=report_repeatedly, name="rate-limit", daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            self._must_report.set()
            thread.join()
            ledger.close()

    def report(self, ledger: Ledger, run_id: str) -> StateError | None:
        """Report once, and use the granted rate. If reporting fails, the rate stays the same.

        Returns:
            the error if reporting failed; else None.
        """
        with self._lock:
            now = self._clock()
            report = self._make_report(now)
            limiter_state = self.dump() if self._grant is None else {}
            self._start_report(now)

        def change(text: str, record_time: float) -> tuple[str, Grant]:
            shifted_state = (
                self.shift_times(limiter_state, record_time - now) if limiter_state else {}
            )
            return handle_report(
                text, run_id, replace(report, limiter_state=shifted_state), record_time
            )

        try:
            grant = ledger.update(change)
        except StateError as fault:
            return fault
        with self._lock:
            self._apply_grant(grant)
        return None

    def _make_report(self, now: float) -> Report:
        return Report(
            self.ceiling,
            now - self._reported_at,
            self._sent_count,
            self._accepted_count,
            tuple((now - requested_at, wait) for requested_at, wait in self._refusals),
            max(0.0, self._reported_pause_until - now),
            self._was_limited,
        )

    def _apply_grant(self, grant: Grant) -> None:
        now = self._clock()
        if grant.is_alone:
            if self._grant is not None:
                self.restore(self.shift_times(grant.limiter_state, now - grant.now), now)
                self._grant = None
            return
        if self._grant is None:
            self._next_own_request_at = self._next_request_at
        self._grant = grant
        if grant.pause_seconds:
            self._pause_own_requests(now + grant.pause_seconds)
        # A larger share takes effect immediately.
        self._next_own_request_at = min(
            self._next_own_request_at, max(now, self._own_pause_until) + 1 / grant.rate
        )
