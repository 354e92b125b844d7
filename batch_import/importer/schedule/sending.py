"""Handle the answer to a POST, or to the search for the row's reference ID before its POST. No I/O.

`repeat.py` decides what an answer proves. This module must not know which request is sent next.
"""

from dataclasses import replace

from batch_import.configuration.settings import Settings
from batch_import.errors import (
    AuthenticationFailed,
    NotSent,
    RequestFailed,
    RequestRejected,
)
from batch_import.failure_codes import FailureCode
from batch_import.importer.backoff import backoff
from batch_import.importer.failures import failure_code
from batch_import.importer.schedule.adopt_row import adopt_or_refuse
from batch_import.importer.schedule.create_queue import CreateQueue
from batch_import.importer.schedule.lookups import Lookups, is_not_found
from batch_import.importer.schedule.observations import ProcessingTimes
from batch_import.importer.schedule.polling import MIN_POLL_INTERVAL
from batch_import.importer.schedule.repeat import (
    MAX_ATTEMPTS,
    CreateOutcome,
    create_outcome,
    is_transport_failure,
    post_end,
)
from batch_import.importer.schedule.row_states import (
    CreationTime,
    Posting,
    Processing,
    ToCreate,
    Unknown,
)
from batch_import.importer.schedule.tracker import Tracker
from batch_import.importer.scheduled_request import Answer, NotSigned
from batch_import.models import MediaPage, Status, StatusUpdate


class Sending:
    """Handles the answers to POSTs, and to the searches before them.

    All methods return the status updates to store.
    """

    def __init__(
        self,
        settings: Settings,
        tracker: Tracker,
        create_queue: CreateQueue,
        lookups: Lookups,
        processing_times: ProcessingTimes,
    ) -> None:
        self._settings = settings
        self._tracker = tracker
        self._create_queue = create_queue
        self._lookups = lookups
        self._processing_times = processing_times

    def handle_create(self, state: Posting, answer: Answer, now: float) -> list[StatusUpdate]:
        """Handle the answer to a POST."""
        if isinstance(answer, NotSigned):
            return self._handle_not_signed(state, answer)
        row, waiting = state.row, state.waiting
        has_earlier_posts = bool(waiting.post_count or row.claim_count)
        created = CreationTime(
            earliest=state.requested_at,
            latest=now,
            first_post_at=min(waiting.first_post_at, state.requested_at),
            is_certain=not has_earlier_posts,
        )
        message = "an unexpected answer"
        if isinstance(answer, RequestFailed):
            message = answer.message
        unknown = Unknown(
            row,
            created,
            now,
            message,
            waiting.post_count + 1,
            post_end=post_end(answer, now - state.requested_at),
        )
        unknown_code = FailureCode.NO_ANSWER
        match create_outcome(answer):
            case CreateOutcome.NOT_CARRIED_OUT:
                return self._send_again(state, answer, now)
            case CreateOutcome.NO_ENDPOINT:
                code = failure_code(message, FailureCode.REJECTED)
                return self._repeat_refused(waiting, message, code, now)
            case CreateOutcome.CREATED:
                return self._handle_created(unknown, str(answer), now)
            case CreateOutcome.REFUSED:
                code = (
                    FailureCode.NOT_ALLOWED
                    if isinstance(answer, AuthenticationFailed)
                    else failure_code(message, FailureCode.REJECTED)
                )
                finish = self._tracker.finish
                return [finish(row, Status.FAILED, message, error=message, code=code, sent_at=now)]
            case CreateOutcome.CONFLICT:
                # The existing media is older than this POST. Without an earlier POST of this row,
                # the row did not create it.
                first_post_at = created.first_post_at if has_earlier_posts else float("inf")
                created_before = replace(
                    created, earliest=float("-inf"), first_post_at=first_post_at
                )
                unknown = replace(unknown, created=created_before, has_conflict=True)
                unknown_code = FailureCode.CONFLICT
        return self._set_unknown(unknown, unknown_code)

    def _handle_not_signed(self, state: Posting, answer: NotSigned) -> list[StatusUpdate]:
        """Handle a POST that was not sent, because the row's reference could not be signed."""
        message = answer.reason
        status, code = Status.PENDING, FailureCode.NOT_SIGNED
        if answer.is_final:
            status, code = Status.FAILED, FailureCode.REFERENCE_REFUSED
        return [self._tracker.finish(state.row, status, message, error=message, code=code)]

    def _send_again(self, state: Posting, answer: Answer, now: float) -> list[StatusUpdate]:
        """Put a row whose POST was not carried out into the queue again; returns an empty list."""
        self._tracker.set_state(state.row, state.waiting)
        if isinstance(answer, NotSent):  # no connection: other rows come first
            self._create_queue.delay(state.waiting, now)
        else:  # 429: the rate limiter delays the next request
            self._create_queue.add_first(state.waiting)
        return []

    def _set_unknown(
        self, unknown: Unknown, code: FailureCode, ingest_id: str | None = None
    ) -> list[StatusUpdate]:
        """Handle an answer that does not show whether the row's media exists.

        Args:
            unknown: the new state of the row; it began to wait when the answer arrived.
            code: code of the error, which is the reason of this state.
            ingest_id: ID of the ingest in the answer; None if it has none.
        """
        now, reason = unknown.wait_started_at, unknown.reason
        self._tracker.enter_account(unknown, now + MIN_POLL_INTERVAL)
        return [
            StatusUpdate(
                unknown.row.row_number,
                Status.UNKNOWN,
                reason,
                error=reason,
                code=code,
                sent_at=now,
                ingest_id=ingest_id,
            )
        ]

    def _handle_created(self, unknown: Unknown, ingest_id: str, now: float) -> list[StatusUpdate]:
        """Handle an answer with the ID of the ingest that the platform has started.

        If this is the ingest of another row, the platform may have created no media for this row,
        because both rows have the same source. Or it created the media and answered with a wrong
        ID. Therefore the row is unknown.

        Args:
            unknown: the state of the row if the answer does not show whether its media exists.
            ingest_id: the ID.
            now: current time in epoch seconds.
        """
        row = unknown.row
        other_row = self._tracker.other_row_of_ingest(ingest_id, row)
        if other_row is not None:
            reason = (
                f"the platform answered with the ingest of the row with the reference ID"
                f" {other_row.reference_id!r} (line {other_row.line})"
            )
            unknown = replace(unknown, reason=reason, is_ingest_shared=True)
            return self._set_unknown(unknown, FailureCode.INGEST_SHARED, ingest_id)
        processing = Processing(row, unknown.created, now, ingest_id=ingest_id)
        self._tracker.enter_account(processing, now + self._first_check_delay())
        return [
            StatusUpdate(
                row.row_number,
                Status.PROCESSING,
                "accepted by Viostream",
                sent_at=now,
                ingest_id=ingest_id,
            )
        ]

    def _first_check_delay(self) -> float:
        """Returns the seconds from a POST to the first status request for its row.

        Within the limits of the poll interval, this is the shortest processing time so far, because
        earlier the row is probably still processing.
        """
        return min(
            self._settings.poll_interval, max(MIN_POLL_INTERVAL, self._processing_times.shortest())
        )

    def handle_search_before_create(
        self, state: Posting, answer: Answer, requested_at: float, now: float
    ) -> list[StatusUpdate]:
        """Handle the answer to the search before a POST.

        The row adopts the media that was found, or fails, or waits for its POST or for the next
        page of the search.

        Args:
            state: the state of the row.
            answer: the answer to the search.
            requested_at: epoch seconds when the search was sent.
            now: current time in epoch seconds.
        """
        row, waiting = state.row, state.waiting
        if is_not_found(answer):
            self._lookups.stop_searching()
            waiting = replace(waiting, search=None)
            self._tracker.set_state(row, waiting)
            self._create_queue.add_first(waiting)
            return []
        if isinstance(answer, RequestRejected | AuthenticationFailed) and not is_transport_failure(
            answer
        ):
            error = f"the search for its reference ID is refused: {answer.message}"
            return self._repeat_refused(waiting, error, FailureCode.SEARCH_REFUSED, now)
        self._tracker.set_state(row, waiting)
        if not isinstance(answer, MediaPage):
            delay = backoff(1.0, waiting.post_count, self._settings.poll_interval)
            self._create_queue.delay(waiting, now + delay)
            return []
        search = self._lookups.continue_search(waiting.search, row, answer, requested_at)
        if search.is_done:
            changes = adopt_or_refuse(self._tracker, row, search.items, self._settings.adopt, now)
            if changes:
                return changes
        needs_more_pages = not search.is_done and search.is_usable
        waiting = replace(
            waiting,
            search=search if needs_more_pages else None,
            needs_search=not search.is_done,
        )
        self._tracker.set_state(row, waiting)
        self._create_queue.add_first(waiting)
        return []

    def _repeat_refused(
        self, waiting: ToCreate, error: str, code: FailureCode, now: float
    ) -> list[StatusUpdate]:
        """Repeat a refused request after a delay. After `MAX_ATTEMPTS` refusals, the row fails.

        A single refusal must not fail a row: if the API key is replaced, or the API is deployed
        during the run, the platform may refuse every request for a moment.

        Args:
            waiting: the row, whose search before the POST or whose POST was refused.
            error: error of the row if it fails.
            code: code of this error.
            now: current time in epoch seconds.
        """
        row, refusal_count = waiting.row, waiting.refusal_count + 1
        if refusal_count >= MAX_ATTEMPTS:
            return [self._tracker.finish(row, Status.FAILED, error, error=error, code=code)]
        waiting = replace(waiting, refusal_count=refusal_count)
        self._tracker.set_state(row, waiting)
        delay = backoff(MIN_POLL_INTERVAL, refusal_count, self._settings.poll_interval)
        self._create_queue.delay(waiting, now + delay)
        return []
