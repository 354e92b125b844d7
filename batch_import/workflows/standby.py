"""Wait while another machine runs a job, and continue the job when that run ends (`--standby`).

This module must not know how a run works.
"""

import threading
from collections.abc import Callable

from batch_import.configuration.credentials import Credentials
from batch_import.configuration.request import ImportRequest
from batch_import.errors import JobBusy, StateUnavailable
from batch_import.state.location import wait_until_free
from batch_import.workflows.deadline import stop_event
from batch_import.workflows.observer import SILENT, Observer
from batch_import.workflows.sending import RunResult, raise_if_stopped


def stand_by(
    request: ImportRequest,
    credentials: Credentials,
    observer: Observer = SILENT,
    stop: threading.Event | None = None,
    *,
    work: Callable[..., RunResult],
    alarm: bool = False,
) -> RunResult:
    """Import a manifest, or continue its import, as soon as no other machine runs its job.

    If the database is down, or if a third machine starts a run first, the function waits again.

    Args:
        stop, alarm: as for `run.run`.
        work: imports the rows: `run.run`, or a function with the same arguments.

    Raises:
        Interrupted, Stopped, ManifestError, RunFault: as for `run.run`.
    """
    while True:
        with stop_event(stop, request.settings.until) as should_stop:
            wait_until_free(request.job, should_stop, observer.waiting)
            raise_if_stopped(should_stop)
        try:
            return work(request, credentials, observer, stop, alarm=alarm)
        except (JobBusy, StateUnavailable) as fault:
            observer.waiting(str(fault))
