"""What looking at the platform teaches: how long rows take, and what its lists show. Pure.

Ages are in seconds since a row's POST. This file must not know rows, calls or pages.
"""

import math
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from itertools import accumulate
from typing import Final

#: Ages fall into bins of a third of an octave: finer than anyone can look.
_BINS_PER_OCTAVE: Final = 3
_SHORTEST: Final = 0.25
_BINS: Final = _BINS_PER_OCTAVE * 20
#: The upper ends of the bins; what takes longer falls into one more.
_ENDS: Final = [_SHORTEST * 2 ** (n / _BINS_PER_OCTAVE) for n in range(_BINS)]
#: What is believed at first, as if so many rows had told it: any age is as likely as any other,
#: on a scale of octaves.
_PRIOR: Final = 1.0
_ROUNDS: Final = 4
#: Fitted again after this share of new glimpses …
_REFIT: Final = 0.05
#: … and old ones fade once there are so many, for a platform may become slower or faster.
_MEMORY: Final = 4000.0
_NEARLY_NONE: Final = 1e-9
#: What counts as nearly all rows, and as much older than usual.
_NEARLY_ALL: Final = 0.9
_MUCH: Final = 2.0
#: The share of rows whose ages tell those of the others …
_MOST: Final = 0.8
#: So few rows tell how far others may be told of, and no further than so many times that age.
_A_FEW: Final = 10
_FURTHEST: Final = 10.0
#: So many rows seen done tell something whatever the others do.
_ENOUGH: Final = 20


class ListedTime:
    """How long rows take from their POST until a list shows them done, learned from glimpses.

    A glimpse says "not done at age a" or "done at age b": the time lies in between. The
    distribution that explains all glimpses best is found by expectation maximisation (Turnbull's
    estimate for interval-censored times) over a logarithmic grid.
    """

    def __init__(self) -> None:
        self._done: Counter[tuple[int, int]] = Counter()
        self._waiting: Counter[int] = Counter()
        self._mass = [1 / (_BINS + 1)] * (_BINS + 1)
        self._sum = list(accumulate(self._mass))
        self._fresh = 0
        #: Enough rows were seen done to go by.
        self.known = False

    def waits(self, before: float | None, age: float) -> None:
        """A row is not done at an age.

        Args:
            before: the age of its last such glimpse, which this one replaces.
        """
        self.forget(before)
        self._waiting[_first_bin(age)] += 1
        self._glimpsed()

    def done(self, before: float | None, age: float) -> None:
        """A row is done at an age, and was not `before`."""
        self.forget(before)
        low = _first_bin(before or 0.0)
        self._done[low, max(low, _first_bin(age) - 1)] += 1
        self._glimpsed()
        done = sum(self._done.values())
        self.known = self.known or done >= min(_ENOUGH, self._waiting.total())

    def forget(self, before: float | None) -> None:
        """A row that was not done at an age tells nothing more: it left in another way."""
        if before is not None:
            self._waiting[_first_bin(before)] -= 1

    def done_by(self, age: float) -> float:
        """Probability that a row is done at an age."""
        if age <= 0:
            return 0.0
        bin_ = bisect_right(_ENDS, age)
        if bin_ == 0:
            return self._sum[0] * age / _ENDS[0]
        below, inside = self._sum[bin_ - 1], self._mass[bin_]
        if bin_ == _BINS:
            # Beyond the grid: half of what is left with every doubling.
            return below + inside * (1 - _ENDS[-1] / age)
        return below + inside * math.log2(age / _ENDS[bin_ - 1]) * _BINS_PER_OCTAVE

    def done_since(self, before: float, age: float) -> float:
        """Probability that a row, not done at age `before`, is done at `age`."""
        early = self.done_by(before)
        left = 1 - early
        return (self.done_by(age) - early) / left if left > _NEARLY_NONE else 1.0

    def all_done(self) -> float | None:
        """The age at which the last of many rows is done; None while too little is known.

        Found by going on in a straight line from what is known: rows come to be done as densely
        as they did of late. No glimpse tells of an age that no row has reached yet.
        """
        if not self.known:
            return None
        age = min(self._age_of(_MOST), self._reached())
        done = self.done_by(age)
        dense = (done - self.done_by(age / 2)) / (age / 2)
        return age + min((1 - done) / max(dense, _NEARLY_NONE), _FURTHEST * age)

    def _age_of(self, share: float) -> float:
        """The age at which a share of all rows is done, within the grid."""
        bin_ = min(bisect_left(self._sum, share), _BINS - 1)
        if bin_ == 0:
            return _SHORTEST
        inside = (share - self._sum[bin_ - 1]) / self._mass[bin_]
        return float(_ENDS[bin_ - 1] * 2 ** (min(1.0, inside) / _BINS_PER_OCTAVE))

    def _reached(self) -> float:
        """The age up to which more than a few rows were seen to be done, or not."""
        ages = Counter({bin_ - 1: n for bin_, n in self._waiting.items()})
        for (_, high), n in self._done.items():
            ages[high] += n
        oldest = sorted(ages.items(), reverse=True)
        counted = accumulate(n for _, n in oldest)
        found = (bin_ for (bin_, _), n in zip(oldest, counted, strict=True) if n >= _A_FEW)
        return _ENDS[max(0, min(next(found, 0), _BINS - 1))]

    def overdue(self, age: float) -> bool | None:
        """Whether nearly every row is done at an age; None while nothing is known.

        Rows that never come to be done, such as failed ones that no list shows, keep the estimate
        low for ever: so it is enough to be much older than those that did.
        """
        if not self._done:
            return None
        return self.done_by(age) >= _NEARLY_ALL or age > _MUCH * self._usual()

    def _usual(self) -> float:
        """The age at which nearly all of those rows were done that came to be."""
        enough = _NEARLY_ALL * sum(self._done.values())
        by_end = sorted((high, n) for (_, high), n in self._done.items())
        reached = accumulate(n for _, n in by_end)
        high = next(high for (high, _), n in zip(by_end, reached, strict=True) if n >= enough)
        return _ENDS[min(high, _BINS - 1)]

    def _glimpsed(self) -> None:
        self._fresh += 1
        many = sum(self._done.values()) + self._waiting.total()
        if self._fresh > 1 + _REFIT * many:
            self._fresh = 0
            self._fit()

    def _fit(self) -> None:
        spans = [(low, high, n) for (low, high), n in self._done.items()]
        spans += [(low, _BINS, n) for low, n in self._waiting.items() if n > 0]
        total = sum(n for _, _, n in spans) + _PRIOR
        for _ in range(_ROUNDS):
            fitted = [_PRIOR / (_BINS + 1)] * (_BINS + 1)
            for low, high, n in spans:
                inside = self._mass[low : high + 1]
                weight = sum(inside) / n
                for place, mass in enumerate(inside, low):
                    fitted[place] += mass / weight
            self._mass = _smooth([mass / total for mass in fitted])
        self._sum = list(accumulate(self._mass))
        if sum(self._done.values()) > _MEMORY:
            for span in self._done:
                self._done[span] /= 2  # type: ignore[assignment] # counts may be fractions


def _first_bin(age: float) -> int:
    """The first bin after an age, by the nearest border: none may hold what is before and after."""
    if age < _SHORTEST:
        return 0
    return min(_BINS, 1 + round(math.log2(age / _SHORTEST) * _BINS_PER_OCTAVE))


def _smooth(mass: list[float]) -> list[float]:
    """Let neighbours share a little: no two videos are alike."""
    around = [mass[0], *mass, mass[-1]]
    return [0.1 * a + 0.8 * b + 0.1 * c for a, b, c in zip(around, mass, around[2:], strict=False)]


class Visibility:
    """When the platform's lists show a media that is there.

    Learned from rows that are known to be there: absent at one age from a list that covers their
    place, present at another. It tells when the absence of a row's media proves that there is
    none.
    """

    #: So many media must have been seen at ages below one that is sure.
    _ENOUGH: Final = 8
    #: Seconds beyond all that was seen: a POST that was given up may still arrive.
    _MARGIN: Final = 5.0
    #: Two looks that are nearer to each other (seconds) may fail for one reason.
    _APART: Final = 1.5
    #: How often an absent media must be missed at the least, and what doubt may be left.
    _LOOKS: Final = 3
    _DOUBT: Final = 1e-4

    def __init__(self) -> None:
        #: Media are shown before they are done.
        self.early = False
        self._hidden_longest = 0.0
        self._youngest: list[float] = []
        self._firsts = 0
        self._shown = 0
        self._flickers = False

    def seen(self, age: float, *, first: bool, done: bool) -> None:
        """A media that is known to be there was in a list."""
        self._shown += 1
        self.early = self.early or not done
        if first:
            self._firsts += 1
            insort(self._youngest, age)
            del self._youngest[self._ENOUGH :]

    def seen_again(self) -> None:
        """A media that was shown before was in a list again."""
        self._shown += 1

    def hidden(self, age: float) -> None:
        """A media that is known to be there was not yet in a list that covers its place."""
        self._hidden_longest = max(self._hidden_longest, age)

    def flickered(self) -> None:
        """A media that was shown before was missing: such lists prove nothing by an absence."""
        self._flickers = True

    def sure_from(self, unseen: float) -> float | None:
        """The age from which lists show every media; None where nobody can know.

        Args:
            unseen: the age of the oldest media that is known to be there and that no list has
                shown yet; 0 where there is none.
        """
        if self._flickers or len(self._youngest) < self._ENOUGH:
            return None
        # The fewer were seen, the further off may be what was not; and where only finished
        # media are shown, a long video takes longer than all before it.
        factor = (1.5 if self.early else 2.0) + (12 if self.early else 24) / self._firsts
        hidden = max(self._hidden_longest, unseen)
        return max(hidden * factor, self._youngest[-1]) + self._MARGIN

    def proves_absence(self, ages: list[float], unseen: float) -> bool:
        """Whether a media that lists missed at these ages does not exist.

        Args:
            unseen: as in `sure_from`.
        """
        sure = self.sure_from(unseen)
        if sure is None:
            return False
        looks, last = 0, -math.inf
        for age in sorted(ages):
            if age >= sure and age - last >= self._APART:
                looks, last = looks + 1, age
        # Laplace: what never happened in n looks happens once in n + 1, at worst.
        return looks >= self._LOOKS and (1 / (self._shown + 1)) ** looks <= self._DOUBT
