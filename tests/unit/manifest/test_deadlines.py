"""Which signed URLs expire before they are sent, compared with all orders of a small import."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from batch_import.manifest.deadlines import UrlExpiries

HOUR = 3600.0


def missed_urls(ends: list[float], now: float, rate: float) -> list[tuple[int, float, float]]:
    deadlines = UrlExpiries()
    for line, end in enumerate(ends, 2):
        deadlines.add(line, end)
    return list(deadlines.find_missed(now, rate))


def test_a_url_that_expires_after_it_is_sent_is_not_reported() -> None:
    assert missed_urls([], 0.0, 1.0) == []
    assert missed_urls([HOUR + 1, HOUR + 2], 0.0, 1.0) == []


def test_a_url_that_expires_before_it_is_sent_is_reported_with_both_times() -> None:
    # Two rows per second: the third row is sent 1.5 s after the start.
    found = missed_urls([HOUR + 101.4, HOUR + 100.5, HOUR + 101.0], 100.0, 2.0)
    assert found == [(2, HOUR + 101.4, HOUR + 101.5)]


@given(st.lists(st.integers(1, 6), max_size=5))
def test_no_url_is_missed_if_any_order_misses_none(ends: list[int]) -> None:
    def count(order: tuple[int, ...]) -> int:
        return sum(1 for turn, end in enumerate(order, 1) if end < turn)

    best = min(map(count, permutations(ends)))
    found = missed_urls([HOUR + end for end in ends], 0.0, 1.0)
    # If every order misses a row, earliest first may miss more rows than the best order. It
    # misses none if any order misses none.
    assert bool(found) == bool(best)
