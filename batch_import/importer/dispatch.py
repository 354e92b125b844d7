"""Schedule, budget and state as one: hands out calls that may leave now, commits what came of them.

It has no thread, and its clock is passed in, so that the very same object runs in the pool's
thread and under a virtual clock. This file must not know how a call is carried out.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from batch_import.configuration.settings import Settings
from batch_import.errors import NoAnswer, NotSent, Throttled
from batch_import.importer.creation_rate import CreationRate
from batch_import.importer.schedule import Finished, Schedule, Wait
from batch_import.importer.schedule.observations import SAMPLE_SIZE
from batch_import.importer.schedule.polling import MIN_POLL_INTERVAL
from batch_import.importer.scheduled_request import Answer, CompletedRequest, ScheduledRequest
from batch_import.models import Counts, JobRow, MediaPage, Status, StatusUpdate
from batch_import.state.facts import ACCOUNT_SEARCH, LIST_CONSISTENCY, AccountSearch
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
    not_selected_count: int = 0
    eta: float | None = None


class Dispatcher:
    """Hands out the calls of one run.

    Args:
        now: epoch seconds, as in every method.
    """

    def __init__(
        self, settings: Settings, store: Store, rate_limiter: RateLimiter, now: float
    ) -> None:
        self._store = store
        self._rate_limiter = rate_limiter
        self._list_consistency = store.facts.get(LIST_CONSISTENCY)
        self._list_consistency_saved_at = now
        self._schedule = Schedule(settings, now, self._list_consistency)
        store.queue.recover(now)
        counts = store.reader.counts(running=True)
        self._status_counts = Counter({status: getattr(counts, status, 0) for status in Status})
        self._statuses: dict[int, Status] = {}
        waiting = store.queue.claimable_count()
        self._not_selected_count = counts.pending - waiting
        self._creation_rate = CreationRate()
        self._start_adoption(waiting)
        self._schedule.admission.add_recently_imported(store.queue.recently_imported(SAMPLE_SIZE))
        self._held_rows, self._held_checked_at = store.queue.still_held(now), now
        in_flight = (
            replace(row, is_held=row.number in self._held_rows) if self._held_rows else row
            for row in store.queue.in_flight()
        )
        self._admit([_with_past_sent_at(row, now) for row in in_flight], now)

    def next_request(self, now: float) -> ScheduledRequest | Wait | Finished:
        """A call to carry out now, and then to bring back by `answered`."""
        ready = self._rate_limiter.ready_at(now)
        if ready > now:
            return Wait(ready)
        self._claim_rows(now)
        step = self._schedule.next_request(now)
        if isinstance(step, Wait) and self._schedule.admission.wanted_count():
            # Rows that were given up on just now have made room.
            self._claim_rows(now)
            step = self._schedule.next_request(now)
        if not isinstance(step, Wait | Finished):
            self._rate_limiter.take_token(now)
        return step

    def handle_completed(self, completed: Iterable[CompletedRequest], now: float) -> None:
        """Commit what answers mean: all that came together in one transaction.

        Raises:
            RunFault: the run cannot go on. What the answers meant is committed all the same.
        """
        changes: list[StatusUpdate] = []
        for one in completed:
            if one.clock_offset is not None:
                self._schedule.set_clock_offset(one.clock_offset)
            self._report_to_rate_limiter(one.answer, one.requested_at, now)
            adopting = self._schedule.admission.is_adopting
            changes += self._schedule.handle_answer(one.request, one.answer, now, one.requested_at)
            if adopting:
                self._commit_adoption_page(changes, one.answer, now)
                changes = []
        self._commit(changes, now)
        if now >= self._list_consistency_saved_at + MIN_POLL_INTERVAL:
            self._save_list_consistency(now)
        if self._held_rows and now >= self._held_checked_at + MIN_POLL_INTERVAL:
            self._release_held(now)
        if self._schedule.fault:
            raise self._schedule.fault

    def withdraw(self, now: float) -> None:
        """The run ends early: what never left is pending again."""
        self._commit(self._schedule.withdraw(), now)
        self._save_list_consistency(now)

    def _release_held(self, now: float) -> None:
        """Rows that nobody else can send any more are like all others."""
        held, self._held_checked_at = self._store.queue.still_held(now), now
        self._schedule.release_held(self._held_rows - held, now)
        self._held_rows = held

    def _save_list_consistency(self, now: float) -> None:
        """A later run of the job, be it small, is to know at once what lists prove."""
        list_consistency, self._list_consistency_saved_at = (
            self._schedule.dump_list_consistency(),
            now,
        )
        if list_consistency != self._list_consistency:
            self._list_consistency = list_consistency
            self._store.facts.save(LIST_CONSISTENCY.of(list_consistency))

    def progress(self, now: float) -> Progress:
        """How the run is doing."""
        counts_by_status = {str(status): n for status, n in self._status_counts.items()}
        counts_by_status["processing"] += counts_by_status.pop("creating")
        counts, rate = (
            Counts(total=sum(counts_by_status.values()), **counts_by_status),
            self._rate_limiter.rate(now),
        )
        return Progress(counts, rate, self._not_selected_count, self._seconds_left(rate, now))

    def _seconds_left(self, rate: float, now: float) -> float | None:
        pending = self._status_counts[Status.PENDING] - self._not_selected_count
        creating = self._creation_rate.seconds_for(
            pending + self._status_counts[Status.CREATING], rate, now
        )
        return None if creating is None else self._schedule.time_left(creating, now)

    def _start_adoption(self, pending_count: int) -> None:
        """Before the first create of a manifest, look for its rows in the account.

        Where not all rows are taken up, only the chosen ones are looked for; the next run looks
        for its own. Where they were looked for before, the newest media tell whether the state is
        older than the account: one that was put back from a copy knows nothing of what was sent
        since.
        """
        known = self._store.facts.get(ACCOUNT_SEARCH)
        if pending_count:
            self._schedule.admission.start_adoption(
                None if known is AccountSearch.EACH_ROW else pending_count,
                first_page_only=known is AccountSearch.DONE,
            )

    def _commit_adoption_page(
        self, changes: list[StatusUpdate], answer: Answer, now: float
    ) -> None:
        """Each page by itself: which rows are pending is asked anew for the next."""
        if isinstance(answer, MediaPage):
            rows = self._store.queue.pending_by_reference(
                {media.reference_id for media in answer.items}
            )
            self._statuses.update((row.number, Status.PENDING) for row in rows)
            changes += self._schedule.admission.adopt_page(rows, answer, now)
        self._commit(changes, now)
        if not self._schedule.admission.is_adopting and not self._store.queue.has_choice:
            each_row = self._schedule.admission.checks_each_row
            found = AccountSearch.EACH_ROW if each_row else AccountSearch.DONE
            self._store.facts.save(ACCOUNT_SEARCH.of(found))

    def _claim_rows(self, now: float) -> None:
        wanted = self._schedule.admission.wanted_count()
        if not wanted:
            return
        rows = self._store.queue.claim(wanted, now)
        self._status_counts[Status.PENDING] -= len(rows)
        self._status_counts[Status.CREATING] += len(rows)
        if len(rows) < wanted:
            self._schedule.admission.set_no_more_pending()
        self._admit(rows, now)

    def _admit(self, rows: Sequence[JobRow], now: float) -> None:
        for row in rows:
            claimed = row.status is Status.PENDING
            self._statuses[row.number] = Status.CREATING if claimed else row.status
        self._schedule.admission.admit(rows, now)

    def _report_to_rate_limiter(self, answer: Answer, requested_at: float, now: float) -> None:
        """What an answer tells of the platform's limits."""
        self._rate_limiter.record_return()
        if isinstance(answer, Throttled):
            self._rate_limiter.record_refusal(requested_at, now, answer.retry_after)
        elif isinstance(answer, NoAnswer) and answer.retry_after is not None:
            self._rate_limiter.pause(now, answer.retry_after)
        elif not isinstance(answer, NoAnswer | NotSent):
            self._rate_limiter.record_accepted()

    def _commit(self, changes: Sequence[StatusUpdate], now: float) -> None:
        self._store.queue.apply(changes, now)
        self._creation_rate.record_created(sum(map(self._is_created, changes)), now)
        for change in changes:
            self._status_counts[self._statuses[change.number]] -= 1
            self._status_counts[change.status] += 1
            self._statuses[change.number] = change.status
            if change.status not in (Status.CREATING, Status.PROCESSING, Status.UNKNOWN):
                del self._statuses[change.number]

    def _is_created(self, change: StatusUpdate) -> bool:
        created = self._statuses[change.number] is Status.CREATING
        return created and change.status not in (Status.CREATING, Status.PENDING)


def _with_past_sent_at(row: JobRow, now: float) -> JobRow:
    """A row of an earlier run; were its clock ahead, the row would be waited for until then."""
    ahead = row.sent_at is not None and row.sent_at > now
    return replace(row, sent_at=now) if ahead else row
