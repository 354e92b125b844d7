"""Repeats a single API request until it succeeds, outside the importer's schedule.

During an import, the schedule decides which request is repeated and when. This module is only for
requests that change nothing, and not for the worker threads of an import: waiting here would block
a worker thread, and a POST must never be repeated before its outcome is known.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

import tenacity

from batch_import.errors import NoAnswer, NotSent, RequestFailed, Throttled
from batch_import.viostream.rate_limiter import RateLimiter

_T = TypeVar("_T")

#: Maximum number of seconds between two attempts.
_MAX_WAIT_SECONDS = 20.0


def call_with_retry(
    call: Callable[[], _T],
    rate_limiter: RateLimiter,
    give_up_after: float,
    *,
    clock: Callable[[], float],
    stop: threading.Event,
) -> _T:
    """Send a request that changes nothing; repeat the request while temporary errors occur.

    The time between attempts is that of `Retry-After`; without this header it grows exponentially,
    with jitter. Each attempt takes a token of the rate limiter.

    Args:
        call: sends the request once.
        rate_limiter: the rate limiter.
        give_up_after: seconds after which the last error is raised.
        clock: returns the time in seconds; the rate limiter must use the same clock.
        stop: once set, waiting ends, and the last error is raised at once.

    Returns:
        the result of `call`.

    Raises:
        RequestFailed: the error of the last attempt.
    """
    deadline = clock() + give_up_after

    def must_stop(state: tenacity.RetryCallState) -> bool:
        # The time limit of tenacity itself would use another clock.
        return clock() + state.upcoming_sleep > deadline or stop.is_set()

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type((Throttled, NotSent, NoAnswer)),
        wait=_wait_seconds,
        stop=must_stop,
        sleep=tenacity.sleep_using_event(stop),
        reraise=True,
    )

    def attempt() -> _T:
        stop.wait(max(0.0, rate_limiter.ready_at(clock()) - clock()))
        rate_limiter.take_token(clock())
        try:
            result = call()
        finally:
            rate_limiter.record_return()
        rate_limiter.record_accepted()
        return result

    return retrying(attempt)


_exponential_wait = tenacity.wait_random_exponential(multiplier=0.5, max=_MAX_WAIT_SECONDS)


def _wait_seconds(state: tenacity.RetryCallState) -> float:
    """Returns the seconds until the next attempt: `Retry-After`, or an exponential backoff."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, RequestFailed) and error.retry_after is not None:
        return error.retry_after
    return _exponential_wait(state)
