"""Which call comes next, and what an answer means. Pure: the clock is passed in.

    next(now)                       → a call | Wait(until) | FINISHED
    answered(call, answer, now)     → changes to commit

Rows come in by `admit`, already committed as `creating` (the intent before the deed) or left in
flight by an earlier run; they leave when nothing more can be learned of them in this run. An
answer is a result or a `CallFailed`, which is a value here. A POST without a clear answer makes
its row unknown: it is looked for under its reference ID and never blindly sent again.

This file must not know threads, sockets, files, or what the time is.
"""

import heapq
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

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
)
from batch_import.importer.calls import (
    Answer,
    AskAccount,
    AskStatus,
    Call,
    Create,
    Find,
    ReadPage,
)
from batch_import.models import Change, IngestStatus, Media, MediaPage, Row, Status
from batch_import.settings import Settings

_UNAUTHORISED: Final = 401
_CONFLICT: Final = 409
_NOT_FOUND: Final = 404
#: While rows wait to be created, every so many calls one is left to rows under way, so that
#: finished videos show early and a full platform does not go unnoticed.
_CREATES_A_LOOK: Final = 3
#: Seconds before the first look for a media that should be there, doubled with every look.
_FIRST_LOOK: Final = 2.0


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to call before `until`, unless an answer comes first."""

    until: float


class Finished(Enum):
    """Nothing more can be done in this run."""

    FINISHED = auto()


FINISHED: Final = Finished.FINISHED


@dataclass(slots=True)
class _Tracked:
    """A row in flight.

    Attributes:
        since: when this run began to wait for it.
        media_id: the media that it was found to be, while that was not online yet.
        online: its ingest is known to be online; only the media must be found.
        looks: looks in a row that brought nothing; the next one waits longer.
    """

    row: Row
    status: Status
    since: float
    ingest_id: str | None
    sent_at: float | None
    media_id: str | None = None
    online: bool = False
    looks: int = 0
    page: int = 1


@dataclass(slots=True)
class _Queues:
    creates: deque[_Tracked] = field(default_factory=deque)
    #: (due, tie-breaker, row number): rows under way, by when to look at them next.
    looks: list[tuple[float, int, int]] = field(default_factory=list)


class Schedule:
    """The order of calls for the rows of one run.

    Attributes:
        fault: set once the run cannot go on; commit the changes, then raise it.
    """

    def __init__(self, settings: Settings, now: float) -> None:
        self._settings = settings
        self._rows: dict[int, _Tracked] = {}
        self._queues = _Queues()
        self._turn = 0
        self._creates_in_a_row = 0
        self._calls_out = 0
        self._accused: list[tuple[Call, Forbidden]] = []
        self._asking_account = False
        self._last_good = now
        self._more_pending = True
        self.fault: RunFault | None = None

    # Rows in and out --------------------------------------------------------------------------

    def wanted(self) -> int:
        """How many pending rows to claim now: few, for a crash leaves them all unknown."""
        if not self._more_pending or self._queues.creates:
            return 0
        room = self._settings.max_in_flight - len(self._rows)
        return max(0, min(room, 1 + int(self._settings.rate / 4)))

    def no_more_pending(self) -> None:
        """The state has no pending rows left."""
        self._more_pending = False

    def admit(self, rows: Iterable[Row], now: float) -> None:
        """Take charge of rows: claimed ones are created, others looked at."""
        for row in rows:
            tracked = _Tracked(row, row.status, now, row.ingest_id, row.sent_at, row.media_id)
            if row.status is Status.PENDING:
                tracked.status = Status.CREATING
                self._queues.creates.append(tracked)
            else:
                self._look_at(tracked, now)
            self._rows[row.number] = tracked

    def withdraw(self) -> list[Change]:
        """The run ends early: claimed rows whose POST never left go back to pending."""
        waiting = list(self._queues.creates)
        self._queues.creates.clear()
        # A POST that was refused for its credentials was surely not carried out.
        waiting += [self._rows[c.row.number] for c, _ in self._accused if isinstance(c, Create)]
        self._accused.clear()
        for tracked in waiting:
            del self._rows[tracked.row.number]
        return [Change(t.row.number, Status.PENDING, "not sent: the run ended") for t in waiting]

    # The next call ----------------------------------------------------------------------------

    def next(self, now: float) -> Call | Wait | Finished:
        """The call to make now. Whoever takes it owes an `answered`."""
        call = self._choose(now)
        if call is not None:
            self._calls_out += 1
            return call
        if self._queues.looks and not self._accused:
            return Wait(self._queues.looks[0][0])
        if self._calls_out or self._more_pending or self._accused:
            return Wait(float("inf"))
        return FINISHED

    def _choose(self, now: float) -> Call | None:
        if self._accused:
            # Until it is known whether the credentials hold, no row is blamed for them.
            return self._ask_account()
        due = bool(self._queues.looks) and self._queues.looks[0][0] <= now
        if self._queues.creates and not (due and self._creates_in_a_row >= _CREATES_A_LOOK):
            self._creates_in_a_row += 1
            return Create(self._queues.creates.popleft().row)
        if due:
            self._creates_in_a_row = 0
            return self._look(self._rows[heapq.heappop(self._queues.looks)[2]])
        return None

    def _ask_account(self) -> AskAccount | None:
        if self._asking_account:
            return None
        self._asking_account = True
        return AskAccount()

    @staticmethod
    def _look(tracked: _Tracked) -> AskStatus | Find:
        if tracked.ingest_id and not tracked.online:
            return AskStatus(tracked.row, tracked.ingest_id)
        return Find(tracked.row, tracked.page)

    def _look_at(self, tracked: _Tracked, due: float) -> None:
        self._turn += 1
        heapq.heappush(self._queues.looks, (due, self._turn, tracked.row.number))

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
            self._accused.append((call, answer))
            return []
        if isinstance(call, ReadPage):
            return []
        tracked = self._rows[call.row.number]
        if isinstance(call, Create):
            return self._created(tracked, answer, now)
        if isinstance(call, AskStatus):
            return self._status_told(tracked, answer, now)
        return self._found(tracked, answer, now)

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
            "All state is saved: mend them, test with `batch-import account`, and run again.",
        )

    def _account_answered(self, answer: Answer, now: float) -> list[Change]:
        self._asking_account = False
        if isinstance(answer, Forbidden):
            self._refuse(answer)
            return []
        if isinstance(answer, CallFailed):
            return []  # asked again: the accused are still there
        accused, self._accused = self._accused, []
        changes = []
        for call, words in accused:
            if isinstance(call, AskAccount | ReadPage):
                continue
            tracked = self._rows[call.row.number]
            if isinstance(call, Create):
                changes += self._failed(tracked, words.message, now)
            else:
                changes += self._look_again(tracked, now, self._settings.poll_interval)
        return changes

    def _created(self, tracked: _Tracked, answer: Answer, now: float) -> list[Change]:
        number = tracked.row.number
        if isinstance(answer, Throttled | NotSent):
            self._queues.creates.appendleft(tracked)
            return []
        tracked.sent_at = tracked.since = now
        if isinstance(answer, str):
            tracked.status, tracked.ingest_id = Status.PROCESSING, answer
            self._look_at(tracked, now + self._settings.poll_interval)
            return [
                Change(number, Status.PROCESSING, "taken", sent_at=now, ingest_id=answer),
            ]
        if isinstance(answer, Rejected) and answer.status != _CONFLICT:
            return self._failed(tracked, answer.message, now)
        # A conflict names a media that exists already: perhaps by an earlier POST of ours.
        tracked.status = Status.UNKNOWN
        self._look_at(tracked, now + _FIRST_LOOK)
        reason = answer.message if isinstance(answer, CallFailed) else "an answer of no use"
        return [Change(number, Status.UNKNOWN, reason, error=reason, sent_at=now)]

    def _failed(self, tracked: _Tracked, words: str, now: float) -> list[Change]:
        sent_at = now if tracked.status is Status.CREATING else None
        return [self._leave(tracked, Status.FAILED, words, error=words, sent_at=sent_at)]

    def _status_told(self, tracked: _Tracked, answer: Answer, now: float) -> list[Change]:
        if isinstance(answer, Rejected):
            # The platform does not know the ingest any more: the media is what counts.
            tracked.online = True
            return self._look_again(tracked, now, _FIRST_LOOK)
        if not isinstance(answer, IngestStatus):
            return self._look_again(tracked, now, self._soon(tracked))
        if answer.status == "online":
            tracked.online, tracked.looks = True, 0
            self._look_at(tracked, now)
            return []
        if answer.status == "failed":
            words = answer.error or "the platform gave no reason"
            return self._failed(tracked, words, now)
        return self._look_again(tracked, now, self._settings.poll_interval)

    def _found(self, tracked: _Tracked, answer: Answer, now: float) -> list[Change]:
        if isinstance(answer, Rejected) and answer.status == _NOT_FOUND:
            answer = MediaPage(())
        if not isinstance(answer, MediaPage):
            return self._look_again(tracked, now, self._soon(tracked))
        media = best_media(answer.items, tracked.row.reference_id)
        if media is None and _has_more(answer, tracked.page):
            # The platform did not filter, or not exactly: read on.
            tracked.page += 1
            self._look_at(tracked, now)
            return []
        tracked.page = 1
        if media is not None and self._is_ours(tracked, media):
            return self._sighted(tracked, media, now)
        if tracked.status is Status.UNKNOWN:
            return self._still_unknown(tracked, now)
        return self._look_again(tracked, now, self._soon(tracked))

    @staticmethod
    def _is_ours(tracked: _Tracked, media: Media) -> bool:
        """A failed media may be an earlier POST's, ours or another's, and says nothing then."""
        return media.status != "failed" or media.id == tracked.media_id

    def _sighted(self, tracked: _Tracked, media: Media, now: float) -> list[Change]:
        number = tracked.row.number
        if media.status == "online" or (tracked.online and not media.status):
            return [self._leave(tracked, Status.IMPORTED, "online", media=media)]
        if media.status == "failed":
            return self._failed(tracked, "the platform could not process the video", now)
        changes = []
        tracked.media_id = media.id
        if tracked.status is Status.UNKNOWN:
            tracked.status, tracked.since = Status.PROCESSING, now
            changes = [Change(number, Status.PROCESSING, "found in the account", media=media)]
        return changes + self._look_again(tracked, now, self._settings.poll_interval)

    def _still_unknown(self, tracked: _Tracked, now: float) -> list[Change]:
        """Its media is not in the list. That is no proof: it may be listed late."""
        asked_for = now - (tracked.sent_at if tracked.sent_at is not None else tracked.since)
        if asked_for < self._settings.settle:
            left = self._settings.settle - asked_for
            return self._look_again(tracked, now, min(left, self._soon(tracked)))
        if self._settings.when_unsure == "retry":
            self._more_pending = True
            return [self._leave(tracked, Status.PENDING, "not found: sent again, as told")]
        error = (
            f"its POST got no clear answer, and {asked_for:.0f} s later no media is found;"
            " look in the account, then run again with --when-unsure retry"
        )
        return [self._leave(tracked, Status.UNKNOWN, "not found", error=error)]

    def _soon(self, tracked: _Tracked) -> float:
        """Seconds to the next look for what should be there: doubled each time."""
        return min(self._settings.poll_interval, _FIRST_LOOK * 2.0 ** min(tracked.looks, 20))

    def _look_again(self, tracked: _Tracked, now: float, delay: float) -> list[Change]:
        """Look again later, unless this run has waited long enough: the next one goes on."""
        left = tracked.since + self._settings.max_wait - now
        if left <= 0 and tracked.status is not Status.UNKNOWN:
            del self._rows[tracked.row.number]
            return []
        tracked.looks += 1
        self._look_at(
            tracked, now + (delay if tracked.status is Status.UNKNOWN else min(delay, left))
        )
        return []

    def _leave(
        self,
        tracked: _Tracked,
        status: Status,
        reason: str,
        *,
        error: str = "",
        sent_at: float | None = None,
        media: Media | None = None,
    ) -> Change:
        number = tracked.row.number
        del self._rows[number]
        return Change(number, status, reason, error=error, sent_at=sent_at, media=media)


#: The media that a row is about, where several bear its reference ID: one that plays, then one
#: that may come to, then one that failed.
_RANK: Final = {"online": 0, "failed": 2}


def best_media(items: Iterable[Media], reference_id: str) -> Media | None:
    """The media of exactly this reference ID that counts; the newest of equals comes first."""
    ours = [media for media in items if media.reference_id == reference_id]
    return min(ours, key=lambda media: _RANK.get(media.status, 1)) if ours else None


def _has_more(page: MediaPage, number: int) -> bool:
    seen = number * len(page.items)
    return bool(page.items) and page.total is not None and seen < page.total
