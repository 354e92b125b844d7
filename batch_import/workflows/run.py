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
from batch_import.workflows.deadline import stopping_at
from batch_import.workflows.load import ManifestLoader
from batch_import.workflows.load_result import LoadResult
from batch_import.workflows.move import refuse_moved
from batch_import.workflows.observer import SILENT, Observer
from batch_import.workflows.pilot import end_pilot
from batch_import.workflows.report import refresh
from batch_import.workflows.sending import RunResult, end_if, import_rows, noted
from batch_import.workflows.work_plan import WorkPlan, plan_work


@dataclass(frozen=True, slots=True)
class LoadedManifest:
    """What a run read from the manifest, and what it is going to do.

    Attributes:
        copied: rows of this new job that are failed or invalid in another job, if most are.
    """

    result: LoadResult
    plan: WorkPlan
    copied: CopiedRows | None = None


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
        stop: set it to stop the run early. All state is saved.
        alarm: whether this process does nothing else. If true, it is killed if it slept while
            another machine may have taken the job over.

    Raises:
        Interrupted: `stop` was set.
        Stopped: the time `settings.until` was reached, and work remains.
        ManifestError: the manifest has problems, and `settings.strict` is set.
        RunFault: the run could not continue.
    """
    stop = stop or threading.Event()
    job, settings = request.job, request.settings
    with (
        stopping_at(settings.until, stop),
        # The manifest is opened first, so that an unreadable one creates no job folder.
        nullcontext(_loader(request, observer, stop)) as loader,
        hold_job(job, settings.lease, stop, uses_alarm=alarm) as hold,
        _removed_if_empty(job),
        Store(job.state, create=True) as store,
        open_request_log(job.log, settings.log_max, observer.problem) as log,
    ):
        hold.fence(store.connection)
        refuse_moved(store)
        result = loader.take_over(store)
        save_result_options(store, request.results)
        is_searched = store.facts.get(facts.ACCOUNT_SEARCH) is AccountSearch.DONE
        plan = plan_work(
            store.reader.counts(), store.queue.claimable_count(), is_searched=is_searched
        )
        with refresh_results(lambda: _report(job, observer), job, settings.refresh):
            copied = find_copied_rows(store, job)
            observer.loaded(LoadedManifest(result, plan, copied))
            end_if(stop)
            refuse_problems(request, result)
            if plan.has_work or missing_picture_count(store):
                with noted(log, store):
                    import_rows(store, hold, request, credentials, observer, stop, log)
                    end_pilot(store)
        return RunResult(store.reader.counts(), store.queue.remaining_count())


def _loader(request: ImportRequest, observer: Observer, stop: threading.Event) -> ManifestLoader:
    now = epoch_clock()()
    return ManifestLoader(request, now, stop, observer.preflight, changes_job=True)


@contextmanager
def _removed_if_empty(job: Job) -> Iterator[None]:
    """Delete the state file that a failed run created, if it did not load the manifest.

    Otherwise a file name that was given by mistake would be a job without rows.
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


def _report(job: Job, observer: Observer) -> None:
    for notice in refresh(job):
        observer.problem(notice)


def refuse_problems(request: ImportRequest, result: LoadResult) -> None:
    """Raise an error if there are problems and the user set `strict`."""
    if request.settings.strict and result.groups:
        count = sum(group.count for group in result.groups)
        raise ManifestError(
            f"The manifest has {count} problem{'' if count == 1 else 's'},"
            f" and {setting_ref('strict')} allows none. Nothing was sent.",
            f"Fix them (all are in {result.problems}), or run without {setting_ref('strict')}.",
        )
