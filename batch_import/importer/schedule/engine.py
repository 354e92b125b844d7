"""Which call comes next, and who hears its answer. Pure: the clock is passed in.

    next(now)                       → a call | Wait(until) | FINISHED
    answered(call, answer, now)     → changes to commit

Every row in the account has a due time. While rows wait to be created, a fixed small share of the
calls are looks, at the pages with the most due rows; otherwise all calls are looks, and none is
held back while a row is due. A page serves all due rows on it; a row is asked for singly where
pages do not show it. What answers mean is for the other files of this package.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from batch_import.configuration.settings import Settings
from batch_import.errors import (
    AuthenticationFailed,
    CredentialsRefused,
    NoAnswer,
    RequestFailed,
    RequestRejected,
    RunFault,
)
from batch_import.importer.calls import Answer, AskAccount, AskStatus, Call, Create, Find, ReadPage
from batch_import.importer.pages import Pages
from batch_import.importer.schedule.admission import Admission
from batch_import.importer.schedule.auth import AuthProbe
from batch_import.importer.schedule.creation import Creation
from batch_import.importer.schedule.flights import (
    Online,
    Posting,
    Processing,
    ToCreate,
    Unknown,
)
from batch_import.importer.schedule.giving_up import Patience
from batch_import.importer.schedule.listing import Listing
from batch_import.importer.schedule.lookups import Lookups
from batch_import.importer.schedule.observations import ProcessingTimes
from batch_import.importer.schedule.outage import Outage
from batch_import.importer.schedule.page_reading import PageReading, Serves
from batch_import.importer.schedule.polling import Polling
from batch_import.importer.schedule.remaining import time_left
from batch_import.importer.schedule.repeat import ListConsistency, is_weather
from batch_import.importer.schedule.selection import Selection
from batch_import.importer.schedule.sending import Sending
from batch_import.importer.schedule.settling import Settling, exhausted_change
from batch_import.importer.schedule.showing import Showing
from batch_import.importer.schedule.tracker import Tracker
from batch_import.models import MediaPage, Status, StatusUpdate

_UNAUTHORISED: Final = 401
_FOREVER: Final = float("inf")


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to call before `until`, unless an answer comes first."""

    until: float


class Finished(Enum):
    """Nothing more can be done in this run."""

    FINISHED = auto()


FINISHED: Final = Finished.FINISHED


class Schedule:
    """The order of calls for the rows of one run.

    Args:
        settings: of the run.
        now: epoch seconds, as in every method.
        evidence: what an earlier run of the job learned of lists (`Schedule.evidence`).

    Attributes:
        admission: takes rows in.
        fault: set once the run cannot go on; commit the changes, then raise it.
    """

    def __init__(self, settings: Settings, now: float, evidence: str | None = None) -> None:
        del now
        self._settings = settings
        self._consistency = ListConsistency.restore(evidence)
        self._times = ProcessingTimes()
        self._pages = Pages()
        self._polling = Polling(settings.poll_interval)
        self._listing = Listing(self._pages, self._times, self._consistency, self._polling)
        self._tracker = Tracker(self._polling, self._listing)
        self._creation = Creation()
        self._settling = Settling(settings, self._tracker, self._creation, self._consistency)
        self._showing = Showing(
            settings, self._tracker, self._settling, self._times, self._consistency
        )
        self._page_reading = PageReading(
            self._tracker,
            self._listing,
            self._pages,
            self._showing,
            self._settling,
            self._consistency,
        )
        self._lookups = Lookups(
            settings,
            self._tracker,
            self._pages,
            self._showing,
            self._times,
            self._consistency,
        )
        self._sending = Sending(settings, self._tracker, self._creation, self._lookups, self._times)
        self._selection = Selection(
            self._tracker, self._pages, self._showing, settings.poll_interval
        )
        self.admission = Admission(
            settings,
            self._tracker,
            self._creation,
            self._settling,
            self._listing,
            self._pages,
            self._showing,
        )
        self._auth = AuthProbe()
        self._outage = Outage()
        self._patience = Patience(settings.give_up_after)
        self._posts_out = 0
        self._calls_out = 0
        self.fault: RunFault | None = None

    # Rows in and out --------------------------------------------------------------------------

    def withdraw(self) -> list[StatusUpdate]:
        """The run ends: claimed rows whose POST is not under way go back to pending."""
        exhausted = self._settling.exhausted
        # A POST that was refused for its credentials was surely not carried out.
        held = [
            self._tracker.get(call.row)
            for call, _ in self._auth.release()
            if isinstance(call, Create | Find)
        ]
        waiting = self._creation.take_all()
        waiting += [flight.todo for flight in held if isinstance(flight, Posting)]
        for todo in (*waiting, *exhausted):
            self._tracker.drop(todo.row, listed=False)
        words = "not sent: the run ended"
        return [
            *(StatusUpdate(todo.row.number, Status.PENDING, words) for todo in waiting),
            *(exhausted_change(todo) for todo in exhausted),
        ]

    def release(self, numbers: Collection[int], now: float) -> None:
        """Nobody else can send these rows any more: from now on their absence tells something."""
        for number in numbers:
            flight = self._tracker.find(number)
            if isinstance(flight, Unknown):
                created = replace(flight.created, latest=now)
                self._tracker.replace(replace(flight, held=False, created=created, absences=()))

    def evidence(self) -> str:
        """What this run and those before it learned of lists, to be kept with the job."""
        return self._consistency.dump()

    def learn_clock(self, offset: float) -> None:
        """The platform's clock is so many seconds ahead of this machine's."""
        self._showing.clock_offset = offset

    def time_left(self, creating: float, now: float) -> float | None:
        """Seconds until this run has nothing more to do; None while nobody can know.

        Args:
            creating: seconds until the last row is created; 0 where all are.
        """
        proof = self._consistency.proof_age(self._showing.unseen())
        settle = self._settings.settle
        return time_left(creating, self._tracker, self._times, proof, settle, now)

    # The next call ----------------------------------------------------------------------------

    def next(self, now: float) -> Call | Wait | Finished:
        """The call to make now. Whoever takes it owes an `answered`."""
        call = self._choose(now)
        if call is not None:
            self._calls_out += 1
            self._leaves(call, now)
            return call
        if (
            self._calls_out
            or len(self._tracker)
            or self.admission.adopting
            or self.admission.more_pending
        ):
            return self._wait(now)
        return FINISHED

    def _wait(self, now: float) -> Wait:
        if self._auth:
            return Wait(self._auth.asks_at())
        if self._outage.is_open:
            return Wait(self._outage.asks_at())
        if not self._outage.admits(self._calls_out):
            return Wait(_FOREVER)
        moments = [self._selection.due_at(now)]
        if not self.admission.adopting:
            moments.append(self._creation.ready_at())
        elif self.admission.page_waits:
            moments.append(self._selection.paused_until)
        return Wait(min(moment for moment in (*moments, _FOREVER) if moment > now))

    def _choose(self, now: float) -> Call | None:
        if self._auth:
            return AskAccount() if self._auth.asks_at() <= now else None
        if self._outage.is_open:
            return AskAccount() if self._outage.asks_at() <= now else None
        if not self._outage.admits(self._calls_out):
            return None
        if self.admission.adopting:
            return self.admission.page_to_read(
                self._selection.paused_until, now
            ) or self._selection.best(now)
        if self._creation.ready(now) and self._outage.admits_post(self._posts_out):
            return self._create(now)
        return self._selection.best(now)

    def _create(self, now: float) -> Call:
        """The next create, or a look that is worth its call while rows wait for theirs."""
        if self._creation.may_look():
            look = self._selection.full_page(now)
            if look is not None:
                self._creation.looked()
                return look
        todo = self._creation.take()
        if todo.check_exists_first and self.admission.looks_first:
            return Find(todo.row, todo.search.page if todo.search else 1)
        return Create(todo.row)

    def _leaves(self, call: Call, now: float) -> None:
        """Note when a call leaves: its answer tells of that moment at the earliest."""
        match call:
            case AskAccount():
                if self._auth:
                    self._auth.asked()
                else:
                    self._outage.asked()
            case ReadPage(page):
                self._pages.out[page] = now
            case Create(row) | Find(row) | AskStatus(row):
                self._posts_out += isinstance(call, Create)
                flight = self._tracker[row.number]
                if isinstance(flight, ToCreate):
                    self._tracker.put(row, Posting(flight, now))
                else:
                    self._polling[row.number].under_way = True

    # What an answer means ---------------------------------------------------------------------

    def answered(
        self, call: Call, answer: Answer, now: float, left_at: float | None = None
    ) -> list[StatusUpdate]:
        """Learn from an answer; returns what is to be committed.

        Args:
            left_at: when the call left: its answer tells of that moment at the earliest.
        """
        left = now if left_at is None else min(left_at, now)
        self._calls_out -= 1
        self._posts_out -= isinstance(call, Create)
        self.fault = self.fault or self._patience.answered(call, answer, now)
        if isinstance(call, AskAccount):
            return self._account_answered(answer, now)
        self._outage.answered(now, clear=not is_weather(answer))
        if isinstance(answer, AuthenticationFailed):
            if answer.status == _UNAUTHORISED:
                self._refuse(answer)
            self._auth.hold(call, answer)
            return []
        return self._heard(call, answer, left, now)

    def _heard(self, call: Call, answer: Answer, left: float, now: float) -> list[StatusUpdate]:
        """An answer reaches the row, or the page, that it is about."""
        if isinstance(call, ReadPage):
            return self._page_read(call.page, answer, left, now)
        if isinstance(call, AskAccount):
            return []
        flight = self._tracker.get(call.row)
        changes: list[StatusUpdate] = []  # where a page was faster
        match call, flight:
            case Create(), Posting():
                changes = self._sending.posted(flight, answer, now)
            case Find(), Posting(todo=ToCreate(check_exists_first=True)):
                changes = self._sending.searched_first(flight, answer, left, now)
                self.admission.search_answered()
            case Find(), Processing() | Online() | Unknown():
                changes = self._lookups.search_answered(flight, answer, left, now)
            case AskStatus(), Processing():
                changes = self._lookups.status_answered(flight, answer, left, now)
        return changes

    def _refuse(self, answer: RequestFailed) -> None:
        self.fault = self.fault or CredentialsRefused(
            f"The platform no longer accepts the credentials: {answer.message}.",
            "All state is saved: correct them, test with `batch-import account`, and run again.",
        )

    def _account_answered(self, answer: Answer, now: float) -> list[StatusUpdate]:
        if isinstance(answer, AuthenticationFailed):
            self._refuse(answer)
        self._outage.account_answered(now, clear=not is_weather(answer))
        if not self._auth.is_asking:
            return []
        refused = self._auth.account_answered(answer, now)
        return [change for call, words in refused for change in self._heard(call, words, now, now)]

    def _page_read(self, page: int, answer: Answer, left: float, now: float) -> list[StatusUpdate]:
        self._pages.out.pop(page, None)
        serves = self._selection.serves.pop(page, Serves())
        if isinstance(answer, RequestRejected) and not is_weather(answer) and page > 1:
            answer = MediaPage(())  # beyond the end
        if not isinstance(answer, MediaPage):
            self._page_failed(answer, now)
            return []
        self._pages.read(page, answer)
        self._selection.page_read()
        changes = self.admission.page_read(page, answer, left, now)
        return changes + self._page_reading.page_read(page, answer, serves, left, now)

    def _page_failed(self, answer: Answer, now: float) -> None:
        self.fault = self.fault or self.admission.page_refused(answer)
        if isinstance(answer, NoAnswer | RequestRejected | AuthenticationFailed):
            self._selection.page_failed(now)
