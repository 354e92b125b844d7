"""The Python API, for scripts, notebooks and tasks of schedulers.

`batch_import` exports the public names of this module; they are stable. The functions print
nothing, except for a progress bar on request, and do not change signal handlers. Therefore they can
be called in any thread. This module must not know how an import works.
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

#: Options of reading a manifest that detect everything.
_DETECT_ALL: Final = ReadingOptions()
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The status of a job.

    Attributes:
        folder: the job folder, with `results.csv`, `results.xlsx`, `results.html`, `failed.csv`.
        counts: number of rows per status.
        left: number of rows that are not imported and should be. Excluded rows are not counted.
        state: URL of the PostgreSQL database that is the job database; empty if the job database is
            a file in the job folder.
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
        from batch_import.workflows.report import read_results

        return read_results(Job(self.folder, self.state))

    def to_frame(self) -> "pd.DataFrame":
        """Returns the current results as a pandas data frame. Every cell is a text."""
        import pandas as pd

        return pd.DataFrame(self.rows(), dtype="str")


@dataclass(frozen=True, slots=True)
class CheckedManifest:
    """The result of validating a manifest.

    Attributes:
        rows: number of rows.
        valid: number of rows that can be imported.
        file: path of the CSV file with all problems. If there is none, the file may not exist.
        problem_count: number of problems.
    """

    rows: int
    valid: int
    file: Path
    problem_count: int = 0

    def problems(self) -> Iterator[Problem]:
        """Yield every problem that was found when the manifest was last read.

        Raises:
            StateError: the file does not exist any more, or cannot be read.
        """
        if self.problem_count:
            yield from map(read_problem, read_csv(self.file))


def import_manifest(
    manifest: _AnyPath,
    *,
    job: _AnyPath | None = None,
    state: str = "",
    settings: Settings | None = None,
    credentials: Credentials | None = None,
    reading: ReadingOptions = _DETECT_ALL,
    results: ResultOptions | None = None,
    retry_failed: bool = False,
    progress: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> Outcome:
    """Import a manifest, or continue an import, as `batch-import run` does.

    The results are written even if the run fails. The same call continues an import that ended
    early.

    Args:
        manifest: path of the manifest.
        job: the job folder. Default: `output/<manifest's name>` in the working folder.
        state: URL of the PostgreSQL database that is the job database. It was prepared with
            `batch-import state init`. Default: a file in the job folder.
        settings: how to import. Default: `settings_from_environment()`.
        credentials: the keys of the account. Default: from the environment, or from the system's
            keyring.
        reading: how to read the manifest.
        results: how the results look. The job remembers these options. Default: the options that
            the job remembers.
        retry_failed: whether to send failed rows again.
        progress: whether to show a progress bar. In a notebook it is a widget.
        on_progress: called about twice a second, in the calling thread. If it raises an exception,
            the run ends.
        stop: set it in another thread to stop the run early.

    Raises:
        Interrupted: `stop` was set.
        Stopped: the time `settings.until` was reached, and rows remain.
        ManifestError: the manifest cannot be read, or it has problems and `settings.strict` is set.
        PlatformError: the platform refuses the credentials, or is down.
        RunFault: any other reason why the run cannot continue.
        KeyboardInterrupt: Ctrl-C was pressed. The requests in progress were finished first.
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
    from batch_import.workflows.original_job import find_original_job
    from batch_import.workflows.run import run

    request = find_original_job(request)
    credentials = credentials or load_credentials()
    with closing(_ProgressBar(is_shown=progress)) as bar:

        def report_progress(current: Progress) -> None:
            bar.show(current)
            if on_progress:
                on_progress(current)

        observer = Observer(progress=report_progress, problem=_log.warning)
        result = run(request, credentials, observer, stop)
    return Outcome(request.job.folder, result.counts, result.remaining_count, state)


def check_manifest(
    manifest: _AnyPath,
    *,
    job: _AnyPath | None = None,
    settings: Settings | None = None,
    reading: ReadingOptions = _DETECT_ALL,
    stop: threading.Event | None = None,
) -> CheckedManifest:
    """Validate a manifest, as `batch-import check` does, without a request to the platform.

    With `settings.preflight`, the first bytes of each video are requested from its host.

    Args:
        manifest, job, settings, reading, stop: as in `import_manifest`.

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
    from batch_import.workflows.original_job import find_original_job

    request = find_original_job(request)
    result = check(request, stop=stop)
    problem_count = sum(group.count for group in result.groups)
    return CheckedManifest(result.row_count, result.valid_count, result.problem_path, problem_count)


def job_status(job: _AnyPath, *, state: str = "") -> Outcome:
    """Read the status of a job. This function can be called during a run.

    Args:
        job: the job folder. In a PostgreSQL database, the name of the folder is the job's name.
        state: as in `import_manifest`.

    Raises:
        StateError: there is no such job.
    """
    located_job = Job(Path(job), state)
    counts = status.count_rows(located_job)
    excluded_count = status.read_excluded(located_job).unsent.count
    left = counts.total - counts.imported - counts.skipped - excluded_count
    return Outcome(located_job.folder, counts, left, state)


def _parameters_of(_: Callable[_P, object]) -> Callable[[Callable[..., _T]], Callable[_P, _T]]:
    """Declare, for type checkers, that a function has the parameters of another function."""
    return lambda function: function


@_parameters_of(Settings)
def settings_from_environment(**fields: Any) -> Settings:
    """Create settings. The default URLs come from environment variables.

    The variables are `VIOSTREAM_API_BASE` and `VIOSTREAM_EMBED_BASE`, as for the command
    `batch-import`.

    Args:
        fields: fields of `Settings`, by name. They override the environment variables.

    Raises:
        UsageError: a value is not valid.
    """
    return Settings(**{**dict(read_environment()), **fields})


class _ProgressBar:
    """A progress bar: a widget in a notebook that supports it, otherwise text on stderr.

    Args:
        is_shown: whether the bar is shown at all.
    """

    def __init__(self, *, is_shown: bool) -> None:
        self._is_shown = is_shown
        self._bar: Any = None

    def show(self, progress: Progress) -> None:
        """Show the progress of the import."""
        if not self._is_shown:
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
