"""Without disk space, threads, memory or certificates, a command ends with one clear line."""

import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import answers
import pytest

from batch_import.cli import main
from batch_import.configuration.credentials import Credentials
from batch_import.configuration.settings import Settings
from batch_import.errors import StateError, UsageError
from batch_import.importer.pool import Pool
from batch_import.importer.schedule import FINISHED
from batch_import.job import Job
from batch_import.reports.refresh import refresh_results
from batch_import.reports.writers.xlsx_file import _OutputFile
from batch_import.sources.preflight import Preflight
from batch_import.viostream.session import PlatformSession
from batch_import.web.session import session_without_credentials


class LimitedThread(threading.Thread):
    """A thread that starts only while the limit of the system is not reached.

    Attributes:
        remaining: number of threads that can still be started.
    """

    remaining = 0

    def start(self) -> None:
        if type(self).remaining <= 0:
            raise RuntimeError("can't start new thread")
        type(self).remaining -= 1
        super().start()


class IdleDispatcher:
    """A dispatcher without requests to send."""

    def next_request(self, _: float) -> object:
        return FINISHED

    def progress(self, _: float) -> None:
        return None

    def handle_completed(self, *_: Any) -> None:
        return None

    def withdraw(self, _: float) -> None:
        return None


def pool(workers: int) -> Pool:
    stop = threading.Event()
    return Pool(IdleDispatcher(), None, workers, stop, lambda: 0.0, lambda _: None)  # type: ignore[arg-type]


def test_a_run_starts_as_many_workers_as_the_system_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batch_import.importer.pool.threading.Thread", LimitedThread)
    LimitedThread.remaining = 3
    large_pool = pool(64)
    assert len(large_pool._start_workers()) == 3  # noqa: SLF001
    large_pool._worker_count = 3  # noqa: SLF001
    large_pool._stop_workers()  # noqa: SLF001


@pytest.mark.parametrize("thread_count", [0, 1])
def test_a_run_without_threads_ends_with_one_line(
    thread_count: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("batch_import.importer.pool.threading.Thread", LimitedThread)
    LimitedThread.remaining = thread_count

    def run(_: object) -> None:
        pool(1).run(lambda _: None, 0.01)

    monkeypatch.setattr("batch_import.cli.application.Application.invoke", lambda _, ctx: run(ctx))
    assert main(["jobs"]) == 2
    assert "no more threads" in capsys.readouterr().err


def test_a_run_without_memory_ends_with_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def invoke(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("batch_import.cli.application.Application.invoke", invoke)
    assert main(["jobs"]) == 2
    assert "no more memory" in capsys.readouterr().err


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_file_without_certificates_is_a_usage_error(
    variable: str, content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(path))
    with pytest.raises(UsageError, match=variable):
        session_without_credentials("https://h.example")
    with pytest.raises(UsageError, match=variable):
        Preflight(threading.Event(), "h.example")


# A clock that jumps -----------------------------------------------------------------------------


def test_a_jump_of_the_clock_does_not_change_the_offset_of_the_platforms_clock(
    hostile: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the job's own videos would seem to be older or newer: those of other users."""
    date = formatdate(usegmt=True).encode()
    settings = Settings(api_base=hostile(answers.answer_with(b"Date: " + date)).base)
    with PlatformSession(settings, Credentials("VC-test", "a-key"), threading.Event()) as session:
        original_time = time.time
        monkeypatch.setattr(time, "time", lambda: original_time() + 86_400)
        session.get_account()
        assert session.client.clock_offset == pytest.approx(0, abs=120)


# A full disk ------------------------------------------------------------------------------------


def test_the_error_that_ended_a_run_is_reported_instead_of_that_of_its_results(
    tmp_path: Path,
) -> None:
    def write() -> None:
        raise StateError("failed.csv cannot be written: No space left on device.")

    with (
        pytest.raises(StateError, match=r"state\.sqlite"),
        refresh_results(write, Job(tmp_path), 60.0),
    ):
        raise StateError("state.sqlite: database or disk is full.")
    with (
        pytest.raises(StateError, match=r"failed\.csv"),
        refresh_results(write, Job(tmp_path), 60.0),
    ):
        pass


class FullDisk:
    """A file on a full disk: writing fails."""

    def write(self, _: bytes) -> int:
        raise OSError(28, "No space left on device")

    flush = seek = write  # type: ignore[assignment]

    def tell(self) -> int:
        return 0


def test_a_workbook_is_given_up_after_one_error() -> None:
    output = _OutputFile(FullDisk())  # type: ignore[arg-type]
    with pytest.raises(OSError, match="No space left"):
        output.write(b"x")
    assert output.write(b"yz") == 2
    assert output.tell() == 2


@pytest.mark.parametrize("limit", [30_000, 60_000])
def test_a_disk_that_fills_up_ends_a_run_with_a_message(
    limit: int,
    sandbox: Callable[..., Any],
    command: Callable[..., Any],
    manifest: Callable[..., Any],
) -> None:
    def limit_file_size() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    server = sandbox()
    run = command(server)
    path = manifest(60)
    fast = ("--rate", "200", "--poll-interval", "0.5")
    done = subprocess.run(
        [sys.executable, "-m", "batch_import", "run", str(path), *fast],
        cwd=run.folder, env=run.environ, capture_output=True, text=True, timeout=100,
        preexec_fn=limit_file_size, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.returncode in (1, 2)
    assert done.stderr.splitlines()[-1].startswith("batch-import: ")
    results = run.folder / "output" / "videos" / "results.csv"
    assert ("Results:" in done.stdout + done.stderr) <= results.exists()
