"""Wait while another machine runs a job, and continue the job once that machine is gone.

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
    """Import a manifest, or continue its import, as soon as no other machine does.

    If the database is down, or if another run takes the job over first, the wait continues.

    Args:
        stop, alarm: as for `run`.
        work: imports the rows: `run`, or a function with the same arguments.

    Raises:
        Interrupted, Stopped, ManifestError, RunFault: as for `run`.
    """
    stop = stop or threading.Event()
    with stopping_at(request.settings.until, stop):
        while True:
            wait_until_free(request.job, stop, observer.waiting)
            if stop.is_set():
                raise Interrupted("Interrupted.", "It was waiting for another run.")
            try:
                with _following(stop) as follows:
                    return work(request, credentials, observer, follows, alarm=alarm)
            except (JobBusy, StateUnavailable) as fault:
                observer.waiting(str(fault))


@contextmanager
def _following(stop: threading.Event) -> Iterator[threading.Event]:
    """An event that is set when another event is set, and may also be set for other reasons."""
    follows, over = threading.Event(), threading.Event()

    def follow() -> None:
        while not over.is_set():
            if stop.wait(_CHECK_SECONDS):
                follows.set()
                return

    thread = threading.Thread(target=follow, name="stop", daemon=True)
    thread.start()
    try:
        yield follows
    finally:
        over.set()
        thread.join()
