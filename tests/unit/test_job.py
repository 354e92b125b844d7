"""Whether a run is in progress on a job."""

import subprocess
import sys
from pathlib import Path

from batch_import.job import Job


def test_a_run_is_in_progress_while_it_holds_the_lock(tmp_path: Path) -> None:
    job = Job(tmp_path / "job")
    assert not job.is_locked
    with job.locked():
        assert job.is_locked
    assert not job.is_locked
    with job.locked():  # and nobody who looked keeps the next one away
        pass


def test_another_process_sees_it(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from batch_import.job import Job;"
        "print(Job(Path(sys.argv[1])).is_locked)"
    )
    job = Job(tmp_path)

    def seen() -> str:
        line = [sys.executable, "-c", code, str(tmp_path)]
        return subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()

    with job.locked():
        assert seen() == "True"
    assert seen() == "False"
