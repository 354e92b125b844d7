"""Import the rows of a job that was submitted to the queue.

Its manifest was loaded into the database by `submit`, and is not read here. The results are not
written here: `report` writes them on any machine.
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
from batch_import.workflows.deadline import stop_event
from batch_import.workflows.move import refuse_moved
from batch_import.workflows.observer import SILENT, Observer
from batch_import.workflows.sending import (
    RunResult,
    import_rows,
    log_start_and_end,
    raise_if_stopped,
)

if TYPE_CHECKING:
    from batch_import.importer.dispatch import Progress
    from batch_import.state.submissions import Snapshot, Submission

#: Settings that are stored with a submitted job. All other settings are only used to load the
#: manifest, or are settings of the machine that runs the job, such as the API's URL.
_STORED_SETTINGS: Final = (
    "limit", "only", "rate", "workers", "poll_interval", "max_in_flight", "max_wait",
    "link_life", "settle", "when_unsure", "adopt", "give_up_after", "lease", "log_max",
)  # fmt: skip
#: Seconds between two updates of the stored progress.
_PROGRESS_SECONDS: Final = 3.0
#: Maximum number of reasons why rows need attention that are stored for the list of jobs.
_MAX_CAUSES: Final = 3


def read_submission(url: str, job: str) -> "Submission":
    """Read the account and the options with which a job was submitted.

    Args:
        url: URL of the database.
        job: name of the job.

    Raises:
        StateError: the job was not submitted, or the database cannot be used.
    """
    from batch_import.state import submissions

    with catalog().session(url) as db:
        return submissions.read_required(db, url, job)


def settings_to_store(settings: Settings) -> dict[str, Any]:
    """Returns the settings that differ from the defaults, as JSON values to store with a job."""
    defaults = Settings()
    stored = {}
    for name in _STORED_SETTINGS:
        value = getattr(settings, name)
        if value != getattr(defaults, name):
            stored[name] = value
    if settings.only:
        stored["only"] = [
            [selector.first, selector.last] if isinstance(selector, LineRange) else selector
            for selector in settings.only
        ]
    return stored


def restore_settings(stored: Mapping[str, Any], **machine_settings: Any) -> Settings:
    """Create the settings of a submitted job.

    Args:
        stored: the result of `settings_to_store`. Settings that this version does not store are
            ignored.
        machine_settings: settings of the machine that runs the job, by name.

    Raises:
        UsageError: a value is not valid, because another version stored it.
    """
    values = {name: value for name, value in stored.items() if name in _STORED_SETTINGS}
    only = tuple(
        selector if isinstance(selector, str) else LineRange(*selector)
        for selector in values.pop("only", ())
    )
    return Settings(only=only, **values, **machine_settings)


def run_submitted(
    request: ImportRequest,
    credentials: Credentials,
    observer: Observer = SILENT,
    stop: threading.Event | None = None,
    *,
    alarm: bool = False,
) -> RunResult:
    """Import the rows of a submitted job, or continue its import.

    Args:
        request: the request; its manifest is not read.
        stop, alarm: as for `run.run`.

    Raises:
        Interrupted: `stop` was set.
        RunFault: the run could not continue.
    """
    job, settings = request.job, request.settings
    with (
        stop_event(stop, settings.until) as should_stop,
        hold_job(job, settings.lease, should_stop, uses_alarm=alarm) as hold,
        Store(job.state) as store,
        _ProgressStore(job, hold) as progress,
        open_request_log(job.log, settings.log_max, observer.problem) as log,
    ):
        hold.fence(store.connection)
        refuse_moved(store)
        raise_if_stopped(should_stop)
        _select_rows(store, settings)
        storing_observer = replace(observer, progress=progress.store, interval=_PROGRESS_SECONDS)
        if store.queue.remaining_count() or missing_picture_count(store):
            with log_start_and_end(log, store):
                import_rows(store, hold, request, credentials, storing_observer, should_stop, log)
        return RunResult(store.reader.counts(), store.queue.remaining_count())


def _select_rows(store: Store, settings: Settings) -> None:
    """Restrict the run to the rows that were selected when the job was submitted.

    The rows of a pilot were chosen then, and are not chosen again. Otherwise a job that is run
    again would send other rows.
    """
    if settings.limit is None:
        store.queue.choose(settings.only)
    else:
        _, numbers = store.facts.get(facts.PILOT)
        store.queue.choose_numbers(numbers)


class _ProgressStore:
    """Stores the progress of a job in the database, repeatedly during the run and at its end.

    It has a separate database connection, so that no transaction of the run is disturbed.
    """

    def __init__(self, job: Job, hold: JobHold) -> None:
        self._job_name = job_name(job)
        self._hold = hold
        self._store = Store(job.state)

    def __enter__(self) -> Self:
        self._hold.fence(self._store.connection)
        return self

    def store(self, progress: "Progress") -> None:
        """Store the progress of the run."""
        snapshot = take_snapshot(self._store, progress.counts, running=True)
        self._save(replace(snapshot, rate=progress.rate, eta=progress.eta))

    def __exit__(self, *exc: object) -> None:
        # If the database cannot be used, the import has raised the error to report.
        with closing(self._store), suppress(StateError):
            self._save(take_snapshot(self._store, self._store.reader.counts()))

    def _save(self, snapshot: "Snapshot") -> None:
        from batch_import.state.submissions import save_progress

        save_progress(self._store.connection, self._job_name, snapshot)


def job_name(job: Job) -> str:
    """Returns the name of a job in its database: the name of its folder."""
    return job.folder.resolve().name


def take_snapshot(store: Store, counts: Counts, *, running: bool = False) -> "Snapshot":
    """Summarize the progress of a job for the list of jobs, without the rate and remaining time.

    Args:
        running: whether a run of the job is in progress.
    """
    from batch_import.state.submissions import Snapshot

    row_counts: Counter[str] = Counter()
    reasons: dict[str, str] = {}
    for row, row_count in problem_groups(store.reader, is_running=running):
        cause = cause_of(row)
        if cause:
            row_counts[cause.pattern] += row_count
            reasons.setdefault(cause.pattern, cause.reason)
    causes = row_counts.most_common(_MAX_CAUSES)
    return Snapshot(
        counts, causes=tuple((reasons[pattern], row_count) for pattern, row_count in causes)
    )
