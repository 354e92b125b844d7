"""Handle answers to lookups: searches for a reference ID, and the status of an ingest. No I/O.

A lookup is a request for the status of one row in flight. An ingest is the platform's task that
fetches and processes a video. This module must not know when a lookup is sent.
"""

from typing import Final

from batch_import.configuration.settings import Settings
from batch_import.errors import AuthenticationFailed, NotSent, RequestRejected, Throttled
from batch_import.failure_codes import FailureCode
from batch_import.importer.backoff import backoff
from batch_import.importer.failures import failure_code
from batch_import.importer.list_pages import ListPages
from batch_import.importer.schedule.list_order import ListOrder
from batch_import.importer.schedule.media_comparison import MediaComparison
from batch_import.importer.schedule.media_grouping import group_by_owner
from batch_import.importer.schedule.media_statuses import (
    FAILED_STATUS,
    IN_REVIEW_STATUS,
    ONLINE_STATUS,
)
from batch_import.importer.schedule.observations import ProcessingTimes
from batch_import.importer.schedule.polling import MIN_POLL_INTERVAL
from batch_import.importer.schedule.repeat import (
    MAX_ATTEMPTS,
    ListConsistency,
    is_transport_failure,
)
from batch_import.importer.schedule.row_search import RowSearch
from batch_import.importer.schedule.row_states import InAccount, Online, Processing, Unknown
from batch_import.importer.schedule.status_timing import StatusTiming
from batch_import.importer.schedule.stored_id import may_be_altered
from batch_import.importer.schedule.tracker import Tracker
from batch_import.importer.scheduled_request import Answer
from batch_import.models import JobRow, MediaPage, Status, StatusUpdate
from batch_import.viostream.responses import IngestStatus

_NOT_FOUND_STATUS: Final = 404


def is_not_found(answer: Answer) -> bool:
    """Whether the platform answered that it does not have an ingest, or any media for a search."""
    return isinstance(answer, RequestRejected) and answer.status == _NOT_FOUND_STATUS


class Lookups:
    """Handles the answers to lookups. Methods that handle something return status updates.

    In all methods, `requested_at` and `now` are the epoch seconds of the request and of its answer.

    Attributes:
        filter_works: whether a search for a reference ID returns only media with this ID.
    """

    def __init__(
        self,
        settings: Settings,
        tracker: Tracker,
        pages: ListPages,
        list_order: ListOrder,
        comparison: MediaComparison,
        timing: StatusTiming,
        processing_times: ProcessingTimes,
        consistency: ListConsistency,
    ) -> None:
        self._settings = settings
        self._tracker = tracker
        self._pages = pages
        self._list_order = list_order
        self._comparison = comparison
        self._timing = timing
        self._processing_times = processing_times
        self._consistency = consistency
        self.filter_works = True

    def handle_search(
        self, state: InAccount, answer: Answer, requested_at: float, now: float
    ) -> list[StatusUpdate]:
        """Handle the answer to a search for the reference ID of a row in the account."""
        poll = self._tracker.polling[state.row.row_number]
        if is_not_found(answer):
            self.stop_searching()
            poll.lookup.search, poll.lookup.is_open = None, False  # the row stays due
            return []
        if not isinstance(answer, MediaPage):
            return self._handle_failure(state, answer, now)
        search = self.continue_search(poll.lookup.search, state.row, answer, requested_at)
        needs_more_pages = search.is_usable and not search.is_done
        poll.lookup.search = search if needs_more_pages else None
        if not search.is_done:
            # The row stays due. Its next request is another page of this search or, if searches do
            # not work, a page of the whole list.
            poll.lookup.is_open = False
            return []
        return self._finish_search(state, search, now)

    def continue_search(
        self, search: RowSearch | None, row: JobRow, page: MediaPage, requested_at: float
    ) -> RowSearch:
        """Add a page to a search, or start a new search if `search` is None; returns the search."""
        search = search or RowSearch(row, self._pages, requested_at)
        search.add_page(page)
        if not search.is_usable:
            self.stop_searching()
        return search

    def stop_searching(self) -> None:
        """From now on, read only the whole list, because searches for a row do not work.

        This also follows if a search is answered with 404: either no media was found, or the
        platform has no such search. Therefore a 404 proves nothing about a row.
        """
        self.filter_works = False

    def handle_status(
        self, state: Processing, answer: Answer, requested_at: float, now: float
    ) -> list[StatusUpdate]:
        """Handle the answer to a request for the status of a row's ingest."""
        if is_not_found(answer):
            # The platform no longer stores the ingest, because it is finished.
            self._set_online(state, now, is_confirmed=False)
            return []
        if not isinstance(answer, IngestStatus):
            return self._handle_failure(state, answer, now)
        return self._apply_status(state, answer, requested_at, now)

    def _handle_failure(self, state: InAccount, answer: Answer, now: float) -> list[StatusUpdate]:
        """Handle a lookup that failed."""
        if isinstance(answer, RequestRejected | AuthenticationFailed) and not is_transport_failure(
            answer
        ):
            return self._handle_refusal(state, answer.message, now)
        if isinstance(answer, Throttled | NotSent):
            # The platform did not see the request, or refused its rate only: the row stays due.
            self._tracker.polling[state.row.row_number].lookup.is_open = False
            return []
        self._tracker.polling.record_failure(state.row.row_number, now)
        return []

    def _finish_search(self, state: InAccount, search: RowSearch, now: float) -> list[StatusUpdate]:
        """Handle a search that is done: it has all media with the row's reference ID."""
        poll = self._tracker.polling[state.row.row_number]
        requested_at = search.started_at
        self._tracker.polling.record_search(
            state.row.row_number, state.created.min_age(requested_at)
        )
        if (
            isinstance(state, Unknown)
            and not search.items
            and may_be_altered(state.row.reference_id)
        ):
            # Only the whole list shows a media whose reference ID was stored in another form.
            return self._comparison.search_longer(state, now)
        media_by_owner = group_by_owner(state, search.items, self._comparison.clock_offset)
        was_hidden = bool(poll.history.hidden_age) and not poll.history.is_listed
        changes = self._comparison.compare(state, media_by_owner, requested_at, now)
        if was_hidden and isinstance(state, Online) and poll.history.is_listed:
            self._list_order.record_unlisted_row()
        return changes or self._timing.end_if_overdue(state, now)

    def _apply_status(
        self, state: Processing, answer: IngestStatus, requested_at: float, now: float
    ) -> list[StatusUpdate]:
        """Update a row by the status of its ingest."""
        poll = self._tracker.polling.record_answer(state.row.row_number)
        had_vanished = poll.history.has_vanished
        poll.history.has_vanished = poll.lookup.is_needed = False
        poll.lookup.last_age = state.created.min_age(requested_at)
        self._processing_times.record_late_check(
            0.0 if answer.status == FAILED_STATUS else poll.lookup.last_age
        )
        if answer.status == FAILED_STATUS:
            message = answer.error or "the platform gave no reason"
            code = failure_code(message, FailureCode.PROCESSING_FAILED)
            return [
                self._tracker.finish(state.row, Status.FAILED, message, error=message, code=code)
            ]
        if had_vanished:
            # A list did not show the media although it has not failed: lists are not reliable.
            self._consistency.mark_inconsistent()
        poll.history.is_in_review = answer.status == IN_REVIEW_STATUS
        poll.history.media_status = answer.status
        if answer.status == ONLINE_STATUS:
            self._set_online(state, now, is_confirmed=True)
            return []
        self._timing.record_not_done(state, poll, requested_at, now)
        return self._timing.end_if_overdue(state, now)

    def _set_online(self, state: Processing, now: float, *, is_confirmed: bool) -> None:
        """Set a row whose ingest is finished to `Online`, until a list shows its media.

        Args:
            state: the state of the row.
            now: epoch seconds of the answer.
            is_confirmed: as in `Online`.
        """
        self._tracker.polling.record_answer(state.row.row_number)
        self._tracker.replace(
            Online(
                state.row,
                state.created,
                state.wait_started_at,
                is_confirmed,
                media_id=state.media_id,
            )
        )
        # Before a row that takes too long is given up, another list shows whether its media exists.
        self._tracker.polling.schedule(state.row.row_number, now)

    def _handle_refusal(self, state: InAccount, message: str, now: float) -> list[StatusUpdate]:
        """Repeat a refused lookup after a delay. After `MAX_ATTEMPTS` refusals, the row is unknown.

        Then its status is not requested again in this run.
        """
        poll = self._tracker.polling.record_answer(state.row.row_number)
        poll.lookup.refusal_count += 1
        if poll.lookup.refusal_count < MAX_ATTEMPTS:
            wait = backoff(
                MIN_POLL_INTERVAL, poll.lookup.refusal_count, self._settings.poll_interval
            )
            self._tracker.polling.schedule(state.row.row_number, now, wait)
            return self._timing.end_if_overdue(state, now)
        error = f"the platform refuses requests for its status: {message}"
        self._timing.record_given_up(state)
        code = FailureCode.UNCONFIRMED
        return [self._tracker.finish(state.row, Status.UNKNOWN, error, error=error, code=code)]
