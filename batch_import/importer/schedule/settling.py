"""Decide about rows whose POST got no clear answer and whose media no list shows. No I/O.

Whether the POST may be repeated is decided in `repeat.py`. This module must not know lists and
pages.
"""

from collections import Counter
from typing import Final

from batch_import.configuration.settings import Settings
from batch_import.failure_codes import FailureCode
from batch_import.importer.backoff import backoff
from batch_import.importer.schedule.create_queue import CreateQueue
from batch_import.importer.schedule.ownership import REFERENCE_ID_TAKEN
from batch_import.importer.schedule.polling import MIN_POLL_INTERVAL
from batch_import.importer.schedule.repeat import MAX_ATTEMPTS, ListConsistency
from batch_import.importer.schedule.row_states import ToCreate, Unknown
from batch_import.importer.schedule.tracker import Tracker
from batch_import.models import Status, StatusUpdate

_UNCONFIRMED: Final = FailureCode.UNCONFIRMED
_HELD_MESSAGE: Final = (
    "the machine that had claimed it was cut off and may still send it, so that no other does;"
    " end its run there for good, then run again"
)


class Settling:
    """Decides about unknown rows.

    Attributes:
        exhausted_rows: rows that used up all POSTs of this run without creating a media.
        has_requeued_rows: whether rows became pending again, because the setting `when_unsure` is
            `retry`.
    """

    def __init__(
        self,
        settings: Settings,
        tracker: Tracker,
        create_queue: CreateQueue,
        consistency: ListConsistency,
    ) -> None:
        self._settings = settings
        self._tracker = tracker
        self._create_queue = create_queue
        self._consistency = consistency
        self.exhausted_rows: list[ToCreate] = []
        self.has_requeued_rows = False
        self._unsettled_counts: Counter[int] = Counter()

    def handle_absence(self, state: Unknown, unseen_age: float, now: float) -> list[StatusUpdate]:
        """Handle a list that had to show the row's media and does not; decides if possible."""
        if state.is_held:
            return self.end_if_expired(state, now)  # the other machine may still create it
        is_proven = self._consistency.proves_absence(state.absence_ages, unseen_age)
        if is_proven and not state.has_conflict:
            return self._handle_not_created(state, now)
        return (
            [] if self._is_being_proven(state, unseen_age, now) else self.end_if_expired(state, now)
        )

    def is_about_to_decide(self, state: Unknown, unseen_age: float, now: float) -> bool:
        """Whether the next absence of the row's media leads to a decision."""
        is_proven = not state.is_held and self._consistency.proves_absence(
            state.absence_ages, unseen_age
        )
        return is_proven or state.created.min_age(now) >= self._settings.settle

    def end_if_expired(self, state: Unknown, now: float) -> list[StatusUpdate]:
        """End the search for a row that is too old, because nothing more can be learned."""
        age = state.created.min_age(now)
        return self._end_unsettled(state, age) if age >= self._settings.settle else []

    def _is_being_proven(self, state: Unknown, unseen_age: float, now: float) -> bool:
        """Whether a few more lists may prove that the media does not exist."""
        proof_age = self._consistency.proof_age(unseen_age)
        has_few_absences = len(state.absence_ages) <= 2 * self._consistency.absences_needed()
        return (
            proof_age is not None
            and state.created.min_age(now) >= proof_age
            and has_few_absences
            and not state.has_conflict
        )

    def seconds_until_search(self, state: Unknown, unseen_age: float, now: float) -> float:
        """Returns the seconds until the row is searched for again.

        The delays are 1, 2, 4 … seconds, but not longer than until lists may prove its absence.
        """
        age = state.created.min_age(now)
        proof_age = None if state.is_held else self._consistency.proof_age(unseen_age)
        if age >= self._settings.settle or (proof_age is not None and age >= proof_age):
            return MIN_POLL_INTERVAL  # a few more absences decide
        seconds = max(MIN_POLL_INTERVAL, min(2 * age, self._settings.settle) - age)
        return (
            seconds
            if proof_age is None
            else min(seconds, max(MIN_POLL_INTERVAL / 2, proof_age - age))
        )

    def _handle_not_created(self, state: Unknown, now: float) -> list[StatusUpdate]:
        """Send a row again, because its POST created no media."""
        if state.id_taken_message:
            return [
                self._tracker.finish(
                    state.row,
                    Status.FAILED,
                    state.id_taken_message,
                    error=state.id_taken_message,
                    code=REFERENCE_ID_TAKEN,
                )
            ]
        waiting = ToCreate(
            state.row, state.created.first_post_at, post_count=state.post_count, reason=state.reason
        )
        if state.post_count >= MAX_ATTEMPTS:
            self._tracker.drop(state.row, is_listed=False)
            self.exhausted_rows.append(waiting)
            reason = f"confirmed not created; left to the next run after {state.post_count} POSTs"
        else:
            self._tracker.set_state(state.row, waiting)
            # When the absence is proven, whatever disturbed the first POST is probably over.
            seconds = (
                backoff(MIN_POLL_INTERVAL, state.post_count - 2, float("inf"))
                if state.post_count > 1
                else 0.0
            )
            self._create_queue.delay(waiting, now + seconds)
            reason = "confirmed not created; to be sent again"
        return [StatusUpdate(state.row.number, Status.CREATING, reason)]

    def _end_unsettled(self, state: Unknown, age: float) -> list[StatusUpdate]:
        """End the search for a row without a result. The setting `when_unsure` decides."""
        if state.is_held:
            return [
                self._tracker.finish(
                    state.row, Status.UNKNOWN, "not found", error=_HELD_MESSAGE, code=_UNCONFIRMED
                )
            ]
        self._unsettled_counts[state.row.number] += 1
        if (
            self._settings.when_unsure == "retry"
            and self._unsettled_counts[state.row.number] < MAX_ATTEMPTS
        ):
            self.has_requeued_rows = True
            return [
                self._tracker.finish(state.row, Status.PENDING, "not found: sent again, as set")
            ]
        error = (
            f"its POST got no clear answer, and {age:.0f} s later no media is found;"
            " look in the account, then run again with the setting when-unsure: retry"
        )
        return [
            self._tracker.finish(
                state.row, Status.UNKNOWN, "not found", error=error, code=_UNCONFIRMED
            )
        ]


def exhausted_update(waiting: ToCreate) -> StatusUpdate:
    """Returns the status update of a row that used up all POSTs of this run."""
    error = f"{waiting.post_count} POSTs got no clear answer and made no video: {waiting.reason}"
    code = FailureCode.NO_MEDIA_CREATED
    return StatusUpdate(waiting.row.number, Status.PENDING, error, error=error, code=code)
