"""The lock of a job: whether a run is in progress."""

import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from batch_import.job import Job


def test_a_job_is_locked_during_a_run(tmp_path: Path) -> None:
    job = Job(tmp_path / "job")
    assert not job.is_locked
    with job.locked():
        assert job.is_locked
    assert not job.is_locked
    with job.locked():  # reading `is_locked` does not keep the lock
        pass


def test_another_process_sees_the_lock(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from batch_import.job import Job;"
        "print(Job(Path(sys.argv[1])).is_locked)"
    )
    job = Job(tmp_path)

    def lock_seen_by_another_process() -> str:
        line = [sys.executable, "-c", code, str(tmp_path)]
        return subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()

    with job.locked():
        assert lock_seen_by_another_process() == "True"
    assert lock_seen_by_another_process() == "False"


# Folders without data -----------------------------------------------------------------------------


def paths_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_folder_that_has_only_the_lock_is_deleted_with_the_folders_above_it(
    tmp_path: Path,
) -> None:
    job = Job(tmp_path / "output" / "library")
    with job.locked():
        job.problems.write_text("line,column\n")  # a list without a problem
        assert job.is_locked
    assert paths_in(tmp_path) == set()


@pytest.mark.parametrize("name", ["state.sqlite", "calls.jsonl", "notes.txt", "calls.jsonl.txt"])
def test_a_folder_with_another_file_stays(tmp_path: Path, name: str) -> None:
    job = Job(tmp_path / "library")
    with job.locked():
        (job.folder / name).touch()
        job.problems.write_text("line,column\n")
    files = {name, "job.lock", "problems.csv"}
    assert paths_in(tmp_path) == {"library", *(f"library/{file}" for file in files)}


def test_a_folder_with_problems_stays(tmp_path: Path) -> None:
    job = Job(tmp_path / "library")
    with job.locked():
        job.problems.write_text("line,column\n2,url\n")
    assert paths_in(tmp_path) == {"library", "library/job.lock", "library/problems.csv"}
    other = Job(tmp_path / "other")
    with other.discarding_unused_folder():
        other.prepare()
        other.problems.write_text("line,column\n2,url\n")
        other.log.touch()
    assert paths_in(other.folder) == {"problems.csv", "calls.jsonl"}


def test_a_folder_that_existed_before_stays(tmp_path: Path) -> None:
    job = Job(tmp_path / "library")
    job.prepare()
    with job.discarding_unused_folder():
        job.log.touch()
    assert paths_in(tmp_path) == {"library", "library/calls.jsonl"}
    with job.locked():
        pass
    assert paths_in(tmp_path) == {"library", "library/calls.jsonl", "library/job.lock"}


def test_a_command_without_a_lock_keeps_the_folder_of_a_run(tmp_path: Path) -> None:
    job = Job(tmp_path / "library")
    with job.discarding_unused_folder(), job.locked():
        with job.discarding_unused_folder():
            pass
        job.file.touch()
    assert job.is_locked is False
    assert paths_in(tmp_path) == {"library", "library/job.lock", "library/state.sqlite"}
    new = Job(tmp_path / "new")
    with new.discarding_unused_folder():
        run = new.locked()
        run.__enter__()
    assert new.is_locked
    run.__exit__(None, None, None)


def test_a_run_never_locks_a_folder_that_another_run_has_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(tmp_path / "library")
    acquire = FileLock.acquire
    deleted = []

    def acquire_late(lock: FileLock, *args: object, **options: object) -> object:
        # Another run deletes the folder between its creation and the lock.
        acquired = acquire(lock, *args, **options)  # type: ignore[arg-type]
        if len(deleted) < 2:
            deleted.append(job.folder.rename(tmp_path / f"deleted-{len(deleted)}"))
        return acquired

    monkeypatch.setattr(FileLock, "acquire", acquire_late)
    with job.locked():
        assert job.is_locked
        job.file.touch()
    assert len(deleted) == 2
    assert not any((folder / "state.sqlite").exists() for folder in deleted)
