"""Import a manifest: load → import → report. The story on one page."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass

from batch_import import __version__
from batch_import.addresses.masking import mask
from batch_import.configuration.credentials import Credentials
from batch_import.configuration.request import ImportRequest
from batch_import.errors import Interrupted, ManifestError, RunFault, named
from batch_import.importer.dispatch import Dispatcher
from batch_import.importer.pictures import ask_for_pictures
from batch_import.importer.pool import Pool
from batch_import.job import Job
from batch_import.models import Counts
from batch_import.reports.refresh import refreshing
from batch_import.reports.write import keep_options, pictures_left
from batch_import.state.store import Store
from batch_import.viostream.call_log import Log, call_log
from batch_import.viostream.session import PlatformSession, epoch_clock
from batch_import.workflows.account import claim_account
from batch_import.workflows.deadline import stopping_at
from batch_import.workflows.load import ManifestLoader
from batch_import.workflows.load_result import LoadResult
from batch_import.workflows.observer import SILENT, Observer
from batch_import.workflows.pilot import end_pilot
from batch_import.workflows.report import refresh
from batch_import.workflows.work_plan import Plan, decide


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a run found in the manifest, and what it is going to do."""

    result: LoadResult
    plan: Plan


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    Attributes:
        counts: all rows of the job.
        remaining: rows that the run was to import, and that are not.
    """

    counts: Counts
    remaining: int


def run(
    request: ImportRequest,
    credentials: Credentials,
    observer: Observer = SILENT,
    stop: threading.Event | None = None,
) -> Ended:
    """Import a manifest, or continue. The results are written whatever happens.

    Args:
        stop: set it to end the run early; all state is saved.

    Raises:
        Interrupted: `stop` was set.
        Stopped: the time `settings.until` has come, and work remains.
        ManifestError: there are problems, and `settings.strict` allows none.
        RunFault: the run could not go on.
    """
    stop = stop or threading.Event()
    job, settings = request.job, request.settings
    with (
        stopping_at(settings.until, stop),
        # First: a manifest that cannot be opened leaves no job behind.
        nullcontext(ManifestLoader(request, epoch_clock()(), stop, observer.preflight)) as loader,
        job.locked(),
        Store(job.state, create=True) as store,
        call_log(job.log, settings.log_max, observer.problem) as log,
    ):
        result = loader.take_over(store)
        keep_options(store, request.results)
        plan = decide(store.reader.counts(), store.queue.claimable_count())
        with refreshing(lambda: _report(job, observer), job.folder, settings.refresh):
            observer.loaded(Loaded(result, plan))
            _end_if(stop)
            _refuse_problems(request, result)
            if plan.has_work or pictures_left(store):
                with _noted(log, store):
                    _import(store, request, credentials, observer, stop, log)
        return Ended(store.reader.counts(), store.queue.remaining_count())


def _report(job: Job, observer: Observer) -> None:
    for notice in refresh(job):
        observer.problem(notice)


def _import(
    store: Store,
    request: ImportRequest,
    credentials: Credentials,
    observer: Observer,
    stop: threading.Event,
    log: Log,
) -> None:
    """Make calls until nothing more can be done."""
    settings = request.settings
    with PlatformSession(settings, credentials, stop, log) as session:
        claim_account(store, settings, session.sign_in())
        clock = session.clock
        dispatcher = Dispatcher(settings, store, session.budget, clock())
        pool = Pool(dispatcher, session.client, settings.workers, stop, clock)
        try:
            pool.run(observer.progress, observer.interval)
        finally:
            # All calls came home: of a row that is still being created nobody knows what became.
            store.queue.recover(clock())
        if not stop.is_set() and (left := pictures_left(store)):
            observer.pictures(left)
            ask_for_pictures(store, session)
    _end_if(stop)
    end_pilot(store)


def _refuse_problems(request: ImportRequest, result: LoadResult) -> None:
    """Send nothing while there are problems, if the user wants it so."""
    if request.settings.strict and result.groups:
        count = sum(group.count for group in result.groups)
        raise ManifestError(
            f"The manifest has {count} problem{'' if count == 1 else 's'}, and {named('strict')}"
            " allows none. Nothing was sent.",
            f"Fix them (all are in {request.job.problems}), or run without {named('strict')}.",
        )


def _end_if(stop: threading.Event) -> None:
    if stop.is_set():
        raise Interrupted("Interrupted.", "All state is saved: run the same command to go on.")


@contextmanager
def _noted(log: Log, store: Store) -> Iterator[None]:
    """Note in the log how a run began and ended, with the status of its rows."""
    log.note("run started", version=__version__, rows=asdict(store.reader.counts()))
    end = "finished"
    try:
        yield
    except BaseException as fault:
        end = fault.message if isinstance(fault, RunFault) else type(fault).__name__
        raise
    finally:
        log.note("run ended", end=mask(end), rows=asdict(store.reader.counts()))
