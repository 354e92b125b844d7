"""Compares the output that scripts rely on with committed files.

The output is: exit codes, columns, names of files, and the shape of JSON (its keys and types). The
real command runs against the real sandbox over HTTP. Each test has one committed file. The files
have no values, so that they do not depend on the time, the machine or random numbers.
"""

import csv
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from golden import compare, shape

from batch_import.sandbox.server import SandboxServer

FAST = ("--rate", "200", "--poll-interval", "0.3")
#: Base URL of a platform that is down: no server has this port.
DOWN = "http://127.0.0.1:9/v3/api"
#: The sandbox cannot fetch from a host of `.invalid`.
UNFETCHABLE = ["https://gone.invalid/v.mp4", "Gone", "mp4", "gone", ""]
INVALID = ["nope", "No URL", "mp4", "bad", ""]

Start = Callable[..., SandboxServer]


class Golden:
    """Collects the output of commands under headings, and compares it with a committed file."""

    def __init__(self) -> None:
        self._parts: dict[str, list[str]] = {}

    def code(self, case: str, done: Any) -> Any:
        """Note an exit code; returns the finished process."""
        self._parts.setdefault("exit codes", []).append(f"{case}: {done.returncode}")
        return done

    def json(self, what: str, text: str) -> None:
        """Note the shape of a JSON text."""
        self.section(f"{what}, its shape", shape(json.loads(text)))

    def columns(self, path: Path) -> None:
        """Note the columns of a spreadsheet: all sheets of a workbook."""
        if path.suffix == ".xlsx":
            book = openpyxl.load_workbook(path)
            for sheet in book.worksheets:
                head = [str(cell) for cell in next(sheet.iter_rows(values_only=True)) if cell]
                self.section(f"{path.name}, the sheet {sheet.title!r}", head)
            return
        with path.open(encoding="utf-8-sig", newline="") as file:
            self.section(f"{path.name}, its columns", next(csv.reader(file)))

    def files(self, folder: Path) -> None:
        """Note the files of a folder."""
        self.section("files", sorted(path.name for path in folder.iterdir()))

    def section(self, heading: str, lines: list[str]) -> None:
        self._parts[heading] = lines

    def check(self, name: str) -> None:
        """Compare with the committed text."""
        parts = ["\n".join([f"# {heading}", *lines]) for heading, lines in self._parts.items()]
        compare(f"commands/{name}.txt", "\n\n".join(parts) + "\n")


@pytest.fixture
def golden() -> Golden:
    return Golden()


@contextmanager
def receiver() -> Iterator[tuple[str, list[str]]]:
    """Start a web server for `--notify`; yields its URL, and the list of the texts posted to it."""
    posted: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", posted
        finally:
            server.shutdown()
            thread.join()


def test_the_output_of_manifest(golden: Golden, command: Callable) -> None:
    run = command(DOWN)
    for name in ("a.mp4", "b.mp4", "c.jpg", ".d.mp4"):
        (run.folder / "v" / name).parent.mkdir(exist_ok=True)
        (run.folder / "v" / name).write_bytes(b"")
    listed = ("manifest", "folder:v", "--base-url", "https://h.example/", "-o")
    printed = golden.code("manifest", run(*listed, "m.csv", "--json", code=None))
    golden.code("the file exists", run(*listed, "m.csv", code=None))
    golden.code("a workbook", run(*listed, "m.xlsx", code=None))
    golden.code("no videos", run(*listed, "n.csv", "--include", "*.mkv", code=None))
    golden.code("no such folder", run("manifest", "folder:w", *listed[2:], "n.csv", code=None))
    golden.code("no such source", run("manifest", "v", "-o", "n.csv", code=None))
    link = {"metadata": {"name": "a.mp4"}, "link": "https://h.example/a"}
    (run.folder / "link.json").write_text(json.dumps(link), encoding="utf-8")
    expiring = run("manifest", "saved:link.json", "-o", "e.csv", "--json", code=None)
    golden.code("URLs expire", expiring)
    golden.json("manifest --json", printed.stdout)
    golden.json("manifest --json, URLs expire", expiring.stdout)
    golden.columns(run.folder / "m.csv")
    golden.columns(run.folder / "m.xlsx")
    golden.check("manifest")


def test_the_output_of_check(
    golden: Golden, sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox()
    run = command(server)
    good, bad = manifest(2, name="good.csv"), manifest(1, INVALID, name="bad.csv")
    golden.code("every row is valid", run("check", good, code=None))
    golden.code("a row is invalid", run("check", bad, code=None))
    golden.code("no such file", run("check", "nothing.csv", code=None))
    golden.code("no such option", run("check", good, "--nonsense", code=None))
    golden.json("check --json, a row invalid", run("check", bad, "--json", code=None).stdout)
    fixed = run("check", bad, "--fix", "fixed.csv", "--json", code=None)
    golden.json("check --fix fixed.csv --json", fixed.stdout)
    golden.columns(run.folder / "output/bad/problems.csv")
    # Preflight contacts no private host except that of the platform.
    clips = [[f"{server.address}/clips/{n}.mp4", f"Clip {n}", "mp4", f"c{n}", ""] for n in (1, 99)]
    clips_path = manifest(0, *clips, name="clips.csv")
    checked = run("check", clips_path, "--preflight", "--json", code=None)
    golden.code("--preflight, a video is not there", checked)
    golden.json("check --preflight --json", checked.stdout)
    golden.check("check")


def test_the_output_of_run(
    golden: Golden, sandbox: Start, command: Callable, manifest: Callable
) -> None:
    run, down = command(sandbox()), command(DOWN)
    good = manifest(2, name="good.csv")
    mixed = manifest(1, UNFETCHABLE, INVALID, name="mixed.csv")
    late = down.start("run", good, "--give-up-after", "1", "--job", "output/down")
    with receiver() as (url, posted):
        golden.code("every row is imported", run("run", good, *FAST, "--notify", url, code=None))
        golden.code("rows are failed and invalid", run("run", mixed, *FAST, code=None))
    golden.code("a problem, and --strict", run("run", mixed, *FAST, "--strict", code=None))
    golden.code("no such file", run("run", "nothing.csv", code=None))
    golden.code("a value out of range", run("run", good, "--rate", "0", code=None))
    golden.code("the platform is down", down.finish(late, None))
    run.environ["VIOSTREAM_API_KEY"] = "another"
    golden.code("credentials are wrong", run("run", good, "--job", "output/other", code=None))
    golden.json("the notification", posted[0])
    folder = run.folder / "output/mixed"
    golden.files(folder)
    for name in ("results.csv", "failed.csv", "problems.csv", "results.xlsx"):
        golden.columns(folder / name)
    calls = (folder / "calls.jsonl").read_text(encoding="utf-8").splitlines()
    golden.json("calls.jsonl", f"[{','.join(calls)}]")
    golden.check("run")


def test_the_output_of_an_interrupted_run(
    golden: Golden, sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox(processing=(1000, 1000))
    run = command(server)
    path = manifest(2)
    golden.code("rows are still processing", run("run", path, *FAST, "--max-wait", "1", code=None))
    calls = server.platform.calls.total()
    process = run.start("run", path, *FAST)
    while server.platform.calls.total() < calls + 3:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    golden.code("Ctrl-C", run.finish(process, None))
    golden.json("status --json, rows in flight", run("status", path, "--json").stdout)
    golden.json("status ROW --json, in flight", run("status", path, "ref-1", "--json").stdout)
    golden.check("run-interrupted")


def test_the_output_of_retry(
    golden: Golden, sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox(failing=1)
    run = command(server)
    path = manifest(2)
    golden.code("a job is begun", run("retry", path, *FAST, code=None))
    golden.code("rows fail again", run("retry", path, *FAST, code=None))
    golden.code("no such option", run("retry", path, "--json", code=None))
    run.environ["VIOSTREAM_API_KEY"] = "another"
    golden.code("credentials are wrong", run("retry", path, code=None))
    golden.json("status ROW --json", run("status", path, "ref-1", "--json").stdout)
    golden.check("retry")


def test_the_output_of_status_jobs_and_report(
    golden: Golden, sandbox: Start, command: Callable, manifest: Callable
) -> None:
    run = command(sandbox())
    path = manifest(1, UNFETCHABLE, INVALID)
    golden.code("status of no job", run("status", path, code=None))
    golden.code("report of no job", run("report", path, code=None))
    golden.code("jobs of no folder", run("jobs", "nowhere", code=None))
    run("run", path, *FAST, code=1)
    golden.code("status", run("status", path, code=None))
    golden.code("status of no row", run("status", path, "nobody", code=None))
    golden.code("status ROW", run("status", path, "gone", code=None))
    golden.code("report", run("report", path, "--format", "csv", code=None))
    golden.code("report, no such format", run("report", path, "--format", "doc", code=None))
    damaged = run.folder / "output/damaged"
    damaged.mkdir()
    (damaged / "state.sqlite").write_bytes(b"no database" * 100)
    golden.code("jobs, one of them damaged", run("jobs", code=None))
    golden.json("status --json", run("status", path, "--json").stdout)
    golden.json("status ROW --json, imported", run("status", path, "ref-1", "--json").stdout)
    golden.json("status ROW --json, failed", run("status", path, "gone", "--json").stdout)
    golden.json("status ROW --json, invalid", run("status", path, "bad", "--json").stdout)
    golden.json("jobs --json", run("jobs", "--json").stdout)
    golden.check("status-jobs-report")


def test_the_output_of_plan(
    golden: Golden, sandbox: Start, command: Callable, manifest: Callable
) -> None:
    run, down = command(sandbox(existing=3)), command(DOWN)
    path = manifest(2, INVALID)
    late = down.start("plan", path)
    online = golden.code("a row is invalid", run("plan", path, "--json", code=None))
    offline = golden.code("--offline", run("plan", path, "--offline", "--json", code=None))
    rehearsed = run("plan", path, "--rehearse", "--json", code=None)
    golden.code("--rehearse", rehearsed)
    golden.code("no such file", run("plan", "nothing.csv", code=None))
    golden.code("no such knob", run("plan", path, "--rehearse", "--knob", "x=1", code=None))
    golden.code("the platform is down", down.finish(late, None))
    golden.json("plan --json", online.stdout)
    golden.json("plan --offline --json", offline.stdout)
    golden.json("plan --rehearse --json", rehearsed.stdout)
    golden.check("plan")


def test_the_output_of_verify(
    golden: Golden, sandbox: Start, command: Callable, manifest: Callable
) -> None:
    run, down = command(sandbox()), command(DOWN)
    path = manifest(2)
    # This run stops before its first POST, so that its job exists.
    down("run", path, "--give-up-after", "1", "--job", "output/down", code=None)
    late = down.start("verify", path, "--job", "output/down")
    golden.code("there is no job", run("verify", path, code=None))
    run("run", path, *FAST)
    verified = golden.code("as expected", run("verify", path, "--json", code=None))
    edited = manifest(2, UNFETCHABLE)
    run("run", edited, *FAST, code=1)
    golden.code("a row is not imported", run("verify", edited, code=None))
    golden.code("the platform is down", down.finish(late, None))
    golden.json("verify --json", verified.stdout)
    golden.columns(run.folder / "output/videos/verify.csv")
    golden.check("verify")


def test_the_output_of_config_and_account(
    golden: Golden, sandbox: Start, command: Callable
) -> None:
    run, down = command(sandbox()), command(DOWN)
    late = down.start("account")
    printed = golden.code("config", run("config", "--json", code=None))
    golden.code("account", run("account", code=None))
    (run.folder / "bad.yaml").write_text("rat: 3\n", encoding="utf-8")
    golden.code("config, an unknown option", run("config", "--config", "bad.yaml", code=None))
    run.environ["VIOSTREAM_API_KEY"] = "another"
    golden.code("account, wrong credentials", run("account", code=None))
    del run.environ["VIOSTREAM_API_KEY"]
    golden.code("account, no credentials", run("account", code=None))
    golden.code("account, the platform is down", down.finish(late, None))
    golden.json("config --json", printed.stdout)
    golden.check("config-account")


def test_the_output_of_commands_that_need_no_job(golden: Golden, command: Callable) -> None:
    run = command(DOWN)
    configure = ("configure", "--offline", "--templates")
    golden.code("configure --templates", run(*configure, code=None))
    golden.code("configure, files are there", run(*configure, code=None))
    doctor = run("doctor", "--offline", "--json", code=None)
    golden.code("doctor", doctor)
    golden.json("doctor --json", doctor.stdout)
    golden.code("completion bash", run("completion", "bash", code=None))
    golden.code("completion of no shell", run("completion", "dos", code=None))
    golden.code("no command", run(code=None))
    golden.code("--version", run("--version", code=None))
    golden.code("--help", run("--help", code=None))
    golden.code("sandbox, no such knob", run("sandbox", "--knob", "x=1", code=None))
    golden.files(run.folder)
    for path in sorted(run.folder.iterdir()):
        if path.suffix in {".csv", ".xlsx"}:
            golden.columns(path)
    golden.check("others")


def test_a_shape_has_types_and_no_values() -> None:
    value = {"a": [], "b": [{"c": 1, "d": None}, {"c": 2.5}], "e.f": {"g": True}}
    assert shape(value) == [
        "a: array", "b.[].c: integer or number", "b.[].d?: null", "e.f.g: boolean",
    ]  # fmt: skip
    assert shape([1, {"h": "x"}]) == ["[]: integer or object", "[].h: text"]
    assert shape(None) == [".: null"]
