"""Runs one job on two machines, with a real database, over HTTP.

If a run on one machine is killed or paused, the other machine finishes the job, and every row
becomes exactly one video. The leader is the run that holds the job; a standby waits for its end.
"""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from batch_import import import_manifest, job_status
from batch_import.configuration.credentials import Credentials
from batch_import.configuration.settings import Settings
from batch_import.errors import NotSent
from batch_import.job import DatabaseState
from batch_import.models import JobRow, Status
from batch_import.sandbox.server import SandboxServer
from batch_import.state.store import Store
from batch_import.viostream import endpoints
from batch_import.viostream.client import Client

if TYPE_CHECKING:
    from conftest import Command
    from server import Server

ROWS = 24


class Fleet:
    """Several machines: each is a folder with a copy of the manifest; all use one database.

    Args:
        database: its URL.
        make_command: makes the command of a folder.
    """

    def __init__(
        self, database: str, make_command: Callable[[Path], "Command"], folder: Path
    ) -> None:
        self.database, self._make_command, self._folder = database, make_command, folder
        self._processes: list[subprocess.Popen[str]] = []

    def machine(self, name: str, manifest: Path) -> "Command":
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        (folder / manifest.name).write_bytes(manifest.read_bytes())
        command = self._make_command(folder)
        command.environ["VIOSTREAM_STATE"] = self.database
        return command

    def start(self, command: "Command", *more: str) -> subprocess.Popen[str]:
        # The default rate, five requests per second, leaves work for runs that start later.
        process = command.start(
            "run", "videos.csv", "--poll-interval", "0.5", "--settle", "60", "--lease", "3",
            *more,
        )  # fmt: skip
        self._processes.append(process)
        return process

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.communicate()


@pytest.fixture
def fleet(
    database: str,
    tmp_path: Path,
    command_in: Callable[[Path, str], "Command"],
    sandbox: Callable[..., SandboxServer],
) -> Iterator[tuple[Fleet, SandboxServer]]:
    server = sandbox(latency=(0.02, 0.05))
    machines = Fleet(database, lambda folder: command_in(folder, server.api_base), tmp_path)
    yield machines, server
    machines.close()


def wait_until(is_reached: Callable[[], bool]) -> None:
    """Wait until a condition is true, at most a minute."""
    deadline = time.monotonic() + 60
    while not is_reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def assert_once(server: SandboxServer, rows: int = ROWS) -> None:
    """Check that every row has exactly one video."""
    now = time.time()
    counts = [len(server.platform.non_failed_media(f"ref-{n}", now)) for n in range(1, rows + 1)]
    assert counts == [1] * rows


def frozen_leader(
    machines: Fleet, server: SandboxServer, manifest: Callable[..., Path], *flags: str
) -> "tuple[Command, subprocess.Popen[str]]":
    """Return a second machine, and the stopped run of the first machine, which holds the job."""
    path = manifest(ROWS)
    first, second = machines.machine("a", path), machines.machine("b", path)
    leader = machines.start(first, *flags)
    wait_until(lambda: len(server.platform.media) >= 6)
    leader.send_signal(signal.SIGSTOP)
    return second, leader


def test_a_standby_finishes_the_job_of_a_killed_run(
    fleet: tuple[Fleet, SandboxServer], manifest: Callable[..., Path]
) -> None:
    machines, server = fleet
    second, leader = frozen_leader(machines, server, manifest, "--lease", "600")
    refused = second("run", "videos.csv", code=2)
    assert "A run is in progress on the job videos in postgresql://127.0.0.1" in refused.stderr
    assert "a-password" not in refused.stderr
    standby = machines.start(second, "--standby")
    assert standby.stderr
    assert "Waiting: A run is in progress: " in standby.stderr.readline()
    leader.kill()
    second.finish(standby, 0)
    assert_once(server)
    assert second.counts("videos.csv")["imported"] == ROWS


def test_a_stopped_run_sends_no_request_after_it_wakes_up(
    fleet: tuple[Fleet, SandboxServer], manifest: Callable[..., Path]
) -> None:
    machines, server = fleet
    second, leader = frozen_leader(machines, server, manifest, "--workers", "4")
    standby = machines.start(second, "--standby")
    wait_until(lambda: second.counts("videos.csv", "--state", machines.database)["imported"] > 12)
    before = len(server.platform.media)
    leader.send_signal(signal.SIGCONT)
    assert leader.wait(30) == -signal.SIGALRM
    assert len(server.platform.media) >= before
    second.finish(standby, None)
    second("run", "videos.csv", "--settle", "60", "--poll-interval", "0.3")
    assert_once(server)


def test_all_commands_read_a_job_that_another_machine_runs(
    fleet: tuple[Fleet, SandboxServer], manifest: Callable[..., Path]
) -> None:
    machines, server = fleet
    path = manifest(5)
    first, second = machines.machine("a", path), machines.machine("b", path)
    assert machines.start(first).wait(60) == 0
    assert second.counts("videos.csv")["imported"] == 5
    assert "videos" in second("jobs").stdout
    assert "0 to create, 5 done before" in second("plan", "videos.csv").stdout
    second("report", "videos.csv")
    assert [row["status"] for row in second.table("output/videos/results.csv")] == ["imported"] * 5
    assert "5 as expected" in second("verify", "videos.csv").stdout
    second("retry", "videos.csv")
    assert_once(server, 5)
    shown = second("config").stdout
    assert "a-password" not in shown
    assert "postgresql://***@127.0.0.1" in shown


def test_a_run_ends_with_one_line_if_the_database_stops(
    server: "Server", fleet: tuple[Fleet, SandboxServer], manifest: Callable[..., Path]
) -> None:
    machines, platform = fleet
    first = machines.machine("a", manifest(ROWS))
    leader = machines.start(first)
    wait_until(lambda: len(platform.platform.media) >= 5)
    server.stop("immediate")
    try:
        done = first.finish(leader, 3)
    finally:
        server.start()
    assert "batch-import: " in done.stderr.splitlines()[-1]
    assert "run the same command again" in done.stderr.splitlines()[-1]


def test_a_standby_continues_after_a_restart_of_the_database(
    server: "Server", fleet: tuple[Fleet, SandboxServer], manifest: Callable[..., Path]
) -> None:
    machines, platform = fleet
    first = machines.machine("a", manifest(ROWS))
    leader = machines.start(first, "--standby")
    wait_until(lambda: len(platform.platform.media) >= 5)
    server.stop("immediate")
    server.start()
    first.finish(leader, 0)
    assert_once(platform)


def test_the_body_of_a_post_is_not_sent_if_the_lease_ends_before_it(
    sandbox: Callable[..., SandboxServer],
) -> None:
    server = sandbox()
    row = JobRow(1, "ref-1", "https://videos.example.com/1.mp4", "One", "mp4", Status.CREATING)
    credentials = Credentials("VC-test", "a-key-that-must-not-be-seen")
    for allowed_checks in range(4):
        results = iter([True] * allowed_checks)

        def may_send(results: Iterator[bool] = results) -> bool:
            return next(results, False)

        with Client(server.api_base, credentials, may_send=may_send) as client:
            # The lease is checked before the connection, before the headers and before the body.
            if allowed_checks < 3:
                with pytest.raises(NotSent, match="another run may have taken the job over"):
                    client.send(endpoints.create_media(row))
                assert not server.platform.media
            else:
                client.send(endpoints.create_media(row))
    assert len(server.platform.media) == 1


def test_a_job_moves_to_a_prepared_database_and_back(
    server: "Server",
    command_in: Callable[[Path, str], "Command"],
    sandbox: Callable[..., SandboxServer],
    manifest: Callable[..., Path],
) -> None:
    platform, path, url = sandbox(), manifest(5), server.new_database()
    command = command_in(path.parent, platform.api_base)
    refused = command("run", path.name, "--state", url, code=2)
    assert "Prepare it once: batch-import state init" in refused.stderr
    assert "is prepared" in command("state", "init", "--state", url).stdout
    assert "was prepared before" in command("state", "init", "--state", url).stdout
    quick = ("--rate", "50", "--poll-interval", "0.3")
    command("run", path.name, "--limit", "2", *quick)
    moved = command("state", "copy", path.name, url).stdout
    assert moved.startswith("5 rows moved to the job videos in postgresql://127.0.0.1")
    stale = command("run", path.name, *quick, code=2)
    assert "was moved to the job videos" in stale.stderr
    command("run", path.name, *quick, "--state", url)
    assert (
        "There is no run of this job whose end is unknown"
        in command("state", "ended", path.name, "--state", url).stdout
    )
    assert command("state", "copy", url, path.name).stdout.startswith("5 rows moved to ")
    assert "Nothing to send" in command("run", path.name, *quick).stdout
    assert_once(platform, 5)
    for arguments, reason in (
        (("init",), "No database is named. Name one with --state."),
        (("copy", "a", "b"), "from a job folder to a database, or back"),
        (("copy", path.name), "This takes 2 names, not 1."),
        (("copy", path.name, "postgresql://h"), "this is not the URL of a PostgreSQL database"),
        (("ended", path.name, "--state", url.replace("test", "nowhere")), "Create the database"),
    ):
        printed = command("state", *arguments, code=2).stderr
        assert reason in printed
        assert "a-password" not in printed


def test_scripts_can_use_a_job_database_in_postgresql(
    database: str, fleet: tuple[Fleet, SandboxServer], manifest: Callable[..., Path], tmp_path: Path
) -> None:
    _, server = fleet
    settings = Settings(api_base=server.api_base, rate=50.0, poll_interval=0.3)
    credentials = Credentials("VC-test", "a-key-that-must-not-be-seen")
    outcome = import_manifest(
        manifest(5), job=tmp_path / "a" / "job", state=database,
        settings=settings, credentials=credentials,
    )  # fmt: skip
    assert outcome.complete
    assert "a-password" not in repr(outcome)
    elsewhere = job_status(tmp_path / "b" / "job", state=database)
    assert elsewhere.counts == outcome.counts
    assert [row["key"] for row in elsewhere.rows()] == [row["key"] for row in outcome.rows()]
    assert not (tmp_path / "a" / "job" / "state.sqlite").exists()


def test_a_job_without_a_manifest_has_empty_results(
    database: str, command_in: Callable[[Path, str], "Command"], tmp_path: Path
) -> None:
    Store(DatabaseState(database, "empty"), create=True).close()
    command = command_in(tmp_path, "http://127.0.0.1:9")
    assert "0 rows" in command("report", "empty", "--state", database).stdout
    assert command.table("output/empty/results.csv") == []
