"""Decide what happens to rows whose POST got no clear answer and whose media no list shows. No I/O.

Such a row is unknown: its media may exist. An absence is a list that covers the time of the POST
and does not show the media. Absences prove that the media does not exist if the row was old enough:
if its age, the seconds since its POST, was at least the proof age. `repeat.py` has these rules.
This module must not know how lists and their pages are read.
"""

from collections import Counter
from dataclasses import dataclass, replace
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
from batch_import.models import JobRow, Status, StatusUpdate

_UNCONFIRMED: Final = FailureCode.UNCONFIRMED
_HELD_MESSAGE: Final = (
    "this row was claimed by a machine that lost its connection and may still send it; therefore no"
    " other machine sends it; end the run on that machine for good, then run again"
)


@dataclass(frozen=True, slots=True)
class Settlement:
    """The expected end of the search for the media of an unknown row.

    Attributes:
        seconds_left: seconds until this end; negative if the search takes longer than expected.
        may_be_sent_again: whether the row may be sent again then.
    """

    seconds_left: float
    may_be_sent_again: bool


class Settling:
    """Decides whether unknown rows are sent again, searched for longer, or left undecided.

    Attributes:
        exhausted_rows: rows that had `MAX_ATTEMPTS` POSTs in this run, none of which created a
            media.
        has_requeued_rows: whether rows became pending again, because the setting `when_unsure` is
            `retry`. The part that claims rows sets it to false.
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
        #: How often the search for a row ended without a decision, by row number.
        self._unsettled_counts: Counter[int] = Counter()

    def handle_absence(
        self, state: Unknown, unseen_age: float | None, now: float
    ) -> list[StatusUpdate]:
        """Decide about a row after an absence, if a decision is possible yet.

        Args:
            state: the state of the row; its `absence_ages` include this absence.
            unseen_age: greatest age, in seconds, at which lists lacked a media that exists
                although no list has shown it yet; 0 if there is no such media, None if the age is
                not known.
            now: current time in epoch seconds.

        Returns:
            the status updates to store; empty if the row is searched for again.
        """
        if self._is_absence_proven(state, unseen_age):
            return self._handle_not_created(state, now)
        if self._is_being_proven(state, unseen_age, now):
            return []
        return self.end_if_expired(state, now)

    def _decision_age(self, state: Unknown, unseen_age: float | None) -> float:
        """Returns the age from which a list may decide about the row."""
        proof_age = self._proof_age(state, unseen_age)
        settle = self._settings.settle
        return settle if proof_age is None else min(proof_age, settle)

    def seconds_until_last_search(
        self, state: Unknown, last_search_age: float, unseen_age: float | None, now: float
    ) -> float | None:
        """Returns the seconds until the search that decides about the row if it lacks its media.

        None if more lists are needed before, or if the last search was late enough to decide. Only
        a search shows a media that the POST created late, because the list has it at the time of
        its creation and not at the time of the POST.
        """
        if last_search_age >= self._decision_age(state, unseen_age):
            return None
        age = state.created.min_age(now)
        if age >= self._settings.settle or self._is_absence_proven(state, unseen_age):
            return 0.0
        wait = self.seconds_until_search(state, unseen_age, now)
        then = replace(state, absence_ages=(*state.absence_ages, age + wait))
        return wait if self._is_absence_proven(then, unseen_age) else None

    def _is_absence_proven(self, state: Unknown, unseen_age: float | None) -> bool:
        # Another machine may still send the POST of a held row: its absences prove nothing.
        can_be_proven = not (state.is_held or _has_contrary_evidence(state))
        return can_be_proven and self._consistency.proves_absence(
            state.absence_ages, unseen_age, state.post_end
        )

    def end_if_expired(self, state: Unknown, now: float) -> list[StatusUpdate]:
        """End the search for a row whose age has reached the setting `settle`."""
        age = state.created.min_age(now)
        return self._end_unsettled(state, age) if age >= self._settings.settle else []

    def _is_being_proven(self, state: Unknown, unseen_age: float | None, now: float) -> bool:
        """Whether a few more lists may prove that the media does not exist.

        This is possible if the row has reached the proof age, and only a few lists have lacked its
        media so far.
        """
        proof_age = self._proof_age(state, unseen_age)
        has_few_absences = len(state.absence_ages) <= 2 * self._consistency.absences_needed()
        return (
            proof_age is not None and state.created.min_age(now) >= proof_age and has_few_absences
        )

    def _proof_age(self, state: Unknown, unseen_age: float | None) -> float | None:
        """Returns the age from which absences may prove that a row's media does not exist.

        None if the age is not known, or if absences prove nothing: another machine may still send
        the POST, or the platform answered that a media with the row's reference ID exists, or it
        answered with the ingest of another row, or a media may be the row's.
        """
        if state.is_held or _has_contrary_evidence(state):
            return None
        return self._consistency.proof_age(unseen_age, state.post_end)

    def seconds_until_search(self, state: Unknown, unseen_age: float | None, now: float) -> float:
        """Returns the seconds until the row is searched for again.

        The delay doubles: the row is searched for at the ages of 1, 2, 4 … seconds, and in addition
        at the proof age. From the proof age on, lists that lack the row follow each other quickly,
        because a few of them are a proof. If lists neither show nor lack it, the delay doubles.
        """
        age = state.created.min_age(now)
        if age >= self._settings.settle:
            return MIN_POLL_INTERVAL
        proof_age = self._proof_age(state, unseen_age)
        if proof_age is not None and age >= proof_age:
            # The next lists decide about the row, unless they do not cover the time of its POST.
            seconds_without_absence = age - max((proof_age, *state.absence_ages))
            return max(MIN_POLL_INTERVAL, seconds_without_absence)
        seconds = max(MIN_POLL_INTERVAL, min(2 * age, self._settings.settle) - age)
        if proof_age is None:
            return seconds
        return min(seconds, max(MIN_POLL_INTERVAL / 2, proof_age - age))

    def expected_settlements(self, unseen_age: float | None, now: float) -> list[Settlement]:
        """Returns when all unknown rows will be settled; `unseen_age` as in `handle_absence`."""
        settlements = []
        for state in self._tracker.all_unknown():
            proof_age = self._proof_age(state, unseen_age)
            may_be_sent_again = (
                proof_age is not None
                and proof_age <= self._settings.settle
                and state.post_count < MAX_ATTEMPTS
                and not state.id_taken_message
            )
            seconds_left = self._decision_age(state, unseen_age) - state.created.min_age(now)
            settlements.append(Settlement(seconds_left, may_be_sent_again))
        return settlements

    def _handle_not_created(self, state: Unknown, now: float) -> list[StatusUpdate]:
        """Handle a row whose POST certainly created no media.

        The row fails if another user's media has its reference ID. Otherwise it is sent again.
        After `MAX_ATTEMPTS` POSTs, only the next run sends it again.
        """
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
            # The second POST is not delayed, because the proof of the absence took some time. The
            # fault that disturbed the first POST is probably over.
            delay = 0.0
            if state.post_count > 1:
                delay = backoff(MIN_POLL_INTERVAL, state.post_count - 2, float("inf"))
            self._create_queue.delay(waiting, now + delay)
            reason = "confirmed not created; to be sent again"
        return [StatusUpdate(state.row.row_number, Status.CREATING, reason)]

    def _end_unsettled(self, state: Unknown, age: float) -> list[StatusUpdate]:
        """End the search for a row without knowing whether its media exists. The row stays unknown.

        If the setting `when_unsure` is `retry`, the row becomes pending instead, and is sent again,
        up to `MAX_ATTEMPTS` times. It stays unknown if another user's media has its reference ID.

        Args:
            state: the state of the row.
            age: seconds since its POST.
        """
        if state.is_held:
            return [
                self._tracker.finish(
                    state.row, Status.UNKNOWN, "not found", error=_HELD_MESSAGE, code=_UNCONFIRMED
                )
            ]
        if state.id_taken_message:
            return [self._finish_unknown(state.row, state.id_taken_message, _UNCONFIRMED)]
        if state.is_ingest_shared:
            problem, code = state.reason, FailureCode.INGEST_SHARED
        else:
            problem, code = "its POST got no clear answer", _UNCONFIRMED
        error = state.ambiguity_message or (
            f"{problem}, and {age:.0f} s later no media is found;"
            " look in the account, then run again with the setting when-unsure: retry"
        )
        return [self.end_not_found(state.row, error, code)]

    def end_not_found(self, row: JobRow, error: str, code: FailureCode) -> StatusUpdate:
        """End the search for a row whose media is not found, and may exist.

        If the setting `when_unsure` is `retry`, the row becomes pending, and is sent again, up to
        `MAX_ATTEMPTS` times. Otherwise it becomes unknown, with `error` and `code`.
        """
        self._unsettled_counts[row.row_number] += 1
        if (
            self._settings.when_unsure == "retry"
            and self._unsettled_counts[row.row_number] < MAX_ATTEMPTS
        ):
            self.has_requeued_rows = True
            reason = "not found: sent again, because when-unsure is retry"
            return self._tracker.finish(row, Status.PENDING, reason)
        return self._finish_unknown(row, error, code)

    def _finish_unknown(self, row: JobRow, error: str, code: FailureCode) -> StatusUpdate:
        return self._tracker.finish(row, Status.UNKNOWN, "not found", error=error, code=code)


def _has_contrary_evidence(state: Unknown) -> bool:
    """Whether the media of a row may exist although no list shows it under the row's ID."""
    return state.has_conflict or state.is_ingest_shared or bool(state.ambiguity_message)


def exhausted_update(waiting: ToCreate) -> StatusUpdate:
    """Returns the status update of one of the `Settling.exhausted_rows`, for the end of the run."""
    error = f"{waiting.post_count} POSTs got no clear answer and created no video: {waiting.reason}"
    code = FailureCode.NO_MEDIA_CREATED
    return StatusUpdate(waiting.row.row_number, Status.PENDING, error, error=error, code=code)
