"""Choose the next request, and pass each answer to the module that handles it. No I/O.

    next_request(now)                     → a request | Wait(until) | FINISHED
    handle_answer(request, answer, now)   → status updates to store

A status request shows the status of rows that were sent: it reads a page of the media list, which
shows many rows, or it is a lookup, which shows one row. Each row has a time when its next status
request is due. While rows wait for their POST, a small fixed share of the requests are status
requests. Otherwise a status request is sent whenever a row is due. A row gets a lookup only if
pages do not show it. The clock is passed in.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from batch_import.configuration.settings import Settings
from batch_import.errors import AuthenticationFailed, RequestRejected, RunFault
from batch_import.importer.list_pages import ListPages
from batch_import.importer.schedule.admission import Admission
from batch_import.importer.schedule.availability import Availability
from batch_import.importer.schedule.create_queue import CreateQueue
from batch_import.importer.schedule.list_order import ListOrder
from batch_import.importer.schedule.list_positions import ListPositions
from batch_import.importer.schedule.lookups import Lookups
from batch_import.importer.schedule.media_comparison import MediaComparison
from batch_import.importer.schedule.observations import ProcessingTimes
from batch_import.importer.schedule.page_reading import PageReading
from batch_import.importer.schedule.polling import Polling
from batch_import.importer.schedule.remaining import time_left
from batch_import.importer.schedule.repeat import ListConsistency, is_transport_failure
from batch_import.importer.schedule.row_states import (
    Online,
    Posting,
    Processing,
    ToCreate,
    Unknown,
)
from batch_import.importer.schedule.selection import Selection
from batch_import.importer.schedule.sending import Sending
from batch_import.importer.schedule.settling import Settling, exhausted_update
from batch_import.importer.schedule.status_timing import StatusTiming
from batch_import.importer.schedule.tracker import Tracker
from batch_import.importer.scheduled_request import (
    Answer,
    CreateMedia,
    FindByReference,
    GetAccount,
    GetIngestStatus,
    ReadPage,
    ScheduledRequest,
)
from batch_import.models import MediaPage, Status, StatusUpdate
from batch_import.viostream.media_list_pager import REFUSED_PAGE

#: A time in epoch seconds that is never reached.
_NEVER: Final = float("inf")


@dataclass(frozen=True, slots=True)
class Wait:
    """No request can be sent before `until` (epoch seconds), unless an answer arrives first."""

    until: float


class Finished(Enum):
    """The type of `FINISHED`: the run has nothing more to do."""

    FINISHED = auto()


FINISHED: Final = Finished.FINISHED


class Schedule:
    """Chooses the requests of one run, and handles their answers.

    In all methods, `now` is the current time in epoch seconds.

    Args:
        settings: settings of the run.
        list_consistency: the text that `dump_list_consistency` returned in the previous run of the
            job; None if there was no previous run.

    Attributes:
        admission: takes rows in, and searches the account for them before the first POST.
        fault: the error with which the run must end; None if the run can continue. The caller
            raises it after storing the status updates.
    """

    def __init__(self, settings: Settings, list_consistency: str | None = None) -> None:
        self._settings = settings
        self._consistency = ListConsistency.restore(list_consistency)
        self._processing_times = ProcessingTimes()
        self._pages = ListPages()
        self._list_order = ListOrder()
        self._polling = Polling(settings.poll_interval)
        self._positions = ListPositions(
            self._pages, self._processing_times, self._consistency, self._polling
        )
        self._tracker = Tracker(self._polling, self._positions)
        self._create_queue = CreateQueue()
        self._settling = Settling(settings, self._tracker, self._create_queue, self._consistency)
        self._timing = StatusTiming(settings, self._tracker, self._settling, self._processing_times)
        self._comparison = MediaComparison(
            self._tracker, self._settling, self._timing, self._processing_times, self._consistency
        )
        self._page_reading = PageReading(
            self._tracker,
            self._positions,
            self._pages,
            self._list_order,
            self._comparison,
            self._timing,
            self._settling,
            self._consistency,
        )
        self._lookups = Lookups(
            settings,
            self._tracker,
            self._pages,
            self._list_order,
            self._comparison,
            self._timing,
            self._processing_times,
            self._consistency,
        )
        self._sending = Sending(
            settings, self._tracker, self._create_queue, self._lookups, self._processing_times
        )
        self._selection = Selection(
            self._tracker,
            self._pages,
            self._list_order,
            self._timing,
            self._lookups,
            settings.poll_interval,
        )
        self.admission = Admission(
            settings,
            self._tracker,
            self._create_queue,
            self._settling,
            self._positions,
            self._pages,
            self._lookups,
        )
        self._availability = Availability(settings.give_up_after)
        self.fault: RunFault | None = None

    # Rows in and out --------------------------------------------------------------------------

    def withdraw(self) -> list[StatusUpdate]:
        """End the run: claimed rows whose POST was not sent become pending again."""
        exhausted_rows = self._settling.exhausted_rows
        # A POST that was refused with 403 was not carried out.
        refused_states = [
            self._tracker.of_row(request.row)
            for request, _ in self._availability.release_refused()
            if isinstance(request, CreateMedia | FindByReference)
        ]
        unsent_rows = self._create_queue.pop_all()
        unsent_rows += [state.waiting for state in refused_states if isinstance(state, Posting)]
        for waiting in (*unsent_rows, *exhausted_rows):
            self._tracker.drop(waiting.row, is_listed=False)
        reason = "not sent: the run ended"
        return [
            *(
                StatusUpdate(waiting.row.row_number, Status.PENDING, reason)
                for waiting in unsent_rows
            ),
            *(exhausted_update(waiting) for waiting in exhausted_rows),
        ]

    def release_held(self, numbers: Collection[int], now: float) -> None:
        """Treat held rows like all other unknown rows, because no other machine can send them now.

        Another machine may have sent such a row until now. Therefore earlier lists without its
        media prove nothing.
        """
        for number in numbers:
            state = self._tracker.by_number(number)
            if isinstance(state, Unknown):
                created = replace(state.created, latest=now)
                self._tracker.replace(
                    replace(state, is_held=False, created=created, absence_ages=())
                )
                self._polling[number].lookup.last_search_age = float("-inf")

    # What the run has learned -----------------------------------------------------------------

    def dump_list_consistency(self) -> str:
        """Returns the statistics of this job about the reliability of lists, as text to store."""
        return self._consistency.dump()

    def set_clock_offset(self, offset: float) -> None:
        """Set by how many seconds the platform's clock is ahead of this machine's clock."""
        self._comparison.clock_offset = offset

    def time_left(self, creating_seconds: float, now: float) -> float | None:
        """Returns the estimated seconds until the run has nothing more to do; None if not known.

        Args:
            creating_seconds: seconds until the POST of the last row; 0 if all rows were sent.
            now: current time in epoch seconds.
        """
        settlements = self._settling.expected_settlements(self._timing.max_unseen_age(), now)
        return time_left(creating_seconds, self._tracker, self._processing_times, settlements, now)

    # The next request -------------------------------------------------------------------------

    def next_request(self, now: float) -> ScheduledRequest | Wait | Finished:
        """Returns the request to send now. Its answer must be passed to `handle_answer`."""
        request = self._choose_request(now)
        if request is not None:
            self._record_sent(request, now)
            return request
        if (
            self._availability.has_open_requests
            or len(self._tracker)
            or self.admission.is_adopting
            or self.admission.has_more_pending
        ):
            return self._wait(now)
        return FINISHED

    def _wait(self, now: float) -> Wait:
        """Returns until when no request can be sent, unless an answer arrives first."""
        probe_at = self._availability.probe_at()
        if probe_at is not None:
            return Wait(probe_at)
        if not self._availability.allows_request():
            return Wait(_NEVER)
        times = [self._selection.next_request_at(now)]
        if not self.admission.is_adopting:
            times.append(self._create_queue.ready_at())
        elif self.admission.needs_page:
            times.append(self._selection.paused_until)
        # A request whose time has passed waits for an answer.
        return Wait(min(time for time in (*times, _NEVER) if time > now))

    def _choose_request(self, now: float) -> ScheduledRequest | None:
        """Returns the request to send now; None if no request can be sent now."""
        probe_at = self._availability.probe_at()
        if probe_at is not None:
            return GetAccount() if probe_at <= now else None
        if not self._availability.allows_request():
            return None
        if self.admission.is_adopting:
            return self.admission.next_page(
                self._selection.paused_until, now
            ) or self._selection.best_request(now)
        if self._create_queue.is_ready(now) and self._availability.allows_post():
            return self._next_create(now)
        return self._selection.best_request(now)

    def _next_create(self, now: float) -> ScheduledRequest:
        """Returns the next POST, or a status request if one is allowed and serves enough rows."""
        if self._create_queue.may_request_status():
            status_request = self._selection.fullest_page(now)
            if status_request is not None:
                self._create_queue.record_status_request()
                return status_request
        waiting = self._create_queue.pop()
        if waiting.needs_search and self.admission.checks_each_row:
            return FindByReference(waiting.row, waiting.search.page_number if waiting.search else 1)
        return CreateMedia(waiting.row)

    def _record_sent(self, request: ScheduledRequest, now: float) -> None:
        """Record that a request is sent now."""
        self._availability.record_sent(request)
        match request:
            case ReadPage(page):
                self._pages.reads_in_progress[page] = now
            case CreateMedia(row) | FindByReference(row) | GetIngestStatus(row):
                state = self._tracker[row.row_number]
                if isinstance(state, ToCreate):
                    self._tracker.set_state(row, Posting(state, now))
                else:
                    self._polling[row.row_number].lookup.is_open = True

    # What an answer means ---------------------------------------------------------------------

    def handle_answer(
        self,
        request: ScheduledRequest,
        answer: Answer,
        now: float,
        requested_at: float | None = None,
    ) -> list[StatusUpdate]:
        """Handle the answer to a request; returns the status updates to store.

        Args:
            requested_at: epoch seconds when the request was sent; None stands for `now`. The answer
                shows the platform at this time or later.
        """
        requested_at = now if requested_at is None else min(requested_at, now)
        fault = self._availability.record_answer(request, answer, now)
        self.fault = self.fault or fault
        if isinstance(request, GetAccount):
            changes: list[StatusUpdate] = []
            for refused, refusal in self._availability.handle_probe_answer(answer, now):
                changes += self._pass_on_answer(refused, refusal, now, now)
            return changes
        if isinstance(answer, AuthenticationFailed):
            return []  # kept until a probe shows whether it is about the credentials
        return self._pass_on_answer(request, answer, requested_at, now)

    def _pass_on_answer(
        self, request: ScheduledRequest, answer: Answer, requested_at: float, now: float
    ) -> list[StatusUpdate]:
        """Pass an answer to the module that handles it, by the request and the row's state."""
        if isinstance(request, ReadPage):
            return self._handle_page(request.page, answer, requested_at, now)
        if isinstance(request, GetAccount):
            return []  # for the type checker: `handle_answer` handles these answers
        state = self._tracker.of_row(request.row)
        # No case applies if an earlier answer has changed the row's state since the request.
        changes: list[StatusUpdate] = []
        match request, state:
            case CreateMedia(), Posting():
                changes = self._sending.handle_create(state, answer, now)
            case FindByReference(), Posting(waiting=ToCreate(needs_search=True)):
                changes = self._sending.handle_search_before_create(
                    state, answer, requested_at, now
                )
                self.admission.handle_search()
            case FindByReference(), Processing() | Online() | Unknown():
                changes = self._lookups.handle_search(state, answer, requested_at, now)
            case GetIngestStatus(), Processing():
                changes = self._lookups.handle_status(state, answer, requested_at, now)
        return changes

    def _handle_page(
        self, page: int, answer: Answer, requested_at: float, now: float
    ) -> list[StatusUpdate]:
        """Handle the answer to the request for a page, for all modules that read pages."""
        self._pages.reads_in_progress.pop(page, None)
        if isinstance(answer, RequestRejected) and not is_transport_failure(answer) and page > 1:
            answer = REFUSED_PAGE
        served = self._selection.record_page_answer(page, answer, now)
        if not isinstance(answer, MediaPage):
            self.fault = self.fault or self.admission.handle_page_failure(answer)
            return []
        self._pages.learn_page(page, answer)
        self._list_order.learn_page(answer)
        changes = self.admission.handle_page(page, answer, requested_at, now)
        self.fault = self.fault or self.admission.search_fault()
        return changes + self._page_reading.handle_page(page, answer, served, requested_at, now)
