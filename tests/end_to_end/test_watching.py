"""The progress bar, `status` in all its forms, and `jobs`."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable

import pytest

from batch_import.sandbox.server import SandboxServer

FAST = ("--rate", "200", "--poll-interval", "0.3")
Start = Callable[..., SandboxServer]


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    (line,) = [x for x in done.stderr.splitlines() if x.startswith("batch-import: ")]
    return line


@pytest.fixture
def job(sandbox: Start, command: Callable, manifest: Callable) -> tuple:
    """Return the command and the manifest of a job: an imported, a failed and an invalid row."""
    run = command(sandbox())
    path = manifest(
        1,
        ["https://gone.invalid/4.mp4?token=5ec7e7", "Four", "mp4", "2", ""],
        ["nope", "Five", "mp4", "bad", ""],
    )
    run("run", path, *FAST, code=1)
    return run, path


def test_status_shows_causes_and_advice(job: tuple) -> None:
    run, path = job
    text = run("status", path).stdout
    assert "3 rows: 1 imported, 1 failed, 1 invalid." in text
    assert "No run in progress. Started " in text
    assert "1 failed: " in text
    assert "(gone.invalid)" in text
    assert "line 3. Open the source URL" in text
    printed = json.loads(run("status", path, "--json").stdout)
    assert {cause["status"]: cause["lines"] for cause in printed["causes"]} == {
        "failed": [3], "invalid": [4],
    }  # fmt: skip
    assert printed["running"] is False
    assert printed["started"] < printed["changed"]


def test_a_row_that_was_being_sent_during_a_crash_is_unknown(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox(latency=(1, 1))
    run = command(server)
    path = manifest(1)
    first = run.start("run", path, *FAST)
    wait_for(server, 1, first)
    first.kill()
    run.finish(first, -9)
    text = run("status", path).stdout
    assert "1 row: 1 unknown." in text
    assert "Oldest unknown row: line 2 (ref-1), unknown since " in text


def test_status_shows_the_history_of_a_row(job: tuple) -> None:
    run, path = job
    text = run("status", path, "ref-1").stdout
    assert "Line 2 (ref-1): imported" in text
    assert re.search(r"embed URL +http://127.0.0.1:\d+/iframe/\w+\n", text)
    stages = [line.split()[2] for line in text.splitlines() if re.match(r"  \d{4}-", line)]
    assert stages == ["creating", "processing", "imported"]
    failed = run("status", path, "line:3").stdout
    assert "Line 3 (2): failed" in failed
    assert "token=***" in failed
    assert "to do      Open the source URL" in failed
    assert "5ec7e7" not in failed + run("status", path, "line:3", "--json").stdout
    assert json.loads(run("status", path, "bad", "--json").stdout)["events"] == []


def test_an_ambiguous_or_unknown_row_is_an_error(job: tuple) -> None:
    run, path = job
    assert "id:2 or line:2" in one_line(run("status", path, "2", code=2))
    assert "Line 3 (2)" in run("status", path, "id:2").stdout
    assert "Line 2 (ref-1)" in run("status", path, "line:2").stdout
    assert "Did you mean the reference ID 'ref-1'" in one_line(
        run("status", path, "reff-1", code=2)
    )
    assert "no row '99'" in one_line(run("status", path, "99", code=2))
    assert "no row 'line:x'" in one_line(run("status", path, "line:x", code=2))


def wait_for(server: SandboxServer, videos: int, process: subprocess.Popen[str]) -> None:
    while len(server.platform.media) < videos and process.poll() is None:
        time.sleep(0.02)


def test_status_watch_shows_a_run_until_it_ends(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox(processing=(2, 3))
    run = command(server)
    path = manifest(3)
    first = run.start("run", path, *FAST)
    wait_for(server, 1, first)
    watched = run("status", path, "--watch")
    run.finish(first, 0)
    blocks = watched.stdout.strip().split("\n\n")
    assert len(blocks) > 1
    assert "Run in progress. Started " in blocks[0]
    assert blocks[-1].startswith("3 rows: 3 imported.\nNo run in progress.")
    assert "\x1b" not in watched.stdout


def test_watch_cannot_be_combined_with_a_row_or_json(job: tuple) -> None:
    run, path = job
    for more in (["ref-1"], ["--json"]):
        assert "--watch: this cannot be combined" in one_line(
            run("status", path, *more, "--watch", code=2)
        )


def test_jobs_lists_all_jobs_also_damaged_ones(job: tuple) -> None:
    run, path = job
    run("run", path, *FAST, "--job", "output/other", code=None)
    for name, content in (("damaged", b"no database" * 100), ("empty", b"")):
        folder = run.folder / "output" / name
        folder.mkdir()
        (folder / "state.sqlite").write_bytes(content)
    head, damaged, empty, _, videos = run("jobs").stdout.splitlines()
    assert head.split() == [
        "job", "rows", "imported", "failed", "invalid", "skipped", "open", "last", "change",
        "manifest",
    ]  # fmt: skip
    assert "file is not a database" in damaged
    assert "is not a state file of batch-import" in empty
    assert videos.split()[:7] == ["output/videos", "3", "1", "1", "1", "0", "0"]
    assert videos.endswith("videos.csv")
    printed = json.loads(run("jobs", "output", "--json").stdout)
    assert [bool(one["fault"]) for one in printed] == [True, True, False, False]
    assert (run.folder / "output/empty/state.sqlite").read_bytes() == b""
    (run.folder / "none").mkdir()
    assert "There are no jobs in none." in run("jobs", "none").stdout
    assert "There is no folder" in one_line(run("jobs", "nowhere", code=2))


def run_on_terminal(run: object, columns: int, *arguments: object) -> str:
    """Return what a command writes to a terminal of this width, on any stream."""
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "batch_import", *map(str, arguments)],
        cwd=run.folder, env=run.environ, stdin=inner, stdout=inner, stderr=inner,
    )  # fmt: skip
    os.close(inner)
    written = b""
    try:
        while part := os.read(outer, 65536):
            written += part
    except OSError:
        pass  # Linux says so when the last writer has gone
    os.close(outer)
    process.wait(timeout=60)
    return written.decode()


def visible_lines(written: str) -> list[str]:
    """Return the lines that remain visible: text after a carriage return replaces the line."""
    lines = []
    for line in written.replace("\r\n", "\n").split("\n"):
        left = ""
        for part in line.split("\r"):
            left = part + left[len(part) :]
        lines.append(left.rstrip())
    return lines


@pytest.mark.parametrize("columns", [40, 100])
def test_the_bar_fits_one_line_of_the_terminal_and_disappears_at_the_end(
    sandbox: Start, command: Callable, manifest: Callable, columns: int
) -> None:
    run = command(sandbox(processing=(1, 1.5)))
    run.environ["NO_COLOR"] = "1"
    written = run_on_terminal(run, columns, "run", manifest(20), *FAST, "-v")
    drawn = re.findall(r"\r( *\d+% [^\r\n]*)", written)
    assert any("0 imported · 0 failed" in bar for bar in drawn)
    assert all(len(bar) < columns for bar in drawn)
    left = visible_lines(written)
    assert "20 rows: 20 imported." in left
    assert not [line for line in left if "%" in line]
    calls = [line for line in left if re.search(r" create +line \d+ .* 200 ", line)]
    assert len(calls) == 20
    assert all(re.match(r"\d{4}-\d\d-\d\d ", line) for line in calls)


def test_status_watch_on_a_terminal_leaves_the_last_status(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox(processing=(1.5, 2))
    run = command(server)
    path = manifest(3)
    first = run.start("run", path, *FAST)
    wait_for(server, 1, first)
    written = run_on_terminal(run, 80, "status", path, "--watch")
    run.finish(first, 0)
    drawn, left = written.split("\x1b[?1049l")
    assert "Run in progress" in drawn
    assert "in flight" in drawn
    assert left.startswith("3 rows: 3 imported.")
