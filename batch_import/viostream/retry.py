"""Call again until it works: for single calls outside the schedule, such as the first one of a run.

Inside a run the schedule itself decides what is called again, and when: a worker that slept here
would hold a thread, and a POST must never be repeated blindly. Only calls that change nothing
belong here. This file must not know the endpoints.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

import tenacity

from batch_import.errors import CallFailed, NoAnswer, NotSent, Throttled
from batch_import.viostream.rate_limit import Budget

_T = TypeVar("_T")

#: The longest wait between two attempts, in seconds.
_LONGEST_WAIT = 20.0


def call_with_retry(
    call: Callable[[], _T],
    budget: Budget,
    give_up_after: float,
    *,
    clock: Callable[[], float],
    stop: threading.Event,
) -> _T:
    """Make a call that changes nothing, again and again while it fails in passing.

    Waits between attempts grow exponentially with jitter, or are what `Retry-After` says. Each
    attempt spends a token of the budget.

    Args:
        give_up_after: seconds after which the last failure is raised.
        clock: seconds since any time, as the budget counts them.
        stop: once set, no wait goes on, and the last failure is raised at once.

    Raises:
        CallFailed: the last attempt's.
    """
    deadline = clock() + give_up_after

    def stops(state: tenacity.RetryCallState) -> bool:
        # tenacity's own delays are measured by its own clock.
        return clock() + state.upcoming_sleep > deadline or stop.is_set()

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type((Throttled, NotSent, NoAnswer)),
        wait=_wait,
        stop=stops,
        sleep=tenacity.sleep_using_event(stop),
        reraise=True,
    )

    def attempt() -> _T:
        stop.wait(max(0.0, budget.ready_at(clock()) - clock()))
        budget.spend(clock())
        try:
            result = call()
        finally:
            budget.returned()
        budget.accepted()
        return result

    return retrying(attempt)


_guess = tenacity.wait_random_exponential(multiplier=0.5, max=_LONGEST_WAIT)


def _wait(state: tenacity.RetryCallState) -> float:
    """The platform's `Retry-After` where it gave one, else a guess that grows."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, CallFailed) and error.retry_after is not None:
        return error.retry_after
    return _guess(state)
