"""Import a manifest: load it, send the requests, write the results."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from batch_import.configuration.credentials import Credentials
from batch_import.configuration.request import ImportRequest
from batch_import.errors import ManifestError, setting_ref
from batch_import.job import Job
from batch_import.reports.refresh import refresh_results
from batch_import.reports.write import missing_picture_count, save_result_options
from batch_import.state import facts
from batch_import.state.facts import AccountSearch
from batch_import.state.location import hold_job
from batch_import.state.sqlite import remove_state_file
from batch_import.state.store import Store
from batch_import.viostream.request_log import open_request_log
from batch_import.viostream.session import epoch_clock
from batch_import.workflows.copied_rows import CopiedRows, find_copied_rows
from batch_import.workflows.deadline import stop_event
from batch_import.workflows.load import update_job
from batch_import.workflows.load_result import LoadResult
from batch_import.workflows.move import refuse_moved
from batch_import.workflows.observer import SILENT, Observer
from batch_import.workflows.pilot import end_pilot
from batch_import.workflows.report import write_interim_results
from batch_import.workflows.sending import (
    RunResult,
    import_rows,
    log_start_and_end,
    raise_if_stopped,
)
from batch_import.workflows.validated_manifest import ValidatedManifest
from batch_import.workflows.work_plan import WorkPlan, plan_work


@dataclass(frozen=True, slots=True)
class LoadedManifest:
    """The result of loading the manifest, and the work that the run is going to do.

    Attributes:
        copied_rows: the rows that are failed or invalid in another job, if most rows of this new
            job are; otherwise None.
    """

    result: LoadResult
    plan: WorkPlan
    copied_rows: CopiedRows | None = None


def run(
    request: ImportRequest,
    credentials: Credentials,
    observer: Observer = SILENT,
    stop: threading.Event | None = None,
    *,
    alarm: bool = False,
) -> RunResult:
    """Import a manifest, or continue its import. The results are written even if the run fails.

    Args:
        stop: set it to stop the run early. The requests in progress are finished first.
        alarm: whether the process may be killed, because it does nothing else. If true, it is
            killed if it was asleep for so long that another machine may have taken over the job.

    Raises:
        Interrupted: `stop` was set.
        Stopped: the time `settings.until` was reached, and work remains.
        ManifestError: the manifest has problems, and `settings.strict` is set.
        RunFault: the run could not continue.
    """
    job, settings = request.job, request.settings
    with (
        stop_event(stop, settings.until) as should_stop,
        # The manifest is opened first, so that no job folder is created for an unreadable manifest.
        nullcontext(_open_manifest(request, observer, should_stop)) as manifest,
        hold_job(job, settings.lease, should_stop, uses_alarm=alarm) as hold,
        _removing_empty_job(job),
        Store(job.state, create=True) as store,
        open_request_log(job.log, settings.log_max, observer.problem) as log,
    ):
        hold.fence(store.connection)
        refuse_moved(store)
        result = update_job(store, manifest, changes_job=True)
        save_result_options(store, request.results)
        is_searched = store.facts.get(facts.ACCOUNT_SEARCH) is AccountSearch.DONE
        plan = plan_work(
            store.reader.counts(), store.queue.claimable_count(), is_searched=is_searched
        )
        with refresh_results(lambda: _write_results(job, observer), job, settings.refresh):
            copied_rows = find_copied_rows(store, job)
            observer.loaded(LoadedManifest(result, plan, copied_rows))
            raise_if_stopped(should_stop)
            refuse_problems(request, result)
            if plan.has_work or missing_picture_count(store):
                with log_start_and_end(log, store):
                    import_rows(store, hold, request, credentials, observer, should_stop, log)
                    end_pilot(store)
        remaining_count = store.queue.remaining_count() + result.rejected_count
        manifest_path = store.facts.get(facts.MANIFEST) if result.is_correction else ""
        return RunResult(store.reader.counts(), remaining_count, manifest_path)


def _open_manifest(
    request: ImportRequest, observer: Observer, stop: threading.Event
) -> ValidatedManifest:
    return ValidatedManifest(request, epoch_clock()(), stop, observer.preflight)


@contextmanager
def _removing_empty_job(job: Job) -> Iterator[None]:
    """Delete the state file if this run created it and failed before the manifest was loaded.

    Otherwise a wrong file name would leave a job without rows.
    """
    is_new = not job.database and not job.file.exists()
    try:
        yield
    except BaseException:
        if is_new and job.file.exists():
            with Store(job.file, read_only=True) as store:
                is_empty = not store.facts.get(facts.MANIFEST)
            if is_empty:
                remove_state_file(job.file)
        raise


def _write_results(job: Job, observer: Observer) -> None:
    for notice in write_interim_results(job):
        observer.problem(notice)


def refuse_problems(request: ImportRequest, result: LoadResult) -> None:
    """Raise an error if the manifest has problems and the setting `strict` is on.

    Raises:
        ManifestError: the manifest has an error or a warning.
    """
    if request.settings.strict and result.groups:
        count = sum(group.count for group in result.groups)
        raise ManifestError(
            f"The manifest has {count} problem{'' if count == 1 else 's'},"
            f" and {setting_ref('strict')} allows none. Nothing was sent.",
            f"Fix them (all are in {result.problem_path}), or run without {setting_ref('strict')}.",
        )
