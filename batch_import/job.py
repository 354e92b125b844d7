"""The folder of a job: the paths of its files, and the lock that a run holds.

A job is one manifest imported into one account. Its job database is a file in this folder, or is in
PostgreSQL.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from batch_import.errors import JobBusy, StateError, command_ref, setting_ref

if TYPE_CHECKING:
    from filelock import FileLock

#: The folder that contains the job folders, unless the user gives another one.
OUTPUT_FOLDER: Final = Path("output")
_DATABASE_NAME: Final = "state.sqlite"
#: Seconds to wait for the lock of a job. `Job.is_locked` holds the lock for a few milliseconds.
_LOCK_TIMEOUT_SECONDS: Final = 0.3
#: Maximum number of attempts to lock a folder that other runs delete. On a file system whose inode
#: numbers change, each attempt looks as if the folder had been deleted.
_LOCK_ATTEMPTS: Final = 3


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

        missing_folders = self._missing_folders()
        self.prepare()
        lock = FileLock(self.lock)
        try:
            with self._reporting_os_errors():
                self._acquire(lock)
        except Timeout:
            raise JobBusy(
                f"A run is in progress on {self.folder}.",
                f"Watch it with: {command_ref('status')}",
            ) from None
        try:
            yield
        finally:
            self._discard_locked_folder(missing_folders)
            lock.release()

    def _acquire(self, lock: "FileLock") -> None:
        """Acquire the lock of the folder that is at this path now.

        A run that was refused moves its folder away and deletes it. If that happens between the
        creation of the folder and this lock, the lock is in a folder that no other run sees.
        """
        for _ in range(_LOCK_ATTEMPTS):
            self.prepare()
            with suppress(FileNotFoundError), _opened_folder(self.folder) as descriptor:
                # `is_locked` of another process may hold the lock for a moment.
                lock.acquire(timeout=_LOCK_TIMEOUT_SECONDS)
                if descriptor is None or _is_same_folder(self.folder, descriptor):
                    return
            lock.release()
        lock.acquire(timeout=_LOCK_TIMEOUT_SECONDS)

    # Folders without data ---------------------------------------------------------------------

    @contextmanager
    def discarding_unused_folder(self) -> Iterator[None]:
        """Opens a context for a command that changes no job. It deletes the folder at its end.

        The folder stays if it existed before, or if it has a file with data: any file but a list
        without a problem, or a log of requests.
        """
        missing_folders = self._missing_folders()
        try:
            yield
        finally:
            if missing_folders:
                self._remove_files_without_data(self.log)
                _remove_folders(missing_folders)

    def _discard_locked_folder(self, missing_folders: list[Path]) -> None:
        """Delete the folder if this run has created it, and it has only the lock.

        Args:
            missing_folders: the folders that did not exist before this run.
        """
        if not missing_folders:
            return
        self._remove_files_without_data(kept=self.lock)
        with suppress(OSError):
            if list(self.folder.iterdir()) == [self.lock]:
                # Moved first: `_acquire` of another run must not find a folder whose lock file was
                # deleted.
                moved = self.folder.with_name(f".{self.folder.name}.{os.getpid()}")
                self.folder.rename(moved)
                (moved / self.lock.name).unlink()
                _remove_folders([moved, *missing_folders[1:]])

    def _missing_folders(self) -> list[Path]:
        """Returns the folders that `prepare` would create, the job folder first."""
        folders = (self.folder, *self.folder.parents)
        return list(takewhile(lambda folder: not folder.exists(), folders))

    def _remove_files_without_data(self, log: Path | None = None, kept: Path | None = None) -> None:
        """Delete the files of the folder if it has only lists without a problem and these files.

        Args:
            log: path of the newest log file to delete, with older ones; None if logs are data.
            kept: path of a file that is not deleted; None if there is none.
        """
        with suppress(OSError):
            paths = [path for path in self.folder.iterdir() if path != kept]
            logs = frozenset(self.folder.glob(f"{log.name}*") if log else ())
            if all(path in logs or _is_list_without_problem(path) for path in paths):
                for path in paths:
                    path.unlink()

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


@contextmanager
def _opened_folder(folder: Path) -> Iterator[int | None]:
    """Opens a folder, so that its inode number is not used again; None on Windows."""
    if os.name == "nt":
        yield None
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _is_same_folder(folder: Path, descriptor: int) -> bool:
    """Whether the folder at this path is the folder that was opened."""
    return os.path.samestat(folder.stat(), os.fstat(descriptor))


def _remove_folders(folders: list[Path]) -> None:
    """Delete folders in this order, until a folder is not empty."""
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()


def _is_list_without_problem(path: Path) -> bool:
    """Whether a file is a list of problems that has only the line with the headings."""
    if not (path.name.startswith("problems") and path.suffix == ".csv"):
        return False
    with path.open("rb") as file:
        return len(list(islice(file, 2))) < 2  # noqa: PLR2004


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
