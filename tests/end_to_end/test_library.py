"""Imports from Python: in a thread, with a stop event, with Ctrl-C, against the real sandbox."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from batch_import import (
    Credentials,
    CredentialsRefused,
    Interrupted,
    Outcome,
    Progress,
    ResultOptions,
    StateError,
    check_manifest,
    import_manifest,
    job_status,
    settings_from_environment,
)
from batch_import.sandbox.server import SandboxServer

Start = Callable[..., SandboxServer]

FAST = {"rate": 200.0, "poll_interval": 0.1}


@pytest.fixture
def start(
    sandbox: Start, command: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., SandboxServer]:
    """Return a function that starts a sandbox, and sets the environment variables for it."""

    def begin(**knobs: object) -> SandboxServer:
        server = sandbox(**knobs)
        for name, value in command(server).environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        return server

    return begin


def run(manifest: Path, **more: Any) -> Outcome:
    return import_manifest(manifest, settings=settings_from_environment(**FAST), **more)


def test_a_thread_imports_with_progress(start: Start, manifest: Callable) -> None:
    start()
    printed: list[Progress] = []
    with ThreadPoolExecutor(1) as threads:
        outcome = threads.submit(run, manifest(5), on_progress=printed.append).result()
    assert outcome.complete
    assert printed[-1].counts == outcome.counts == job_status("output/videos").counts
    rows = list(outcome.rows())
    assert [row["referenceId"] for row in rows] == [f"ref-{n}" for n in range(1, 6)]
    assert all(row["embedCode"] and row["team"] == "A" for row in rows)
    frame = outcome.to_frame()
    assert frame.to_dict("records") == rows


def test_two_jobs_run_in_parallel(start: Start, manifest: Callable) -> None:
    start()
    paths = [manifest(4, name="a.csv"), manifest(8, name="b.csv")]
    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(run, paths))
    assert [outcome.counts.imported for outcome in done] == [4, 8]


def test_problems_are_returned_as_data(start: Start, manifest: Callable) -> None:
    start()
    path = manifest(1, ["ftp://h/v.mp4", "T", "mp4", "ref-2", "B"])
    checked = check_manifest(path)
    assert (checked.rows, checked.valid) == (2, 1)
    (problem,) = checked.problems()
    assert (problem.line, problem.code) == (3, "url-scheme")
    outcome = run(path, results=ResultOptions(results_columns="line,error=What is wrong"))
    assert (outcome.complete, outcome.left, outcome.counts.invalid) == (False, 1, 1)
    assert list(outcome.rows())[1].keys() == {"line", "What is wrong"}


def test_a_run_fault_is_raised(start: Start, manifest: Callable) -> None:
    start()
    path = manifest(1)
    with pytest.raises(CredentialsRefused):
        run(path, credentials=Credentials("VC-other", "another-key"))
    with pytest.raises(StateError):
        job_status("output/another")


def test_a_stop_event_from_another_thread_ends_a_run(start: Start, manifest: Callable) -> None:
    start(processing=(60, 60))
    stop = threading.Event()

    def tell(progress: Progress) -> None:
        if progress.counts.processing:
            stop.set()

    with pytest.raises(Interrupted):
        run(manifest(3), on_progress=tell, stop=stop)
    assert job_status("output/videos").counts.unknown == 0


def test_a_bar_is_shown_on_request(
    start: Start, manifest: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    start()
    path = manifest(3)
    run(path)
    assert capsys.readouterr() == ("", "")
    run(path, job="output/again", progress=True)
    out, err = capsys.readouterr()
    assert not out
    assert "3/3" in err


#: If tests run in the background of a shell, Ctrl-C is ignored unless a handler is set.
SCRIPT = """
import signal
from batch_import import import_manifest, settings_from_environment
signal.signal(signal.SIGINT, signal.default_int_handler)
import_manifest("videos.csv", settings=settings_from_environment(rate=20, poll_interval=0.2))
"""


def test_ctrl_c_finishes_requests_and_the_next_call_continues(
    start: Start, manifest: Callable
) -> None:
    server = start(latency=(0.2, 0.4))
    path = manifest(30)
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stderr=subprocess.PIPE, text=True, cwd=path.parent
    )
    while len(server.platform.media) < 5:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert err.splitlines()[-1] == "KeyboardInterrupt"
    counts = job_status("output/videos").counts
    assert counts.pending
    assert counts.unknown == 0
    log = (path.parent / "output/videos/calls.jsonl").read_text().splitlines()
    assert json.loads(log[-1])["end"] == "KeyboardInterrupt"
    assert run(path).counts.imported == len(server.platform.media) == 30
