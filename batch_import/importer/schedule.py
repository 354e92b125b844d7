"""Which call comes next, and what an answer means. Pure: the clock is passed in.

    next(now)                       → a call | Wait(until) | FINISHED
    answered(call, answer, now)     → changes to commit

Rows come in by `admit`, already committed as `creating` (the intent before the deed) or left in
flight by an earlier run; they leave when nothing more can be learned of them in this run. An
answer is a result or a `CallFailed`, which is a value here. A POST without a clear answer makes
its row unknown: it is looked for, and sent again only when lists prove that there is no media.

Rows are found by sweeps: pages of the newest media tell of a hundred at once. A row is asked for
singly where sweeps do not show it.

This file must not know threads, sockets, files, or what the time is.
"""

import heapq
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from batch_import.configuration.settings import Settings
from batch_import.errors import (
    CallFailed,
    CredentialsRefused,
    Forbidden,
    NoAnswer,
    NotSent,
    PlatformUnreachable,
    Rejected,
    RunFault,
    Throttled,
    command,
)
from batch_import.importer.adoption import Adoption
from batch_import.importer.backoff import backoff
from batch_import.importer.calls import Answer, AskAccount, AskStatus, Call, Create, Find, ReadPage
from batch_import.importer.failures import failure_code
from batch_import.importer.flight import InFlight
from batch_import.importer.match import (
    best_media,
    by_reference,
    lives,
    living_media,
    told_of_others,
    window,
)
from batch_import.importer.pages import Pages
from batch_import.importer.sightings import ListedTime, Visibility
from batch_import.importer.suspicion import Suspicion
from batch_import.importer.sweep import Sweep
from batch_import.models import Change, FailureCode, IngestStatus, Media, MediaPage, Row, Status
from batch_import.viostream.account_pager import AccountPager, ListEnd

_UNAUTHORISED: Final = 401
_CONFLICT: Final = 409
_NOT_FOUND: Final = 404
#: Every so many other calls, one is left to single looks.
_CALLS_A_LOOK: Final = 3
#: Seconds before the first look for a media that should be there, doubled with every look.
_FIRST_LOOK: Final = 2.0
#: The longest wait between two looks, in poll intervals.
_LONGEST_LOOK: Final = 4.0
#: A row that lists show, and not as done, is asked for singly once it is so old, and then again
#: as seldom: another media may bear its reference ID, and hide what became of its own.
_LONG: Final = 20.0
#: The part of the time that a run waits for a row after which it is asked for singly in any case.
_LAST_CALL: Final = 0.75
#: A row that so many sweeps in a row did not show is asked for singly, once it is overdue.
_MISSES: Final = 3
#: Seconds that are not worth waiting for; clocks may not even tell them.
_NO_TIME: Final = 0.001
#: Seconds for which the oldest unseen media is taken for the same.
_UNSEEN_FOR: Final = 1.0
#: A row whose POST came to nothing is sent so often in one run.
_POSTS: Final = 3
#: A row that takes longer than others is thought to take this share of its age more.
_LATE: Final = 0.1
#: Rows lately imported: what lists are measured by.
_RECENT: Final = 500


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to call before `until`, unless an answer comes first."""

    until: float


class Finished(Enum):
    """Nothing more can be done in this run."""

    FINISHED = auto()


FINISHED: Final = Finished.FINISHED


@dataclass(slots=True)
class _Queues:
    creates: deque[InFlight] = field(default_factory=deque)
    #: (due, turn, row number): rows under way, by when to look at them singly.
    looks: list[tuple[float, int, int]] = field(default_factory=list)


class Schedule:
    """The order of calls for the rows of one run.

    Args:
        settings: what the run is told.
        now: epoch seconds, as in every method.

    Attributes:
        fault: set once the run cannot go on; commit the changes, then raise it.
    """

    def __init__(self, settings: Settings, now: float) -> None:
        self._settings = settings
        self._rows: dict[int, InFlight] = {}
        self._by_reference: dict[str, InFlight] = {}
        self._recent: OrderedDict[str, InFlight] = OrderedDict()
        self._queues = _Queues()
        self._listed = ListedTime()
        self._visibility = Visibility()
        self._pages = Pages(settings.poll_interval)
        self._sweep = Sweep(self._pages, settings.poll_interval, self._listed, self._visibility)
        self._adoption = Adoption(0, self._pages)
        #: The newest media before the first create, and when it was seen to be that.
        self._old: tuple[str, float] | None = None
        self._filter_works = True
        self._unseen_at, self._oldest_unseen = float("-inf"), 0.0
        self._posts: Counter[int] = Counter()
        self._scout_at = now
        self._turn = 0
        self._since_a_look = 0
        self._calls_out = 0
        self._suspicion = Suspicion()
        self._last_good = now
        self._more_pending = True
        self.fault: RunFault | None = None

    # Rows in and out --------------------------------------------------------------------------

    def wanted(self) -> int:
        """How many pending rows to claim now: few, for a crash leaves them all unknown."""
        if not self._more_pending or self._queues.creates or self.adopting:
            return 0
        room = self._settings.max_in_flight - len(self._rows)
        return max(0, min(room, 1 + int(self._settings.rate / 4)))

    def no_more_pending(self) -> None:
        """The state has no pending rows left."""
        self._more_pending = False

    def admit(self, rows: Iterable[Row], now: float) -> None:
        """Take charge of rows: claimed ones are created, others looked at."""
        for row in rows:
            if row.status is Status.PENDING:
                flight = InFlight(row, Status.CREATING, now, now, now, dated=not row.claims)
                flight.look_first = self.looks_first
                self._keep(flight)
                self._queues.creates.append(flight)
                continue
            ended = row.sent_at if row.sent_at is not None else now
            # What an unknown row is about may be older than its POST: a conflict says so.
            left = None if row.status is Status.UNKNOWN else row.claimed_at
            left = float("-inf") if left is None else left
            flight = InFlight(row, row.status, now, left, ended, row.ingest_id, row.media_id)
            flight.dated = row.claims <= 1
            self._keep(flight)
            self._under_way(flight, now, row.imported_between)

    def _keep(self, row: InFlight) -> None:
        self._rows[row.number] = row
        self._by_reference[row.reference_id] = row

    def _under_way(self, row: InFlight, due: float, between: int = 0) -> None:
        """Its media is, or may be, in the list from now on."""
        self._sweep.add(row, between)
        self._look_at(row, due)

    def _drop(self, row: InFlight, *, listed: bool) -> None:
        """This run is done with a row."""
        del self._rows[row.number]
        del self._by_reference[row.reference_id]
        self._sweep.remove(row, listed=listed)
        self._listed.forget(row.waited)

    def withdraw(self) -> list[Change]:
        """The run ends early: claimed rows whose POST never left go back to pending."""
        waiting = list(self._queues.creates)
        self._queues.creates.clear()
        # A POST that was refused for its credentials was surely not carried out.
        accused = [self._flying(call) for call, _ in self._suspicion.drop()]
        waiting += [row for row in accused if row and row.status is Status.CREATING]
        for row in waiting:
            self._drop(row, listed=False)
        return [Change(r.number, Status.PENDING, "not sent: the run ended") for r in waiting]

    def _flying(self, call: Call) -> InFlight | None:
        """The row that a call is about, while this run still waits for its answer."""
        if isinstance(call, AskAccount | ReadPage):
            return None
        row = self._rows.get(call.row.number)
        return row if row and row.row is call.row else None

    def time_left(self, creating: float, now: float) -> float | None:
        """Seconds until this run has nothing more to do; None while nobody can know.

        Args:
            creating: seconds until the last row is created; 0 where all are.
        """
        if not (creating or self._rows):
            return 0.0
        all_done = self._listed.all_done()
        if all_done is None:
            return None
        age = 0.0 if creating else next(reversed(self._rows.values())).age(now)
        unknown = (row for row in self._rows.values() if row.status is Status.UNKNOWN)
        settling = max((self._settles_in(row, now) for row in unknown), default=0.0)
        return max(creating + max(all_done - age, _LATE * age), settling)

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
            flight = InFlight(row, row.status, now, float("-inf"), now)
            changes += self._take_over(flight, page.items, now)
        self._adoption.found(any_media=bool(changes))
        return changes

    def _take_over(self, row: InFlight, items: Sequence[Media], now: float) -> list[Change]:
        """A row that was not sent: take a living media that bears its reference ID."""
        media = living_media(items, row.reference_id)
        if media is None:
            return []
        self._keep(row)
        if media.status == "online":
            words, error = "was in the account already", told_of_others(items, media)
            code = FailureCode.REFERENCE_SHARED if error else ""
            return [self._leave(row, Status.IMPORTED, words, error=error, code=code, media=media)]
        row.status, row.media_id = Status.PROCESSING, media.id
        self._under_way(row, now + self._settings.poll_interval)
        words = "was in the account already, not online yet"
        return [Change(row.number, Status.PROCESSING, words, media=media)]

    # The next call ----------------------------------------------------------------------------

    def next(self, now: float) -> Call | Wait | Finished:
        """The call to make now. Whoever takes it owes an `answered`."""
        call = self._choose(now)
        if call is not None:
            self._calls_out += 1
            self._leaves(call, now)
            return call
        if self._suspicion:
            return Wait(float("inf"))
        if self._rows or self.adopting:
            return Wait(self._something_due_at(now))
        if self._calls_out or self._more_pending:
            return Wait(float("inf"))
        return FINISHED

    def _choose(self, now: float) -> Call | None:
        if self._suspicion:
            return self._suspicion.ask()
        creating = bool(self._queues.creates) and not self.adopting
        # Single looks come last, but not never: no row waits for the end of all others.
        look = self._single_look(now) if self._since_a_look >= _CALLS_A_LOOK else None
        if look is None:
            look = self._bulk(now, creating=creating) or self._single_look(now)
        return look

    def _bulk(self, now: float, *, creating: bool) -> Call | None:
        """A call that serves many rows, or creates one."""
        page = self._best_page(now, creating=creating)
        if page is None and not creating:
            return None
        self._since_a_look += 1
        return self._create() if page is None else ReadPage(page)

    def _best_page(self, now: float, *, creating: bool) -> int | None:
        if now < self._pages.paused_until:
            return None
        if self.adopting and self._adoption.page not in self._pages.out:
            return self._adoption.page
        return self._sweep.best(now, self._pages.out, creating=creating)

    def _create(self) -> Create | Find:
        row = self._queues.creates.popleft()
        if row.look_first and self.looks_first:
            return Find(row.row, row.page)
        return Create(row.row)

    def _leaves(self, call: Call, now: float) -> None:
        """Note when a call leaves: its answer tells of that moment at the earliest."""
        if isinstance(call, ReadPage):
            self._pages.out[call.page] = now
        elif not isinstance(call, AskAccount):
            row = self._rows[call.row.number]
            if isinstance(call, Create):
                row.left = now
            elif row.page == 1 or row.asked is None:
                row.asked = now

    def _something_due_at(self, now: float) -> float:
        pages = max(self._pages.paused_until, self._sweep.asks_again_at(now))
        if self.adopting and not self._pages.out:
            pages = max(now, self._pages.paused_until)
        return min(pages, self._queues.looks[0][0] if self._queues.looks else float("inf"))

    # Single looks -----------------------------------------------------------------------------

    def _look_at(self, row: InFlight, due: float) -> None:
        """Look at a row singly once it is due, and not before."""
        self._turn += 1
        row.turn = self._turn
        heapq.heappush(self._queues.looks, (due, self._turn, row.number))

    def _look_later(self, row: InFlight, now: float, delay: float) -> None:
        if row.status is Status.PROCESSING:
            delay = min(delay, max(0.0, row.since + self._settings.max_wait - now))
        self._look_at(row, now + delay)

    def _look_again(self, row: InFlight, now: float) -> None:
        """A single look brought nothing: the next one waits twice as long."""
        interval = self._settings.poll_interval
        # A media that is online, and not in the list yet, is as likely found by a sweep.
        first = interval if row.online else min(interval, _FIRST_LOOK)
        longest = interval * (_LONG if row.seen else _LONGEST_LOOK)
        delay = backoff(first, row.looks, longest)
        row.looks += 1
        self._look_later(row, now, delay)

    def _single_look(self, now: float) -> Call | None:
        looks = self._queues.looks
        while looks and looks[0][0] <= now:
            _, turn, number = heapq.heappop(looks)
            row = self._rows.get(number)
            if row is not None and row.turn == turn:
                call = self._look(row, now)
                if call is not None:
                    self._since_a_look = 0
                    return call
        return None

    def _look(self, row: InFlight, now: float) -> Call | None:
        """The call for a row that is due; None where there is a better time or way."""
        if row.status is Status.PROCESSING and now >= row.since + self._settings.max_wait:
            # Waiting is not failing: the next run goes on.
            if row.ingest_id and not row.seen:
                # How long lists hide a media is not known, for this one is no longer watched.
                self._visibility.hidden(float("inf"))
            self._drop(row, listed=True)
            return None
        wait = self._better_in(row, now)
        if wait > _NO_TIME:
            self._look_later(row, now, wait)
            return None
        if row.status is Status.PROCESSING and row.ingest_id and not row.online:
            return AskStatus(row.row, row.ingest_id)
        if self._filter_works:
            return Find(row.row, row.page)
        if row.status is Status.UNKNOWN:
            self._search_on(row, now)
        else:
            self._look_again(row, now)
        # Further on each time: it may stand anywhere, for all that its neighbours tell.
        first = self._sweep.page_of(row)
        if first <= self._pages.enough:
            first = 1  # the newest pages are within reach, and no estimate is needed for them
        page = (first - 1 + row.searched) % self._pages.many + 1
        if page in self._pages.out:
            return None
        self._pages.sought[page] = row.row
        return ReadPage(page)

    def _search_on(self, row: InFlight, now: float) -> None:
        """An unknown row is searched for page by page: all are read by the time it is settled."""
        pages = self._pages.enough - row.searched
        left = max(0.0, self._settings.settle - row.age(now))
        longest = _LONGEST_LOOK * self._settings.poll_interval
        if pages > 0:
            longest = min(longest, max(_FIRST_LOOK, left / pages))
        self._look_at(row, now + backoff(_FIRST_LOOK, row.looks, longest))
        row.looks += 1

    def _better_in(self, row: InFlight, now: float) -> float:
        """Seconds for which a row is better left to sweeps; 0 where a single look is due."""
        interval = self._settings.poll_interval
        if row.status is Status.UNKNOWN:
            return self._settles_in(row, now)
        age = row.age(now)
        # No row is given up on before it was asked for.
        last_call = not row.seen and age > _LAST_CALL * self._settings.max_wait
        if row.online or row.doubtful or last_call:
            return 0.0
        if row.missed < _MISSES and age < _LONG * interval:
            return interval
        overdue = self._listed.overdue(age)
        if overdue is not None:
            return 0.0 if overdue else min(interval, max(_FIRST_LOOK, age / 4))
        # Nobody knows yet whether lists show anything: one row is asked for, in place of all.
        if now < self._scout_at:
            return interval
        self._scout_at = now + interval
        return 0.0

    def _settles_in(self, row: InFlight, now: float) -> float:
        """Seconds until an unknown row's absence from a list would tell something."""
        age = row.age(now)
        sure = self._visibility.sure_from(self._unseen(now))
        if sure is None or age >= self._settings.settle:
            return 0.0
        return min(max(0.0, sure - age), self._settings.settle - age)

    # What an answer means ---------------------------------------------------------------------

    def answered(self, call: Call, answer: Answer, now: float) -> list[Change]:
        """Learn from an answer; returns what is to be committed."""
        self._calls_out -= 1
        self._watch_platform(answer, now)
        if isinstance(call, AskAccount):
            return self._account_answered(answer, now)
        if isinstance(answer, Forbidden):
            if answer.status == _UNAUTHORISED:
                self._refuse(answer)
            self._suspicion.accuse(call, answer)
            return []
        if isinstance(call, ReadPage):
            return self._page_read(call.page, answer, now)
        row = self._flying(call)
        return self._row_told(call, row, answer, now) if row else []  # a sweep was faster

    def _row_told(
        self, call: Create | AskStatus | Find, row: InFlight, answer: Answer, now: float
    ) -> list[Change]:
        if isinstance(call, Create):
            return self._created(row, answer, now)
        if isinstance(call, AskStatus):
            return self._status_told(row, answer, now)
        return self._found(row, answer, now)

    def _watch_platform(self, answer: Answer, now: float) -> None:
        """A platform that is down is waited for, and given up on in the end."""
        if not isinstance(answer, NotSent | NoAnswer | Throttled):
            self._last_good = now
        elif now - self._last_good > self._settings.give_up_after:
            self.fault = self.fault or PlatformUnreachable(
                f"The platform has not answered for {now - self._last_good:.0f} s"
                f" ({answer.message}).",
                "All state is saved: run the same command again once it is back.",
            )

    def _refuse(self, answer: CallFailed) -> None:
        self.fault = self.fault or CredentialsRefused(
            f"The platform no longer accepts the credentials: {answer.message}.",
            f"All state is saved: fix them, test with {command('account')}, and run again.",
        )

    def _account_answered(self, answer: Answer, now: float) -> list[Change]:
        if isinstance(answer, Forbidden):
            self._refuse(answer)
        to_blame = self._suspicion.told(answer)
        return [change for call, words in to_blame for change in self._barred(call, words, now)]

    def _barred(self, call: Call, words: Forbidden, now: float) -> list[Change]:
        """The credentials hold, so that it is this one call that is not allowed."""
        if isinstance(call, ReadPage):
            return self._page_read(call.page, words, now)
        row = self._flying(call)
        if row is None:
            return []
        if isinstance(call, Create):
            return self._failed(row, words.message, FailureCode.NOT_ALLOWED, now)
        return self._not_told(row, now)

    def _created(self, row: InFlight, answer: Answer, now: float) -> list[Change]:
        if isinstance(answer, Throttled | NotSent):
            self._queues.creates.appendleft(row)
            return []
        row.since = row.ended = now
        if isinstance(answer, str):
            row.status, row.ingest_id = Status.PROCESSING, answer
            self._under_way(row, now + self._settings.poll_interval)
            return [Change(row.number, Status.PROCESSING, "taken", sent_at=now, ingest_id=answer)]
        if isinstance(answer, Rejected) and answer.status != _CONFLICT:
            code = failure_code(answer.message, FailureCode.REJECTED)
            return self._failed(row, answer.message, code, now)
        # A conflict names a media that exists already: perhaps by an earlier POST of ours.
        row.conflict = isinstance(answer, Rejected)
        if row.conflict:
            row.left = float("-inf")
        row.words = answer.message if isinstance(answer, CallFailed) else "an answer of no use"
        row.status = Status.UNKNOWN
        self._posts[row.number] += 1
        self._under_way(row, now + _FIRST_LOOK)
        code = FailureCode.CONFLICT if row.conflict else FailureCode.NO_ANSWER
        return [
            Change(row.number, Status.UNKNOWN, row.words, error=row.words, code=code, sent_at=now)
        ]

    def _failed(self, row: InFlight, words: str, code: FailureCode, now: float) -> list[Change]:
        sent_at = now if row.status is Status.CREATING else None
        return [self._leave(row, Status.FAILED, words, error=words, code=code, sent_at=sent_at)]

    def _status_told(self, row: InFlight, answer: Answer, now: float) -> list[Change]:
        if not isinstance(answer, Rejected | IngestStatus):
            return self._not_told(row, now)
        self._scout_at = now  # an answer that helps is followed by the next question
        asked, row.asked = row.asked or now, None
        vanished, row.doubtful = row.doubtful, False
        if isinstance(answer, IngestStatus) and answer.status == "failed":
            words = answer.error or "the platform gave no reason"
            return self._failed(row, words, failure_code(words, FailureCode.PROCESSING_FAILED), now)
        if vanished and row.seen:
            self._visibility.flickered()
        if isinstance(answer, Rejected) or answer.status == "online":
            # Or the platform does not know the ingest any more: the media is what counts.
            row.online, row.looks = True, 0
            row.plays = isinstance(answer, IngestStatus)
            self._look_at(row, now)
            return []
        self._still_waits(row, row.age(asked))
        self._scout_at = now + self._settings.poll_interval
        return self._not_told(row, now)

    def _found(self, row: InFlight, answer: Answer, now: float) -> list[Change]:
        if isinstance(answer, Rejected) and answer.status == _NOT_FOUND:
            answer = MediaPage(())
        if not isinstance(answer, MediaPage):
            return self._not_told(row, now)
        self._pages.measure(row.page, answer)
        reference = row.reference_id
        if any(reference not in media.reference_id for media in answer.items):
            return self._filter_ignored(row, now)
        search, row.search = row.search or AccountPager(self._pages), None
        search.read(answer)
        if best_media(answer.items, reference) is None and search.end is not ListEnd.COMPLETE:
            if search.end:
                return self._filter_ignored(row, now)  # it found more than can be read
            row.search = search
            return self._not_told(row, now, at_once=True)
        if row.status is Status.CREATING:
            changes = self._take_over(row, answer.items, now)
            row.look_first = False
            return changes or self._not_told(row, now)
        left, row.asked = row.asked or now, None
        changes = self._compared(row, answer.items, left, now)
        if self._rows.get(row.number) is row:
            self._look_on(row, now)
        return changes

    def _filter_ignored(self, row: InFlight, now: float) -> list[Change]:
        """The platform answers with other rows' media: only whole pages are of use."""
        self._filter_works, row.search = False, None
        if self.looks_first:
            self._adoption = Adoption(None, self._pages)
        return self._not_told(row, now, at_once=True)

    def _not_told(self, row: InFlight, now: float, *, at_once: bool = False) -> list[Change]:
        """A single look that failed, or is to be gone on with."""
        if row.status is Status.CREATING:
            self._queues.creates.appendleft(row)
        elif at_once:
            self._look_at(row, now)
        else:
            row.asked = None
            self._look_again(row, now)
        return []

    def _look_on(self, row: InFlight, now: float) -> None:
        """A single look did not bring a row home: when to look again."""
        if row.status is not Status.UNKNOWN:
            self._look_again(row, now)
            return
        left = max(0.0, self._settings.settle - row.age(now))
        if self._visibility.sure_from(self._unseen(now)) is None:
            row.looks += 1
            self._look_at(row, now + backoff(_FIRST_LOOK, row.looks, left))
        else:
            self._look_at(row, now + min(left, _FIRST_LOOK))

    # What a page means ------------------------------------------------------------------------

    def _page_read(self, page: int, answer: Answer, now: float) -> list[Change]:
        left, sought = self._pages.out.pop(page), self._pages.sought.pop(page, None)
        if isinstance(answer, Rejected) and page > 1:
            answer = MediaPage(())  # beyond the end
        if not isinstance(answer, MediaPage):
            self._page_failed(answer, now)
            return []
        self._pages.read(page, answer)
        if page == 1 and self.adopting and not self._rows and answer.items:
            self._old = answer.items[0].id, left
        self._adoption.read(page, answer)
        reach = self._reach(page, answer)
        bearers = by_reference(answer.items)
        covered = window(self._known(bearers), left if page == 1 else None, reach)
        expected = self._sweep.expected(page)
        flying = self._rows.get(sought.number) if sought else None
        if flying and flying.row is sought:
            flying.searched += 1
            if flying not in expected:
                expected.append(flying)
        self._sweep.looked(page, self._places(page, answer), last=reach is not None)
        self._measure(bearers, *covered)
        return self._compare(bearers, self._sweep.created_between(*covered), expected, left, now)

    def _reach(self, page: int, answer: MediaPage) -> float | None:
        """Since when a page shows all media, as no later page has any of this run's rows."""
        if not self._pages.has_more(page, answer):
            return float("-inf")
        if self._old and any(media.id == self._old[0] for media in answer.items):
            # All that this run has created is newer than what was there before.
            return self._old[1]
        return None

    def _page_failed(self, answer: Answer, now: float) -> None:
        if isinstance(answer, Rejected | Forbidden) and self.adopting:
            self._adoption.look_first()
        if not isinstance(answer, Throttled | NotSent):
            self._pages.failed(now)

    def _compare(
        self,
        bearers: dict[str, list[Media]],
        covered: list[InFlight],
        expected: list[InFlight],
        left: float,
        now: float,
    ) -> list[Change]:
        """What a page means for the rows on it, and for those that are not."""
        changes = []
        due = set(map(id, covered))
        shown = [row for name in bearers if (row := self._by_reference.get(name))]
        on_page = set(map(id, shown))
        for row in shown:
            items = bearers[row.reference_id]
            if row.status is Status.CREATING:
                changes += self._there_before(row, items, now)
            elif row.status is not Status.UNKNOWN or id(row) in due or lives(items):
                changes += self._compared(row, items, left, now)
            else:
                # What failed may be of an earlier POST, and its own media on another page.
                on_page.discard(id(row))
        for row in covered:
            if id(row) not in on_page:
                self._sweep.told(row, left)
                changes += self._missing(row, left)
        gone = on_page | due
        for row in expected:
            if id(row) not in gone:
                row.missed += 1
                self._sweep.strayed(row, left)
                nowhere = row.searched >= self._pages.enough and not self._filter_works
                if nowhere and row.status is Status.UNKNOWN:
                    changes += self._settle(row, row.age(left), left)
        return changes

    def _there_before(self, row: InFlight, items: Sequence[Media], now: float) -> list[Change]:
        """A row that was about to be looked for: perhaps a page has found it."""
        if not row.look_first or row not in self._queues.creates:
            return []
        taken = self._take_over(row, items, now)
        if taken:
            self._queues.creates.remove(row)
        return taken

    def _known(self, bearers: dict[str, list[Media]]) -> list[InFlight]:
        """The rows on a page whose creation this run can date."""
        found = [self._by_reference.get(name) or self._recent.get(name) for name in bearers]
        return [row for row in found if row and row.dated and row.status is not Status.CREATING]

    def _places(self, page: int, answer: MediaPage) -> dict[int, int]:
        first = (page - 1) * self._pages.size
        places = {}
        for place, media in enumerate(answer.items, start=first):
            row = self._by_reference.get(media.reference_id)
            if row is not None:
                places[row.number] = place
        return places

    def _measure(self, bearers: dict[str, list[Media]], oldest: float, newest: float) -> None:
        """Rows lately imported are in every list that covers them, or lists prove nothing."""
        for name, row in self._recent.items():
            if row.dated and row.left >= oldest and row.ended <= newest:
                if name in bearers:
                    self._visibility.seen_again()
                else:
                    self._visibility.flickered()

    def _compared(
        self, row: InFlight, items: Sequence[Media], left: float, now: float
    ) -> list[Change]:
        """What a list that covers a row's place shows under its reference ID."""
        self._sweep.told(row, left)
        media = best_media(items, row.reference_id)
        if media is None:
            return self._missing(row, left)
        if media.status == "failed" and (media.id != row.media_id or row.plays):
            return self._failed_media(row, left, now)
        done = media.status in ("online", "failed")
        if done:
            self._listed.done(row.waited, row.oldest_age(now))
            row.waited = None
        else:
            self._still_waits(row, row.age(left))
        if row.ingest_id:
            self._visibility.seen(row.oldest_age(now), first=not row.seen, done=done)
        row.seen, row.missed = True, 0
        return self._sighted(row, media, told_of_others(items, media), now)

    def _still_waits(self, row: InFlight, age: float) -> None:
        if row.waited is None or age > row.waited:
            self._listed.waits(row.waited, age)
            row.waited = age

    def _failed_media(self, row: InFlight, left: float, now: float) -> list[Change]:
        """It may be this row's, or one of an earlier POST, ours or another's."""
        if row.status is Status.UNKNOWN:
            return self._missing(row, left)
        row.missed = 0
        self._doubt(row, now)
        return []

    def _doubt(self, row: InFlight, now: float) -> None:
        """Have a row's ingest asked for now; without one, its media is looked for in time."""
        if row.ingest_id and not row.doubtful:
            row.doubtful = True
            if row.asked is None:
                self._look_at(row, now)

    def _sighted(self, row: InFlight, media: Media, others: str, now: float) -> list[Change]:
        if media.status == "online" or (row.online and not media.status):
            code = FailureCode.REFERENCE_SHARED if others else ""
            return [
                self._leave(row, Status.IMPORTED, "online", error=others, code=code, media=media)
            ]
        if media.status == "failed":
            if row.ingest_id and not row.online:
                self._doubt(row, now)  # only the ingest tells why
                return []
            words = "the platform could not process the video"
            return self._failed(row, words, FailureCode.PROCESSING_FAILED, now)
        row.media_id = media.id
        if not media.status:
            row.missed += 1  # a list without statuses: sweeps cannot tell
        if row.status is not Status.UNKNOWN:
            return []
        row.status, row.since = Status.PROCESSING, now
        return [Change(row.number, Status.PROCESSING, "found in the account", media=media)]

    def _missing(self, row: InFlight, left: float) -> list[Change]:
        """A list that must show a row's media, if there is one, shows none that lives."""
        age = row.age(left)
        row.missed += 1
        if row.status is Status.UNKNOWN:
            row.absent.append(age)
            return self._settle(row, age, left)
        if not row.seen:
            self._visibility.hidden(age)
        elif row.ingest_id:
            self._doubt(row, left)  # it has failed since, perhaps
        else:
            self._visibility.flickered()
        if not row.online:
            self._still_waits(row, age)
        return []

    def _unseen(self, now: float) -> float:
        """The age of the oldest media that is known to be there and that no list has shown yet."""
        if now - self._unseen_at > _UNSEEN_FOR:
            self._unseen_at = now
            ages = (row.age(now) for row in self._rows.values() if row.ingest_id and not row.seen)
            self._oldest_unseen = max(ages, default=0.0)
        return self._oldest_unseen

    def _settle(self, row: InFlight, age: float, now: float) -> list[Change]:
        """Decide what becomes of an unknown row, if that can be decided yet."""
        if not row.conflict and self._visibility.proves_absence(row.absent, self._unseen(now)):
            return self._surely_absent(row)
        return self._unsure(row, age) if age >= self._settings.settle else []

    def _surely_absent(self, row: InFlight) -> list[Change]:
        """Its POST was not carried out. One that never is, is no use to send for ever."""
        if self._posts[row.number] < _POSTS:
            self._more_pending = True
            return [self._leave(row, Status.PENDING, "surely not carried out: sent again")]
        words = f"{_POSTS} POSTs got no clear answer and made no video: {row.words}"
        code = FailureCode.NO_MEDIA_CREATED
        return [self._leave(row, Status.FAILED, words, error=words, code=code)]

    def _unsure(self, row: InFlight, age: float) -> list[Change]:
        """Nobody can know: what becomes of the row is the user's choice."""
        if self._settings.when_unsure == "retry" and self._posts[row.number] < _POSTS:
            self._more_pending = True
            return [self._leave(row, Status.PENDING, "not found: sent again, as told")]
        error = (
            f"its POST got no clear answer, and {age:.0f} s later no media is found;"
            " look in the account, then run again with the setting when-unsure: retry"
        )
        code = FailureCode.UNCONFIRMED
        return [self._leave(row, Status.UNKNOWN, "not found", error=error, code=code)]

    def _leave(
        self,
        row: InFlight,
        status: Status,
        reason: str,
        *,
        error: str = "",
        code: str = "",
        sent_at: float | None = None,
        media: Media | None = None,
    ) -> Change:
        self._drop(row, listed=row.seen or status is Status.IMPORTED)
        if status is Status.IMPORTED:
            self._recent[row.reference_id] = row
            if len(self._recent) > _RECENT:
                self._recent.popitem(last=False)
        return Change(row.number, status, reason, error, code, sent_at, media=media)
