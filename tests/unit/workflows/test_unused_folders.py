"""Commands that store nothing leave no job folder."""

import threading
from pathlib import Path

import pytest

from batch_import.configuration.credentials import Credentials
from batch_import.configuration.request import ImportRequest
from batch_import.errors import Interrupted
from batch_import.library import check_manifest
from batch_import.workflows.check import check
from batch_import.workflows.plan import copy_job_database, plan
from batch_import.workflows.run import run

CREDENTIALS = Credentials("VC-test", "a-key")
GOOD = "sourceUrl,filename,extension\nhttps://h.example.com/1.mp4,One,mp4\n"


@pytest.fixture
def request_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ImportRequest:
    monkeypatch.chdir(tmp_path)
    Path("videos.csv").write_text(GOOD, encoding="utf-8")
    return ImportRequest(Path("videos.csv"))


def created_paths() -> list[str]:
    return [str(path) for path in sorted(Path().rglob("*")) if path.name != "videos.csv"]


def test_a_check_that_finds_no_problem_leaves_no_folder(request_of: ImportRequest) -> None:
    assert check(request_of).row_count == 1
    assert created_paths() == []
    assert list(check_manifest("videos.csv").problems()) == []
    assert created_paths() == []


def test_a_check_that_finds_a_problem_keeps_the_list_of_problems(request_of: ImportRequest) -> None:
    Path("videos.csv").write_text(f"{GOOD}ftp://h/2.mp4,Two,mp4\n", encoding="utf-8")
    check(request_of)
    assert created_paths() == ["output", "output/videos", "output/videos/problems.csv"]
    (problem,) = check_manifest("videos.csv").problems()
    assert problem.line == 3


def test_a_plan_of_a_manifest_without_problems_leaves_no_folder(request_of: ImportRequest) -> None:
    with copy_job_database(request_of.job) as store:
        assert plan(store, request_of, "no credentials").counts.pending == 1
    assert created_paths() == []


def test_a_run_that_ends_before_the_manifest_is_loaded_leaves_no_folder(
    request_of: ImportRequest,
) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Interrupted):
        run(request_of, CREDENTIALS, stop=stop)
    assert created_paths() == []
