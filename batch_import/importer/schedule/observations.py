"""How long rows take from their POST until a list shows them done: a sample. Pure.

Ages are in seconds. This file must not know rows, calls or pages.
"""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable
from typing import Final

from batch_import.importer.schedule.polling import SHORTEST

#: Rows that are remembered: enough for a quantile within two per cent, few enough to follow a
#: platform that becomes slower or faster. Rows lately imported are remembered as many.
SAMPLE: Final = 500
#: A row that is so many times older than most were when they were done may have failed unseen, so
#: that it must be asked for by itself; and again when its age has grown by as much. It waits for
#: nobody: a look that comes half as late again costs one call instead of three.
LATE: Final = 1.5
#: So many rows must have been seen before anything is concluded from them: the latest of eight is
#: later than the median of all with 99.6 %.
ENOUGH: Final = 8


class ProcessingTimes:
    """The last processing times that were observed."""

    def __init__(self) -> None:
        self._order: deque[float] = deque()
        self._sorted: list[float] = []
        self._asked: deque[float] = deque([0.0] * 5, maxlen=5)

    def observe(self, not_done_at: float, done_at: float) -> None:
        """A row was not done at one age and done at another: it took about the middle of them.

        A row that nobody looked at for long tells little, once there are a few.
        """
        if len(self._order) >= ENOUGH and done_at - not_done_at > max(SHORTEST, done_at / 2):
            return
        time = (not_done_at + max(not_done_at, done_at)) / 2
        self._order.append(time)
        insort(self._sorted, time)
        if len(self._order) > SAMPLE:
            del self._sorted[bisect_left(self._sorted, self._order.popleft())]

    def soonest(self) -> float:
        """The shortest time observed; 0 while few are known."""
        return self._sorted[0] if len(self._sorted) >= ENOUGH else 0.0

    def asked_late(self, age: float) -> None:
        """A late row was asked for, and has not failed at this age; 0 for one that has."""
        self._asked.append(age)

    def late_from(self) -> float | None:
        """The age from which a row takes longer than nearly all others; None while none is done.

        The quick ones are done first, so what is known of the others is too little at first: where
        most late rows turn out to be processing, that is no sign of anything.
        """
        if not self._sorted:
            return None
        size = len(self._sorted)
        late = LATE * self._sorted[max(size // 2, size - ENOUGH)]
        return max(late, LATE * sorted(self._asked)[len(self._asked) // 2])

    def share_done_by(self, age: float, not_done_at: float = 0.0) -> float:
        """The share of rows that are done at an age, of those that were not at a lower one.

        One half where no time is known.
        """
        if not self._sorted:
            return 0.5
        before = bisect_right(self._sorted, not_done_at)
        later = len(self._sorted) - before
        return (bisect_right(self._sorted, age) - before) / later if later else 0.0

    def all_done(self, waiting: Iterable[float]) -> float | None:
        """The age at which the last of many rows is done; None while few are known.

        Rows come to be done as evenly as they did up to the greatest age that a few of them have
        reached, so the line is drawn on from there.

        Args:
            waiting: the greatest age at which each of the rows under way was seen not to be done.
        """
        waits = sorted(waiting)
        if len(self._sorted) < ENOUGH:
            return None
        reached = sorted([*self._sorted[-ENOUGH:], *waits[-ENOUGH:]])[-ENOUGH]
        done = bisect_right(self._sorted, reached)
        later = len(self._sorted) - done + len(waits) - bisect_left(waits, reached)
        first = self._sorted[0]
        end = first + (reached - first) * (done + later) / max(1, done)
        return max(end, self._sorted[-1])
