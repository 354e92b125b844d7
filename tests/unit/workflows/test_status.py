"""The list of jobs."""

from pathlib import Path

from batch_import.job import Job
from batch_import.state import facts
from batch_import.state.store import Store
from batch_import.workflows import status


def test_a_job_without_a_manifest_is_not_listed(tmp_path: Path) -> None:
    for name in ("empty", "loaded"):
        (tmp_path / name).mkdir()
        with Store(Job(tmp_path / name).state, create=True) as store:
            if name == "loaded":
                store.load([], 1.0, facts=[facts.MANIFEST.of("videos.csv")])
    assert [job.folder.name for job in status.list_jobs(tmp_path)] == ["loaded"]
