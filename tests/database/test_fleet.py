"""Submits jobs to the queue, and runs them with workers: real commands, database and HTTP."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from batch_import.job import DatabaseState
from batch_import.models import Status
from batch_import.sandbox.server import SandboxServer
from batch_import.state import catalog, submissions
from batch_import.state.lease import get_holder
from batch_import.state.machine import Process
from batch_import.state.store import Store

if TYPE_CHECKING:
    from conftest import Command
    from server import Server

ACCOUNT, KEYS = "news", ("VC-test", "a-key-that-must-not-be-seen")
#: Options that make an import fast. The default rate, five requests per second, leaves work for
#: workers that start later.
QUICK = ("--poll-interval", "1", "--settle", "60", "--lease", "3")


class Machines:
    """Several machines, each with its own folder, and their workers. They share only a database.

    Args:
        make_command: makes the command of a folder.
        url: URL of the database.
    """

    def __init__(self, make_command: Callable[[Path], "Command"], url: str, folder: Path) -> None:
        self.url, self._make_command, self._folder = url, make_command, folder
        self._workers: list[subprocess.Popen[str]] = []

    def __call__(self, name: str) -> "Command":
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        command = self._make_command(folder)
        del command.environ["VIOSTREAM_ACCESS_KEY"], command.environ["VIOSTREAM_API_KEY"]
        command.environ["VIOSTREAM_STATE"] = self.url
        return command

    def submit(self, job: str, rows: int, *more: str, account: str = ACCOUNT) -> None:
        """Submit a job from another machine, and delete the manifest there."""
        author = self("author")
        manifest = author.folder / f"{job}.csv"
        manifest.write_text(
            "sourceUrl,filename,extension,referenceId\n"
            + "".join(
                f"https://videos.example.com/{job}/{n}.mp4,Video {job} {n},mp4,{job}-{n}\n"
                for n in range(rows)
            )
        )
        author("submit", manifest.name, "--account", account, *QUICK, *more)
        manifest.unlink()

    def start(self, name: str, *more: str, **environ: str) -> subprocess.Popen[str]:
        """Start a worker, as the leader of a process group."""
        command = self(name)
        keys = dict(zip(("VIOSTREAM_ACCESS_KEY_NEWS", "VIOSTREAM_API_KEY_NEWS"), KEYS, strict=True))
        with (command.folder / "worker.txt").open("a") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "batch_import", "worker", "--accounts", ACCOUNT, *more],
                cwd=command.folder, env={**command.environ, **keys, **environ}, text=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._workers.append(worker)
        return worker

    def log(self, name: str) -> str:
        text = (self(name).folder / "worker.txt").read_text()
        assert "Traceback" not in text
        assert not any(secret in text for secret in (KEYS[1], "a-password"))
        return text

    def listed(self) -> dict[str, dict[str, Any]]:
        """Return name of a job → its status, machine, reason, and number of imported rows."""
        with catalog.session(self.url) as db:
            return {
                each.name: {
                    "status": str(each.status),
                    "machine": each.machine,
                    "reason": each.reason,
                    "imported": each.snapshot.counts.imported if each.snapshot else 0,
                }
                for each in submissions.list_jobs(db)
            }

    def wait_for_status(self, job: str, status: str) -> dict[str, Any]:
        """Wait until a job has a status; returns the values of `listed`."""
        # Each check opens a connection to the database.
        wait_until(lambda: self.listed()[job]["status"] == status, every=0.5)
        return self.listed()[job]

    def close(self) -> None:
        for worker in self._workers:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


@pytest.fixture
def machines(
    server: "Server",
    tmp_path: Path,
    command_in: Callable[[Path, str], "Command"],
    sandbox: Callable[..., SandboxServer],
) -> Iterator[tuple[Machines, SandboxServer]]:
    platform = sandbox(latency=(0.02, 0.05))
    fleet = Machines(
        lambda folder: command_in(folder, platform.api_base), server.new_database(), tmp_path
    )
    fleet("author")("state", "init")
    yield fleet, platform
    fleet.close()


def wait_until(is_reached: Callable[[], bool], every: float = 0.1) -> None:
    """Wait until a condition is true, at most 100 s; it is checked every so many seconds.

    After a crash, a row that was not sent is sent again half a minute later.
    """
    deadline = time.monotonic() + 100
    while not is_reached():
        assert time.monotonic() < deadline
        time.sleep(every)


def first_sentences(log: str) -> set[str]:
    """Return the first sentence of each line of a worker's log, without the time."""
    lines = (line.partition(" ")[2] for line in log.splitlines())
    return {line.partition(".")[0] + "." for line in lines}


def media_count(platform: SandboxServer, job: str) -> int:
    with platform.lock:
        return sum(each.reference_id.startswith(f"{job}-") for each in platform.platform.media)


def assert_once(platform: SandboxServer, job: str, rows: int) -> None:
    """Check that every row of a job has exactly one video."""
    now = time.time()
    with platform.lock:
        counts = [len(platform.platform.non_failed_media(f"{job}-{n}", now)) for n in range(rows)]
    assert counts == [1] * rows


class Webhook(HTTPServer):
    """A web server that stores the JSON of each POST that it receives."""

    def __init__(self) -> None:
        posted = self.posted = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


def test_jobs_run_without_their_manifest_and_any_machine_can_write_their_results(
    machines: tuple[Machines, SandboxServer],
) -> None:
    fleet, platform = machines
    webhook = Webhook()
    fleet.submit("one", 4, "--rate", "20", "--notify", f"http://127.0.0.1:{webhook.server_port}/x")
    fleet.submit("two", 4, "--rate", "20", "--limit", "3")
    fleet.submit("partial", 3, "--rate", "20", "--exclude", "partial-1")
    fleet.submit("later", 2, "--at", "2099-01-01T00:00")
    fleet.submit("other", 1, account="sport")
    fleet.submit("refused", 1, account="film")
    wrong = {"VIOSTREAM_ACCESS_KEY_FILM": "VC-test", "VIOSTREAM_API_KEY_FILM": "wrong"}
    worker = fleet.start("a", "--accounts", f"{ACCOUNT},film", **wrong)
    assert fleet.wait_for_status("one", "finished")["imported"] == 4
    assert fleet.wait_for_status("two", "finished")["imported"] == 3
    assert fleet.wait_for_status("partial", "finished")["imported"] == 2
    reason = fleet.wait_for_status("refused", "set aside")["reason"]
    assert "The platform refuses the credentials" in reason
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    assert {job: each["status"] for job, each in fleet.listed().items()} == {
        "one": "finished", "two": "finished", "partial": "finished", "later": "scheduled",
        "other": "queued", "refused": "set aside",
    }  # fmt: skip
    assert {"one: ended.", "refused: set aside."} <= first_sentences(fleet.log("a"))
    assert_once(platform, "one", 4)
    assert media_count(platform, "two") == 3
    with platform.lock:
        references = [media.reference_id for media in platform.platform.media]
    assert {"partial-0", "partial-2"} <= set(references)
    assert "partial-1" not in references
    (posted,) = webhook.posted
    assert (posted["outcome"], posted["counts"]["imported"]) == ("finished", 4)
    webhook.shutdown()
    webhook.server_close()
    desk = fleet("desk")
    desk("report", "one")
    assert [row["status"] for row in desk.table("output/one/results.csv")] == ["imported"] * 4
    assert "1 row (line 3) is excluded" in desk("status", "partial").stdout
    desk("merge", "one", "two", "-o", "delivery")
    assert len(desk.table("delivery/results.csv")) == 8
    listed = {each["folder"]: each for each in json.loads(desk("jobs", "--json").stdout)}
    assert listed["output/one"]["account"] == ACCOUNT
    assert listed["output/one"]["imported"] == 4
    assert "later    news     scheduled" in desk("jobs").stdout


def test_a_paused_job_and_the_job_of_a_stopped_worker_return_to_the_queue(
    machines: tuple[Machines, SandboxServer],
) -> None:
    fleet, platform = machines
    fleet.submit("long", 30)
    desk, worker = fleet("desk"), fleet.start("a")
    wait_until(lambda: media_count(platform, "long") >= 3)
    assert fleet.listed()["long"]["machine"]
    assert "long: paused." in desk("pause", "long").stdout
    fleet.wait_for_status("long", "paused")
    before = media_count(platform, "long")
    assert "long: in the queue." in desk("resume", "long").stdout
    assert "in the queue already" in desk("resume", "long", code=2).stderr
    wait_until(lambda: media_count(platform, "long") >= before + 3)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    assert fleet.wait_for_status("long", "queued")["reason"] == ""
    with catalog.session(fleet.url) as db:
        holder = get_holder(db, catalog.job_number(db, DatabaseState(fleet.url, "long")))
        assert holder
        assert holder.has_ended
    with Store(DatabaseState(fleet.url, "long")) as store:
        assert not list(store.reader.records((Status.CREATING,)))
    assert "long: cancelled." in desk("cancel", "long").stdout
    fleet.wait_for_status("long", "cancelled")
    desk("resume", "long")
    fleet.start("b")
    fleet.wait_for_status("long", "finished")
    assert_once(platform, "long", 30)


def test_a_job_continues_after_a_crash_of_its_worker_and_of_the_database(
    server: "Server", machines: tuple[Machines, SandboxServer]
) -> None:
    fleet, platform = machines
    fleet.submit("long", 40)
    killed = fleet.start("a")
    wait_until(lambda: media_count(platform, "long") >= 3)
    other = fleet.start("b")
    killed.kill()  # the process of the job notices this, and returns the job to the queue
    wait_until(lambda: "long: taken." in fleet.log("b"))
    before = media_count(platform, "long")
    wait_until(lambda: media_count(platform, "long") >= before + 3)
    server.stop("immediate")
    server.start()
    fleet.wait_for_status("long", "finished")
    assert other.poll() is None
    assert fleet.log("b").count("long: taken.") == 2
    assert_once(platform, "long", 40)


def test_a_stopped_worker_sends_no_row_that_another_worker_has_sent(
    machines: tuple[Machines, SandboxServer],
) -> None:
    fleet, platform = machines
    fleet.submit("long", 50, "--workers", "4")
    stopped = fleet.start("a")
    wait_until(lambda: media_count(platform, "long") >= 5)
    os.killpg(stopped.pid, signal.SIGSTOP)
    fleet.start("b")
    before = media_count(platform, "long")
    wait_until(lambda: media_count(platform, "long") > before + 10)
    os.killpg(stopped.pid, signal.SIGCONT)
    assert stopped.wait(30) == 3
    assert "its jobs were given to other workers" in fleet.log("a")
    wait_until(lambda: fleet.listed()["long"]["status"] in ("finished", "incomplete"), every=0.5)
    now = time.time()
    with platform.lock:
        counts = [len(platform.platform.non_failed_media(f"long-{n}", now)) for n in range(50)]
    assert max(counts) == 1
    # Rows that the stopped process might send were held. Its end is known now.
    fleet("desk")("resume", "long")
    fleet.wait_for_status("long", "finished")
    assert_once(platform, "long", 50)


def test_a_worker_ends_even_if_its_last_requests_take_longer_than_others_wait(
    machines: tuple[Machines, SandboxServer],
) -> None:
    fleet, platform = machines
    fleet.submit("long", 20)
    slow = fleet.start("a")
    wait_until(lambda: media_count(platform, "long") >= 3)
    usual = platform.platform.knobs
    platform.platform.knobs = replace(usual, latency=(10.0, 10.0))
    fleet.start("b")
    time.sleep(1)  # some requests are in progress
    slow.send_signal(signal.SIGTERM)
    platform.platform.knobs = usual
    assert slow.wait(60) == 0
    fleet.wait_for_status("long", "finished")
    assert_once(platform, "long", 20)


def test_commands_with_wrong_arguments_print_the_reason(
    machines: tuple[Machines, SandboxServer], server: "Server"
) -> None:
    fleet, _ = machines
    fleet.submit("one", 2)
    desk, plain = fleet("desk"), server.new_database()
    catalog.prepare(plain)
    (desk.folder / "one.csv").write_text("sourceUrl,filename,extension\nhttps://h/v.mp4,V,mp4\n")
    for arguments, reason in (
        (("submit", "one.csv"), "No account is named."),
        (("submit", "one.csv", "--account", "sport"), "belongs to the account news, not to sport"),
        (("submit", "one.csv", "--account", "news", "--state", plain), "has no queue of jobs"),
        (("worker",), "There are no accounts."),
        (("worker", "--accounts", "news"), "VIOSTREAM_ACCESS_KEY_NEWS and"),
        (("worker", "--accounts", "No"), "is not the name of an account"),
        (("pause",), "No job is named."),
        (("cancel", "nothing"), "No job nothing was submitted"),
    ):
        printed = desk(*arguments, code=2).stderr
        assert reason in printed
        assert "a-password" not in printed
    del desk.environ["VIOSTREAM_STATE"]
    refused = desk("submit", "one.csv", "--account", "news", code=2).stderr
    assert "No database is named. Name one with --state." in refused


def test_a_job_is_set_aside_after_three_crashes_and_procrastinate_lists_the_queue(
    machines: tuple[Machines, SandboxServer],
) -> None:
    """The queue is listed with procrastinate's own command."""
    from batch_import.workflows.worker import _record_end

    fleet, _ = machines
    fleet.submit("one", 2)
    ends = [_record_end(fleet.url, "one", Process.current(), b"")[0] for _ in range(3)]
    assert ends == ["stopped", "stopped", "set aside"]
    assert fleet.listed()["one"]["reason"] == "Its process was killed."
    done = subprocess.run(
        [sys.executable, "-m", "procrastinate", "--app", "batch_import.fleet.app.app", "shell",
         "list_jobs"],
        env=fleet("desk").environ, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "batch_import:import_job on news - [todo]" in done.stdout, done.stdout
