"""Submit a job: load its manifest into the database, and put the job into the queue.

Workers do not need the manifest. This module must not know how a worker runs the job.
"""

import threading

from batch_import.configuration.request import ImportRequest
from batch_import.errors import UsageError, setting_ref
from batch_import.reports.write import save_result_options
from batch_import.state.location import hold_job
from batch_import.state.store import Store
from batch_import.viostream.session import epoch_clock
from batch_import.workflows.fleet import load_queue_module
from batch_import.workflows.load import update_job
from batch_import.workflows.move import refuse_moved
from batch_import.workflows.observer import SILENT, Observer
from batch_import.workflows.run import LoadedManifest, refuse_problems
from batch_import.workflows.sending import raise_if_stopped
from batch_import.workflows.submitted import job_name, settings_to_store, take_snapshot
from batch_import.workflows.validated_manifest import ValidatedManifest
from batch_import.workflows.work_plan import plan_work


def submit(
    request: ImportRequest,
    account: str,
    start_at: float | None = None,
    observer: Observer = SILENT,
    stop: threading.Event | None = None,
) -> str:
    """Load a manifest into the database, and put its job into the queue.

    Args:
        account: name of the account; workers find its credentials by this name.
        start_at: epoch seconds before which the job does not start; None means as soon as possible.
        stop: set it to stop early. The job is not put into the queue then.

    Returns:
        The name of the job.

    Raises:
        UsageError: no database is named.
        Interrupted: `stop` was set.
        JobBusy: a run of the job is in progress.
        ManifestError: the manifest cannot be read; or it has problems, and `strict` is set.
        StateError: the database cannot be used; or the job is of another account.
    """
    stop = stop or threading.Event()
    job, settings = request.job, request.settings
    if not request.state:
        raise UsageError("No database is named.", f"Name one with {setting_ref('state')}.")
    queue = load_queue_module()
    name = job_name(job)
    queue.refuse_other_account(request.state, name, account)
    manifest = ValidatedManifest(request, epoch_clock()(), stop, observer.preflight)
    with hold_job(job, settings.lease, stop) as hold, Store(job.state, create=True) as store:
        hold.fence(store.connection)
        refuse_moved(store)
        result = update_job(store, manifest)
        save_result_options(store, request.results)
        counts = store.reader.counts()
        observer.loaded(LoadedManifest(result, plan_work(counts, store.queue.claimable_count())))
        raise_if_stopped(stop)
        refuse_problems(request, result)
        options = settings_to_store(settings)
        if request.notify:
            options["notify"] = request.notify
        submission = queue.Submission(name, account, str(request.manifest), options)
        queue.submit(
            request.state, submission,
            take_snapshot(store, counts), start_at,
        )  # fmt: skip
    return name
