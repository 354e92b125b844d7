"""Compare each row of a job with the media that are in the account."""

import threading

from batch_import.configuration.credentials import Credentials
from batch_import.configuration.request import ImportRequest
from batch_import.reports.write import job_embedding
from batch_import.state.location import exists
from batch_import.state.store import Store
from batch_import.verification.account_reader import AccountReader
from batch_import.verification.comparison import VerificationResult, compare_job
from batch_import.viostream.request_log import open_request_log
from batch_import.viostream.session import PlatformSession
from batch_import.workflows.account import check_account, sign_in
from batch_import.workflows.observer import SILENT, Observer


def verify(
    request: ImportRequest,
    credentials: Credentials,
    *,
    checks_embeds: bool = False,
    observer: Observer = SILENT,
    stop: threading.Event | None = None,
) -> VerificationResult:
    """Compare the job with the account, and write `verify.csv`.

    The job database is not changed. Changes of a run during this call may be missing in the result.

    Args:
        checks_embeds: whether to also request the embed page of each imported row.
        stop: set it to stop early. Nothing is written then.

    Raises:
        Interrupted: `stop` was set.
        RunFault: there is no such job, or the account cannot be read completely.
    """
    stop = stop or threading.Event()
    job, settings = request.job, request.settings
    if exists(job):
        job.prepare()  # creates the job folder, if another machine ran the job
    with (
        Store(job.state) as store,
        open_request_log(job.log, settings.log_max, observer.problem) as log,
        PlatformSession(settings, credentials, stop, log) as session,
        sign_in(session, job, observer.problem) as account,
    ):
        check_account(store, settings, account, checks_embeds=checks_embeds)
        embedding, listing = job_embedding(store), store.account_listing()
        reader = AccountReader(session, listing, observer.step)
        return compare_job(
            store, reader, listing, embedding, job.verification, embeds=checks_embeds
        )
