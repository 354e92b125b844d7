"""How long rows take from their POST until a list shows them done: a sample. Pure.

Ages are in seconds. This file must not know rows, calls or pages.
"""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable
from typing import Final

from batch_import.importer.schedule.polling import MIN_POLL_INTERVAL

#: Rows that are remembered: enough for a quantile within two per cent, few enough to follow a
#: platform that becomes slower or faster. Rows lately imported are remembered as many.
SAMPLE_SIZE: Final = 500
#: A row that is so many times older than most were when they were done may have failed unseen, so
#: that it must be asked for by itself; and again when its age has grown by as much. It waits for
#: nobody: a look that comes half as late again costs one call instead of three.
LATE_FACTOR: Final = 1.5
#: So many rows must have been seen before anything is concluded from them: the latest of eight is
#: later than the median of all with 99.6 %.
MIN_SAMPLE_SIZE: Final = 8


class ProcessingTimes:
    """The last processing times that were observed."""

    def __init__(self) -> None:
        self._newest: deque[float] = deque()
        self._sorted: list[float] = []
        self._late_check_ages: deque[float] = deque([0.0] * 5, maxlen=5)

    def record(self, not_done_age: float, done_age: float) -> None:
        """A row was not done at one age and done at another: it took about the middle of them.

        A row that nobody looked at for long tells little, once there are a few.
        """
        if len(self._newest) >= MIN_SAMPLE_SIZE and done_age - not_done_age > max(
            MIN_POLL_INTERVAL, done_age / 2
        ):
            return
        processing_time = (not_done_age + max(not_done_age, done_age)) / 2
        self._newest.append(processing_time)
        insort(self._sorted, processing_time)
        if len(self._newest) > SAMPLE_SIZE:
            del self._sorted[bisect_left(self._sorted, self._newest.popleft())]

    def shortest(self) -> float:
        """The shortest time observed; 0 while few are known."""
        return self._sorted[0] if len(self._sorted) >= MIN_SAMPLE_SIZE else 0.0

    def record_late_check(self, age: float) -> None:
        """A late row was asked for, and has not failed at this age; 0 for one that has."""
        self._late_check_ages.append(age)

    def late_age(self) -> float | None:
        """The age from which a row takes longer than nearly all others; None while none is done.

        The quick ones are done first, so what is known of the others is too little at first: where
        most late rows turn out to be processing, that is no sign of anything.
        """
        if not self._sorted:
            return None
        size = len(self._sorted)
        late = LATE_FACTOR * self._sorted[max(size // 2, size - MIN_SAMPLE_SIZE)]
        return max(
            late, LATE_FACTOR * sorted(self._late_check_ages)[len(self._late_check_ages) // 2]
        )

    def share_done(self, age: float, not_done_age: float = 0.0) -> float:
        """The share of rows that are done at an age, of those that were not at a lower one.

        One half where no time is known.
        """
        if not self._sorted:
            return 0.5
        before = bisect_right(self._sorted, not_done_age)
        later = len(self._sorted) - before
        return (bisect_right(self._sorted, age) - before) / later if later else 0.0

    def age_when_all_done(self, not_done_ages: Iterable[float]) -> float | None:
        """The age at which the last of many rows is done; None while few are known.

        Rows come to be done as evenly as they did up to the greatest age that a few of them have
        reached, so the line is drawn on from there.

        Args:
            waiting: the greatest age at which each of the rows under way was seen not to be done.
        """
        waiting_ages = sorted(not_done_ages)
        if len(self._sorted) < MIN_SAMPLE_SIZE:
            return None
        reached = sorted([*self._sorted[-MIN_SAMPLE_SIZE:], *waiting_ages[-MIN_SAMPLE_SIZE:]])[
            -MIN_SAMPLE_SIZE
        ]
        done = bisect_right(self._sorted, reached)
        later = len(self._sorted) - done + len(waiting_ages) - bisect_left(waiting_ages, reached)
        first = self._sorted[0]
        end = first + (reached - first) * (done + later) / max(1, done)
        return max(end, self._sorted[-1])
