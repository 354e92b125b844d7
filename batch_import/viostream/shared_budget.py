"""The budget of one run, shared with the other runs of its account.

A thread reports to the account's record what the run did, and gets its share. As long as no other
run is in progress, the run's own rate limiter decides, as if there were no record. If there is no
record, or it cannot be reached, the last share counts. This file must not know where the record is.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, Protocol, TypeVar
from uuid import uuid4

from batch_import.errors import StateError
from batch_import.viostream.account_budget import Grant, Report, exchange
from batch_import.viostream.rate_limiter import BURST_SECONDS, RateLimiter

_T = TypeVar("_T")

#: Seconds between two reports: a refusal reaches all runs within two calls at the usual rates.
EVERY: Final = 0.25
#: Seconds that a run waits after a refusal that says nothing, until the account's budget says more.
_PAUSE: Final = 1.0


class Ledger(Protocol):
    """Keeps the record of an account where all its runs find it."""

    def update(self, change: Callable[[str, float], tuple[str, _T]]) -> _T:
        """Replace the record: text and clock → text and a result. Nobody else does meanwhile.

        Raises:
            StateError: it cannot be reached.
        """

    def close(self) -> None:
        """Let go of it."""


class SharedBudget(RateLimiter):
    """A budget whose rate is a share of the account's, while others use the account, too.

    Args:
        clock: the one of `now` in all methods.
    """

    def __init__(self, ceiling: float, clock: Callable[[], float]) -> None:
        super().__init__(ceiling, clock())
        self._clock = clock
        self._lock = threading.RLock()
        self._urgent = threading.Event()
        self._grant: Grant | None = None
        self._mine_at = self._mine_held = float("-inf")
        self._waited = False
        self._start_report(clock())

    def _start_report(self, now: float) -> None:
        self._reported_at = now
        self._spent = self._taken = 0
        self._refusals: list[tuple[float, float | None]] = []
        self._held_for = float("-inf")
        self._limited = False

    # As `RateLimiter` -----------------------------------------------------------------------------

    def rate(self, now: float) -> float:
        """Calls a second in force."""
        grant = self._grant
        return super().rate(now) if grant is None else grant.rate

    def ready_at(self, now: float) -> float:
        """As in `RateLimiter`."""
        with self._lock:
            ready = super().ready_at(now)
            if self._grant is not None:
                ready = max(now, self._mine_at, self._mine_held) if ready < float("inf") else ready
            self._waited = self._waited or ready > now
            return ready

    def take_token(self, now: float) -> None:
        """As in `RateLimiter`."""
        with self._lock:
            self._spent += 1
            if self._grant is None:
                super().take_token(now)
                return
            # A call that left as soon as it could is one that more could follow.
            self._limited = self._limited or (self._waited and now - self._mine_at < BURST_SECONDS)
            self._waited = False
            seconds = 1 / self._grant.rate
            self._mine_at = max(self._mine_at, now - BURST_SECONDS) + seconds
            self._in_progress_count += 1

    def record_accepted(self) -> None:
        """As in `RateLimiter`."""
        with self._lock:
            super().record_accepted()
            self._taken += 1

    def record_refusal(self, requested_at: float, now: float, retry_after: float | None) -> None:
        """As in `RateLimiter`."""
        with self._lock:
            if self._grant is None:
                super().record_refusal(requested_at, now, retry_after)
            else:
                self._window = float("inf")
                self._refusals.append((requested_at, retry_after))
                self._hold_mine(now + (_PAUSE if retry_after is None else retry_after))
        self._urgent.set()

    def pause(self, now: float, seconds: float) -> None:
        """As in `RateLimiter`."""
        with self._lock:
            if self._grant is None:
                super().pause(now, seconds)
                return
            self._held_for = max(self._held_for, now + seconds)
            self._hold_mine(now + seconds)
        self._urgent.set()

    def _hold_mine(self, until: float) -> None:
        self._mine_held = max(self._mine_held, until)
        self._mine_at = max(self._mine_at, until)

    # The others -------------------------------------------------------------------------------

    @contextmanager
    def shared(self, ledger: Ledger, problem: Callable[[str], None]) -> Iterator[None]:
        """Share the account's budget for as long as this lasts.

        Args:
            problem: called with a sentence where that does not work from the beginning.
        """
        over, who = threading.Event(), uuid4().hex

        def report() -> None:
            while not over.is_set():
                self.report(ledger, who)
                self._urgent.wait(EVERY)
                self._urgent.clear()

        if fault := self.report(ledger, who):
            problem(f"The limit of calls is not shared with other runs: {fault}")
        thread = threading.Thread(target=report, name="budget", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            self._urgent.set()
            thread.join()
            ledger.close()

    def report(self, ledger: Ledger, who: str) -> StateError | None:
        """Report once, and take the share that is granted; nothing changes where that fails.

        Returns:
            Why it failed.
        """
        with self._lock:
            now = self._clock()
            done = self._done(now)
            state = self.dump() if self._grant is None else {}
            self._start_report(now)

        def change(text: str, there: float) -> tuple[str, Grant]:
            moved = self.moved(state, there - now) if state else {}
            return exchange(text, who, replace(done, budget=moved), there)

        try:
            grant = ledger.update(change)
        except StateError as fault:
            return fault
        with self._lock:
            self._take(grant)
        return None

    def _done(self, now: float) -> Report:
        refused = tuple((now - requested_at, wait) for requested_at, wait in self._refusals)
        held = max(0.0, self._held_for - now)
        seconds = now - self._reported_at
        return Report(self.ceiling, seconds, self._spent, self._taken, refused, held, self._limited)

    def _take(self, grant: Grant) -> None:
        now = self._clock()
        if grant.alone:
            if self._grant is not None:
                self.restore(self.moved(grant.budget, now - grant.now), now)
                self._grant = None
            return
        if self._grant is None:
            self._mine_at = self._next_request_at
        self._grant = grant
        if grant.hold:
            self._hold_mine(now + grant.hold)
        # A share that has grown is used at once.
        self._mine_at = min(self._mine_at, max(now, self._mine_held) + 1 / grant.rate)
