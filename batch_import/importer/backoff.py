"""How long to wait when something did not work. Pure; this file must not know what."""

#: Doublings, after which any wait is as long as it can be.
_MOST = 20


def backoff(first: float, failures: int, longest: float) -> float:
    """Twice as long after each failure.

    Args:
        first: the wait after the first failure, in seconds.
        failures: how many came before the last one.
        longest: the longest wait, in seconds.
    """
    return min(longest, first * 2.0 ** min(failures, _MOST))
