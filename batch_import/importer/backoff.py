"""Exponential backoff: seconds to wait before a request is repeated. No I/O."""

import math


def backoff(first_seconds: float, earlier_failure_count: int, max_seconds: float) -> float:
    """Returns the seconds to wait after a failure. They double with each failure.

    Args:
        first_seconds: seconds to wait after the first failure.
        earlier_failure_count: number of failures before this failure; 0 at the first failure.
        max_seconds: upper limit of the result.
    """
    # 1000 doublings exceed any limit. A few more would overflow a float.
    doubling_count = min(earlier_failure_count, 1000)
    return min(max_seconds, math.ldexp(first_seconds, doubling_count))
