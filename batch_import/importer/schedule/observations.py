"""Statistics of processing times: seconds from the POST until a list shows the row online. No I/O.

Ages are in seconds since the POST. This module must not know rows, requests or pages.
"""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable
from typing import Final

from batch_import.importer.schedule.polling import MIN_POLL_INTERVAL

#: Number of processing times that are kept: large enough for quantiles within two per cent, small
#: enough to follow a platform that becomes slower or faster. As many imported media are kept to
#: check lists.
SAMPLE_SIZE: Final = 500
#: A row is late if its age is this many times the age at which most rows were done. A late row may
#: have failed without any list showing it; therefore it gets a lookup, and again each time its age
#: has grown by this factor. With a smaller factor, more lookups would find the row still
#: processing.
LATE_FACTOR: Final = 1.5
#: Smallest sample from which anything is concluded. The largest of eight values is above the median
#: of all values with a probability of 99.6 %.
MIN_SAMPLE_SIZE: Final = 8


class ProcessingTimes:
    """The last processing times that were observed."""

    def __init__(self) -> None:
        self._newest: deque[float] = deque()
        self._sorted: list[float] = []
        self._late_check_ages: deque[float] = deque([0.0] * 5, maxlen=5)

    def record(self, not_done_age: float, done_age: float) -> None:
        """Record the processing time of a row, which is about the middle of two ages.

        If the ages are too far apart, the time is not recorded once there are enough others.

        Args:
            not_done_age: greatest age at which the row was seen not to be online.
            done_age: age at which it was seen online.
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
        """Returns the shortest time observed; 0 if there are too few."""
        return self._sorted[0] if len(self._sorted) >= MIN_SAMPLE_SIZE else 0.0

    def record_late_check(self, age: float) -> None:
        """Record the age of a late row whose ingest was still processing; 0 if it had failed."""
        self._late_check_ages.append(age)

    def late_age(self) -> float | None:
        """Returns the age from which a row takes longer than nearly all others; None if not known.

        Fast rows are done first; therefore the first times are shorter than those of the other
        rows. If most late rows turn out to be still processing, the age is raised accordingly.
        """
        if not self._sorted:
            return None
        size = len(self._sorted)
        late = LATE_FACTOR * self._sorted[max(size // 2, size - MIN_SAMPLE_SIZE)]
        return max(
            late, LATE_FACTOR * sorted(self._late_check_ages)[len(self._late_check_ages) // 2]
        )

    def share_done(self, age: float, not_done_age: float = 0.0) -> float:
        """Returns the share of rows done at `age` among those that were not done at `not_done_age`.

        0.5 if no time is known.
        """
        if not self._sorted:
            return 0.5
        before = bisect_right(self._sorted, not_done_age)
        later = len(self._sorted) - before
        return (bisect_right(self._sorted, age) - before) / later if later else 0.0

    def age_when_all_done(self, not_done_ages: Iterable[float]) -> float | None:
        """Returns the estimated age at which the last of many rows is done; None if few are known.

        The estimate assumes that rows become done at a constant rate: the rate up to the greatest
        age that at least `MIN_SAMPLE_SIZE` rows have reached.

        Args:
            not_done_ages: for each row in flight, the greatest age at which it was seen not done.
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
