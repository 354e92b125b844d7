"""What becomes of a row whose POST got no clear answer, and that lists do not show. Pure.

Whether its POST may be repeated is `repeat.py`'s to say; this file must not know lists and pages.
"""

from collections import Counter
from typing import Final

from batch_import.configuration.settings import Settings
from batch_import.failure_codes import FailureCode
from batch_import.importer.backoff import backoff
from batch_import.importer.schedule.creation import Creation
from batch_import.importer.schedule.flights import ToCreate, Unknown
from batch_import.importer.schedule.ownership import REFERENCE_ID_TAKEN
from batch_import.importer.schedule.polling import SHORTEST
from batch_import.importer.schedule.repeat import ATTEMPTS, ListConsistency
from batch_import.importer.schedule.tracker import Tracker
from batch_import.models import Status, StatusUpdate

_CODE: Final = FailureCode.UNCONFIRMED
_HELD: Final = (
    "the machine that had claimed it was cut off and may still send it, so that no other does;"
    " end its run there for good, then run again"
)


class Settling:
    """Decides about unknown rows.

    Attributes:
        exhausted: rows whose POSTs came to nothing too often in this run.
        sent_again: rows went back to the state's queue, on the user's word.
    """

    def __init__(
        self,
        settings: Settings,
        tracker: Tracker,
        creation: Creation,
        consistency: ListConsistency,
    ) -> None:
        self._settings = settings
        self._tracker = tracker
        self._creation = creation
        self._consistency = consistency
        self.exhausted: list[ToCreate] = []
        self.sent_again = False
        self._unsure_of: Counter[int] = Counter()

    def absent(self, row: Unknown, unseen: float, now: float) -> list[StatusUpdate]:
        """A list that must show the row's media does not: decide, if that can be decided yet."""
        if row.held:
            return self.expired(row, now)  # it may be created at any later moment
        proven = self._consistency.proves_absence(row.absences, unseen)
        if proven and not row.conflict:
            return self._never_created(row, now)
        return [] if self._is_being_proven(row, unseen, now) else self.expired(row, now)

    def decides(self, row: Unknown, unseen: float, now: float) -> bool:
        """Whether something is about to be decided about the row."""
        proven = not row.held and self._consistency.proves_absence(row.absences, unseen)
        return proven or row.created.age(now) >= self._settings.settle

    def expired(self, row: Unknown, now: float) -> list[StatusUpdate]:
        """A look brought nothing: nobody can know any more once the row is too old."""
        age = row.created.age(now)
        return self._unsure(row, age) if age >= self._settings.settle else []

    def _is_being_proven(self, row: Unknown, unseen: float, now: float) -> bool:
        """Whether a few more looks may prove that the media does not exist."""
        proof = self._consistency.proof_age(unseen)
        few = len(row.absences) <= 2 * self._consistency.looks_needed()
        return proof is not None and row.created.age(now) >= proof and few and not row.conflict

    def next_look(self, row: Unknown, unseen: float, now: float) -> float:
        """Seconds until the row is looked for again: 1, 2, 4 …, or when that may prove absence."""
        age = row.created.age(now)
        proof = None if row.held else self._consistency.proof_age(unseen)
        if age >= self._settings.settle or (proof is not None and age >= proof):
            return SHORTEST  # a few looks, apart, decide
        wait = max(SHORTEST, min(2 * age, self._settings.settle) - age)
        return wait if proof is None else min(wait, max(SHORTEST / 2, proof - age))

    def _never_created(self, row: Unknown, now: float) -> list[StatusUpdate]:
        """Its POST was not carried out."""
        if row.id_taken:
            return [
                self._tracker.finish(
                    row.row,
                    Status.FAILED,
                    row.id_taken,
                    error=row.id_taken,
                    code=REFERENCE_ID_TAKEN,
                )
            ]
        todo = ToCreate(row.row, row.created.intent, sends=row.sends, reason=row.reason)
        if row.sends >= ATTEMPTS:
            self._tracker.drop(row.row, listed=False)
            self.exhausted.append(todo)
            words = f"confirmed not created; left to the next run after {row.sends} POSTs"
        else:
            self._tracker.put(row.row, todo)
            # The weather of the first POST is over once its absence is proven.
            wait = backoff(SHORTEST, row.sends - 2, float("inf")) if row.sends > 1 else 0.0
            self._creation.delay(todo, now + wait)
            words = "confirmed not created; to be sent again"
        return [StatusUpdate(row.row.number, Status.CREATING, words)]

    def _unsure(self, row: Unknown, age: float) -> list[StatusUpdate]:
        """Nobody can know: what becomes of the row is the user's choice."""
        if row.held:
            return [
                self._tracker.finish(row.row, Status.UNKNOWN, "not found", error=_HELD, code=_CODE)
            ]
        self._unsure_of[row.row.number] += 1
        if self._settings.when_unsure == "retry" and self._unsure_of[row.row.number] < ATTEMPTS:
            self.sent_again = True
            return [self._tracker.finish(row.row, Status.PENDING, "not found: sent again, as set")]
        error = (
            f"its POST got no clear answer, and {age:.0f} s later no media is found;"
            " look in the account, then run again with the setting when-unsure: retry"
        )
        return [self._tracker.finish(row.row, Status.UNKNOWN, "not found", error=error, code=_CODE)]


def exhausted_change(todo: ToCreate) -> StatusUpdate:
    """What the state keeps of a row whose POSTs came to nothing too often."""
    error = f"{todo.sends} POSTs got no clear answer and made no video: {todo.reason}"
    code = FailureCode.NO_MEDIA_CREATED
    return StatusUpdate(todo.row.number, Status.PENDING, error, error=error, code=code)
