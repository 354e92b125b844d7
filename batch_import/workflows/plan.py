"""Find out what a run would do: make its steps up to the first POST, on a copy of the job database.

The job is not changed. The only requests to the platform are for the account and its media list.
This module must not print, exit, or know a terminal.
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
from batch_import.importer.adoption_candidates import AdoptionCandidates
from batch_import.importer.adoption_search import AdoptionSearch
from batch_import.importer.forecast import (
    Forecast,
    ProcessingTime,
    Work,
    forecast,
    learn_processing_time,
)
from batch_import.importer.list_pages import ListPages
from batch_import.importer.schedule.media_statuses import ONLINE_STATUS
from batch_import.importer.schedule.ownership import (
    media_to_adopt,
    non_failed,
    reference_id_taken,
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
from batch_import.viostream.media_list_pager import REFUSED_PAGE, ListEnd
from batch_import.viostream.request_log import open_request_log
from batch_import.viostream.session import PlatformSession, epoch_clock
from batch_import.workflows.account import claim_account, sign_in
from batch_import.workflows.copied_rows import CopiedRows, find_copied_rows
from batch_import.workflows.load import update_job
from batch_import.workflows.load_result import LoadResult
from batch_import.workflows.observer import SILENT, Observer
from batch_import.workflows.other_jobs import refuse_videos_of_other_jobs
from batch_import.workflows.validated_manifest import ValidatedManifest
from batch_import.workflows.work_plan import WorkPlan, plan_work

#: Number of the latest rows of each job from which processing times are learned.
_LEARNED_ROWS: Final = 10_000
#: Maximum number of expiring URLs, and of taken reference IDs, that are listed as examples.
_MAX_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class AccountMatches:
    """The pending rows whose video is in the account already.

    Attributes:
        row_count: number of these rows; None if not known.
        media_count: number of media in the account; None if the account was not listed.
        request_count: number of API requests that a run needs for the same search.
        unknown_reason: a sentence that says why `row_count` is not known; empty if it is known.
        taken_id_count: number of rows whose reference ID belongs to a media with another title. A
            run does not send these rows, and does not use that media for them.
        taken_id_examples: reference ID, and title of the media, of the first few of these rows.
    """

    row_count: int | None
    media_count: int | None = None
    request_count: int = 0
    unknown_reason: str = ""
    taken_id_count: int = 0
    taken_id_examples: tuple[tuple[str, str], ...] = ()


#: Row number → the row, and the first media with its reference ID and another title.
_RowsWithTakenId = dict[int, tuple[JobRow, Media]]


@dataclass(frozen=True, slots=True)
class ExpiringUrls:
    """Signed URLs that expire before the run sends their row.

    Attributes:
        count: number of rows.
        examples: line number and expiry (epoch seconds) of the first few rows.
    """

    count: int
    examples: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class RunForecast:
    """What a run would do, and how long it would take.

    Attributes:
        result: the result of loading the manifest.
        counts: number of rows per status.
        plan: the work of the run.
        is_running: whether a run of the job is in progress.
        retryable_count: number of failed rows that only `retry` sends again.
        matches: the pending rows whose video is in the account already.
        processing_time: how long the platform takes to process a video.
        optimistic, pessimistic: forecasts with short and with long processing times.
        expiring_urls: URLs that expire before the run sends their row.
        starts_at: start of the forecast run, in epoch seconds.
        copied_rows: the rows that are failed or invalid in another job, if most rows of this new
            job are; otherwise None.
    """

    result: LoadResult
    counts: Counts
    plan: WorkPlan
    is_running: bool
    retryable_count: int
    matches: AccountMatches
    processing_time: ProcessingTime
    optimistic: Forecast
    pessimistic: Forecast
    expiring_urls: ExpiringUrls
    starts_at: float
    copied_rows: CopiedRows | None = None


def copy_job_database(job: Job) -> Store:
    """Open a temporary copy of a job's database. It is empty if there is no such job.

    Raises:
        StateError: the job database cannot be read.
    """
    if not exists(job):
        return Store("")
    with Store(job.state) as original:
        return original.copy()


def plan(
    store: Store,
    request: ImportRequest,
    credentials: Credentials | str,
    observer: Observer = SILENT,
    stop: threading.Event | None = None,
) -> RunForecast:
    """Find out what a run would do, and apply the steps before the first POST to `store`.

    Rows whose video is in the account get the status that a run would give them. The job folder is
    not created, except for a list of problems.

    Args:
        store: a copy of the job database, from `copy_job_database`.
        credentials: the credentials, or a sentence that says why there are none.
        stop: set it to stop early.

    Raises:
        ManifestError: the manifest cannot be read.
        StateError: the job belongs to another manifest or to another account.
        PlatformError: the platform refuses the credentials, or does not answer.
        Interrupted: `stop` was set.
    """
    with request.job.discarding_unused_folder():
        return _plan(store, request, credentials, observer, stop or threading.Event())


def _plan(
    store: Store,
    request: ImportRequest,
    credentials: Credentials | str,
    observer: Observer,
    stop: threading.Event,
) -> RunForecast:
    starts_at = epoch_clock()()
    job, settings = request.job, request.settings
    manifest = ValidatedManifest(request, starts_at, stop, observer.preflight)
    result = update_job(store, manifest)
    copied_rows = find_copied_rows(store, job)
    running = exists(job) and is_running(job)
    counts = store.reader.counts(is_running=running)
    selected_count = store.queue.claimable_count()
    retryable_count = store.queue.retryable_count()  # before `_match_rows` changes rows to failed
    matches = _match_rows(store, request, credentials, observer, stop)
    work_plan = plan_work(
        counts,
        selected_count,
        matches.row_count or 0,
        matches.taken_id_count,
        is_searched=matches.row_count is not None,
    )
    processing_time = _learn_processing_time(store, settings, job.database)
    work = Work(work_plan.create, work_plan.resume, work_plan.settle, matches.request_count)
    pessimistic = forecast(work, settings, processing_time.high)
    return RunForecast(
        result=result,
        counts=counts,
        plan=work_plan,
        is_running=running,
        retryable_count=retryable_count,
        matches=matches,
        processing_time=processing_time,
        optimistic=forecast(work, settings, processing_time.low),
        pessimistic=pessimistic,
        expiring_urls=_find_expiring_urls(store, starts_at, pessimistic.rows_per_second),
        starts_at=starts_at,
        copied_rows=copied_rows,
    )


def _learn_processing_time(store: Store, settings: Settings, database: str) -> ProcessingTime:
    """Learn the account's processing times from this job and the account's other jobs.

    Args:
        database: URL of the database whose jobs are read; empty means the jobs in `output/`.
    """
    max_seconds, account = settings.max_wait, store.facts.get(facts.ACCOUNT)
    times = [store.reader.processing_times(_LEARNED_ROWS, max_seconds)]
    for job in jobs_in(database=database):
        try:
            with Store(job.state) as other:
                is_same_api = other.facts.get(facts.API_BASE) == settings.api_base
                is_same_account = account in ("", other.facts.get(facts.ACCOUNT))
                is_same_job = other.facts.get(facts.JOB_ID) == store.facts.get(facts.JOB_ID)
                if is_same_api and is_same_account and not is_same_job:
                    times.append(other.reader.processing_times(_LEARNED_ROWS, max_seconds))
        except StateError:
            continue  # the forecast does not need every job
    return learn_processing_time(times)


def _find_expiring_urls(store: Store, starts_at: float, rows_per_second: float) -> ExpiringUrls:
    """Find the URLs that expire before a run with this start and rate sends their row."""
    expiries = UrlExpiries()
    for line, expires_at in store.reader.expiring_urls():
        expiries.add(line, expires_at)
    missed = expiries.find_missed(starts_at, rows_per_second)
    examples = tuple((line, expires_at) for line, expires_at, _ in islice(missed, _MAX_EXAMPLES))
    return ExpiringUrls(len(examples) + sum(1 for _ in missed), examples)


# The account --------------------------------------------------------------------------------------


def _match_rows(
    store: Store,
    request: ImportRequest,
    credentials: Credentials | str,
    observer: Observer,
    stop: threading.Event,
) -> AccountMatches:
    """Search the account for the videos of the pending rows, if a run would list all its media."""
    pending_count = store.queue.claimable_count()
    search_state = store.facts.get(facts.ACCOUNT_SEARCH)
    if not pending_count or search_state is AccountSearch.DONE:
        return AccountMatches(0)
    if search_state is AccountSearch.EACH_ROW:
        return _checked_row_by_row(pending_count, None)
    if isinstance(credentials, str):
        return AccountMatches(None, unknown_reason=credentials)
    job, settings = request.job, request.settings
    with (
        open_request_log(job.log, settings.log_max, observer.problem) as log,
        PlatformSession(settings, credentials, stop, log) as session,
        sign_in(session, job, observer.problem) as account,
    ):
        claim_account(store, settings, account)
        refuse_videos_of_other_jobs(store, job, settings)
        try:
            return _list_and_match(store, session, observer)
        except RequestRejected:  # the platform refuses to list the media
            return _checked_row_by_row(pending_count, None)


def _list_and_match(store: Store, session: PlatformSession, observer: Observer) -> AccountMatches:
    """List the account's media as a run would, and apply the matches to the copy of the job."""
    pending_count = store.queue.claimable_count()
    candidates = AdoptionCandidates(store)
    pages = ListPages()
    adoption = AdoptionSearch(pending_count, pages)
    matched_count = request_count = 0
    media_count: int | None = None
    rows_with_taken_id: _RowsWithTakenId = {}
    while not adoption.is_done:
        number = adoption.page_number
        page = _request_page(session, number)
        pages.learn_page(number, page)
        adoption.record_page(number, page)
        request_count, media_count = request_count + 1, page.total
        observer.step(VerificationProgress("pages of the account", number, pages.known_page_count))
        updates = list(
            _adopt_from_page(candidates, page, session.settings.adopt, rows_with_taken_id)
        )
        store.queue.apply(updates, 0.0)
        matched_count += len(updates)
    if adoption.checks_each_row:
        return _checked_row_by_row(pending_count, media_count, adoption.list_end)
    store.queue.apply(list(_refuse_taken_ids(rows_with_taken_id)), 0.0)
    first_rows = islice(rows_with_taken_id.values(), _MAX_EXAMPLES)
    examples = tuple((row.reference_id, media.title) for row, media in first_rows)
    return AccountMatches(
        matched_count,
        media_count,
        request_count,
        taken_id_count=len(rows_with_taken_id),
        taken_id_examples=examples,
    )


def _request_page(session: PlatformSession, number: int) -> MediaPage:
    """Request one page of the media list. Pages are numbered from 1.

    A page after the first one may be refused.
    """
    try:
        return session.send(endpoints.list_newest(number))
    except RequestRejected:
        if number == 1:
            raise
        return REFUSED_PAGE


def _checked_row_by_row(
    pending_count: int, media_count: int | None, end: ListEnd | None = None
) -> AccountMatches:
    """Returns the matches of a run that searches the account separately for each row.

    Args:
        end: why the media list cannot be read completely; None if it was not tried.
    """
    reason = "because this needs fewer requests than the whole media list"
    if end is not None:
        reason = f"because the account's media list cannot be read to its end: {end.value}"
    explanation = f"A run searches the account for each row before it sends the row, {reason}."
    return AccountMatches(None, media_count, pending_count, explanation)


def _adopt_from_page(
    candidates: AdoptionCandidates,
    page: MediaPage,
    adopt: str,
    rows_with_taken_id: _RowsWithTakenId,
) -> Iterator[StatusUpdate]:
    """Yield a status update for each pending row whose video is on the page.

    Args:
        candidates: finds the pending rows.
        adopt: value of the setting `adopt`.
        rows_with_taken_id: the rows whose reference ID is taken are added to it.
    """
    for row in candidates.rows_of(page.items):
        media = media_to_adopt(page.items, row, adopt)
        same_id = non_failed(page.items, row)
        if media:
            rows_with_taken_id.pop(row.row_number, None)
            status = Status.IMPORTED if media.status == ONLINE_STATUS else Status.PROCESSING
            yield StatusUpdate(row.row_number, status, "in the account", media=media)
        elif same_id:
            rows_with_taken_id.setdefault(row.row_number, (row, same_id[0]))


def _refuse_taken_ids(rows_with_taken_id: _RowsWithTakenId) -> Iterator[StatusUpdate]:
    """Yield a status update for each row that a run would not send: its reference ID is taken."""
    for row, media in rows_with_taken_id.values():
        message, code = reference_id_taken([media])
        yield StatusUpdate(row.row_number, Status.FAILED, message, error=message, code=code)
