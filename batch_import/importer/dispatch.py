"""Schedule, budget and state as one: hands out calls that may leave now, commits what came of them.

It has no thread, and its clock is passed in, so that the very same object runs in the pool's
thread and under a virtual clock. This file must not know how a call is carried out.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from batch_import.configuration.settings import Settings
from batch_import.errors import NoAnswer, NotSent, Throttled
from batch_import.importer.calls import Answer, Arrival, Call
from batch_import.importer.schedule import Finished, Schedule, Wait
from batch_import.importer.schedule.observations import SAMPLE
from batch_import.importer.schedule.polling import SHORTEST
from batch_import.importer.time_left import CreationRate
from batch_import.models import Counts, JobRow, MediaPage, Status, StatusUpdate
from batch_import.state.facts import ACCOUNT_SEARCH, LIST_EVIDENCE, AccountSearch
from batch_import.state.store import Store
from batch_import.viostream.rate_limiter import RateLimiter


@dataclass(frozen=True, slots=True)
class Progress:
    """How a run is doing.

    Attributes:
        counts: rows of the job, by status.
        rate: the one in force, in calls a second.
        left_alone: pending rows that the run does not take up.
        eta: seconds until the run has nothing more to do; None while nobody can know.
    """

    counts: Counts
    rate: float
    left_alone: int = 0
    eta: float | None = None


class Dispatcher:
    """Hands out the calls of one run.

    Args:
        now: epoch seconds, as in every method.
    """

    def __init__(self, settings: Settings, store: Store, budget: RateLimiter, now: float) -> None:
        self._store = store
        self._budget = budget
        self._evidence = store.facts.get(LIST_EVIDENCE)
        self._evidence_at = now
        self._schedule = Schedule(settings, now, self._evidence)
        store.queue.recover(now)
        counts = store.reader.counts(running=True)
        self._tally = Counter({status: getattr(counts, status, 0) for status in Status})
        self._status: dict[int, Status] = {}
        waiting = store.queue.claimable_count()
        self._left_alone = counts.pending - waiting
        self._pace = CreationRate()
        self._adopt(waiting)
        self._schedule.admission.remember(store.queue.recently_imported(SAMPLE))
        self._held, self._held_at = store.queue.still_held(now), now
        in_flight = (
            replace(row, held=row.number in self._held) if self._held else row
            for row in store.queue.in_flight()
        )
        self._admit([_sent_by(row, now) for row in in_flight], now)

    def next(self, now: float) -> Call | Wait | Finished:
        """A call to carry out now, and then to bring back by `answered`."""
        ready = self._budget.ready_at(now)
        if ready > now:
            return Wait(ready)
        self._feed(now)
        step = self._schedule.next(now)
        if isinstance(step, Wait) and self._schedule.admission.wanted():
            # Rows that were given up on just now have made room.
            self._feed(now)
            step = self._schedule.next(now)
        if not isinstance(step, Wait | Finished):
            self._budget.spend(now)
        return step

    def answered(self, arrivals: Iterable[Arrival], now: float) -> None:
        """Commit what answers mean: all that came together in one transaction.

        Raises:
            RunFault: the run cannot go on. What the answers meant is committed all the same.
        """
        changes: list[StatusUpdate] = []
        for arrival in arrivals:
            if arrival.clock_offset is not None:
                self._schedule.learn_clock(arrival.clock_offset)
            self._weigh(arrival.answer, arrival.left_at, now)
            adopting = self._schedule.admission.adopting
            changes += self._schedule.answered(arrival.call, arrival.answer, now, arrival.left_at)
            if adopting:
                self._commit_adopted(changes, arrival.answer, now)
                changes = []
        self._commit(changes, now)
        if now >= self._evidence_at + SHORTEST:
            self._keep_evidence(now)
        if self._held and now >= self._held_at + SHORTEST:
            self._release(now)
        if self._schedule.fault:
            raise self._schedule.fault

    def withdraw(self, now: float) -> None:
        """The run ends early: what never left is pending again."""
        self._commit(self._schedule.withdraw(), now)
        self._keep_evidence(now)

    def _release(self, now: float) -> None:
        """Rows that nobody else can send any more are like all others."""
        held, self._held_at = self._store.queue.still_held(now), now
        self._schedule.release(self._held - held, now)
        self._held = held

    def _keep_evidence(self, now: float) -> None:
        """A later run of the job, be it small, is to know at once what lists prove."""
        evidence, self._evidence_at = self._schedule.evidence(), now
        if evidence != self._evidence:
            self._evidence = evidence
            self._store.facts.save(LIST_EVIDENCE.of(evidence))

    def progress(self, now: float) -> Progress:
        """How the run is doing."""
        tally = {str(status): n for status, n in self._tally.items()}
        tally["processing"] += tally.pop("creating")
        counts, rate = Counts(total=sum(tally.values()), **tally), self._budget.rate(now)
        return Progress(counts, rate, self._left_alone, self._eta(rate, now))

    def _eta(self, rate: float, now: float) -> float | None:
        pending = self._tally[Status.PENDING] - self._left_alone
        creating = self._pace.time_for(pending + self._tally[Status.CREATING], rate, now)
        return None if creating is None else self._schedule.time_left(creating, now)

    def _adopt(self, pending: int) -> None:
        """Before the first create of a manifest, look for its rows in the account.

        Where not all rows are taken up, only the chosen ones are looked for; the next run looks
        for its own. Where they were looked for before, the newest media tell whether the state is
        older than the account: one that was put back from a copy knows nothing of what was sent
        since.
        """
        known = self._store.facts.get(ACCOUNT_SEARCH)
        if pending:
            self._schedule.admission.adopt(
                None if known is AccountSearch.EACH_ROW else pending,
                first_page_only=known is AccountSearch.DONE,
            )

    def _commit_adopted(self, changes: list[StatusUpdate], answer: Answer, now: float) -> None:
        """Each page by itself: which rows are pending is asked anew for the next."""
        if isinstance(answer, MediaPage):
            rows = self._store.queue.pending_by_reference(
                {media.reference_id for media in answer.items}
            )
            self._status.update((row.number, Status.PENDING) for row in rows)
            changes += self._schedule.admission.adopted(rows, answer, now)
        self._commit(changes, now)
        if not self._schedule.admission.adopting and not self._store.queue.has_choice:
            each_row = self._schedule.admission.looks_first
            found = AccountSearch.EACH_ROW if each_row else AccountSearch.DONE
            self._store.facts.save(ACCOUNT_SEARCH.of(found))

    def _feed(self, now: float) -> None:
        wanted = self._schedule.admission.wanted()
        if not wanted:
            return
        rows = self._store.queue.claim(wanted, now)
        self._tally[Status.PENDING] -= len(rows)
        self._tally[Status.CREATING] += len(rows)
        if len(rows) < wanted:
            self._schedule.admission.no_more_pending()
        self._admit(rows, now)

    def _admit(self, rows: Sequence[JobRow], now: float) -> None:
        for row in rows:
            claimed = row.status is Status.PENDING
            self._status[row.number] = Status.CREATING if claimed else row.status
        self._schedule.admission.admit(rows, now)

    def _weigh(self, answer: Answer, left_at: float, now: float) -> None:
        """What an answer tells of the platform's limits."""
        self._budget.returned()
        if isinstance(answer, Throttled):
            self._budget.refused(left_at, now, answer.retry_after)
        elif isinstance(answer, NoAnswer) and answer.retry_after is not None:
            self._budget.hold(now, answer.retry_after)
        elif not isinstance(answer, NoAnswer | NotSent):
            self._budget.accepted()

    def _commit(self, changes: Sequence[StatusUpdate], now: float) -> None:
        self._store.queue.apply(changes, now)
        self._pace.created(sum(map(self._is_created, changes)), now)
        for change in changes:
            self._tally[self._status[change.number]] -= 1
            self._tally[change.status] += 1
            self._status[change.number] = change.status
            if change.status not in (Status.CREATING, Status.PROCESSING, Status.UNKNOWN):
                del self._status[change.number]

    def _is_created(self, change: StatusUpdate) -> bool:
        created = self._status[change.number] is Status.CREATING
        return created and change.status not in (Status.CREATING, Status.PENDING)


def _sent_by(row: JobRow, now: float) -> JobRow:
    """A row of an earlier run; were its clock ahead, the row would be waited for until then."""
    ahead = row.sent_at is not None and row.sent_at > now
    return replace(row, sent_at=now) if ahead else row
