"""The folder of a job: the paths of its files, and the lock that a run holds.

A job is one manifest imported into one account. Its job database is a file in this folder, or is in
PostgreSQL.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from batch_import.errors import JobBusy, StateError, command_ref, setting_ref

#: The folder that contains the job folders, unless the user gives another one.
OUTPUT_FOLDER: Final = Path("output")
_DATABASE_NAME: Final = "state.sqlite"
#: Seconds to wait for the lock of a job. `Job.is_locked` holds the lock for a few milliseconds.
_LOCK_TIMEOUT_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """Where a job is in a PostgreSQL database.

    Attributes:
        url: URL of the database; may contain a password.
        job: name of the job in this database.
    """

    url: str = field(repr=False)
    job: str


@dataclass(frozen=True, slots=True)
class Job:
    """One manifest imported into one account: a folder with results, and a job database.

    Attributes:
        folder: path of the job folder.
        database: URL of the PostgreSQL database with the job database; empty if the job database is
            a file in the folder.
    """

    folder: Path
    database: str = field(default="", repr=False)

    @property
    def state(self) -> Path | DatabaseState:
        """Where the job database is: path of the SQLite file, or place in PostgreSQL.

        In PostgreSQL, a job has the name of its folder, on every machine.
        """
        if self.database:
            return DatabaseState(self.database, self.folder.resolve().name)
        return self.file

    @property
    def file(self) -> Path:
        """Path of the SQLite file, if the job database is in the folder."""
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
        """Path of the CSV file with all problems of the job's manifest."""
        return self.folder / "problems.csv"

    def problems_of(self, manifest: Path) -> Path:
        """Returns the path of the CSV file with the problems of another manifest than the job's.

        This is a manifest that was only checked, or a file with corrected rows. The line numbers
        are those of this file.
        """
        return self.folder / f"problems-{_folder_name(manifest)}.csv"

    @property
    def verification(self) -> Path:
        """Path of the CSV file with the last comparison of the job with the account."""
        return self.folder / "verify.csv"

    @property
    def log(self) -> Path:
        """Path of the newest log file, which has one line of JSON per API request."""
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
                # `is_locked` of another process may hold the lock for a moment.
                lock.acquire(timeout=_LOCK_TIMEOUT_SECONDS)
        except Timeout:
            raise JobBusy(
                f"A run is in progress on {self.folder}.",
                f"Watch it with: {command_ref('status')}",
            ) from None
        try:
            yield
        finally:
            lock.release()

    @property
    def is_locked(self) -> bool:
        """Whether a run on this machine is in progress."""
        if not self.lock.exists():
            return False
        try:
            return self._is_held()
        except OSError:
            return False  # a job folder without write permission can still be read

    def _is_held(self) -> bool:
        """Returns whether a process holds the lock.

        On POSIX, this does not use `filelock`, because importing it is slow.
        """
        try:
            import fcntl
        except ImportError:  # Windows
            from filelock import FileLock, Timeout

            try:
                with FileLock(self.lock).acquire(blocking=False):
                    return False
            except Timeout:
                return True
        # Without O_NONBLOCK, opening a pipe with this name would wait for a writer.
        with os.fdopen(os.open(self.lock, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            try:
                # With a shared lock, two processes that check at the same time do not block each
                # other.
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    @contextmanager
    def _reporting_os_errors(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            raise  # a subclass of OSError, but it means that another process holds the lock
        except OSError as error:
            raise StateError(
                f"{self.folder} cannot be used as a job folder: {error.strerror or error}.",
                f"Make it writable, or choose another with {setting_ref('job')}.",
            ) from None


def default_job(manifest: Path, database: str = "") -> Job:
    """Returns the default job of a manifest: its folder is named after the manifest."""
    return Job(OUTPUT_FOLDER / _folder_name(manifest), database)


def _folder_name(manifest: Path) -> str:
    """Returns the name of a manifest without the suffixes of its format."""
    if manifest == Path("-"):
        return "standard-input"
    stem = Path(manifest.stem).stem if manifest.suffix.lower() == ".gz" else manifest.stem
    # The stems of `..csv` and `...csv` are `.` and `..`: the folder of all jobs, and its parent.
    return stem if stem.strip(".") else manifest.name


def find_jobs(folder: Path = OUTPUT_FOLDER) -> list[Job]:
    """Returns all jobs in a folder and in its subfolders, sorted by path."""
    return [Job(path.parent) for path in sorted(folder.rglob(_DATABASE_NAME)) if path.is_file()]
