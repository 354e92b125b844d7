"""The import from Python: for scripts, notebooks and tasks of schedulers.

What is not private here is handed out by `batch_import` itself, and stays as it is. Nothing here
prints, but for a progress bar on request, or touches signals, so that it can be called from any
thread. This file must not know how an import works.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from batch_import.configuration.credentials import Credentials
from batch_import.configuration.credentials import credentials as credentials_found
from batch_import.configuration.request import ImportRequest
from batch_import.configuration.settings import (
    ReadingOptions,
    ResultOptions,
    Settings,
    from_environment,
)
from batch_import.errors import (
    CredentialsRefused,
    Interrupted,
    JobBusy,
    ManifestError,
    PlatformError,
    PlatformUnreachable,
    RunFault,
    StateError,
    Stopped,
    UsageError,
)
from batch_import.importer.dispatch import Progress
from batch_import.job import Job
from batch_import.models import Counts, Problem, Severity
from batch_import.reports.writers.csv_writer import read_csv
from batch_import.workflows import status

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CheckedManifest",
    "Counts",
    "Credentials",
    "CredentialsRefused",
    "Interrupted",
    "JobBusy",
    "ManifestError",
    "Outcome",
    "PlatformError",
    "PlatformUnreachable",
    "Problem",
    "Progress",
    "ReadingOptions",
    "ResultOptions",
    "RunFault",
    "Settings",
    "Severity",
    "StateError",
    "Stopped",
    "UsageError",
    "check_manifest",
    "import_manifest",
    "job_status",
    "settings_from_environment",
]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_AnyPath = str | os.PathLike[str]

_AS_FOUND: Final = ReadingOptions()
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state of a job.

    Attributes:
        folder: of the job: its state, `results.csv`, `results.xlsx`, `results.html`, `failed.csv`.
        counts: its rows by status.
        left: how many rows are not imported that were to be.
    """

    folder: Path
    counts: Counts
    left: int

    @property
    def complete(self) -> bool:
        """Whether every row is imported that was to be."""
        return not self.left

    def rows(self) -> Iterator[dict[str, str]]:
        """The current results, one row at a time, with all columns or those that were chosen.

        Raises:
            StateError: the job's folder is gone, or cannot be read.
        """
        from batch_import.workflows.report import rows

        return rows(Job(self.folder))

    def to_frame(self) -> "pd.DataFrame":
        """The same as a pandas frame; every cell is text."""
        import pandas as pd

        return pd.DataFrame(self.rows(), dtype="str")


@dataclass(frozen=True, slots=True)
class CheckedManifest:
    """What was found in a manifest.

    Attributes:
        rows: how many it has.
        valid: how many of them may be sent.
        file: `problems.csv`.
    """

    rows: int
    valid: int
    file: Path

    def problems(self) -> Iterator[Problem]:
        """Every problem, as of the last time that the manifest was read.

        Raises:
            StateError: the file is gone, or cannot be read.
        """
        for cells in read_csv(self.file):
            line, severity = int(cells.pop("line")), Severity(cells.pop("severity"))
            yield Problem(line=line, severity=severity, **cells)


def import_manifest(
    manifest: _AnyPath,
    *,
    job: _AnyPath | None = None,
    settings: Settings | None = None,
    credentials: Credentials | None = None,
    reading: ReadingOptions = _AS_FOUND,
    results: ResultOptions | None = None,
    retry_failed: bool = False,
    progress: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> Outcome:
    """Import a manifest, or continue an import, as `batch-import run` does.

    Results are written whatever happens. The same call continues after any end.

    Args:
        job: the job folder; else `output/<manifest's name>` below the working folder.
        settings: how the import goes; else the defaults, with the addresses of the environment.
        credentials: else from the environment, or the system's keyring.
        reading: how the manifest is read.
        results: how the results look from now on; else as before.
        retry_failed: failed rows are sent again.
        progress: show a progress bar, in a notebook as a widget.
        on_progress: called about twice a second, in this thread. What it raises ends the run.
        stop: set it, from another thread, to end the run early.

    Raises:
        Interrupted: `stop` was set.
        Stopped: the time `settings.until` has come, and rows are left.
        ManifestError: it cannot be read, or has problems and `settings.strict` allows none.
        PlatformError: the platform refuses the credentials, or is down.
        RunFault: any other reason why the run cannot continue.
        KeyboardInterrupt: requests in progress were finished first, and all state is saved.
    """
    request = ImportRequest(
        Path(manifest),
        folder=job if job is None else Path(job),
        reading=reading,
        settings=settings or settings_from_environment(),
        results=asdict(results) if results else {},
        retry_failed=retry_failed,
    )
    from batch_import.workflows.observer import Observer
    from batch_import.workflows.original_job import with_original_job
    from batch_import.workflows.run import run

    request = with_original_job(request)
    credentials = credentials or credentials_found()
    with closing(_Bar(shown=progress)) as bar:

        def tell(now: Progress) -> None:
            bar.show(now)
            if on_progress:
                on_progress(now)

        observer = Observer(progress=tell, problem=_log.warning)
        ended = run(request, credentials, observer, stop)
    return Outcome(request.job.folder, ended.counts, ended.remaining)


def check_manifest(
    manifest: _AnyPath,
    *,
    job: _AnyPath | None = None,
    settings: Settings | None = None,
    reading: ReadingOptions = _AS_FOUND,
    stop: threading.Event | None = None,
) -> CheckedManifest:
    """Validate a manifest, as `batch-import check` does. The platform is not called.

    With `settings.preflight`, the first bytes of each video are requested from its host.

    Args:
        job, settings, reading, stop: as in `import_manifest`.

    Raises:
        Interrupted: `stop` was set.
        ManifestError: it cannot be read at all.
        RunFault: any other reason why it cannot be checked.
    """
    request = ImportRequest(
        Path(manifest),
        folder=job if job is None else Path(job),
        reading=reading,
        settings=settings or settings_from_environment(),
    )
    from batch_import.workflows.check import check
    from batch_import.workflows.original_job import with_original_job

    request = with_original_job(request)
    found = check(request, stop=stop)
    return CheckedManifest(found.rows, found.valid, request.job.problems)


def job_status(job: _AnyPath) -> Outcome:
    """The state of a job, also during a run.

    Args:
        job: the job folder.

    Raises:
        StateError: there is no such job.
    """
    place = Job(Path(job))
    counts = status.counts(place)
    return Outcome(place.folder, counts, counts.total - counts.imported - counts.skipped)


def _parameters_of(_: Callable[_P, object]) -> Callable[[Callable[..., _T]], Callable[_P, _T]]:
    """Give a function the parameters of another for type checkers, so that they stand once."""
    return lambda function: function


@_parameters_of(Settings)
def settings_from_environment(**given: Any) -> Settings:
    """Settings, with the addresses of the environment where none is given.

    These are `VIOSTREAM_API_BASE` and `VIOSTREAM_EMBED_BASE`, as for the command.

    Args:
        given: fields of `Settings`, by name.

    Raises:
        UsageError: one of them is not accepted.
    """
    return Settings(**{**dict(from_environment()), **given})


class _Bar:
    """A progress bar: in a notebook a widget, where it can show one; else text on stderr."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._bar: Any = None

    def show(self, progress: Progress) -> None:
        """Show how far the import is."""
        if not self._shown:
            return
        counts = progress.counts
        if self._bar is None:
            from tqdm.auto import tqdm

            self._bar = tqdm(total=counts.total - progress.left_alone, unit="row")
        self._bar.n = counts.imported + counts.failed + counts.invalid + counts.skipped
        self._bar.set_postfix(failed=counts.failed, in_flight=counts.processing)

    def close(self) -> None:
        """Leave it as it is."""
        if self._bar is not None:
            self._bar.close()
