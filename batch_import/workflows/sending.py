"""Send the requests for the rows of a job that are in its database.

This module must not import the modules that read a manifest. They need pandas, which would take
most of the start time and memory of a worker's job process.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from batch_import import __version__
from batch_import.addresses.masking import mask
from batch_import.configuration.credentials import Credentials
from batch_import.configuration.request import ImportRequest
from batch_import.errors import Interrupted, RunFault
from batch_import.importer.dispatch import Dispatcher
from batch_import.importer.pictures import request_picture_sizes
from batch_import.importer.pool import Pool
from batch_import.models import Counts
from batch_import.reports.write import missing_picture_count
from batch_import.sources.signing import UrlSigner
from batch_import.state.location import JobHold
from batch_import.state.store import Store
from batch_import.viostream.request_log import RequestLog
from batch_import.viostream.session import PlatformSession
from batch_import.workflows.account import claim_account, sign_in
from batch_import.workflows.observer import Observer
from batch_import.workflows.other_jobs import refuse_videos_of_other_jobs


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended.

    Attributes:
        counts: number of all rows of the job per status.
        remaining_count: number of rows that the run should have imported and did not.
        manifest: absolute path of the job's manifest, if the run imported a corrected `failed.csv`;
            otherwise empty.
    """

    counts: Counts
    remaining_count: int
    manifest: str = ""


def import_rows(
    store: Store,
    hold: JobHold,
    request: ImportRequest,
    credentials: Credentials,
    observer: Observer,
    stop: threading.Event,
    log: RequestLog,
) -> None:
    """Send requests until every row of the run is finished, or cannot make progress.

    Args:
        store: the job database, with the rows of the manifest.
        hold: the hold on the job; no request is sent after it is lost.
        stop: set it to stop early.

    Raises:
        Interrupted: `stop` was set.
        RunFault: the run could not continue.
    """
    settings = request.settings
    with (
        PlatformSession(settings, credentials, stop, log, may_send=hold.may_send) as session,
        sign_in(session, request.job, observer.problem) as account,
    ):
        claim_account(store, settings, account)
        refuse_videos_of_other_jobs(store, request.job, settings)
        clock = session.clock
        dispatcher = Dispatcher(settings, store, session.rate_limiter, clock())
        sign = UrlSigner(settings.link_life).sign
        pool = Pool(dispatcher, session.client, settings.workers, stop, clock, sign)
        try:
            pool.run(observer.progress, observer.interval)
        finally:
            # No request is in progress now. A row that is still `creating` got no answer, so its
            # status becomes `unknown`.
            store.queue.recover(clock())
        picture_count = 0 if stop.is_set() else missing_picture_count(store)
        if picture_count:
            observer.pictures(picture_count)
            request_picture_sizes(store, session)
    raise_if_stopped(stop)


def raise_if_stopped(stop: threading.Event) -> None:
    """Raise an error if the user has stopped the command.

    Raises:
        Interrupted: `stop` is set.
    """
    if stop.is_set():
        raise Interrupted("Interrupted.", "All state is saved: run the same command to continue.")


@contextmanager
def log_start_and_end(log: RequestLog, store: Store) -> Iterator[None]:
    """Log the start and the end of a run, with the number of rows per status."""
    log.note("run started", version=__version__, rows=asdict(store.reader.counts()))
    end_reason = "finished"
    try:
        yield
    except BaseException as fault:
        end_reason = fault.message if isinstance(fault, RunFault) else type(fault).__name__
        raise
    finally:
        log.note("run ended", end=mask(end_reason), rows=asdict(store.reader.counts()))
