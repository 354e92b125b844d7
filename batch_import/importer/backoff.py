"""How long to wait when something did not work. Pure; this file must not know what."""

import math


def backoff(first_seconds: float, failure_count: int, max_seconds: float) -> float:
    """Twice as long after each failure.

    Args:
        first: the wait after the first failure, in seconds.
        failures: how many came before the last one.
        longest: the longest wait, in seconds.
    """
    # More doublings are beyond any wait, and beyond any float.
    return min(max_seconds, math.ldexp(first_seconds, min(failure_count, 1000)))
