"""Statistics of processing times: seconds from the POST until a list shows the row online. No I/O.

The age of a row is the number of seconds since its POST. A row is done when its media is online.
This module must not know rows, requests or pages.
"""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable
from typing import Final

from batch_import.importer.schedule.polling import MIN_POLL_INTERVAL

#: Number of processing times that are kept: enough for quantiles with an error of two per cent, and
#: few enough to follow a platform that becomes slower or faster. The same number of imported media
#: is kept in `list_positions.py`, to check whether lists show them.
SAMPLE_SIZE: Final = 500
#: A row is late if its age is more than this factor times the age at which most rows were done. A
#: late row may have failed without any list showing it. Therefore it gets a lookup: a request for
#: the status of this row only. It gets another lookup each time its age has grown by this factor.
#: With a smaller factor, more lookups would show that the row is still processing.
LATE_FACTOR: Final = 1.5
#: Minimum number of values from which anything is concluded. The largest of eight values is above
#: the median of all values with a probability of 99.6 % (1 - 1/2⁸).
MIN_SAMPLE_SIZE: Final = 8
#: Number of lookups of late rows from which the median age is taken.
_LATE_CHECK_COUNT: Final = 5


class ProcessingTimes:
    """The last `SAMPLE_SIZE` processing times that were observed."""

    def __init__(self) -> None:
        #: The processing times in the order in which they were observed.
        self._newest: deque[float] = deque()
        #: The same processing times, in ascending order.
        self._sorted: list[float] = []
        #: Arguments of the last calls of `record_late_check`.
        self._late_check_ages = deque([0.0] * _LATE_CHECK_COUNT, maxlen=_LATE_CHECK_COUNT)

    def record(self, not_done_age: float, done_age: float) -> None:
        """Record the processing time of a row, which is about the middle between two ages.

        If the ages are far apart, the time is not exact. Then it is recorded only while there are
        too few other times.

        Args:
            not_done_age: greatest age at which the row was seen not to be online.
            done_age: age at which the row was seen online.
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
        """Returns the shortest processing time observed; 0 if too few times were observed."""
        return self._sorted[0] if len(self._sorted) >= MIN_SAMPLE_SIZE else 0.0

    def record_late_check(self, age: float) -> None:
        """Record the result of a lookup of an ingest.

        Args:
            age: age of the row if its ingest had not failed; 0 if its ingest had failed.
        """
        self._late_check_ages.append(age)

    def late_age(self) -> float | None:
        """Returns the age from which a row is late; None if no processing time is known.

        This is the age from which a row takes longer than nearly all other rows. If most late rows
        turn out to be still processing, the age is raised accordingly.
        """
        if not self._sorted:
            return None
        size = len(self._sorted)
        # The first observed times are those of fast rows, because fast rows are done first.
        # Therefore one of the longest times is used: the eighth longest, or the median of few.
        usual_time = self._sorted[max(size // 2, size - MIN_SAMPLE_SIZE)]
        median_checked_age = sorted(self._late_check_ages)[len(self._late_check_ages) // 2]
        return max(LATE_FACTOR * usual_time, LATE_FACTOR * median_checked_age)

    def share_done(self, age: float, not_done_age: float = 0.0) -> float:
        """Returns the probability that a row of an age is done; 0.5 if no time is known.

        Args:
            age: age of the row.
            not_done_age: age at which the row was not done yet.
        """
        if not self._sorted:
            return 0.5
        earlier_count = bisect_right(self._sorted, not_done_age)
        later_count = len(self._sorted) - earlier_count
        if not later_count:
            return 0.0
        return (bisect_right(self._sorted, age) - earlier_count) / later_count

    def age_when_all_done(self, not_done_ages: Iterable[float]) -> float | None:
        """Returns the estimated age at which the last row in flight will be done.

        None if too few processing times are known. The estimate assumes that rows become done at a
        constant rate. This rate is measured from the age of the first done row up to the greatest
        age that at least `MIN_SAMPLE_SIZE` rows have reached.

        Args:
            not_done_ages: for each row in flight, the greatest age at which it was seen not done.
        """
        waiting_ages = sorted(not_done_ages)
        if len(self._sorted) < MIN_SAMPLE_SIZE:
            return None
        greatest_ages = sorted([*self._sorted[-MIN_SAMPLE_SIZE:], *waiting_ages[-MIN_SAMPLE_SIZE:]])
        reached_age = greatest_ages[-MIN_SAMPLE_SIZE]
        done_count = bisect_right(self._sorted, reached_age)
        waiting_count = len(waiting_ages) - bisect_left(waiting_ages, reached_age)
        later_count = len(self._sorted) - done_count + waiting_count
        first_age = self._sorted[0]
        all_done_age = first_age + (reached_age - first_age) * (done_count + later_count) / max(
            1, done_count
        )
        return max(all_done_age, self._sorted[-1])
