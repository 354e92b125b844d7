"""Combines the schedule, the rate limiter and the job database.

The class `Dispatcher` returns the next request to send, and stores the status updates that follow
from its answer. It has no thread, and the current time is passed in. Therefore it also runs on a
simulated clock. This module must not know how a request is sent.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from batch_import.configuration.settings import Settings
from batch_import.errors import NoAnswer, NotSent, Throttled
from batch_import.importer.adoption_candidates import AdoptionCandidates
from batch_import.importer.creation_rate import CreationRate
from batch_import.importer.postponed import PostponedRows
from batch_import.importer.schedule import Finished, Schedule, Wait
from batch_import.importer.schedule.observations import SAMPLE_SIZE
from batch_import.importer.schedule.polling import MIN_POLL_INTERVAL
from batch_import.importer.scheduled_request import (
    Answer,
    CompletedRequest,
    CreateMedia,
    NotSigned,
    ScheduledRequest,
)
from batch_import.models import Counts, JobRow, MediaPage, Status, StatusUpdate
from batch_import.state.facts import ACCOUNT_SEARCH, LIST_CONSISTENCY, AccountSearch
from batch_import.state.store import Store
from batch_import.viostream.rate_limiter import RateLimiter


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a run.

    Attributes:
        counts: number of rows of the job per status.
        rate: current limit of the rate limiter, in requests per second.
        not_selected_count: number of pending rows that the run does not import, because the user
            selected other rows.
        eta: estimated seconds until the run has nothing more to do; None if not known.
    """

    counts: Counts
    rate: float
    not_selected_count: int = 0
    eta: float | None = None


class Dispatcher:
    """Returns the requests of one run, and stores the outcome of each.

    Args:
        now: current time in epoch seconds, as in all methods.
    """

    def __init__(
        self, settings: Settings, store: Store, rate_limiter: RateLimiter, now: float
    ) -> None:
        self._store = store
        self._rate_limiter = rate_limiter
        self._list_consistency = store.facts.get(LIST_CONSISTENCY)
        self._list_consistency_saved_at = now
        self._schedule = Schedule(settings, self._list_consistency)
        store.queue.recover(now)
        counts = store.reader.counts(is_running=True)
        self._status_counts = Counter({status: getattr(counts, status, 0) for status in Status})
        #: Status of each row in flight, by row number.
        self._statuses: dict[int, Status] = {}
        claimable_count = store.queue.claimable_count()
        self._not_selected_count = counts.pending - claimable_count
        self._creation_rate = CreationRate()
        self._postponed = PostponedRows(settings.give_up_after)
        self._adoption_candidates = AdoptionCandidates(store)
        self._start_adoption(claimable_count)
        self._schedule.admission.add_recently_imported(store.queue.recently_imported(SAMPLE_SIZE))
        #: Numbers of rows that a previous run, on another machine, may still send.
        self._held_numbers = store.queue.held_rows(now)
        self._held_checked_at = now
        rows_in_flight = [
            replace(row, is_held=row.row_number in self._held_numbers)
            if self._held_numbers
            else row
            for row in store.queue.in_flight()
        ]
        self._admit([_with_past_sent_at(row, now) for row in rows_in_flight], now)

    def next_request(self, now: float) -> ScheduledRequest | Wait | Finished:
        """Returns the next request to send. Its answer must be passed to `handle_completed`.

        Returns `Wait` if no request can be sent now, and `Finished` if the run has nothing more to
        do.
        """
        ready_at = self._rate_limiter.ready_at(now)
        if ready_at > now:
            return Wait(ready_at)
        self._claim_rows(now)
        step = self._schedule.next_request(now)
        if isinstance(step, Wait) and self._schedule.admission.wanted_count():
            # The schedule has just given up rows. They are no longer in flight: claim other rows.
            self._claim_rows(now)
            step = self._schedule.next_request(now)
        if isinstance(step, Wait):
            return Wait(min(step.until, self._postponed.next_due(now)))
        if not isinstance(step, Finished):
            self._rate_limiter.take_token(now)
        return step

    def handle_completed(self, completed: Iterable[CompletedRequest], now: float) -> None:
        """Store the status updates that follow from the answers, in one transaction.

        While the account is searched before the first POST, each page has a separate transaction.

        Raises:
            RunFault: the run cannot continue. The status updates are stored first.
        """
        changes: list[StatusUpdate] = []
        for each in completed:
            answer, requested_at = each.answer, each.requested_at
            if each.clock_offset is not None:
                self._schedule.set_clock_offset(each.clock_offset)
            self._report_to_rate_limiter(answer, requested_at, now)
            self._record_signing(each, now)
            was_adopting = self._schedule.admission.is_adopting
            changes += self._schedule.handle_answer(each.request, answer, now, requested_at)
            if was_adopting:
                self._commit_adoption_page(changes, answer, now)
                changes = []
        self._commit(changes, now)
        # These two use the job database. Therefore they are done about once a second.
        if now >= self._list_consistency_saved_at + MIN_POLL_INTERVAL:
            self._save_list_consistency(now)
        if self._held_numbers and now >= self._held_checked_at + MIN_POLL_INTERVAL:
            self._release_held(now)
        if self._schedule.fault:
            raise self._schedule.fault

    def _record_signing(self, completed: CompletedRequest, now: float) -> None:
        """Record whether the reference of a POST's row could be signed.

        If it could not, the row is postponed, unless no later attempt can succeed.
        """
        if not isinstance(completed.request, CreateMedia):
            return
        number, answer = completed.request.row.row_number, completed.answer
        if isinstance(answer, NotSigned) and not answer.is_final:
            fault = self._postponed.add(number, answer.reason, now)
            self._schedule.fault = self._schedule.fault or fault
            self._schedule.admission.has_more_pending = True
        elif completed.url_seconds is not None:
            self._postponed.remove_signed(number, now)
            self._schedule.admission.record_url_life(completed.url_seconds)
        elif isinstance(answer, str):  # the platform accepted a row with a web URL
            self._postponed.record_sent_without_signing()

    def withdraw(self, now: float) -> None:
        """End the run early: claimed rows whose POST was not sent become pending again."""
        self._commit(self._schedule.withdraw(), now)
        self._save_list_consistency(now)

    def _release_held(self, now: float) -> None:
        """Treat held rows like all other unknown rows if no other machine can send them now."""
        held_numbers = self._store.queue.held_rows(now)
        self._held_checked_at = now
        self._schedule.release_held(self._held_numbers - held_numbers, now)
        self._held_numbers = held_numbers

    def _save_list_consistency(self, now: float) -> None:
        """Save the statistics about the reliability of lists, so that the next run can use them."""
        list_consistency = self._schedule.dump_list_consistency()
        self._list_consistency_saved_at = now
        if list_consistency != self._list_consistency:
            self._list_consistency = list_consistency
            self._store.facts.save(LIST_CONSISTENCY.of(list_consistency))

    def progress(self, now: float) -> Progress:
        """Returns the progress of the run."""
        counts_by_status = {str(status): count for status, count in self._status_counts.items()}
        # People see a row that is being sent as a row that is being processed.
        counts_by_status["processing"] += counts_by_status.pop("creating")
        counts = Counts(total=sum(counts_by_status.values()), **counts_by_status)
        rate = self._rate_limiter.rate(now)
        return Progress(counts, rate, self._not_selected_count, self._seconds_left(rate, now))

    def _seconds_left(self, rate: float, now: float) -> float | None:
        """Returns the estimated remaining seconds of the run; None if not known."""
        pending_count = self._status_counts[Status.PENDING] - self._not_selected_count
        creating_seconds = self._creation_rate.seconds_for(
            pending_count + self._status_counts[Status.CREATING], rate, now
        )
        if creating_seconds is None:
            return None
        return self._schedule.time_left(creating_seconds, now)

    def _start_adoption(self, pending_count: int) -> None:
        """Search the account for media that pending rows can adopt, before the first POST.

        If the run imports only selected rows, only these rows are searched for. If a previous run
        has searched the account, only the first page of the list is read. It shows media of rows
        that are pending because the job database was restored from an old backup.
        """
        earlier_search = self._store.facts.get(ACCOUNT_SEARCH)
        if pending_count:
            self._schedule.admission.start_adoption(
                None if earlier_search is AccountSearch.EACH_ROW else pending_count,
                first_page_only=earlier_search is AccountSearch.DONE,
            )

    def _commit_adoption_page(
        self, changes: list[StatusUpdate], answer: Answer, now: float
    ) -> None:
        """Adopt the media of one page of the search before the first POST, and commit.

        Each page has its own commit, because the next page is compared with the rows that are then
        still pending.
        """
        if isinstance(answer, MediaPage):
            rows = self._adoption_candidates.rows_of(answer.items)
            self._statuses.update((row.row_number, Status.PENDING) for row in rows)
            changes += self._schedule.admission.adopt_page(rows, answer, now)
        self._commit(changes, now)
        if not self._schedule.admission.is_adopting:
            self._adoption_candidates.clear()
        # A search for selected rows only is not stored, because it shows nothing about the others.
        if not self._schedule.admission.is_adopting and not self._store.queue.has_selection:
            checks_each_row = self._schedule.admission.checks_each_row
            account_search = AccountSearch.EACH_ROW if checks_each_row else AccountSearch.DONE
            self._store.facts.save(ACCOUNT_SEARCH.of(account_search))

    def _claim_rows(self, now: float) -> None:
        """Claim as many pending rows as the schedule wants, and pass them to the schedule."""
        wanted_count = self._schedule.admission.wanted_count()
        if not wanted_count or self._postponed.blocks_all(now):
            return
        rows = self._store.queue.claim(wanted_count, now, self._postponed.waiting_numbers(now))
        self._status_counts[Status.PENDING] -= len(rows)
        self._status_counts[Status.CREATING] += len(rows)
        if len(rows) < wanted_count and self._postponed.next_due(now) == math.inf:
            self._schedule.admission.set_no_more_pending()
        self._admit(rows, now)

    def _admit(self, rows: Sequence[JobRow], now: float) -> None:
        for row in rows:
            # A row that was just claimed was read before its status became `CREATING`.
            was_claimed = row.status is Status.PENDING
            self._statuses[row.row_number] = Status.CREATING if was_claimed else row.status
        self._schedule.admission.admit(rows, now)

    def _report_to_rate_limiter(self, answer: Answer, requested_at: float, now: float) -> None:
        """Report to the rate limiter whether the platform refused a request because of its rate."""
        self._rate_limiter.record_return()
        if isinstance(answer, Throttled):
            self._rate_limiter.record_refusal(requested_at, now, answer.retry_after)
        elif isinstance(answer, NoAnswer) and answer.retry_after is not None:
            self._rate_limiter.pause(now, answer.retry_after)
        elif not isinstance(answer, NoAnswer | NotSent | NotSigned):
            self._rate_limiter.record_accepted()

    def _commit(self, changes: Sequence[StatusUpdate], now: float) -> None:
        self._store.queue.apply(changes, now)
        created_count = sum(self._ends_creating(change) for change in changes)
        self._creation_rate.record_created(created_count, now)
        for change in changes:
            self._status_counts[self._statuses[change.row_number]] -= 1
            self._status_counts[change.status] += 1
            self._statuses[change.row_number] = change.status
            if change.status not in (Status.CREATING, Status.PROCESSING, Status.UNKNOWN):
                del self._statuses[change.row_number]

    def _ends_creating(self, change: StatusUpdate) -> bool:
        """Whether an update shows that a claimed row no longer waits for its POST."""
        was_creating = self._statuses[change.row_number] is Status.CREATING
        return was_creating and change.status not in (Status.CREATING, Status.PENDING)


def _with_past_sent_at(row: JobRow, now: float) -> JobRow:
    """Returns the row of a previous run with a `sent_at` that is not in the future.

    If the clock of the previous run was ahead, this run would otherwise wait until that time.
    """
    is_in_future = row.sent_at is not None and row.sent_at > now
    return replace(row, sent_at=now) if is_in_future else row
