"""Exponential backoff: seconds to wait after a failure. No I/O."""

import math


def backoff(first_seconds: float, failure_count: int, max_seconds: float) -> float:
    """Returns the seconds to wait, which double with each failure.

    Args:
        first_seconds: wait after the first failure.
        failure_count: number of failures before the last one.
        max_seconds: upper limit of the wait.
    """
    # 1000 doublings exceed any limit. A few more would overflow a float.
    return min(max_seconds, math.ldexp(first_seconds, min(failure_count, 1000)))
