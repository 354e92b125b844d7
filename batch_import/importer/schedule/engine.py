"""Which call comes next, and who hears its answer. Pure: the clock is passed in.

    next(now)                       → a call | Wait(until) | FINISHED
    answered(call, answer, now)     → changes to commit

Every row in the account has a due time. While rows wait to be created, a fixed small share of the
calls are looks, at the pages with the most due rows; otherwise all calls are looks, and none is
held back while a row is due. A page serves all due rows on it; a row is asked for singly where
pages do not show it. What answers mean is for the other files of this package.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from batch_import.configuration.settings import Settings
from batch_import.errors import (
    CallFailed,
    CredentialsRefused,
    Forbidden,
    NoAnswer,
    Rejected,
    RunFault,
)
from batch_import.importer.adoption import Adoption
from batch_import.importer.calls import Answer, AskAccount, AskStatus, Call, Create, Find, ReadPage
from batch_import.importer.pages import Pages
from batch_import.importer.schedule.adopting import take_over, to_create
from batch_import.importer.schedule.auth import AuthProbe
from batch_import.importer.schedule.creation import Creation
from batch_import.importer.schedule.flights import (
    Created,
    InAccount,
    Online,
    Posting,
    Processing,
    ToCreate,
    Unknown,
)
from batch_import.importer.schedule.giving_up import Patience, cannot_be_searched
from batch_import.importer.schedule.listing import Listing
from batch_import.importer.schedule.lookups import Lookups
from batch_import.importer.schedule.observations import ProcessingTimes
from batch_import.importer.schedule.outage import Outage
from batch_import.importer.schedule.page_reading import PageReading
from batch_import.importer.schedule.polling import Polling
from batch_import.importer.schedule.repeat import ListConsistency, is_weather
from batch_import.importer.schedule.selection import Selection
from batch_import.importer.schedule.sending import Sending
from batch_import.importer.schedule.settling import Settling, exhausted_change
from batch_import.importer.schedule.showing import Showing
from batch_import.importer.schedule.tracker import Tracker
from batch_import.models import Change, MediaPage, Row, Status

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
        fault: set once the run cannot go on; commit the changes, then raise it.
    """

    def __init__(self, settings: Settings, now: float, evidence: str | None = None) -> None:
        del now
        self._settings = settings
        self._consistency = ListConsistency.restore(evidence)
        self._times = ProcessingTimes()
        self._pages = Pages(settings.poll_interval)
        self._polling = Polling(settings.poll_interval)
        self._listing = Listing(self._pages, self._times, self._consistency)
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
            settings, self._tracker, self._pages, self._showing, self._consistency
        )
        self._sending = Sending(settings, self._tracker, self._creation, self._lookups, self._times)
        self._selection = Selection(
            self._tracker, self._pages, self._showing, settings.poll_interval
        )
        self._adoption = Adoption(0, self._pages)
        self._auth = AuthProbe()
        self._outage = Outage()
        self._patience = Patience(settings.give_up_after)
        self._posts_out = 0
        self._calls_out = 0
        self._more_pending = True
        self.fault: RunFault | None = None

    # Rows in and out --------------------------------------------------------------------------

    def wanted(self) -> int:
        """How many pending rows to claim now: few, for a crash leaves them all unknown."""
        if self._settling.sent_again:
            self._settling.sent_again, self._more_pending = False, True
        if not self._more_pending or self._creation.has_fresh or self.adopting:
            return 0
        room = self._settings.max_in_flight - len(self._tracker)
        return max(0, min(room, 1 + int(self._settings.rate / 4)))

    def no_more_pending(self) -> None:
        """The state has no pending rows left."""
        self._more_pending = False

    def admit(self, rows: Iterable[Row], now: float) -> None:
        """Take charge of rows: claimed ones are created, others looked at."""
        for row in rows:
            if row.status is Status.PENDING:
                todo = to_create(row, now, check_exists_first=self.looks_first)
                self._tracker.put(row, todo)
                self._creation.add(todo)
                continue
            latest = row.sent_at if row.sent_at is not None else now
            claimed = row.claimed_at if row.claimed_at is not None else float("-inf")
            # What was found in the account was never sent: only its title makes a media its own.
            intent = float("inf") if row.claimed_at is None else claimed
            created = Created(claimed, latest, intent, certain=row.claims <= 1)
            self._tracker.enter_account(_resumed(row, created, now), now, row.imported_between)

    def remember(self, rows: Iterable[Row]) -> None:
        """Rows that earlier runs imported: what lists are measured by, the latest last."""
        for row in rows:
            if row.media_id and row.claimed_at is not None and row.sent_at is not None:
                created = Created(row.claimed_at, row.sent_at, row.claimed_at, row.claims <= 1)
                self._listing.remember(row.media_id, created)

    def withdraw(self) -> list[Change]:
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
            *(Change(todo.row.number, Status.PENDING, words) for todo in waiting),
            *(exhausted_change(todo) for todo in exhausted),
        ]

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
        if not (creating or len(self._tracker)):
            return 0.0
        all_done = self._times.all_done(self._polling.not_done())
        if all_done is None:
            return None
        ages = [row.created.age(now) for row in self._tracker.in_account()]
        youngest = 0.0 if creating else min(ages, default=0.0)
        # A row that takes longer than any before it is due when its age has grown by a share.
        waits = [creating + max(all_done - youngest, self._polling.pause(max(ages, default=0.0)))]
        proof = self._consistency.proof_age(self._showing.unseen())
        settles = self._settings.settle if proof is None else proof
        waits += [settles - row.created.age(now) for row in self._tracker.unknown()]
        if proof is not None and any(True for _ in self._tracker.unknown()):
            waits.append(max(waits[1:]) + all_done)  # it may be sent again
        return max(waits)

    # Adoption ---------------------------------------------------------------------------------

    def adopt(self, pending: int | None, *, glance: bool = False) -> None:
        """Look for pending rows in the account before any is created.

        Args:
            pending: how many; None where an earlier run of this job found that looking for each
                row is fewer calls.
            glance: an earlier run has looked for them.
        """
        self._adoption = Adoption(pending or 0, self._pages, glance=glance)
        if pending is None:
            self._adoption.look_first()

    @property
    def adopting(self) -> bool:
        """Pages are to be matched with pending rows, by `adopted`; nothing is created yet."""
        return not self._adoption.done

    @property
    def looks_first(self) -> bool:
        """Each row is looked for before its POST."""
        return self._adoption.each_row

    def adopted(self, rows: Iterable[Row], page: MediaPage, now: float) -> list[Change]:
        """Take over what is in the account.

        Args:
            rows: pending ones whose reference IDs are on the page.
        """
        changes = []
        for row in rows:
            changes += take_over(self._tracker, row, page.items, self._settings.adopt, now)
        self._adoption.found(any_media=bool(changes))
        return changes

    # The next call ----------------------------------------------------------------------------

    def next(self, now: float) -> Call | Wait | Finished:
        """The call to make now. Whoever takes it owes an `answered`."""
        call = self._choose(now)
        if call is not None:
            self._calls_out += 1
            self._leaves(call, now)
            return call
        if self._calls_out or len(self._tracker) or self.adopting or self._more_pending:
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
        if not self.adopting:
            moments.append(self._creation.ready_at())
        elif self._adoption.page not in self._pages.out:
            moments.append(self._selection.paused_until)
        return Wait(min(moment for moment in (*moments, _FOREVER) if moment > now))

    def _choose(self, now: float) -> Call | None:
        if self._auth:
            return AskAccount() if self._auth.asks_at() <= now else None
        if self._outage.is_open:
            return AskAccount() if self._outage.asks_at() <= now else None
        if not self._outage.admits(self._calls_out):
            return None
        if self.adopting:
            return self._adoption_page(now) or self._selection.best(now)
        if self._creation.ready(now) and self._outage.admits_post(self._posts_out):
            return self._create(now)
        return self._selection.best(now)

    def _adoption_page(self, now: float) -> ReadPage | None:
        page = self._adoption.page
        ready = now >= self._selection.paused_until and page not in self._pages.out
        return ReadPage(page) if ready else None

    def _create(self, now: float) -> Call:
        """The next create, or a look that is worth its call while rows wait for theirs."""
        if self._creation.may_look():
            look = self._selection.full_page(now)
            if look is not None:
                self._creation.looked()
                return look
        todo = self._creation.take()
        if todo.check_exists_first and self.looks_first:
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
    ) -> list[Change]:
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
        if isinstance(answer, Forbidden):
            if answer.status == _UNAUTHORISED:
                self._refuse(answer)
            self._auth.hold(call, answer)
            return []
        return self._heard(call, answer, left, now)

    def _heard(self, call: Call, answer: Answer, left: float, now: float) -> list[Change]:
        """An answer reaches the row, or the page, that it is about."""
        if isinstance(call, ReadPage):
            return self._page_read(call.page, answer, left, now)
        if isinstance(call, AskAccount):
            return []
        flight = self._tracker.get(call.row)
        match call, flight:
            case Create(), Posting():
                return self._sending.posted(flight, answer, now)
            case Find(), Posting(todo=ToCreate(check_exists_first=True)):
                changes = self._sending.searched_first(flight, answer, left, now)
                if self.looks_first and not self._showing.filter_works:
                    self._adoption = Adoption(None, self._pages)  # only the whole list tells
                return changes
            case Find(), Processing() | Online() | Unknown():
                return self._lookups.search_answered(flight, answer, left, now)
            case AskStatus(), Processing():
                return self._lookups.status_answered(flight, answer, left, now)
        return []  # a page was faster

    def _refuse(self, answer: CallFailed) -> None:
        self.fault = self.fault or CredentialsRefused(
            f"The platform no longer accepts the credentials: {answer.message}.",
            "All state is saved: correct them, test with `batch-import account`, and run again.",
        )

    def _account_answered(self, answer: Answer, now: float) -> list[Change]:
        if isinstance(answer, Forbidden):
            self._refuse(answer)
        self._outage.account_answered(now, clear=not is_weather(answer))
        if not self._auth.is_asking:
            return []
        refused = self._auth.account_answered(answer, now)
        return [change for call, words in refused for change in self._heard(call, words, now, now)]

    def _page_read(self, page: int, answer: Answer, left: float, now: float) -> list[Change]:
        self._pages.out.pop(page, None)
        sought = self._selection.sought.pop(page, None)
        if isinstance(answer, Rejected) and not is_weather(answer) and page > 1:
            answer = MediaPage(())  # beyond the end
        if not isinstance(answer, MediaPage):
            self._page_failed(answer, now)
            return []
        self._pages.read(page, answer)
        self._selection.page_read()
        if page == 1 and self.adopting and not len(self._tracker) and answer.items:
            self._listing.before_first_create(answer.items[0].id, left)
        self._adoption.read(page, answer)
        changes = self._taken_from_queue(answer, now)
        return changes + self._page_reading.page_read(page, answer, left, now, sought)

    def _taken_from_queue(self, page: MediaPage, now: float) -> list[Change]:
        """Rows that are about to be searched for: perhaps a page has found them."""
        changes = []
        for media in page.items:
            todo = self._tracker.with_reference(media.reference_id)
            if isinstance(todo, ToCreate) and todo.check_exists_first:
                taken = take_over(self._tracker, todo.row, page.items, self._settings.adopt, now)
                if taken:
                    self._creation.remove(todo)
                changes += taken
        return changes

    def _page_failed(self, answer: Answer, now: float) -> None:
        refused = isinstance(answer, Rejected | Forbidden) and not is_weather(answer)
        if refused and self.adopting and isinstance(answer, CallFailed):
            if self._showing.filter_works:
                self._adoption.look_first()
            else:
                self.fault = self.fault or cannot_be_searched(answer)
        if isinstance(answer, NoAnswer | Rejected | Forbidden):
            self._selection.page_failed(now)


def _resumed(row: Row, created: Created, now: float) -> InAccount:
    """A row that an earlier run left under way."""
    if row.status is Status.UNKNOWN and row.ingest_id is None:
        return Unknown(row, created, now, "an earlier run got no clear answer")
    return Processing(row, created, now, ingest_id=row.ingest_id, media_id=row.media_id)
