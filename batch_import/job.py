"""A job's folder: which file is where, and whether a run works on it.

This file must not know what the files hold.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from batch_import.errors import JobBusy, StateError, command, named

#: Where job folders are, unless the user chooses another place.
OUTPUT: Final = Path("output")
_STATE: Final = "state.sqlite"
#: Seconds.
_MOMENT: Final = 0.3


@dataclass(frozen=True, slots=True)
class Job:
    """One manifest imported into one account: a folder with the state and the results."""

    folder: Path

    @property
    def state(self) -> Path:
        """The SQLite file."""
        return self.folder / _STATE

    @property
    def results(self) -> Path:
        """The spreadsheet for the content team; there are others beside it."""
        return self.folder / "results.csv"

    @property
    def failed(self) -> Path:
        """The rows to fix and run again."""
        return self.folder / "failed.csv"

    @property
    def problems(self) -> Path:
        """Every problem of the manifest, as it was last read."""
        return self.folder / "problems.csv"

    @property
    def verification(self) -> Path:
        """How each row compares with the account, as of the last time that it was read."""
        return self.folder / "verify.csv"

    @property
    def log(self) -> Path:
        """The newest file of the log: every call, a line of JSON each."""
        return self.folder / "calls.jsonl"

    @property
    def lock(self) -> Path:
        """Held while a run works on the job."""
        return self.folder / "job.lock"

    def prepare(self) -> None:
        """Make the folder where there is none.

        Raises:
            StateError: it cannot be made.
        """
        with self._usable():
            self.folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs away; the lock goes with the process, however it ends.

        Raises:
            JobBusy: another run is at work.
            StateError: the folder cannot be used.
        """
        from filelock import FileLock, Timeout

        self.prepare()
        lock = FileLock(self.lock)
        try:
            with self._usable():
                # A command that asks whether a run is in progress holds it for a moment.
                lock.acquire(timeout=_MOMENT)
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
            return False  # a folder that we may not write to is read all the same

    def _is_held(self) -> bool:
        """Whether somebody holds the lock. To import `filelock` would take longer than all else."""
        try:
            import fcntl
        except ImportError:  # Windows has other locks
            from filelock import FileLock, Timeout

            try:
                with FileLock(self.lock).acquire(blocking=False):
                    return False
            except Timeout:
                return True
        with self.lock.open("rb") as file:
            try:
                # Shared, so that two who look at once do not take each other for a run.
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            raise  # it is an OSError, too
        except OSError as error:
            raise StateError(
                f"{self.folder} cannot be used as a job folder: {error.strerror or error}.",
                f"Make it writable, or choose another with {named('job')}.",
            ) from None


def job_of(manifest: Path) -> Job:
    """The job of a manifest, where no other folder is given: found by the manifest's name."""
    return Job(OUTPUT / _stem(manifest))


def _stem(manifest: Path) -> str:
    """A manifest's name, without the ends that show its format."""
    if manifest == Path("-"):
        return "standard-input"
    stem = Path(manifest.stem).stem if manifest.suffix.lower() == ".gz" else manifest.stem
    # `..csv` and `...csv` would name the folder of all jobs, and the one above it.
    return stem if stem.strip(".") else manifest.name


def jobs_below(folder: Path = OUTPUT) -> list[Job]:
    """All jobs in a folder and its own folders, by name."""
    return [Job(path.parent) for path in sorted(folder.rglob(_STATE))]
