"""Decide whether a row needs a lookup because it is late. No I/O.

A row is late if its media takes longer to be online than nearly all others. It may have failed
without any list showing this. A lookup is a request for the status of one row. The age of a row is
the number of seconds since its POST. This module must not know lists or answers.
"""

from batch_import.importer.schedule.observations import LATE_FACTOR, ProcessingTimes
from batch_import.importer.schedule.polling import MISSES_BEFORE_LOOKUP, Poll
from batch_import.importer.schedule.row_states import InAccount, Online, Processing, Unknown


class LateRows:
    """Decides which late rows need a lookup.

    Args:
        processing_times: the observed processing times.
        poll_interval: the setting. While no row was seen online, the first lookup of a row comes at
            `LATE_FACTOR` times this age.
    """

    def __init__(self, processing_times: ProcessingTimes, poll_interval: float) -> None:
        self._processing_times = processing_times
        self._last_lookup_age = poll_interval

    def count_miss(
        self, state: InAccount, poll: Poll, age: float, *, is_lost: bool = False
    ) -> None:
        """Count a page that does not show the row online, if the row is late or its ingest online.

        After `MISSES_BEFORE_LOOKUP` such pages, the row gets a lookup. If its ingest is online,
        this is a search, because the list may have another order than the newest media first.

        Args:
            state: the state of the row.
            poll: the status requests for the row; its `late_miss_count` is updated.
            age: age of the row when the page was requested.
            is_lost: whether so many pages did not show the row that it gets a lookup at once.
        """
        if isinstance(state, Online):
            # Usually, a search lacks the same media as the page. Therefore searches are rarer.
            poll.history.late_miss_count += age >= LATE_FACTOR**2 * poll.lookup.last_search_age
        if not isinstance(state, Processing):
            return
        is_late = is_lost or self._is_late(age)
        if is_late and age >= LATE_FACTOR * poll.lookup.last_age:
            poll.history.late_miss_count += MISSES_BEFORE_LOOKUP if is_lost else 1
        elif not poll.history.is_listed and self._may_look_up_first(age):
            poll.history.late_miss_count = MISSES_BEFORE_LOOKUP

    def needs_lookup(self, state: InAccount, poll: Poll, now: float) -> bool:
        """Whether a row still needs a lookup. If not, `poll` is updated.

        Many rows become late at the same time. If the first lookups show that these rows are still
        processing, the age from which a row is late is raised. Then the others need no lookup.
        """
        late_age = self._processing_times.late_age()
        is_shown = not (poll.history.has_vanished or poll.placement.misplaced_read_count)
        is_only_late = (
            poll.history.late_miss_count > 0 and is_shown and not isinstance(state, Online)
        )
        if is_only_late and late_age and state.created.min_age(now) < late_age:
            poll.lookup.is_needed, poll.history.late_miss_count = False, 0
        return poll.lookup.is_needed

    def _is_late(self, age: float) -> bool:
        late_age = self._processing_times.late_age()
        return late_age is not None and age >= late_age

    def _may_look_up_first(self, age: float) -> bool:
        """Whether one row of this age may get a lookup although no row was seen online yet.

        Its result also shows the state of the other rows of about this age. If it may get a lookup,
        the age is stored: the next row may get one at `LATE_FACTOR` times this age.
        """
        next_age = LATE_FACTOR * self._last_lookup_age
        if self._processing_times.late_age() is not None or age < next_age:
            return False
        self._last_lookup_age = age
        return True


def may_search(state: InAccount, poll: Poll, now: float) -> bool:
    """Whether the account may be searched again for the reference ID of a row.

    An unknown row may always be searched for. For other rows, the age must have grown by
    `LATE_FACTOR` since the last search.
    """
    has_grown = state.created.min_age(now) >= LATE_FACTOR * poll.lookup.last_search_age
    return isinstance(state, Unknown) or has_grown
