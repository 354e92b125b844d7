"""Measures a fleet: workers, which are processes that take jobs from a queue in PostgreSQL.

python tests/benchmark/fleet.py              all figures
python tests/benchmark/fleet.py pace         one of: pace killed stopped listed

`pace` runs 50 jobs of 20 accounts on two workers; `killed` and `stopped` measure how other workers
continue the jobs of a worker that is killed or stopped; `listed` lists 5,000 jobs. The platform
limits the requests of each account separately. Each worker logs its requests in its own folder.
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

#: Number of accounts, of jobs, and of rows per job of `pace`. The jobs are assigned to the accounts
#: in turns.
ACCOUNTS, JOBS, ROWS = 20, 50, 40
#: Requests per second that an account accepts: low enough that two cores can run four jobs at once.
LIMIT = 4
#: Seconds after which another worker may take over the job of a worker that is silent.
LEASE_SECONDS = 5.0
#: Seconds after which the benchmark gives up waiting.
TIMEOUT_SECONDS = 600.0


class Accounts:
    """A platform with several accounts, which are distinguished by their access keys.

    Attributes:
        calls: name of an account → times of its accepted requests, in epoch seconds.
    """

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
        self.calls: dict[str, list[float]] = {name: [] for name in names}

    def handle(self, request: SimulatedRequest, now: float) -> SimulatedReply:
        name = request.username.removeprefix("VC-")
        reply = self.platforms[name].handle(request, now)
        if reply.status != 429:
            self.calls[name].append(now)
        return reply


class Fleet:
    """Accounts, jobs and workers.

    Attributes:
        names: names of the accounts.
        keys: folder with a file of credentials per account.
        rows: name of a job → number of its rows.
        workers: name of a worker → its process.
    """

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
        """Submit a job for the next account, and delete its manifest."""
        account = self.names[len(self.rows) % len(self.names)]
        self.rows[job] = rows
        manifest = self.folder / "manifest.csv"
        write_manifest(manifest, job, rows)
        chosen = Settings(rate=float(LIMIT), poll_interval=2.0, lease=LEASE_SECONDS, **settings)
        request = ImportRequest(manifest, self.folder / "desk" / job, self.url, settings=chosen)
        submit.submit(request, account)
        manifest.unlink()

    def start(self, name: str, parallel_jobs: int = 2) -> None:
        """Start a worker as the leader of a process group, so that a signal reaches all of it."""
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
                [sys.executable, "-m", "batch_import", "worker", "--jobs", str(parallel_jobs),
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
        """Return the names of the jobs that a worker runs now."""
        log = (self.folder / name / "log.txt").read_text()
        # A line of the log: time, name of the job, colon, `taken.`
        taken_jobs = [line.split()[1].rstrip(":") for line in log.splitlines() if "taken." in line]
        running = {job.name for job in self.listed() if job.machine}
        return [job for job in taken_jobs if job in running]

    def sent_by(self, name: str) -> int:
        """The number of requests that a worker sent and got an answer to."""
        logs = (self.folder / name / "output").glob("*/calls.jsonl")
        return sum(log.read_text().count('"status": ') for log in logs)

    def created(self, job: str) -> list[float]:
        """Return the times at which the media of a job were created, in epoch seconds, sorted."""
        return sorted(
            media.created
            for platform in self.accounts.platforms.values()
            for media in list(platform.media)
            if media.reference_id.rpartition("-")[0] == job
        )

    def wait(self) -> None:
        wait_until(lambda: all(each.status == "finished" for each in self.listed()), every=0.5)

    def summarize(self) -> str:
        """Return a text with the numbers of rows that have no video, or more than one."""
        media_counts = Counter(
            media.reference_id
            for platform in self.accounts.platforms.values()
            for media in platform.media
            if not media.failed
        )
        references = [f"{job}-{n}" for job, rows in self.rows.items() for n in range(rows)]
        lost = sum(not media_counts[reference] for reference in references)
        twice = sum(count > 1 for count in media_counts.values())
        return f"{len(self.rows)} jobs ended, {len(references)} rows, {lost} lost, {twice} twice"

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


def wait_until(is_reached: Callable[[], bool], every: float = 0.05) -> None:
    """Wait until a condition is true; it is checked every so many seconds."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not is_reached():
        assert time.monotonic() < deadline
        time.sleep(every)


def pace(server: Server, folder: Path) -> None:
    """Run all jobs on two workers, and print which share of its limit each account uses."""
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
            f"{ACCOUNTS} accounts on two workers of two processes: {run.summarize()} in"
            f" {seconds:.0f} s; while it has work, an account gets {min(shares):.2f} to"
            f" {max(shares):.2f} of its limit, median {statistics.median(shares):.2f}"
        )
    finally:
        run.close()


def share_of_limit(run: Fleet, account: str) -> float:
    """Return an account's accepted requests, divided by the number that its limit allows.

    Only the times count in which one of its jobs sends rows: from the job's first POST to its last.
    """
    jobs = [
        job for index, job in enumerate(run.rows) if run.names[index % len(run.names)] == account
    ]
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
    """Print the seconds from `kill -9` of a worker to the next POST of each of its jobs."""
    run = Fleet(server, folder / "killed", 4)
    try:
        for number in range(4):
            run.submit(f"job{number}", 240)
        run.start("a")
        run.start("b")
        wait_until(lambda: all(len(run.created(job)) > 20 for job in run.rows))
        run.start("c")  # a third worker, which can take over the jobs of a killed one
        time.sleep(5)
        jobs = run.taken_by("b")
        run.signal("b", signal.SIGKILL)
        signal_time = time.time()
        wait_until(lambda: all(run.created(job)[-1] > signal_time + 1 for job in jobs))
        # POSTs that were in progress at the kill may still arrive within 0.2 s.
        gaps = [
            next(time for time in run.created(job) if time > signal_time + 0.2) - signal_time
            for job in jobs
        ]
        run.wait()
        shown = ", ".join(f"{gap:.1f} s" for gap in gaps)
        print(f"a worker killed with {len(jobs)} jobs: they go on after {shown}; {run.summarize()}")
    finally:
        run.close()


def stopped(server: Server, folder: Path) -> None:
    """Stop a worker and its processes, and wake it up after others have continued its jobs."""
    run = Fleet(server, folder / "stopped", 4)
    try:
        for number in range(4):
            run.submit(f"job{number}", 160)
        run.start("a")
        run.start("b")
        wait_until(lambda: all(len(run.created(job)) > 20 for job in run.rows))
        jobs = run.taken_by("b")
        run.signal("b", signal.SIGSTOP)
        signal_time = time.time()
        run.start("c")
        wait_until(lambda: all(run.created(job)[-1] > signal_time + LEASE_SECONDS for job in jobs))
        gaps = [
            next(time for time in run.created(job) if time > signal_time + 0.5) - signal_time
            for job in jobs
        ]
        before = run.sent_by("b")
        run.signal("b", signal.SIGCONT)
        code = run.workers["b"].wait(60)
        sent = run.sent_by("b") - before
        wait_until(
            lambda: all(each.status in ("finished", "incomplete") for each in run.listed()), 0.5
        )
        held = [each.name for each in run.listed() if each.status == "incomplete"]
        for job in held:
            fleet.resume(run.url, job)
        run.wait()
        shown = ", ".join(f"{gap:.1f} s" for gap in gaps)
        print(
            f"a worker stopped with {len(jobs)} jobs: they go on after {shown}; once woken it sends"
            f" {sent} requests and ends with code {code}; {len(held)} jobs had rows held;"
            f" {run.summarize()}"
        )
    finally:
        run.close()


def listed(server: Server, folder: Path) -> None:
    """Submit 5,000 jobs, one after the other, and list them; this takes ten minutes."""
    job_count, job_folder = 5000, folder / "listed"
    job_folder.mkdir()
    url = server.new_database()
    fleet.prepare(url)
    manifest = job_folder / "manifest.csv"
    write_manifest(manifest, "job", 1)
    began = time.monotonic()
    for number in range(job_count):
        request = ImportRequest(manifest, job_folder / f"job-{number}", url)
        submit.submit(request, f"account-{number % ACCOUNTS}")
    submit_seconds = (time.monotonic() - began) / job_count
    environ = {**os.environ, "VIOSTREAM_STATE": url, "PYTHONPATH": str(ROOT)}
    times, processor_times = [], []
    for _ in range(5):
        began, before = time.monotonic(), os.times()
        done = subprocess.run(
            [sys.executable, "-m", "batch_import", "jobs"],
            cwd=job_folder, env=environ, capture_output=True, text=True, check=True,
        )  # fmt: skip
        times.append(time.monotonic() - began)
        after = os.times()
        processor_times.append(
            after.children_user
            - before.children_user
            + after.children_system
            - before.children_system
        )
        assert len(done.stdout.splitlines()) == job_count + 1
    print(
        f"{job_count:,} jobs submitted at {submit_seconds:.2f} s each; `jobs` lists them in"
        f" {statistics.median(times):.2f} s, at most {max(times):.2f} s, of which it uses the"
        f" processor for {statistics.median(processor_times):.2f} s"
    )


#: Name on the command line → the function that measures and prints the figure.
FIGURES = {"pace": pace, "killed": killed, "stopped": stopped, "listed": listed}


def main() -> None:
    programs = installed()
    if programs is None:
        sys.exit("PostgreSQL is not installed: make test-programs")
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        # The database is in memory: with 5,000 schemas, a disk would dominate the times.
        server = Server(programs)
        try:
            for name in sys.argv[1:] or FIGURES:
                FIGURES[name](server, Path(folder))
        finally:
            server.close()


if __name__ == "__main__":
    main()
