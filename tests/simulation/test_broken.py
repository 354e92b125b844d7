"""Proves that the simulation finds faults: each test puts one fault into the importer.

A mutant is a function that patches one method of the importer, so that it breaks a rule. The
simulation must then report this rule for one of the first seeds. `broken` is the faulty method.
"""

# ruff: noqa: SLF001 - the mutants replace private methods

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest
from world import Broken, simulate

from batch_import.configuration.settings import Settings
from batch_import.errors import NoAnswer, NotSent, RequestRejected
from batch_import.failure_codes import FailureCode
from batch_import.importer.adoption_search import AdoptionSearch
from batch_import.importer.backoff import backoff
from batch_import.importer.dispatch import Dispatcher
from batch_import.importer.schedule import (
    FINISHED,
    Schedule,
    Wait,
    media_comparison,
    media_grouping,
    ownership,
    repeat,
    sending,
)
from batch_import.importer.schedule.admission import Admission
from batch_import.importer.schedule.list_positions import ListPositions
from batch_import.importer.schedule.lookups import Lookups
from batch_import.importer.schedule.outage import Outage
from batch_import.importer.schedule.ownership import Owner
from batch_import.importer.schedule.page_reading import PageReading
from batch_import.importer.schedule.polling import MIN_POLL_INTERVAL, Polling
from batch_import.importer.schedule.repeat import ListConsistency, PostEnd
from batch_import.importer.schedule.row_search import RowSearch
from batch_import.importer.schedule.row_states import InAccount, Unknown
from batch_import.importer.schedule.selection import Selection
from batch_import.importer.schedule.settling import Settling
from batch_import.importer.schedule.status_timing import StatusTiming
from batch_import.importer.scheduled_request import Answer, CreateMedia, FindByReference
from batch_import.models import JobRow, Media, MediaPage, Status, StatusUpdate
from batch_import.state import choice_statements, statements
from batch_import.state.facts import ACCOUNT_SEARCH, AccountSearch
from batch_import.state.queue import Queue
from batch_import.viostream.media_list_pager import ListEnd, MediaListPager
from batch_import.viostream.rate_limiter import RateLimiter

#: Maximum number of seeds until the simulation must report the fault.
SEEDS = 1_000
#: Number of seeds per set of harsh knobs with which the unchanged importer must keep all rules.
HARSH_SEEDS = 25

Patch = pytest.MonkeyPatch


def _sent_again_after_no_answer(patch: Patch) -> None:
    handle_answer = Schedule.handle_answer

    def broken(self: Schedule, call: Any, answer: Any, *times: float) -> list[StatusUpdate]:
        if isinstance(call, CreateMedia) and isinstance(answer, NoAnswer):
            answer = NotSent(answer.message)
        return handle_answer(self, call, answer, *times)

    patch.setattr(Schedule, "handle_answer", broken)


def _pending_after_a_crash(patch: Patch) -> None:
    def broken(self: Queue, _now: float) -> int:
        statement = "UPDATE row SET status = 'pending' WHERE status = 'creating'"
        return self._connection.db.execute(statement).rowcount

    patch.setattr(Queue, "recover", broken)


def _post_before_claim(patch: Patch) -> None:
    """Rows are sent although the database does not know that they are about to be sent."""
    sent_rows: dict[Queue, set[int]] = {}

    def broken(self: Queue, limit: int, _now: float, *_: object) -> list[JobRow]:
        seen = sent_rows.setdefault(self, set())
        rows = self._rows(statements.next_to_claim(choice_statements.ALL_ROWS), (10_000,))
        rows = [row for row in rows if row.row_number not in seen][:limit]
        seen.update(row.row_number for row in rows)
        return rows

    patch.setattr(Queue, "claim", broken)


def _claim_not_committed(patch: Patch) -> None:
    """The claim is written, but its transaction stays open until the next commit."""
    claim, apply = Queue.claim, Queue.apply

    def broken(self: Queue, limit: int, now: float, *_: object) -> list[JobRow]:
        _end_transaction(self)
        rows = claim(self, limit, now)
        if rows:
            self._connection.db.execute("BEGIN")
            numbers = [(row.row_number,) for row in rows]
            self._connection.db.executemany(
                "UPDATE row SET status = 'creating' WHERE number = ?", numbers
            )
        return rows

    def end_and_apply(self: Queue, changes: Sequence[StatusUpdate], now: float) -> None:
        _end_transaction(self)
        apply(self, changes, now)

    patch.setattr(Queue, "claim", broken)
    patch.setattr(Queue, "apply", end_and_apply)


def _end_transaction(queue: Queue) -> None:
    if queue._connection.db.in_transaction:
        queue._connection.db.execute("COMMIT")


def _retry_after_ignored(patch: Patch) -> None:
    record_refusal = RateLimiter.record_refusal

    def broken(self: RateLimiter, sent_at: float, now: float, _retry_after: float | None) -> None:
        record_refusal(self, sent_at, now, None)

    patch.setattr(RateLimiter, "record_refusal", broken)


def _unavailable_ignored(patch: Patch) -> None:
    patch.setattr(RateLimiter, "pause", lambda *_: None)


def _no_rate_limit(patch: Patch) -> None:
    patch.setattr(RateLimiter, "ready_at", lambda _, now: now)


def _some_requests_without_a_token(patch: Patch) -> None:
    take_token = RateLimiter.take_token
    request_counts: dict[RateLimiter, int] = {}

    def broken(self: RateLimiter, now: float) -> None:
        request_counts[self] = request_counts.get(self, 0) + 1
        if request_counts[self] % 10:
            take_token(self, now)

    patch.setattr(RateLimiter, "take_token", broken)


def _media_of_any_reference(patch: Patch) -> None:
    _take_for_the_rows_own(patch, lambda _, __: True)


def _take_for_the_rows_own(patch: Patch, is_taken: Callable[[Media, JobRow], bool]) -> None:
    """Media that a search returns are taken for the row's own, if `is_taken` says so."""
    add_page = RowSearch.add_page

    def broken(self: RowSearch, page: MediaPage) -> None:
        row = self._row
        items = tuple(
            replace(media, reference_id=row.reference_id, title=row.filename)
            if is_taken(media, row)
            else media
            for media in page.items
        )
        add_page(self, replace(page, items=items))

    patch.setattr(RowSearch, "add_page", broken)
    patch.setattr(Selection, "_needs_lookup", lambda *_: True)
    patch.setattr(Selection, "_lookup", _search_by_reference)


def _search_by_reference(self: Selection, number: int, *_: Any) -> Any:
    return FindByReference(self._tracker.in_account(number).row)


def _media_of_a_similar_reference(patch: Patch) -> None:
    _take_for_the_rows_own(
        patch, lambda media, row: media.reference_id.startswith(row.reference_id)
    )


def _failed_media_over_online_ones(patch: Patch) -> None:
    best = media_comparison.best_media

    def broken(items: Sequence[Media]) -> Media | None:
        failed = [media for media in items if media.status == "failed"]
        return best(failed) or best(items)

    patch.setattr(media_comparison, "best_media", broken)
    # Without this, media that failed before the POST would be excluded by their date.
    patch.setattr(media_grouping, "may_be_created_between", lambda *_: True)


def _changes_not_committed(patch: Patch) -> None:
    apply = Queue.apply

    def broken(self: Queue, changes: Sequence[StatusUpdate], now: float) -> None:
        apply(self, [c for c in changes if c.status is not Status.IMPORTED], now)

    patch.setattr(Queue, "apply", broken)


def _ingests_not_committed(patch: Patch) -> None:
    apply = Queue.apply

    def broken(self: Queue, changes: Sequence[StatusUpdate], now: float) -> None:
        apply(self, [c for c in changes if c.status is not Status.PROCESSING], now)

    patch.setattr(Queue, "apply", broken)


def _not_settled(patch: Patch) -> None:
    """A row whose media is not found at the first poll is sent again."""
    initialize = Schedule.__init__

    def broken(self: Schedule, settings: Settings, *args: Any, **kwargs: Any) -> None:
        initialize(self, replace(settings, settle=0.0, when_unsure="retry"), *args, **kwargs)

    patch.setattr(Schedule, "__init__", broken)


def _unknown_is_pending(patch: Patch) -> None:
    apply = Queue.apply

    def broken(self: Queue, changes: Sequence[StatusUpdate], now: float) -> None:
        changed = [
            replace(change, status=Status.PENDING) if change.status is Status.UNKNOWN else change
            for change in changes
        ]
        apply(self, changed, now)

    patch.setattr(Queue, "apply", broken)


def _conflict_is_failure(patch: Patch) -> None:
    handle_answer = Schedule.handle_answer

    def broken(self: Schedule, call: Any, answer: Any, *times: float) -> list[StatusUpdate]:
        if isinstance(call, CreateMedia) and isinstance(answer, RequestRejected):
            answer = RequestRejected(answer.message, status=400)
        return handle_answer(self, call, answer, *times)

    patch.setattr(Schedule, "handle_answer", broken)


def _withdrawn_rows_stay(patch: Patch) -> None:
    patch.setattr(Schedule, "withdraw", lambda _: [])


def _a_row_is_forgotten(patch: Patch) -> None:
    admit = Admission.admit

    def broken(self: Admission, rows: Iterable[JobRow], now: float) -> None:
        admit(self, [row for row in rows if row.row_number % 7], now)

    patch.setattr(Admission, "admit", broken)


def _the_end_is_not_seen(patch: Patch) -> None:
    next_request = Schedule.next_request

    def broken(self: Schedule, now: float) -> Any:
        step = next_request(self, now)
        return Wait(now + 1.0) if step is FINISHED else step

    patch.setattr(Schedule, "next_request", broken)


def _it_waits_in_a_busy_loop(patch: Patch) -> None:
    next_request = Schedule.next_request

    def broken(self: Schedule, now: float) -> Any:
        step = next_request(self, now)
        return Wait(now) if isinstance(step, Wait) else step

    patch.setattr(Schedule, "next_request", broken)


def _online_is_guessed(patch: Patch) -> None:
    """A media that is found is taken to be online, whatever its status."""
    best = media_comparison.best_media

    def broken(items: Sequence[Media]) -> Media | None:
        media = best(items)
        return media and replace(media, status="online")

    patch.setattr(media_comparison, "best_media", broken)
    patch.setattr(ownership, "best_media", broken)


def _absent_once_is_absent(patch: Patch) -> None:
    patch.setattr(ListConsistency, "proves_absence", lambda _, ages, *__, **___: bool(ages))


def _absence_is_never_proven(patch: Patch) -> None:
    patch.setattr(ListConsistency, "proves_absence", lambda *_, **__: False)


def _lists_are_never_late(patch: Patch) -> None:
    patch.setattr(ListConsistency, "visible_age", lambda *_: 0.0)
    patch.setattr(ListConsistency, "proof_age", lambda *_, **__: 0.0)


def _late_posts_are_not_waited_for(patch: Patch) -> None:
    patch.setattr(repeat, "MAX_LATE_ARRIVAL_SECONDS", 0.0)


def _answers_of_gateways_are_final(patch: Patch) -> None:
    patch.setattr(sending, "post_end", lambda *_: PostEnd.PROBABLY_ENDED)


def _a_refused_search_finds_nothing(patch: Patch) -> None:
    unchanged = Lookups.handle_search

    def broken(
        self: Lookups, state: InAccount, answer: Answer, requested_at: float, now: float
    ) -> list[StatusUpdate]:
        if isinstance(answer, RequestRejected) and answer.status == 404:
            answer = MediaPage(())
        return unchanged(self, state, answer, requested_at, now)

    patch.setattr(Lookups, "handle_search", broken)


def _lists_that_lose_media_are_trusted(patch: Patch) -> None:
    patch.setattr(ListConsistency, "mark_inconsistent", lambda _: None)
    patch.setattr(ListConsistency, "record_hidden", lambda *_: None)
    patch.setattr(StatusTiming, "max_unseen_age", lambda *_: 0.0)


def _a_page_covers_everything(patch: Patch) -> None:
    patch.setattr(ListPositions, "covered_period", lambda *_, **__: (float("-inf"), float("inf")))


def _nothing_is_adopted(patch: Patch) -> None:
    patch.setattr(Admission, "start_adoption", lambda *_, **__: None)


def _the_first_page_is_the_account(patch: Patch) -> None:
    patch.setattr(AdoptionSearch, "record_page", lambda self, *_: setattr(self, "is_done", True))


def _deletions_are_not_noticed(patch: Patch) -> None:
    patch.setattr(MediaListPager, "_removed_count", lambda *_: 0)


def _one_page_back_is_always_enough(patch: Patch) -> None:
    removed = MediaListPager._removed_count
    patch.setattr(MediaListPager, "_removed_count", lambda self, page: min(1, removed(self, page)))


def _a_list_that_cannot_be_read_is_complete(patch: Patch) -> None:
    end_after = MediaListPager._end_after

    def broken(self: MediaListPager, page: MediaPage, removed: int) -> ListEnd | None:
        return ListEnd.COMPLETE if end_after(self, page, removed) else None

    patch.setattr(MediaListPager, "_end_after", broken)


def _a_list_is_read_for_ever(patch: Patch) -> None:
    end_after = MediaListPager._end_after

    def broken(self: MediaListPager, page: MediaPage, removed: int) -> ListEnd | None:
        list_end = end_after(self, page, removed)
        return list_end if list_end is ListEnd.COMPLETE else None

    patch.setattr(MediaListPager, "_end_after", broken)
    patch.setattr(AdoptionSearch, "_costs_more_than_row_checks", lambda *_: False)


def _an_unknown_row_is_searched_for_slowly(patch: Patch) -> None:
    """If the filter is ignored, the wait before each page is twice as long as before the last."""
    record_scan_page = PageReading._record_scan_page

    def broken(self: PageReading, number: int, now: float) -> list[StatusUpdate]:
        changes = record_scan_page(self, number, now)
        if isinstance(self._tracker.by_number(number), Unknown):
            page = self._tracker.polling[number].lookup.scan_page_number
            self._tracker.polling.schedule(number, now, backoff(MIN_POLL_INTERVAL, page, 300.0))
        return changes

    patch.setattr(PageReading, "_record_scan_page", broken)


def _a_pilot_searches_for_all_rows(patch: Patch) -> None:
    """The search of a pilot for its own rows in the account is taken for a search for all rows."""
    handle_completed = Dispatcher.handle_completed

    def broken(self: Dispatcher, arrivals: Any, now: float) -> None:
        handle_completed(self, arrivals, now)
        if not self._schedule.admission.is_adopting:
            self._store.facts.save(ACCOUNT_SEARCH.of(AccountSearch.DONE))

    patch.setattr(Dispatcher, "handle_completed", broken)


def _the_limit_is_ignored(patch: Patch) -> None:
    claim = Queue.claim

    def broken(self: Queue, limit: int, now: float, *_: object) -> list[JobRow]:
        table, self._table = self._table, choice_statements.ALL_ROWS
        rows = claim(self, limit, now)
        self._table = table
        return rows

    patch.setattr(Queue, "claim", broken)


def _no_pages(patch: Patch) -> None:
    """Each row is requested individually, and no page of the list is read."""
    patch.setattr(Selection, "fullest_page", lambda *_: None)
    patch.setattr(Selection, "_needs_lookup", lambda *_: True)


def _media_of_others_are_adopted(patch: Patch) -> None:
    patch.setattr(ownership, "may_adopt", lambda *_: True)


def _media_of_others_are_the_rows_own(patch: Patch) -> None:
    patch.setattr(media_grouping, "owner_of", lambda *_: Owner.OURS)


def _a_due_row_waits(patch: Patch) -> None:
    best_request = Selection.best_request

    def broken(self: Selection, now: float) -> Any:
        return best_request(self, now) if int(now) % 2 else None

    patch.setattr(Selection, "best_request", broken)
    patch.setattr(Schedule, "_wait", lambda _, now: Wait(now + 0.5))


def _rows_are_polled_late(patch: Patch) -> None:
    interval_for = Polling.interval_for
    patch.setattr(
        Polling, "interval_for", lambda *args, **kwargs: 8 * interval_for(*args, **kwargs)
    )


def _network_errors_fail_rows(patch: Patch) -> None:
    def broken(self: Settling, row: Unknown, _now: float) -> list[StatusUpdate]:
        code = FailureCode.NO_MEDIA_CREATED
        error = "network error"
        return [self._tracker.finish(row.row, Status.FAILED, error, error=error, code=code)]

    patch.setattr(Settling, "_handle_not_created", broken)


def _outages_are_ignored(patch: Patch) -> None:
    patch.setattr(Outage, "record_answer", lambda *_, **__: None)


def _refused_requests_are_repeated_at_once(patch: Patch) -> None:
    def broken(self: Lookups, row: InAccount, _message: str, now: float) -> list[StatusUpdate]:
        self._tracker.polling.record_answer(row.row.row_number)
        self._tracker.polling.schedule(row.row.row_number, now)
        return []

    patch.setattr(Lookups, "_handle_refusal", broken)


#: Mutant → the rules of which the simulation must report one as broken.
MUTANTS: dict[Callable[[Patch], None], set[str]] = {
    _sent_again_after_no_answer: {"exactly once"},
    _pending_after_a_crash: {"exactly once", "claim before POST"},
    _post_before_claim: {"claim before POST"},
    _claim_not_committed: {"claim before POST"},
    _retry_after_ignored: {"Retry-After"},
    _unavailable_ignored: {"Retry-After"},
    _no_rate_limit: {"the rate"},
    _some_requests_without_a_token: {"the rate"},
    _media_of_any_reference: {"right key", "none lost"},
    _media_of_a_similar_reference: {"right key", "none lost"},
    _failed_media_over_online_ones: {"none lost", "the run ends"},
    _changes_not_committed: {"none lost"},
    _ingests_not_committed: {"none lost"},
    _not_settled: {"exactly once"},
    _unknown_is_pending: {"exactly once", "claim before POST", "none lost"},
    _conflict_is_failure: {"none lost"},
    _withdrawn_rows_stay: {"none lost"},
    _a_row_is_forgotten: {"none lost"},
    _the_end_is_not_seen: {"the run ends"},
    _it_waits_in_a_busy_loop: {"the run ends"},
    _online_is_guessed: {"right key"},
    _absent_once_is_absent: {"exactly once"},
    _absence_is_never_proven: {"none lost"},
    _lists_are_never_late: {"exactly once", "none lost"},
    _late_posts_are_not_waited_for: {"exactly once"},
    _answers_of_gateways_are_final: {"exactly once"},
    _a_refused_search_finds_nothing: {"exactly once", "none lost"},
    _lists_that_lose_media_are_trusted: {"exactly once", "none lost", "the run ends"},
    _a_page_covers_everything: {"exactly once", "none lost", "few calls", "detection"},
    _nothing_is_adopted: {"adoption"},
    _the_first_page_is_the_account: {"adoption"},
    _deletions_are_not_noticed: {"adoption"},
    _one_page_back_is_always_enough: {"adoption"},
    _a_list_that_cannot_be_read_is_complete: {"adoption"},
    _a_list_is_read_for_ever: {"the run ends"},
    _an_unknown_row_is_searched_for_slowly: {"the run ends"},
    _a_pilot_searches_for_all_rows: {"adoption"},
    _the_limit_is_ignored: {"the limit"},
    _no_pages: {"few calls", "detection"},
    _media_of_others_are_adopted: {"none taken from others"},
    _media_of_others_are_the_rows_own: {"none taken from others"},
    _a_due_row_waits: {"idle budget"},
    _rows_are_polled_late: {"detection"},
    _network_errors_fail_rows: {"none lost"},
    _outages_are_ignored: {"outage"},
    _refused_requests_are_repeated_at_once: {"bounded loops", "the run ends"},
}

#: Every page of the list is the first page. Only the filter finds media that are not on this page.
IGNORED = {"page_number": "ignored", "reference_filter": "exact", "page_limit": 7}
#: Other users delete the media of several pages between two reads of the list.
DELETIONS = {"deletion_rate": 2.0, "deletion_size": 20, "page_limit": 7}
#: Mutant → the knobs with which its fault is found. With the knobs that scenarios draw, these
#: faults would be found too rarely.
HARSH: dict[Callable[[Patch], None], dict[str, Any]] = {
    _one_page_back_is_always_enough: DELETIONS,
    _a_list_that_cannot_be_read_is_complete: IGNORED,
    _a_list_is_read_for_ever: IGNORED,
    _an_unknown_row_is_searched_for_slowly: {
        "reference_filter": "ignored",
        "page_number": "exact",
        "existing": 400,
    },
    _late_posts_are_not_waited_for: {"late_post": 0.2, "late_post_delay": (3.0, 25.0)},
    _answers_of_gateways_are_final: {
        "lost_reply": 0.2,
        "late_post": 0.2,
        "late_post_status": 502,
        "late_post_delay": (5.0, 25.0),
    },
    _a_refused_search_finds_nothing: {"reference_filter": "missing", "page_number": "exact"},
    _lists_that_lose_media_are_trusted: {"list_omits": 0.2, "hang": 0.1, "error_after": 0.2},
}

#: Mutant → a seed with which its fault was found, if the search for this seed took longer than a
#: second. This seed is tried first. If the importer changes and the seed finds nothing any more,
#: the other seeds follow.
CAUGHT: dict[Callable[[Patch], None], int] = {
    _pending_after_a_crash: 66,
    _conflict_is_failure: 55,
    _a_page_covers_everything: 355,
    _the_first_page_is_the_account: 64,
    _deletions_are_not_noticed: 111,
    _one_page_back_is_always_enough: 87,
    _a_list_that_cannot_be_read_is_complete: 64,
    _a_list_is_read_for_ever: 5,
    _a_pilot_searches_for_all_rows: 82,
    _a_refused_search_finds_nothing: 72,
    _absence_is_never_proven: 31,
    _late_posts_are_not_waited_for: 39,
    _answers_of_gateways_are_final: 165,
    _outages_are_ignored: 56,
    _refused_requests_are_repeated_at_once: 116,
}


def first_broken(seeds: Iterable[int], **knobs: Any) -> Broken | None:
    """Return the fault of the first seed with which a rule does not hold; None if there is none."""
    for seed in seeds:
        try:
            simulate(seed, **knobs)
        except Broken as broken:
            return broken
    return None


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__.strip("_"))
def test_the_simulation_reports_the_fault(mutant: Callable[[Patch], None]) -> None:
    knobs = HARSH.get(mutant, {})
    with Patch.context() as patch:
        mutant(patch)
        broken = first_broken(chain([CAUGHT.get(mutant, 0)], range(SEEDS)), **knobs)
    assert broken, f"no broken rule in {SEEDS} imports"
    assert broken.rule in MUTANTS[mutant]
    simulate(broken.seed, **knobs)  # without the mutant, the same seed keeps all rules


@pytest.mark.parametrize("knobs", {str(knobs): knobs for knobs in HARSH.values()}.values(), ids=str)
def test_the_unchanged_importer_keeps_the_rules_with_harsh_knobs(knobs: dict[str, Any]) -> None:
    assert first_broken(range(HARSH_SEEDS), **knobs) is None
