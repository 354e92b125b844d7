"""The command line: every exit code, and errors of one clear line."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from batch_import.sandbox.server import SandboxServer

FAST = ("--rate", "200", "--poll-interval", "0.3")
Start = Callable[..., SandboxServer]


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line of an error."""
    (line,) = [x for x in done.stderr.splitlines() if x.startswith("batch-import: ")]
    return line


def test_account_reports_that_the_credentials_work(sandbox: Start, command: Callable) -> None:
    server = sandbox()
    assert "The credentials work." in command(server)("account").stdout
    assert server.platform.calls == {"account": 1}


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_end_with_exit_code_3(
    sandbox: Start, command: Callable, manifest: Callable, status: int
) -> None:
    server = sandbox(credentials_status=status)
    run = command(server)
    run.environ["VIOSTREAM_API_KEY"] = "wrong"
    for arguments in (["account"], ["run", manifest(2), *FAST]):
        line = one_line(run(*arguments, code=3))
        assert "refuses the credentials" in line
        assert "VIOSTREAM_API_KEY" in line
    assert server.platform.media == []
    assert server.platform.calls == {"account": 2}


def test_an_unreachable_platform_ends_with_exit_code_3(
    command: Callable, manifest: Callable
) -> None:
    run = command("http://127.0.0.1:9/v3/api")
    line = one_line(run("run", manifest(1), "--give-up-after", "1", code=3))
    assert "127.0.0.1:9" in line
    assert "connection was refused" in line


def test_another_server_at_the_base_url_ends_with_exit_code_3(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    run = command(sandbox().address + "/iframe")
    assert "Check --api-base" in one_line(run("run", manifest(1), "--give-up-after", "1", code=3))


def test_wrong_usage_ends_with_exit_code_2(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    run = command(sandbox())
    path = manifest(1)
    for name in ("check", "plan", "run", "retry", "status", "report", "verify"):
        assert "none.csv" in one_line(run(name, "none.csv", code=2))
    assert not (run.folder / "output").exists()
    assert "There is no job" in one_line(run("status", path, code=2))
    assert "There is no job" in one_line(run("report", path, code=2))
    assert "--map" in one_line(run("check", path, "--map", "x", code=2))
    assert "sourceUrl" in one_line(run("check", path, "--map", "sourceUrll=team", code=2))
    for flags in (["--rate", "0"], ["--workers", "x"], ["--nonsense"], ["--when-unsure", "guess"]):
        assert flags[0] in run("run", path, *flags, code=2).stderr
    run("fly", code=2)
    run(code=2)
    del run.environ["VIOSTREAM_API_KEY"]
    assert "VIOSTREAM_API_KEY is not set" in one_line(run("run", path, code=2))


def test_unusable_files_end_with_exit_code_2(
    sandbox: Start, command: Callable, manifest: Callable, tmp_path: Path
) -> None:
    run = command(sandbox())
    path = manifest(1)
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"sourceUrl,filename\nhttps://h/v.mp4,caf\x81\n")
    assert "line 2" in one_line(run("run", bad, *FAST, code=2))
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "state.sqlite").write_bytes(b"this is no database, and never was one" * 100)
    assert "damaged" in one_line(run("run", path, "--job", folder, *FAST, code=2))
    assert "damaged" in one_line(run("status", path, "--job", folder, code=2))
    file = tmp_path / "file"
    file.write_text("x")
    assert "cannot be used as a job folder" in one_line(run("run", path, "--job", file, code=2))


def test_a_second_run_of_a_job_is_refused(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox(processing=(60, 60))
    run = command(server)
    path = manifest(2)
    first = run.start("run", path, *FAST)
    while len(server.platform.media) < 2 and first.poll() is None:
        time.sleep(0.02)
    assert "A run is in progress on" in one_line(run("run", path, *FAST, code=2))
    assert run.counts(path)["processing"] == 2  # `status` works during a run
    first.send_signal(signal.SIGTERM)
    run.finish(first, 130)


def test_a_job_of_another_account_is_refused(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    path = manifest(1)
    command(sandbox())("run", path, *FAST)
    other = command(sandbox())
    path.write_text(path.read_text() + "https://h.example.com/9.mp4,Nine,mp4,ref-9,\n")
    assert "started with" in one_line(other("run", path, *FAST, code=2))


def test_status_shows_all_counts_and_report_writes_the_results_again(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    run = command(sandbox())
    path = manifest(2, ["nope", "x", "mp4", "ref-3", ""])
    run("run", path, *FAST, "--job", "elsewhere/job", code=1)
    counts = run.counts(path, "--job", "elsewhere/job")
    assert counts == {
        "total": 3, "pending": 0, "processing": 0, "unknown": 0, "imported": 2, "failed": 0,
        "invalid": 1, "skipped": 0,
    }  # fmt: skip
    results = run.folder / "elsewhere/job/results.csv"
    before = results.read_bytes()
    results.unlink()
    run("report", path, "--job", "elsewhere/job")
    assert results.read_bytes() == before


def test_control_sequences_of_a_manifest_are_not_printed(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    path = manifest(0, ["https://h/\x1b[2Jv.mp4", "T\x1b]0;x\x07", "mp4", "r", ""])
    assert "\x1b" not in command(sandbox())("check", path, code=1).stdout


def test_a_signature_is_not_printed(sandbox: Start, command: Callable, manifest: Callable) -> None:
    path = manifest(0, ["ftp://h/v.mp4?Signature=5ec7e7", "T", "mp4", "r", ""])
    run = command(sandbox())
    assert "5ec7e7" not in run("check", path, code=1).stdout
    assert "5ec7e7" not in run("run", path, *FAST, code=1).stdout


@pytest.mark.parametrize("arguments", [["check", "videos.csv"], ["check", "--nonsense"], []])
def test_a_forked_command_prints_the_same_as_a_started_one(
    arguments: list[str], command: Callable, manifest: Callable
) -> None:
    run = command("http://127.0.0.1:9")
    manifest(1, ["nope", "No URL", "mp4", "bad", ""])
    forked, started = run(*arguments, code=None), run.finish(run.start(*arguments), None)
    assert forked.returncode == started.returncode
    assert (forked.stdout, forked.stderr) == (started.stdout, started.stderr)
    assert forked.stdout or forked.stderr


def loaded_packages(packages: tuple[str, ...], arguments: list[str], folder: Path) -> list[str]:
    """Return which of some packages a command loads."""
    code = (
        "import sys\nfrom batch_import.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        f"print(*(m for m in {packages} if m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()[-1].split()


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["status", "m.csv", "--job", "j"]]
)
def test_fast_commands_load_no_large_package(arguments: list[str], tmp_path: Path) -> None:
    heavy = ("pandas", "requests", "yaml", "tqdm", "rich", "rich_click")
    assert loaded_packages(heavy, arguments, tmp_path) == []


def test_check_without_preflight_loads_no_http_package(manifest: Callable) -> None:
    path = manifest()
    http = ("pandas", "requests", "urllib3", "ssl")
    assert loaded_packages(http, ["check", str(path)], path.parent) == ["pandas"]


def test_the_sandbox_command_serves_an_import(command: Callable, manifest: Callable) -> None:
    run = command("unused")
    flags = ("--port", "0", "--knob", "processing=[0.1, 0.2]", "--data", "videos.json")
    server = run.start("sandbox", *flags)
    assert server.stdout is not None
    text = "".join(server.stdout.readline() for _ in range(4))
    printed = dict(re.findall(r"export (\w+)=(\S+)", text))
    run.environ.update(printed)
    path = manifest(2)
    run("run", path, *FAST)
    key = run.table("output/videos/results.csv")[0]["key"]
    # The videos are saved while the sandbox runs, so that a killed sandbox loses none.
    data = path.parent / "videos.json"
    while not data.exists() or key not in data.read_text(encoding="utf-8"):
        time.sleep(0.05)
    server.kill()
    server.communicate()

    server = run.start("sandbox", *flags)
    assert server.stdout is not None
    address = re.findall(r"listens at (\S+)", server.stdout.readline())[0]
    assert requests.get(f"{address}/iframe/{key}", timeout=10).status_code == 200
    server.send_signal(signal.SIGINT)
    run.finish(server, 0)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--knob", "lost_replies=1"], "lost_reply"),
        (["--knob", "lost_reply=often"], "lost_reply"),
        (["--knobs", "none.yaml"], "none.yaml"),
        (["--port", "99999"], "99999"),
    ],
)
def test_a_sandbox_that_cannot_start_prints_the_reason(
    command: Callable, flags: list[str], words: str
) -> None:
    assert words in one_line(command("unused")("sandbox", *flags, code=2))


def test_a_command_whose_output_is_closed_prints_no_error(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    run = command(sandbox())
    path = manifest(0, *[["nope", "", "x", f"r{n}", ""] for n in range(3000)])
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.Popen(
        [sys.executable, "-m", "batch_import", "check", str(path)],
        stdout=writer, stderr=subprocess.PIPE, cwd=run.folder, env=run.environ, text=True,
    )  # fmt: skip
    os.close(writer)
    _, err = process.communicate(timeout=60)
    assert err == ""


def test_commands_that_store_nothing_leave_no_job_folder(
    sandbox: Start, command: Callable, manifest: Callable, tmp_path: Path
) -> None:
    path = manifest(2)
    refused = command(sandbox())
    refused.environ["VIOSTREAM_API_KEY"] = "another-key"
    refused("check", path)
    refused("check", path, "--json")
    refused("plan", path, "--offline")
    refused("plan", path, code=None)
    assert not (tmp_path / "output").exists()
    run = command("http://127.0.0.1:9")
    # The rows of this run are stored: the same command continues when the platform is back.
    run("run", path, "--give-up-after", 1, code=3)
    files = {file.name for file in (tmp_path / "output" / "videos").iterdir()}
    assert {"state.sqlite", "problems.csv", "calls.jsonl", "job.lock"} < files
    path.write_text("sourceUrl\n", encoding="utf-8")
    run("run", path, code=2)
    assert {file.name for file in (tmp_path / "output" / "videos").iterdir()} == files
