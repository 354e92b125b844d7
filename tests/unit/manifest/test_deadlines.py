"""Which signed URLs end before their turn: against trying every order of a small import."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from batch_import.manifest.deadlines import UrlExpiries

HOUR = 3600.0


def missed(ends: list[float], now: float, rate: float) -> list[tuple[int, float, float]]:
    deadlines = UrlExpiries()
    for line, end in enumerate(ends, 2):
        deadlines.add(line, end)
    return list(deadlines.find_missed(now, rate))


def test_what_ends_after_its_turn_is_not_reported() -> None:
    assert missed([], 0.0, 1.0) == []
    assert missed([HOUR + 1, HOUR + 2], 0.0, 1.0) == []


def test_what_ends_before_is_reported_with_line_end_and_forecast() -> None:
    # Two rows a second; the third one's turn is 1.5 s after the start.
    found = missed([HOUR + 101.4, HOUR + 100.5, HOUR + 101.0], 100.0, 2.0)
    assert found == [(2, HOUR + 101.4, HOUR + 101.5)]


@given(st.lists(st.integers(1, 6), max_size=5))
def test_no_order_misses_fewer(ends: list[int]) -> None:
    def count(order: tuple[int, ...]) -> int:
        return sum(1 for turn, end in enumerate(order, 1) if end < turn)

    best = min(map(count, permutations(ends)))
    found = missed([HOUR + end for end in ends], 0.0, 1.0)
    # Earliest first may miss more rows than the best order once it misses any, but it misses
    # none where any order does.
    assert bool(found) == bool(best)
