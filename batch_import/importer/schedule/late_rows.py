"""Decide whether a row needs a lookup because it is late. No I/O.

A late row may have failed without any list showing it. This module must not know lists or answers.
"""

from batch_import.importer.schedule.observations import LATE_FACTOR, ProcessingTimes
from batch_import.importer.schedule.polling import MISSES_BEFORE_LOOKUP, Poll
from batch_import.importer.schedule.row_states import InAccount, Processing, Unknown


class LateRows:
    """Decides which late rows need a lookup.

    Args:
        poll_interval: age in seconds at which the first row may get a lookup, while no row was
            seen online.
    """

    def __init__(self, processing_times: ProcessingTimes, poll_interval: float) -> None:
        self._processing_times = processing_times
        self._first_lookup_age = poll_interval

    def count_miss(
        self, state: InAccount, poll: Poll, age: float, *, is_lost: bool = False
    ) -> None:
        """Count a page that should have shown the row online; the row may need a lookup.

        Args:
            is_lost: whether no page has shown the row for long.
        """
        if not isinstance(state, Processing):
            return
        if (is_lost or self._is_late(age)) and age >= LATE_FACTOR * poll.checked_age:
            poll.late_miss_count += MISSES_BEFORE_LOOKUP if is_lost else 1
        elif not poll.is_listed and self._may_look_up_first(age):
            poll.late_miss_count = MISSES_BEFORE_LOOKUP

    def needs_lookup(self, state: InAccount, poll: Poll, now: float) -> bool:
        """Whether a row still needs a lookup.

        Rows become late together. Once most of them turn out to be still processing, the others no
        longer need a lookup.
        """
        late_age = self._processing_times.late_age()
        is_shown = not (poll.has_vanished or poll.misplaced_read_count)
        if poll.late_miss_count and is_shown and late_age and state.created.min_age(now) < late_age:
            poll.needs_lookup, poll.late_miss_count = False, 0
        return poll.needs_lookup

    def _is_late(self, age: float) -> bool:
        late_age = self._processing_times.late_age()
        return late_age is not None and age >= late_age

    def _may_look_up_first(self, age: float) -> bool:
        """Whether one row may get a lookup on behalf of all, while no row was seen online."""
        next_age = LATE_FACTOR * self._first_lookup_age
        if self._processing_times.late_age() is not None or age < next_age:
            return False
        self._first_lookup_age = age
        return True


def may_search(state: InAccount, poll: Poll, now: float) -> bool:
    """Whether a row that pages do not show may be searched for again."""
    is_due = state.created.min_age(now) >= LATE_FACTOR * poll.searched_age
    return isinstance(state, Unknown) or is_due
