"""Wait while another machine runs a job, and continue the job when that run ends (`--standby`).

This module must not know how a run works.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from batch_import.configuration.credentials import Credentials
from batch_import.configuration.request import ImportRequest
from batch_import.errors import Interrupted, JobBusy, StateUnavailable
from batch_import.state.location import wait_until_free
from batch_import.workflows.deadline import stopping_at
from batch_import.workflows.observer import SILENT, Observer
from batch_import.workflows.sending import RunResult

#: Seconds between two checks whether the user has stopped the command.
_CHECK_SECONDS: Final = 0.25


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
    stop = stop or threading.Event()
    with stopping_at(request.settings.until, stop):
        while True:
            wait_until_free(request.job, stop, observer.waiting)
            if stop.is_set():
                raise Interrupted("Interrupted.", "It was waiting for another run.")
            try:
                with _linked_event(stop) as run_stop:
                    return work(request, credentials, observer, run_stop, alarm=alarm)
            except (JobBusy, StateUnavailable) as fault:
                observer.waiting(str(fault))


@contextmanager
def _linked_event(stop: threading.Event) -> Iterator[threading.Event]:
    """Yield an event for one run. It is set when `stop` is set.

    The run may set its event itself, for example when it loses the job. `stop` does not change
    then, so that the next run can start.
    """
    run_stop, is_closed = threading.Event(), threading.Event()

    def copy_stop() -> None:
        while not is_closed.is_set():
            if stop.wait(_CHECK_SECONDS):
                run_stop.set()
                return

    thread = threading.Thread(target=copy_stop, name="stop", daemon=True)
    thread.start()
    try:
        yield run_stop
    finally:
        is_closed.set()
        thread.join()
