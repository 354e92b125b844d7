"""A fleet: 50 jobs of 20 accounts on two workers, of which one is killed, and one is stopped.

python tests/benchmark/fleet.py              all figures
python tests/benchmark/fleet.py pace         one of: pace killed stopped listed

Each account has a limit of its own. What a worker sent is in the logs of its own folder.
PostgreSQL, psycopg and procrastinate must be installed.
"""

import csv
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "database")]

from server import Server, installed  # noqa: E402

from batch_import.configuration.request import ImportRequest  # noqa: E402
from batch_import.configuration.settings import Settings  # noqa: E402
from batch_import.sandbox.knobs import Knobs  # noqa: E402
from batch_import.sandbox.platform import SimulatedPlatform  # noqa: E402
from batch_import.sandbox.replies import SimulatedReply, SimulatedRequest  # noqa: E402
from batch_import.sandbox.server import SandboxServer  # noqa: E402
from batch_import.state import catalog, submissions  # noqa: E402
from batch_import.workflows import fleet, submit  # noqa: E402

#: The fleet of the figures: its jobs go to the accounts in turns.
ACCOUNTS, JOBS, ROWS = 20, 50, 40
#: Requests per second that an account accepts: four jobs at once need a part of two cores.
LIMIT = 4
#: Seconds that a lease lasts; that all jobs may take.
LEASE, PATIENCE = 5.0, 600.0


class Accounts:
    """Several simulated accounts, told apart by their access key, as one platform."""

    def __init__(self, names: list[str]) -> None:
        knobs = Knobs.from_mapping(
            {"processing": (0.5, 1.5), "latency": (0.02, 0.05), "rate_limit": LIMIT, "burst": LIMIT}
        )
        now = time.time()
        self.origin = ""
        self.platforms = {
            name: SimulatedPlatform(knobs, number, now, f"VC-{name}", f"key-{name}")
            for number, name in enumerate(names)
        }
        #: When each accepted request came, by account.
        self.calls: dict[str, list[float]] = {name: [] for name in names}

    def handle(self, request: SimulatedRequest, now: float) -> SimulatedReply:
        name = request.username.removeprefix("VC-")
        reply = self.platforms[name].handle(request, now)
        if reply.status != 429:
            self.calls[name].append(now)
        return reply


class Fleet:
    """Accounts, jobs, and workers, in a folder of their own."""

    def __init__(self, server: Server, folder: Path, accounts: int) -> None:
        self.folder = folder
        self.names = [f"account-{number}" for number in range(accounts)]
        self.accounts = Accounts(self.names)
        self.url = server.new_database()
        fleet.prepare(self.url)
        self.keys = folder / "keys"
        self.keys.mkdir(parents=True)
        for name in self.names:
            file = self.keys / f"{name}.yaml"
            file.write_text(f"access-key: VC-{name}\napi-key: key-{name}\n")
            file.chmod(0o600)
        self.rows: dict[str, int] = {}
        self.workers: dict[str, subprocess.Popen[str]] = {}
        self._server = SandboxServer(self.accounts)  # type: ignore[arg-type]
        self._server.start()

    def submit(self, job: str, rows: int, **settings: Any) -> None:
        account = self.names[len(self.rows) % len(self.names)]
        self.rows[job] = rows
        manifest = self.folder / "manifest.csv"
        write_manifest(manifest, job, rows)
        chosen = Settings(rate=float(LIMIT), poll_interval=2.0, lease=LEASE, **settings)
        request = ImportRequest(manifest, self.folder / "desk" / job, self.url, settings=chosen)
        submit.submit(request, account)
        manifest.unlink()

    def start(self, name: str, at_once: int = 2) -> None:
        """Start a worker as the leader of a process group."""
        folder = self.folder / name
        folder.mkdir()
        environ = {
            **os.environ,
            "VIOSTREAM_API_BASE": self._server.api_base,
            "VIOSTREAM_STATE": self.url,
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        }
        with (folder / "log.txt").open("w") as log:
            self.workers[name] = subprocess.Popen(
                [sys.executable, "-m", "batch_import", "worker", "--jobs", str(at_once),
                 "--credentials-folder", str(self.keys)],
                cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                text=True, start_new_session=True,
            )  # fmt: skip

    def signal(self, name: str, number: int) -> None:
        os.killpg(self.workers[name].pid, number)

    def listed(self) -> list[submissions.ListedJob]:
        with catalog.session(self.url) as db:
            return submissions.list_jobs(db)

    def taken_by(self, name: str) -> list[str]:
        """The jobs whose process is one of a worker's."""
        log = (self.folder / name / "log.txt").read_text()
        taken = [line.split()[1].rstrip(":") for line in log.splitlines() if "taken." in line]
        running = {each.name for each in self.listed() if each.machine}
        return [job for job in taken if job in running]

    def sent_by(self, name: str) -> int:
        """The number of requests that a worker sent and got an answer to."""
        logs = (self.folder / name / "output").glob("*/calls.jsonl")
        return sum(log.read_text().count('"status": ') for log in logs)

    def created(self, job: str) -> list[float]:
        """When each media of a job was created."""
        return sorted(
            media.created
            for platform in self.accounts.platforms.values()
            for media in list(platform.media)
            if media.reference_id.rpartition("-")[0] == job
        )

    def wait(self) -> None:
        until(lambda: all(each.status == "finished" for each in self.listed()), every=0.5)

    def judge(self) -> str:
        """How many rows have no video, or more than one."""
        found = Counter(
            media.reference_id
            for platform in self.accounts.platforms.values()
            for media in platform.media
            if not media.failed
        )
        wanted = [f"{job}-{n}" for job, rows in self.rows.items() for n in range(rows)]
        lost = sum(not found[name] for name in wanted)
        twice = sum(count > 1 for count in found.values())
        return f"{len(self.rows)} jobs ended, {len(wanted)} rows, {lost} lost, {twice} twice"

    def close(self) -> None:
        for name, worker in self.workers.items():
            if worker.poll() is None:
                self.signal(name, signal.SIGKILL)
            worker.wait()
        self._server.stop()


def write_manifest(path: Path, job: str, rows: int) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sourceUrl", "filename", "extension", "referenceId"])
        writer.writerows(
            [f"https://videos.example.com/{job}/{n}.mp4", f"{job} {n}", "mp4", f"{job}-{n}"]
            for n in range(rows)
        )


def until(reached: Callable[[], bool], every: float = 0.05) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(every)


def pace(server: Server, folder: Path) -> None:
    """All jobs on two workers of two processes: what each account gets of its limit meanwhile."""
    run = Fleet(server, folder / "pace", ACCOUNTS)
    try:
        for number in range(JOBS):
            run.submit(f"job{number}", ROWS)
        began = time.monotonic()
        for name in "ab":
            run.start(name)
        run.wait()
        seconds = time.monotonic() - began
        shares = [share_of_limit(run, name) for name in run.names]
        print(
            f"{ACCOUNTS} accounts on two workers of two processes: {run.judge()} in"
            f" {seconds:.0f} s; while it has work, an account gets {min(shares):.2f} to"
            f" {max(shares):.2f} of its limit, median {statistics.median(shares):.2f}"
        )
    finally:
        run.close()


def share_of_limit(run: Fleet, account: str) -> float:
    """Accepted requests of an account, compared with its limit, while jobs of it have rows to send.

    That is from the first POST of a job to its last; two jobs at once count as one.
    """
    jobs = [job for at, job in enumerate(run.rows) if run.names[at % len(run.names)] == account]
    spans = sorted((run.created(job)[0], run.created(job)[-1]) for job in jobs)
    merged = [spans[0]]
    for first, last in spans[1:]:
        if first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    calls = sum(first <= at <= last for at in run.accounts.calls[account] for first, last in merged)
    return calls / LIMIT / sum(last - first for first, last in merged)


def killed(server: Server, folder: Path) -> None:
    """From `kill -9` of a worker and its processes to the next POST of each of its jobs."""
    run = Fleet(server, folder / "killed", 4)
    try:
        for number in range(4):
            run.submit(f"job{number}", 240)
        run.start("a")
        run.start("b")
        until(lambda: all(len(run.created(job)) > 20 for job in run.rows))
        run.start("c")  # a third machine, with room for the jobs of one that fails
        time.sleep(5)
        jobs = run.taken_by("b")
        run.signal("b", signal.SIGKILL)
        at = time.time()
        until(lambda: all(run.created(job)[-1] > at + 1 for job in jobs))
        gaps = [next(t for t in run.created(job) if t > at + 0.2) - at for job in jobs]
        run.wait()
        shown = ", ".join(f"{gap:.1f} s" for gap in gaps)
        print(f"a worker killed with {len(jobs)} jobs: they go on after {shown}; {run.judge()}")
    finally:
        run.close()


def stopped(server: Server, folder: Path) -> None:
    """A worker and its processes are stopped, and woken once others have gone on with its jobs."""
    run = Fleet(server, folder / "stopped", 4)
    try:
        for number in range(4):
            run.submit(f"job{number}", 160)
        run.start("a")
        run.start("b")
        until(lambda: all(len(run.created(job)) > 20 for job in run.rows))
        jobs = run.taken_by("b")
        run.signal("b", signal.SIGSTOP)
        at = time.time()
        run.start("c")
        until(lambda: all(run.created(job)[-1] > at + LEASE for job in jobs))
        gaps = [next(t for t in run.created(job) if t > at + 0.5) - at for job in jobs]
        before = run.sent_by("b")
        run.signal("b", signal.SIGCONT)
        code = run.workers["b"].wait(60)
        sent = run.sent_by("b") - before
        until(lambda: all(each.status in ("finished", "incomplete") for each in run.listed()), 0.5)
        held = [each.name for each in run.listed() if each.status == "incomplete"]
        for job in held:
            fleet.resume(run.url, job)
        run.wait()
        shown = ", ".join(f"{gap:.1f} s" for gap in gaps)
        print(
            f"a worker stopped with {len(jobs)} jobs: they go on after {shown}; once woken it sends"
            f" {sent} requests and ends with code {code}; {len(held)} jobs had rows held;"
            f" {run.judge()}"
        )
    finally:
        run.close()


def listed(server: Server, folder: Path) -> None:
    """5,000 jobs, submitted one after the other, which takes ten minutes, and then listed."""
    many, place = 5000, folder / "listed"
    place.mkdir()
    url = server.new_database()
    fleet.prepare(url)
    manifest = place / "manifest.csv"
    write_manifest(manifest, "job", 1)
    began = time.monotonic()
    for number in range(many):
        request = ImportRequest(manifest, place / f"job-{number}", url)
        submit.submit(request, f"account-{number % ACCOUNTS}")
    each = (time.monotonic() - began) / many
    environ = {**os.environ, "VIOSTREAM_STATE": url, "PYTHONPATH": str(ROOT)}
    times, processor_times = [], []
    for _ in range(5):
        began, used = time.monotonic(), os.times()
        done = subprocess.run(
            [sys.executable, "-m", "batch_import", "jobs"],
            cwd=place, env=environ, capture_output=True, text=True, check=True,
        )  # fmt: skip
        times.append(time.monotonic() - began)
        after = os.times()
        processor_times.append(
            after.children_user - used.children_user + after.children_system - used.children_system
        )
        assert len(done.stdout.splitlines()) == many + 1
    print(
        f"{many:,} jobs submitted at {each:.2f} s each; `jobs` lists them in"
        f" {statistics.median(times):.2f} s, at most {max(times):.2f} s, of which it uses the"
        f" processor for {statistics.median(processor_times):.2f} s"
    )


FIGURES = {"pace": pace, "killed": killed, "stopped": stopped, "listed": listed}


def main() -> None:
    programs = installed()
    if programs is None:
        sys.exit("PostgreSQL is not installed: make test-programs")
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        # In memory: 5,000 jobs are five thousand schemas, and a disk would only measure itself.
        server = Server(programs)
        try:
            for name in sys.argv[1:] or FIGURES:
                FIGURES[name](server, Path(folder))
        finally:
            server.close()


if __name__ == "__main__":
    main()
