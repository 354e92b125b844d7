"""Decide when the status of a row is requested next, and when the run stops waiting for the row.

No I/O: the clock is passed in. `Polling` stores the times; this module decides them by the state of
the row. It must not know what a status request shows.
"""

from batch_import.configuration.settings import Settings
from batch_import.importer.schedule.late_rows import LateRows
from batch_import.importer.schedule.observations import LATE_FACTOR, ProcessingTimes
from batch_import.importer.schedule.polling import MISSES_BEFORE_LOOKUP, Poll
from batch_import.importer.schedule.row_states import (
    InAccount,
    Online,
    Processing,
    Unknown,
    is_confirmed_created,
)
from batch_import.importer.schedule.settling import Settling
from batch_import.importer.schedule.tracker import Tracker


class StatusTiming:
    """Schedules the status requests for rows in the account, until a row takes too long.

    In all methods, `now` is the current time in epoch seconds.

    Attributes:
        late_rows: decides whether late rows need a lookup: a request for their status only.
    """

    def __init__(
        self,
        settings: Settings,
        tracker: Tracker,
        settling: Settling,
        processing_times: ProcessingTimes,
    ) -> None:
        self._settings = settings
        self._tracker = tracker
        self._settling = settling
        self.late_rows = LateRows(processing_times, settings.poll_interval)
        #: Whether the run stopped waiting for a media that exists although no list has shown it.
        self._has_given_up_unlisted_media = False

    def record_not_done(
        self, state: InAccount, poll: Poll, requested_at: float, now: float
    ) -> None:
        """Record that a status request shows the row not online, and schedule the next one.

        Args:
            state: the state of the row.
            poll: the status requests for the row.
            requested_at: epoch seconds when the status was requested.
            now: current time in epoch seconds.
        """
        poll.history.not_done_age = max(
            poll.history.not_done_age, state.created.min_age(requested_at)
        )
        self.schedule_next(state, now)

    def schedule_next(self, state: InAccount, now: float) -> None:
        """Schedule the next status request for a row."""
        polling = self._tracker.polling
        if isinstance(state, Unknown):
            wait = self._settling.seconds_until_search(state, self.max_unseen_age(), now)
        else:
            poll = polling[state.row.row_number]
            # An online row is checked less often, because it only waits until a list shows it.
            age = state.created.min_age(now) * (LATE_FACTOR if isinstance(state, Online) else 1)
            wait = polling.interval_for(age, is_in_review=poll.history.is_in_review)
            if poll.history.late_miss_count >= MISSES_BEFORE_LOOKUP:
                poll.lookup.is_needed, wait = True, 0.0
            seconds_left = state.wait_started_at + self._settings.max_wait - now
            if seconds_left > 0:
                wait = min(wait, seconds_left)
        polling.schedule(state.row.row_number, now, wait)

    def schedule_lookup(self, state: Processing, now: float) -> None:
        """Let the next request for a row be a lookup of its ingest, without delay.

        If the ID of the ingest is not known, wait for another list instead.
        """
        if state.ingest_id is None:
            self.schedule_next(state, now)
            self.end_if_overdue(state, now)
            return
        self._tracker.polling[state.row.row_number].lookup.is_needed = True
        self._tracker.polling.schedule(state.row.row_number, now)

    def is_overdue(self, state: InAccount, now: float) -> bool:
        """Whether the run has waited for a row for at least the setting `max_wait`."""
        return (
            not isinstance(state, Unknown)
            and now >= state.wait_started_at + self._settings.max_wait
        )

    def end_if_overdue(self, state: InAccount, now: float) -> None:
        """Stop waiting for a row that takes too long.

        The status of the row does not change, because it has not failed. The next run continues
        with it.
        """
        current = self._tracker.of_row(state.row)
        if isinstance(current, Processing | Online) and self.is_overdue(current, now):
            self.record_given_up(current)
            self._tracker.drop(state.row, is_listed=True)

    def record_given_up(self, state: InAccount) -> None:
        """Record that the run stops waiting for a row. The caller then removes the row."""
        poll = self._tracker.polling[state.row.row_number]
        if is_confirmed_created(state) and not poll.history.is_listed:
            self._has_given_up_unlisted_media = True

    def max_unseen_age(self) -> float:
        """Returns the greatest age at which lists lacked a media that exists.

        Only media that no list has shown yet count; 0 if there are none. Infinity if the run
        stopped waiting for such a media, because then it is not known how long lists lack it.
        """
        if self._has_given_up_unlisted_media:
            return float("inf")
        polling = self._tracker.polling
        polls = (
            polling[state.row.row_number]
            for state in self._tracker.all_in_account()
            if is_confirmed_created(state)
        )
        return max(
            (poll.history.unseen_age for poll in polls if not poll.history.is_listed), default=0.0
        )
