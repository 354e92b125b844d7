"""The folder of a job: the paths of its files, and whether a run is in progress."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from batch_import.errors import JobBusy, StateError, command, named

#: The folder that contains the job folders, unless the user gives another one.
OUTPUT: Final = Path("output")
_DATABASE_NAME: Final = "state.sqlite"
#: Seconds to wait for the lock of a job. `Job.is_running` holds the lock for a few milliseconds.
_LOCK_TIMEOUT_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Job:
    """One manifest imported into one account: a folder with the job database and the results."""

    folder: Path

    @property
    def state(self) -> Path:
        """Path of the SQLite database of the job."""
        return self.folder / _DATABASE_NAME

    @property
    def results(self) -> Path:
        """Path of the results as CSV; the other formats are in the same folder."""
        return self.folder / "results.csv"

    @property
    def failed(self) -> Path:
        """Path of the CSV file with the rows to fix and import again."""
        return self.folder / "failed.csv"

    @property
    def problems(self) -> Path:
        """Path of the CSV file with all problems of the manifest, as of the last reading."""
        return self.folder / "problems.csv"

    @property
    def verification(self) -> Path:
        """Path of the CSV file with the last comparison of the job with the account."""
        return self.folder / "verify.csv"

    @property
    def log(self) -> Path:
        """Path of the newest log file: one line of JSON per API request."""
        return self.folder / "calls.jsonl"

    @property
    def lock(self) -> Path:
        """Path of the lock file, which a run holds while it is in progress."""
        return self.folder / "job.lock"

    def prepare(self) -> None:
        """Create the folder if it does not exist.

        Raises:
            StateError: the folder cannot be created.
        """
        with self._reporting_os_errors():
            self.folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the job. The lock ends with the process, even after a crash.

        Raises:
            JobBusy: another run is in progress.
            StateError: the folder cannot be used.
        """
        from filelock import FileLock, Timeout

        self.prepare()
        lock = FileLock(self.lock)
        try:
            with self._reporting_os_errors():
                # `is_running` of another process may hold the lock for a moment.
                lock.acquire(timeout=_LOCK_TIMEOUT_SECONDS)
        except Timeout:
            raise JobBusy(
                f"A run is in progress on {self.folder}.",
                f"Watch it with: {command('status')}",
            ) from None
        try:
            yield
        finally:
            lock.release()

    @property
    def is_running(self) -> bool:
        """Whether a run is in progress."""
        if not self.lock.exists():
            return False
        try:
            return self._is_held()
        except OSError:
            return False  # a job folder without write permission can still be read

    def _is_held(self) -> bool:
        """Whether a process holds the lock. On POSIX without `filelock`, whose import is slow."""
        try:
            import fcntl
        except ImportError:  # Windows
            from filelock import FileLock, Timeout

            try:
                with FileLock(self.lock).acquire(blocking=False):
                    return False
            except Timeout:
                return True
        # A pipe in its place would make us wait for whoever writes to it.
        with os.fdopen(os.open(self.lock, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            try:
                # A shared lock, so that two processes that check at once do not see each other.
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    @contextmanager
    def _reporting_os_errors(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            raise  # an OSError too, but it means that another process holds the lock
        except OSError as error:
            raise StateError(
                f"{self.folder} cannot be used as a job folder: {error.strerror or error}.",
                f"Make it writable, or choose another with {named('job')}.",
            ) from None


def job_of(manifest: Path) -> Job:
    """Returns the default job of a manifest: its folder is named after the manifest."""
    return Job(OUTPUT / _folder_name(manifest))


def _folder_name(manifest: Path) -> str:
    """Returns the name of a manifest without the suffixes of its format."""
    if manifest == Path("-"):
        return "standard-input"
    stem = Path(manifest.stem).stem if manifest.suffix.lower() == ".gz" else manifest.stem
    # `..csv` and `...csv` would give the folder of all jobs, and the parent of that folder.
    return stem if stem.strip(".") else manifest.name


def jobs_below(folder: Path = OUTPUT) -> list[Job]:
    """Returns all jobs in a folder and in its subfolders, sorted by path."""
    return [Job(path.parent) for path in sorted(folder.rglob(_DATABASE_NAME)) if path.is_file()]
