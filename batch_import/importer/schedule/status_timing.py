"""Decide when the status of a row is requested next, and when the run stops waiting for the row.

No I/O: the clock is passed in. `Polling` stores the times; this module decides them by the state of
the row. It must not know what a status request shows.
"""

from batch_import.configuration.settings import Settings
from batch_import.failure_codes import FailureCode
from batch_import.importer.schedule.late_rows import LateRows
from batch_import.importer.schedule.media_statuses import ONLINE_STATUS, UNFINISHED_STATUSES
from batch_import.importer.schedule.observations import LATE_FACTOR, ProcessingTimes
from batch_import.importer.schedule.polling import MISSES_BEFORE_LOOKUP, ListHistory, Poll
from batch_import.importer.schedule.row_states import (
    InAccount,
    Online,
    Processing,
    Unknown,
    is_confirmed_created,
)
from batch_import.importer.schedule.settling import Settling
from batch_import.importer.schedule.tracker import Tracker
from batch_import.models import Status, StatusUpdate


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
            seconds_left = state.wait_started_at + self._max_wait(state) - now
            if seconds_left > 0:
                wait = min(wait, seconds_left)
        polling.schedule(state.row.row_number, now, wait)

    def schedule_lookup(self, state: Processing, now: float) -> list[StatusUpdate]:
        """Let the next request for a row be a lookup of its ingest, without delay.

        If the ID of the ingest is not known, wait for another list instead. Returns the status
        updates to store.
        """
        if state.ingest_id is None:
            self.schedule_next(state, now)
            return self.end_if_overdue(state, now)
        self._tracker.polling[state.row.row_number].lookup.is_needed = True
        self._tracker.polling.schedule(state.row.row_number, now)
        return []

    def is_overdue(self, state: InAccount, now: float) -> bool:
        """Whether the run has waited for a row for as long as it waits at most."""
        return not isinstance(state, Unknown) and now >= state.wait_started_at + self._max_wait(
            state
        )

    def _max_wait(self, state: Processing | Online) -> float:
        """Returns the maximum number of seconds for which the run waits for a row.

        A previous run waited for `max_wait` already if its ingest is finished and the row is
        unknown. Then the row is searched for like other unknown rows.
        """
        was_not_found = isinstance(state, Online) and state.row.status is Status.UNKNOWN
        return self._settings.settle if was_not_found else self._settings.max_wait

    def end_if_overdue(self, state: InAccount, now: float) -> list[StatusUpdate]:
        """Stop waiting for a row that takes too long; returns the status updates to store.

        The row stays `processing`, because it has not failed, and the next run continues with it.
        It becomes unknown if the platform no longer knows its ingest and lists lack its media: then
        the setting `when_unsure` decides whether it is sent again.
        """
        current = self._tracker.of_row(state.row)
        if not (isinstance(current, Processing | Online) and self.is_overdue(current, now)):
            return []
        history = self._tracker.polling[state.row.row_number].history
        waited_seconds = now - current.wait_started_at
        error, code = _overdue_reason(current, history, waited_seconds)
        self.record_given_up(current)
        if code is FailureCode.MEDIA_MISSING and _may_have_no_media(current):
            error += "; look in the account, then run again with the setting when-unsure: retry"
            return [self._settling.end_not_found(state.row, error, code)]
        self._tracker.drop(state.row, is_listed=True)
        number = state.row.row_number
        return [StatusUpdate(number, Status.PROCESSING, error, error=error, code=code)]

    def record_given_up(self, state: InAccount) -> None:
        """Record that the run stops waiting for a row. The caller then removes the row."""
        poll = self._tracker.polling[state.row.row_number]
        if is_confirmed_created(state) and not poll.history.is_listed:
            self._has_given_up_unlisted_media = True

    def max_unseen_age(self) -> float | None:
        """Returns the greatest age at which lists lacked a media that exists.

        Only media that no list has shown yet count; 0 if there are none. None if the run stopped
        waiting for such a media, because then it is not known how long lists lack it.
        """
        if self._has_given_up_unlisted_media:
            return None
        polling = self._tracker.polling
        polls = (
            polling[state.row.row_number]
            for state in self._tracker.all_in_account()
            if is_confirmed_created(state)
        )
        return max(
            (poll.history.unseen_age for poll in polls if not poll.history.is_listed), default=0.0
        )


def _overdue_reason(
    state: Processing | Online, history: ListHistory, waited_seconds: float
) -> tuple[str, FailureCode]:
    """Returns what is known about a row that takes too long, as an error and its code."""
    is_missing = history.is_absent or not history.is_listed
    status = history.media_status
    if is_missing and isinstance(state, Online):
        if state.is_confirmed:
            error = "its ingest is online, but no list shows a media with its reference ID"
        else:
            error = "the platform no longer knows its ingest, and no list shows its media"
        return error, FailureCode.MEDIA_MISSING
    if is_missing and isinstance(state, Processing) and state.ingest_id is None:
        error = "a list has shown its media, and no list shows the media now"
        return error, FailureCode.MEDIA_MISSING
    if status not in UNFINISHED_STATUSES | {ONLINE_STATUS}:
        error = f"its status on the platform is “{status}”, which is neither online nor failed"
        return error, FailureCode.MEDIA_STATUS
    shown_status = status if status in UNFINISHED_STATUSES and status else "processing"
    return f"still {shown_status} after {waited_seconds:.0f} s", FailureCode.STILL_PROCESSING


def _may_have_no_media(state: Processing | Online) -> bool:
    """Whether a row whose media is missing may be sent again if the user allows it.

    This is not so if the platform says that the ingest is online, because lists may show the media
    late. If the row was unknown before this run, a previous run has waited long enough.
    """
    return isinstance(state, Online) and (
        not state.is_confirmed or state.row.status is Status.UNKNOWN
    )
