"""Import the rows of a job that was submitted: its state has everything, the manifest is not read.

The results are not written here: `report` writes them on any machine.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Self

from batch_import.configuration.credentials import Credentials
from batch_import.configuration.request import ImportRequest
from batch_import.configuration.settings import Settings
from batch_import.errors import StateError
from batch_import.job import Job
from batch_import.models import Counts, LineRange
from batch_import.reports.shown_status import problem_groups
from batch_import.reports.summary import cause_of
from batch_import.reports.write import missing_picture_count
from batch_import.state import facts
from batch_import.state.location import JobHold, catalog, hold_job
from batch_import.state.store import Store
from batch_import.viostream.request_log import open_request_log
from batch_import.workflows.deadline import stopping_at
from batch_import.workflows.move import refuse_moved
from batch_import.workflows.observer import SILENT, Observer
from batch_import.workflows.sending import RunResult, end_if, import_rows, noted

if TYPE_CHECKING:
    from batch_import.importer.dispatch import Progress
    from batch_import.state.submissions import Snapshot, Submission

#: Settings that are stored with a submitted job. All others are needed only to load the manifest,
#: or belong to the machine that runs the job, such as the URL that its credentials are sent to.
_STORED_SETTINGS: Final = (
    *("limit", "only", "rate", "workers", "poll_interval", "max_in_flight", "max_wait"),
    *("link_life", "settle", "when_unsure", "adopt", "give_up_after", "lease", "log_max"),
)
#: Seconds between two times that the progress is stored.
_PROGRESS_SECONDS: Final = 3.0
#: How many causes are stored with the progress, for a list of jobs.
_MAX_CAUSES: Final = 3


def read_submission(url: str, job: str) -> "Submission":
    """The account and the options of a job.

    Raises:
        StateError: the job was not submitted, or the database cannot be used.
    """
    from batch_import.state import submissions

    with catalog().session(url) as db:
        return submissions.read_required(db, url, job)


def stored_settings(settings: Settings) -> dict[str, Any]:
    """Returns the settings that differ from the defaults, as JSON values to store with a job."""
    default = Settings()
    given = {name: getattr(settings, name) for name in _STORED_SETTINGS}
    stored = {name: value for name, value in given.items() if value != getattr(default, name)}
    if settings.only:
        stored["only"] = [
            [each.first, each.last] if isinstance(each, LineRange) else each
            for each in settings.only
        ]
    return stored


def restored_settings(stored: Mapping[str, Any], **own: Any) -> Settings:
    """The settings of a job.

    Args:
        stored: what `stored_settings` returned.
        own: settings of the machine that runs the job.

    Raises:
        UsageError: a value is not valid, because another version stored it.
    """
    known = {name: value for name, value in stored.items() if name in _STORED_SETTINGS}
    only = tuple(
        each if isinstance(each, str) else LineRange(*each) for each in known.pop("only", ())
    )
    return Settings(only=only, **known, **own)


def run_submitted(
    request: ImportRequest,
    credentials: Credentials,
    observer: Observer = SILENT,
    stop: threading.Event | None = None,
    *,
    alarm: bool = False,
) -> RunResult:
    """Import the rows of a submitted job, or continue its import. See `run.run`.

    Args:
        request: its manifest is only a name.

    Raises:
        Interrupted: `stop` was set.
        RunFault: the run could not continue.
    """
    stop = stop or threading.Event()
    job, settings = request.job, request.settings
    with (
        stopping_at(settings.until, stop),
        hold_job(job, settings.lease, stop, uses_alarm=alarm) as hold,
        Store(job.state) as store,
        _Progress(job, hold) as progress,
        open_request_log(job.log, settings.log_max, observer.problem) as log,
    ):
        hold.fence(store.connection)
        refuse_moved(store)
        end_if(stop)
        _choose(store, settings)
        watched = replace(observer, progress=progress.show, interval=_PROGRESS_SECONDS)
        if store.queue.remaining_count() or missing_picture_count(store):
            with noted(log, store):
                import_rows(store, hold, request, credentials, watched, stop, log)
        return RunResult(store.reader.counts(), store.queue.remaining_count())


def _choose(store: Store, settings: Settings) -> None:
    """Restrict the run to the rows that were chosen when the job was submitted.

    A pilot is not chosen again: a job that is run again must not send other rows.
    """
    if settings.limit is None:
        store.queue.choose(settings.only)
    else:
        _, numbers = store.facts.get(facts.PILOT)
        store.queue.choose_numbers(numbers)


class _Progress:
    """Stores how far a job is, through a separate connection, during the run and at its end."""

    def __init__(self, job: Job, hold: JobHold) -> None:
        self._name = state_name(job)
        self._hold = hold
        self._store = Store(job.state)

    def __enter__(self) -> Self:
        self._hold.fence(self._store.connection)
        return self

    def show(self, progress: "Progress") -> None:
        """Store the progress of the run."""
        taken = snapshot(self._store, progress.counts, running=True)
        self._save(replace(taken, rate=progress.rate, eta=progress.eta))

    def __exit__(self, *exc: object) -> None:
        # If the database cannot be used, the error of the import is what counts.
        with closing(self._store), suppress(StateError):
            self._save(snapshot(self._store, self._store.reader.counts()))

    def _save(self, taken: "Snapshot") -> None:
        from batch_import.state.submissions import save_progress

        save_progress(self._store.connection, self._name, taken)


def state_name(job: Job) -> str:
    """The name of a job in its database."""
    return job.folder.resolve().name


def snapshot(store: Store, counts: Counts, *, running: bool = False) -> "Snapshot":
    """How far a job is. Pace and time left are not set."""
    from batch_import.state.submissions import Snapshot

    causes: Counter[str] = Counter()
    for row, count in problem_groups(store.reader, running=running):
        if found := cause_of(row):
            causes[found.reason] += count
    return Snapshot(counts, causes=tuple(causes.most_common(_MAX_CAUSES)))
