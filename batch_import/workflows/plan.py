"""Find out what a run would do, by its own steps up to the first POST, on a copy of the job.

The job is not changed. The only requests to the platform are the account and its media list. This
module must not print, exit, or know a terminal.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from batch_import.configuration.credentials import Credentials
from batch_import.configuration.request import ImportRequest
from batch_import.configuration.settings import Settings
from batch_import.errors import RequestRejected, StateError
from batch_import.importer.adoption_search import AdoptionSearch
from batch_import.importer.forecast import (
    Forecast,
    ProcessingTime,
    Work,
    forecast,
    learn_processing_time,
)
from batch_import.importer.list_pages import ListPages
from batch_import.importer.schedule.ownership import (
    REFERENCE_ID_TAKEN,
    media_to_adopt,
    non_failed,
    reference_id_taken_message,
)
from batch_import.job import Job
from batch_import.manifest.deadlines import UrlExpiries
from batch_import.models import Counts, JobRow, Media, MediaPage, Status, StatusUpdate
from batch_import.state import facts
from batch_import.state.facts import AccountSearch
from batch_import.state.location import exists, is_running, jobs_in
from batch_import.state.store import Store
from batch_import.verification.account_reader import VerificationProgress
from batch_import.viostream import endpoints
from batch_import.viostream.media_list_pager import ListEnd
from batch_import.viostream.request_log import open_request_log
from batch_import.viostream.session import PlatformSession, epoch_clock
from batch_import.workflows.account import claim_account, signed_in
from batch_import.workflows.copied_rows import CopiedRows, find_copied_rows
from batch_import.workflows.load import ManifestLoader
from batch_import.workflows.load_result import LoadResult
from batch_import.workflows.observer import SILENT, Observer
from batch_import.workflows.other_jobs import refuse_videos_of_other_jobs
from batch_import.workflows.work_plan import WorkPlan, plan_work

#: How many of the latest rows of each earlier job the processing times are learned from.
_LEARNED_ROWS: Final = 10_000
#: How many URLs that expire too early, and how many taken reference IDs, are listed as examples.
_MAX_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class AccountMatches:
    """Which rows of the manifest are in the account already.

    Attributes:
        found: number of rows whose video is in the account; None if it is not known.
        media: number of media in the account; None if the account was not listed.
        calls: number of requests that a run needs to find out.
        why: a sentence that says why `found` is not known; empty if it is known.
        ids_taken: number of rows whose reference ID belongs to a media with another title. A run
            does not send them, and does not use that media for them.
        named: the first few of these rows: reference ID, and title of the media.
    """

    found: int | None
    media: int | None = None
    calls: int = 0
    why: str = ""
    ids_taken: int = 0
    named: tuple[tuple[str, str], ...] = ()


#: Row number → the row, and the first media with its reference ID and another title.
_Taken = dict[int, tuple[JobRow, Media]]


@dataclass(frozen=True, slots=True)
class Expiring:
    """Signed URLs that expire before the run sends their row.

    Attributes:
        count: number of rows.
        first: line number and expiry (epoch seconds) of the first few.
    """

    count: int
    first: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class RunForecast:
    """What a run would do, and how long it would take.

    Attributes:
        result: of loading the manifest.
        counts: number of rows per status.
        plan: the work of the run.
        running: a run of the job is in progress.
        retried: number of failed rows that only `retry` sends again.
        search: which rows are in the account already.
        processing: how long the platform takes for a video.
        optimistic, pessimistic: forecasts with short and with long processing times.
        expiring: URLs that expire too early.
        begins: start of the forecasts, in epoch seconds.
        copied: rows of this new job that are failed or invalid in another job, if most are.
    """

    result: LoadResult
    counts: Counts
    plan: WorkPlan
    running: bool
    retried: int
    search: AccountMatches
    processing: ProcessingTime
    optimistic: Forecast
    pessimistic: Forecast
    expiring: Expiring
    begins: float
    copied: CopiedRows | None = None


def scratch(job: Job) -> Store:
    """Open a temporary copy of a job's database. It is empty if there is no such job.

    Raises:
        StateError: the job database cannot be read.
    """
    if not exists(job):
        return Store("")
    with Store(job.state) as kept:
        return kept.copy()


def plan(
    store: Store,
    request: ImportRequest,
    credentials: Credentials | str,
    observer: Observer = SILENT,
    stop: threading.Event | None = None,
) -> RunForecast:
    """Find out what a run would do. In `store`, rows whose video is in the account get imported.

    Args:
        store: a copy of the job's database, from `scratch`.
        credentials: the credentials, or a sentence that says why there are none.
        stop: set it to stop early.

    Raises:
        ManifestError: the manifest cannot be read.
        StateError: the job is another manifest's or another account's.
        PlatformError: the platform refuses the credentials, or does not answer.
        Interrupted: `stop` was set.
    """
    stop, begins = stop or threading.Event(), epoch_clock()()
    job, settings = request.job, request.settings
    result = ManifestLoader(request, begins, stop, observer.preflight).take_over(store)
    copied = find_copied_rows(store, job)
    running = exists(job) and is_running(job)
    counts = store.reader.counts(is_running=running)
    # The search may change rows of the copy to failed.
    retried = store.queue.retryable_count()
    search = _search(store, request, credentials, observer, stop)
    is_searched = search.found is not None
    todo = plan_work(
        counts, counts.pending, search.found or 0, search.ids_taken, is_searched=is_searched
    )
    processing = _learn(store, settings, job.database)
    work = Work(todo.create, todo.resume, todo.settle, search.calls)
    slow = forecast(work, settings, processing.high)
    return RunForecast(
        result=result,
        counts=counts,
        plan=todo,
        running=running,
        retried=retried,
        search=search,
        processing=processing,
        optimistic=forecast(work, settings, processing.low),
        pessimistic=slow,
        expiring=_expiring(store, begins, slow.rows_per_second),
        begins=begins,
        copied=copied,
    )


def _learn(store: Store, settings: Settings, database: str) -> ProcessingTime:
    """Learn the account's processing times from this job and all jobs beside it."""
    longest, account = settings.max_wait, store.facts.get(facts.ACCOUNT)
    waits = [store.reader.processing_times(_LEARNED_ROWS, longest)]
    own = _manifest_of(store)
    for job in jobs_in(database=database):
        try:
            with Store(job.state) as other:
                same = other.facts.get(facts.API_BASE) == settings.api_base
                mine = account in ("", other.facts.get(facts.ACCOUNT))
                itself = _manifest_of(other) == own
                if same and mine and not itself:
                    waits.append(other.reader.processing_times(_LEARNED_ROWS, longest))
        except StateError:
            continue  # the forecast does not need every job
    return learn_processing_time(waits)


def _manifest_of(store: Store) -> tuple[str, str]:
    """Path and fingerprint of a job's manifest."""
    return store.facts.get(facts.MANIFEST), store.facts.get(facts.FINGERPRINT)


def _expiring(store: Store, begins: float, pace: float) -> Expiring:
    deadlines = UrlExpiries()
    for line, end in store.reader.expiring_urls():
        deadlines.add(line, end)
    missed = deadlines.missed(begins, pace)
    first = tuple((line, end) for line, end, _ in islice(missed, _MAX_EXAMPLES))
    return Expiring(len(first) + sum(1 for _ in missed), first)


# The account --------------------------------------------------------------------------------------


def _search(
    store: Store,
    request: ImportRequest,
    credentials: Credentials | str,
    observer: Observer,
    stop: threading.Event,
) -> AccountMatches:
    """Search the account for the pending rows, if a run would do so by listing its media."""
    pending, known = store.reader.counts().pending, store.facts.get(facts.ACCOUNT_SEARCH)
    if not pending or known is AccountSearch.DONE:
        return AccountMatches(0)
    if known is AccountSearch.EACH_ROW:
        return _of_each_row(pending, None)
    if isinstance(credentials, str):
        return AccountMatches(None, why=credentials)
    job, settings = request.job, request.settings
    with (
        open_request_log(job.log, settings.log_max, observer.problem) as log,
        PlatformSession(settings, credentials, stop, log) as session,
        signed_in(session, job, observer.problem) as account,
    ):
        claim_account(store, settings, account)
        refuse_videos_of_other_jobs(store, job, settings)
        try:
            return _read(store, session, observer)
        except RequestRejected:
            return _of_each_row(pending, None)  # the platform refuses to list the media


def _read(store: Store, session: PlatformSession, observer: Observer) -> AccountMatches:
    """List the account's media as a run would, and apply the matches to the copy of the job."""
    pending = store.reader.counts().pending
    pages = ListPages()
    adoption = AdoptionSearch(pending, pages)
    found = calls = 0
    media: int | None = None
    taken: _Taken = {}
    while not adoption.is_done:
        number = adoption.page_number
        shown = _page(session, number)
        pages.learn_page(number, shown)
        adoption.record_page(number, shown)
        calls, media = calls + 1, shown.total
        observer.step(VerificationProgress("pages of the account", number, pages.known_page_count))
        changes = list(_taken_over(store, shown, session.settings.adopt, taken))
        store.queue.apply(changes, 0.0)
        found += len(changes)
    if adoption.checks_each_row:
        return _of_each_row(pending, media, adoption.list_end)
    store.queue.apply(list(_ids_taken(taken)), 0.0)
    return AccountMatches(found, media, calls, ids_taken=len(taken), named=_named(taken))


def _page(session: PlatformSession, number: int) -> MediaPage:
    """Request one page of the media list. A page after the last page is empty."""
    try:
        return session.send(endpoints.list_newest(number))
    except RequestRejected:
        if number == 1:
            raise
        return MediaPage(())


def _of_each_row(pending: int, media: int | None, end: ListEnd | None = None) -> AccountMatches:
    reason = "that is fewer calls than the whole list"
    if end is not None:
        reason = f"the account's list cannot be read to its end: {end.value}"
    why = f"A run looks for each row before it is sent, for {reason}."
    return AccountMatches(None, media, pending, why)


def _taken_over(store: Store, page: MediaPage, adopt: str, taken: _Taken) -> Iterator[StatusUpdate]:
    """Yield the rows whose video is on the page. `taken` collects rows with a taken ID."""
    for row in store.queue.pending_by_reference({media.reference_id for media in page.items}):
        media = media_to_adopt(page.items, row, adopt)
        others = non_failed(page.items, row)
        if media:
            taken.pop(row.row_number, None)
            online = media.status == "online"
            status = Status.IMPORTED if online else Status.PROCESSING
            yield StatusUpdate(row.row_number, status, "in the account", media=media)
        elif others:
            taken.setdefault(row.row_number, (row, others[0]))


def _ids_taken(taken: _Taken) -> Iterator[StatusUpdate]:
    """Yield the rows that a run would not send, because their reference ID is taken."""
    for row, media in taken.values():
        message = reference_id_taken_message([media])
        code = REFERENCE_ID_TAKEN
        yield StatusUpdate(row.row_number, Status.FAILED, message, error=message, code=code)


def _named(taken: _Taken) -> tuple[tuple[str, str], ...]:
    first = islice(taken.values(), _MAX_EXAMPLES)
    return tuple((row.reference_id, media.title) for row, media in first)
