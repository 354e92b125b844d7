"""The Python API, for scripts, notebooks and tasks of schedulers.

`batch_import` exports the public names of this module; they are stable. Nothing here prints, except
for a progress bar on request, or changes signal handlers. So it can be called in any thread. This
module must not know how an import works.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from batch_import.configuration.credentials import Credentials, load_credentials
from batch_import.configuration.request import ImportRequest
from batch_import.configuration.result_options import ResultOptions
from batch_import.configuration.settings import ReadingOptions, Settings, read_environment
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
from batch_import.reports.problems import read_problem
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
    """The status of a job.

    Attributes:
        folder: the job folder, with `results.csv`, `results.xlsx`, `results.html`, `failed.csv`.
        counts: number of rows per status.
        left: number of rows that should have been imported and are not.
        state: URL of the database that keeps the state; empty if the job folder keeps it.
    """

    folder: Path
    counts: Counts
    left: int
    state: str = field(default="", repr=False)  # it may contain a password

    @property
    def complete(self) -> bool:
        """Whether every row that should be imported is imported."""
        return not self.left

    def rows(self) -> Iterator[dict[str, str]]:
        """Yield the current results, one row at a time, with the columns of the job's settings.

        Raises:
            StateError: the job folder does not exist any more, or cannot be read.
        """
        from batch_import.workflows.report import rows

        return rows(Job(self.folder, self.state))

    def to_frame(self) -> "pd.DataFrame":
        """The current results as a pandas data frame. Every cell is a text."""
        import pandas as pd

        return pd.DataFrame(self.rows(), dtype="str")


@dataclass(frozen=True, slots=True)
class CheckedManifest:
    """The result of validating a manifest.

    Attributes:
        rows: number of rows.
        valid: number of rows that can be imported.
        file: path of the CSV file with all problems.
    """

    rows: int
    valid: int
    file: Path

    def problems(self) -> Iterator[Problem]:
        """Yield every problem that was found when the manifest was last read.

        Raises:
            StateError: the file does not exist any more, or cannot be read.
        """
        yield from map(read_problem, read_csv(self.file))


def import_manifest(
    manifest: _AnyPath,
    *,
    job: _AnyPath | None = None,
    state: str = "",
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

    The results are written even if the run fails. The same call continues an import that ended.

    Args:
        job: the job folder. Default: `output/<manifest's name>` in the working folder.
        state: URL of a PostgreSQL database that keeps the job's state, prepared with
            `batch-import state init`. Default: a file in the job folder.
        settings: how to import. Default: the default settings, with the URLs of the environment.
        credentials: Default: from the environment, or from the system's keyring.
        reading: how to read the manifest.
        results: how the results look. The job remembers it.
        retry_failed: send failed rows again.
        progress: show a progress bar. In a notebook it is a widget.
        on_progress: called about twice a second, in this thread. An exception of it ends the run.
        stop: set it in another thread to stop the run early.

    Raises:
        Interrupted: `stop` was set.
        Stopped: the time `settings.until` was reached, and rows remain.
        ManifestError: the manifest cannot be read, or it has problems and `settings.strict` is set.
        PlatformError: the platform refuses the credentials, or is down.
        RunFault: any other reason why the run cannot continue.
        KeyboardInterrupt: the requests in flight were finished first, and all state is saved.
    """
    request = ImportRequest(
        Path(manifest),
        folder=job if job is None else Path(job),
        state=state,
        reading=reading,
        settings=settings or settings_from_environment(),
        results=asdict(results) if results else {},
        retry_failed=retry_failed,
    )
    from batch_import.workflows.observer import Observer
    from batch_import.workflows.original_job import with_original_job
    from batch_import.workflows.run import run

    request = with_original_job(request)
    credentials = credentials or load_credentials()
    with closing(_Bar(shown=progress)) as bar:

        def tell(now: Progress) -> None:
            bar.show(now)
            if on_progress:
                on_progress(now)

        observer = Observer(progress=tell, problem=_log.warning)
        ended = run(request, credentials, observer, stop)
    return Outcome(request.job.folder, ended.counts, ended.remaining, state)


def check_manifest(
    manifest: _AnyPath,
    *,
    job: _AnyPath | None = None,
    settings: Settings | None = None,
    reading: ReadingOptions = _AS_FOUND,
    stop: threading.Event | None = None,
) -> CheckedManifest:
    """Validate a manifest, as `batch-import check` does, without a request to the platform.

    With `settings.preflight`, the first bytes of each video are requested from its host.

    Args:
        job, settings, reading, stop: as in `import_manifest`.

    Raises:
        Interrupted: `stop` was set.
        ManifestError: the manifest cannot be read.
        RunFault: any other reason why it cannot be validated.
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
    return CheckedManifest(found.rows, found.valid, found.problems)


def job_status(job: _AnyPath, *, state: str = "") -> Outcome:
    """Read the status of a job. It can be called during a run.

    Args:
        job: the job folder. If a database keeps the state, its last part is the name of the job.
        state: as in `import_manifest`.

    Raises:
        StateError: there is no such job.
    """
    place = Job(Path(job), state)
    counts = status.counts(place)
    left = counts.total - counts.imported - counts.skipped
    return Outcome(place.folder, counts, left, state)


def _parameters_of(_: Callable[_P, object]) -> Callable[[Callable[..., _T]], Callable[_P, _T]]:
    """Declare, for type checkers, that a function has the parameters of another one."""
    return lambda function: function


@_parameters_of(Settings)
def settings_from_environment(**given: Any) -> Settings:
    """Create settings. The default URLs come from the environment variables.

    The variables are `VIOSTREAM_API_BASE` and `VIOSTREAM_EMBED_BASE`, as for the command.

    Args:
        given: fields of `Settings`, by name.

    Raises:
        UsageError: a value is not valid.
    """
    return Settings(**{**dict(read_environment()), **given})


class _Bar:
    """A progress bar: a widget in a notebook that supports it, otherwise text on stderr."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._bar: Any = None

    def show(self, progress: Progress) -> None:
        """Show the progress of the import."""
        if not self._shown:
            return
        counts = progress.counts
        if self._bar is None:
            from tqdm.auto import tqdm

            self._bar = tqdm(total=counts.total - progress.not_selected_count, unit="row")
        self._bar.n = counts.imported + counts.failed + counts.invalid + counts.skipped
        self._bar.set_postfix(failed=counts.failed, in_flight=counts.processing)

    def close(self) -> None:
        """Stop updating the bar. It stays visible."""
        if self._bar is not None:
            self._bar.close()
