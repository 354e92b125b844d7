"""What an answer to a POST means, or to the search before it. Pure.

What an answer proves is `repeat.py`'s to say; this file must not know which call comes next.
"""

from dataclasses import replace

from batch_import.configuration.settings import Settings
from batch_import.errors import AuthenticationFailed, NotSent, RequestFailed, RequestRejected
from batch_import.failure_codes import FailureCode
from batch_import.importer.backoff import backoff
from batch_import.importer.calls import Answer
from batch_import.importer.failures import failure_code
from batch_import.importer.schedule.adopting import take_over
from batch_import.importer.schedule.creation import Creation
from batch_import.importer.schedule.flights import Created, Posting, Processing, ToCreate, Unknown
from batch_import.importer.schedule.lookups import NOT_FOUND, Lookups
from batch_import.importer.schedule.observations import ProcessingTimes
from batch_import.importer.schedule.polling import SHORTEST
from batch_import.importer.schedule.repeat import CreateOutcome, is_weather, outcome_of
from batch_import.importer.schedule.tracker import Tracker
from batch_import.models import MediaPage, Status, StatusUpdate


class Sending:
    """Hears the answers to POSTs."""

    def __init__(
        self,
        settings: Settings,
        tracker: Tracker,
        creation: Creation,
        lookups: Lookups,
        times: ProcessingTimes,
    ) -> None:
        self._settings = settings
        self._tracker = tracker
        self._creation = creation
        self._lookups = lookups
        self._times = times

    def posted(self, flight: Posting, answer: Answer, now: float) -> list[StatusUpdate]:
        """A POST was answered, or not."""
        row, todo = flight.row, flight.todo
        created = Created(
            flight.left_at,
            now,
            min(todo.intent, flight.left_at),
            certain=not (todo.sends or row.claims),
        )
        words = answer.message if isinstance(answer, RequestFailed) else "an answer of no use"
        match outcome_of(answer):
            case CreateOutcome.NOT_CARRIED_OUT:
                return self._not_carried_out(flight, answer, now)
            case CreateOutcome.CREATED:
                ingest_id = str(answer)
                processing = Processing(row, created, now, ingest_id=ingest_id)
                self._tracker.enter_account(processing, now + self._first_look())
                return [
                    StatusUpdate(
                        row.number,
                        Status.PROCESSING,
                        "accepted by Viostream",
                        sent_at=now,
                        ingest_id=ingest_id,
                    )
                ]
            case CreateOutcome.REFUSED:
                code = (
                    FailureCode.NOT_ALLOWED
                    if isinstance(answer, AuthenticationFailed)
                    else failure_code(words, FailureCode.REJECTED)
                )
                finish = self._tracker.finish
                return [finish(row, Status.FAILED, words, error=words, code=code, sent_at=now)]
            case CreateOutcome.CONFLICT:
                # A media exists already: by an earlier POST of this row, if there was one.
                intent = float("inf") if created.certain else created.intent
                older = replace(created, earliest=float("-inf"), intent=intent)
                return self._unclear(todo, older, words, now)
        return self._unclear(todo, created, words, now)

    def _not_carried_out(self, flight: Posting, answer: Answer, now: float) -> list[StatusUpdate]:
        self._tracker.put(flight.row, flight.todo)
        if isinstance(answer, NotSent):
            self._creation.delay(flight.todo, now)
        else:
            self._creation.put_back(flight.todo)
        return []

    def _unclear(
        self, todo: ToCreate, created: Created, words: str, now: float
    ) -> list[StatusUpdate]:
        conflict = created.earliest == float("-inf")
        unknown = Unknown(todo.row, created, now, words, todo.sends + 1, conflict)
        self._tracker.enter_account(unknown, now + SHORTEST)
        code = FailureCode.CONFLICT if conflict else FailureCode.NO_ANSWER
        return [
            StatusUpdate(
                todo.row.number, Status.UNKNOWN, words, error=words, code=code, sent_at=now
            )
        ]

    def _first_look(self) -> float:
        """Seconds from a POST to the first look: no row was done sooner, of those known."""
        return min(self._settings.poll_interval, max(SHORTEST, self._times.soonest()))

    def searched_first(
        self, flight: Posting, answer: Answer, left: float, now: float
    ) -> list[StatusUpdate]:
        """The search before a POST."""
        row, todo = flight.row, flight.todo
        if isinstance(answer, RequestRejected) and answer.status == NOT_FOUND:
            answer = MediaPage(())
        if isinstance(answer, RequestRejected | AuthenticationFailed) and not is_weather(answer):
            words = f"the search for its reference ID is refused: {answer.message}"
            code = FailureCode.SEARCH_REFUSED
            return [self._tracker.finish(row, Status.FAILED, words, error=words, code=code)]
        self._tracker.put(row, todo)
        if not isinstance(answer, MediaPage):
            self._creation.delay(todo, now + backoff(1.0, todo.sends, self._settings.poll_interval))
            return []
        search = self._lookups.read_on(todo.search, row, answer, left)
        if search.done:
            changes = take_over(self._tracker, row, search.items, self._settings.adopt, now)
            if changes:
                return changes
        goes_on = not search.done and search.usable
        todo = replace(todo, search=search if goes_on else None, check_exists_first=not search.done)
        self._tracker.put(row, todo)
        self._creation.put_back(todo)
        return []
