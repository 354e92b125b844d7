"""Measures a job database in PostgreSQL, which several machines share.

python tests/benchmark/shared_state.py              all figures
python tests/benchmark/shared_state.py commits      one of: commits makespan takeover budget

`commits` measures how many commits per second are possible and needed; `makespan` compares an
import with one on SQLite; `takeover` measures how soon another machine continues the job of a
failed one; `budget` measures how three runs of an account share its rate limit. The data of
PostgreSQL are on a disk, with `fsync = on`, as in production. PostgreSQL and psycopg must be
installed.
"""

import csv
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "database")]

from server import Server, installed  # noqa: E402

from batch_import.job import DatabaseState  # noqa: E402
from batch_import.models import ManifestRow, Status, StatusUpdate  # noqa: E402
from batch_import.sandbox.knobs import Knobs  # noqa: E402
from batch_import.sandbox.platform import SimulatedPlatform  # noqa: E402
from batch_import.sandbox.server import SandboxServer  # noqa: E402
from batch_import.state import catalog  # noqa: E402
from batch_import.state.lease import Lease  # noqa: E402
from batch_import.state.store import Store  # noqa: E402

ACCESS_KEY, API_KEY = "VC-bench", "bench-api-key"


def write_manifest(path: Path, rows: int, name: str = "ref") -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sourceUrl", "filename", "extension", "referenceId"])
        writer.writerows(
            [f"https://videos.example.com/{name}{n}.mp4", f"{name} {n}", "mp4", f"{name}-{n}"]
            for n in range(rows)
        )


def sandbox(**knobs: Any) -> SandboxServer:
    all_knobs = Knobs.from_mapping({"processing": (0.5, 1.5), **knobs})
    return SandboxServer(SimulatedPlatform(all_knobs, 7, time.time(), ACCESS_KEY, API_KEY))


def start(folder: Path, server: SandboxServer, state: str, *options: str) -> subprocess.Popen[str]:
    """Start a run; `state` is the URL of its database, empty for SQLite."""
    environ = {
        **os.environ,
        "VIOSTREAM_API_BASE": server.api_base,
        "VIOSTREAM_ACCESS_KEY": ACCESS_KEY,
        "VIOSTREAM_API_KEY": API_KEY,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "XDG_STATE_HOME": str(folder.parent / "home"),
    }
    state_option = ["--state", state] if state else []
    return subprocess.Popen(
        [sys.executable, "-m", "batch_import", "run", "videos.csv", *state_option, *options],
        cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip


def commits(server: Server, folder: Path) -> None:
    """Print the commits per second that are possible, and those of a run at 50 requests per second.

    Each commit is a claim or an answer of one row, one after the other, with the check that the
    run's lease is still valid.
    """
    url = server.new_database()
    catalog.prepare(url)
    state = DatabaseState(url, "job")
    row_count = 400
    with catalog.session(url) as db:
        lease = Lease(state, db, catalog.get_or_create_job(db, state), 3600.0, uses_alarm=False)
        lease.acquire()
        with Store(state) as store:
            store.connection.set_fence(lease.job, lease.epoch, lease.session_name)
            store.load(
                [
                    ManifestRow(n, f"r{n}", f"r{n}", "https://h/v", "T", "mp4", ())
                    for n in range(row_count)
                ],
                1.0,
            )
            began = time.monotonic()
            for n in range(row_count):
                (row,) = store.queue.claim(1, 2.0 + n)
                store.queue.apply(
                    [StatusUpdate(row.row_number, Status.PROCESSING, sent_at=3.0 + n)], 3.0 + n
                )
            rate = 2 * row_count / (time.monotonic() - began)
    run_folder = folder / "commits" / "job"
    run_folder.mkdir(parents=True)
    write_manifest(run_folder / "videos.csv", 1000)
    url = server.new_database()
    catalog.prepare(url)
    with sandbox() as platform, catalog.session(url) as db:
        process = start(run_folder, platform, url, "--rate", "50", "--poll-interval", "2")
        _until(lambda: len(platform.platform.media) > 100)
        before, began = _sync_count(db), time.monotonic()
        _until(lambda: len(platform.platform.media) > 900)
        needed = (_sync_count(db) - before) / (time.monotonic() - began)
        process.wait()
    print(
        f"commits: {rate:.0f} a second one after the other; a run at 50 calls a second makes"
        f" {needed:.0f}: {rate / needed:.1f} x"
    )


def _sync_count(db: Any) -> int:
    """Return how often the server has written commits of any database to the disk."""
    db.execute("SELECT pg_stat_clear_snapshot()")
    (count,) = db.execute("SELECT wal_sync FROM pg_stat_wal").fetchone()
    return int(count)


def makespan(server: Server, folder: Path) -> None:
    """Print the time to import 1,000 rows at 50 requests per second, on both kinds of database."""
    times_of: dict[str, list[float]] = {"SQLite": [], "PostgreSQL": []}
    for turn in range(3):
        for name, times in times_of.items():
            run_folder = folder / f"makespan-{name}-{turn}" / "job"
            run_folder.mkdir(parents=True)
            write_manifest(run_folder / "videos.csv", 1000)
            url = server.new_database() if name == "PostgreSQL" else ""
            if url:
                catalog.prepare(url)
            with sandbox() as platform:
                began = time.monotonic()
                process = start(run_folder, platform, url, "--rate", "50", "--poll-interval", "2")
                assert process.wait() == 0
                times.append(time.monotonic() - began)
    medians = {name: statistics.median(times) for name, times in times_of.items()}
    ratio = medians["PostgreSQL"] / medians["SQLite"]
    shown = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in medians.items())
    print(f"makespan of 1,000 rows at 50/s: {shown}; {ratio:.3f} x")


def takeover(server: Server, folder: Path) -> None:
    """Print the seconds from the failure of a run until a waiting run takes its job over.

    The waiting run (`--standby`) gets the next epoch: the number of the run that holds the job.
    """
    for how, lease in (("kill -9", 15.0), ("SIGSTOP", 3.0)):
        times = []
        for turn in range(5):
            url = server.new_database()
            catalog.prepare(url)
            run_folders = [folder / f"takeover-{how.split()[0]}-{turn}" / name for name in "ab"]
            for run_folder in run_folders:
                run_folder.mkdir(parents=True)
                write_manifest(run_folder / "videos.csv", 200)
            with sandbox() as platform:
                options = ("--rate", "20", "--lease", str(lease), "--poll-interval", "2")
                leader = start(run_folders[0], platform, url, *options)
                _until(lambda p=platform: len(p.platform.media) > 20)
                standby = start(run_folders[1], platform, url, *options, "--standby")
                with catalog.session(url) as db:
                    _until(lambda d=db: _waiting_count(d) >= 1)
                    time.sleep(1)
                    leader.send_signal(signal.SIGKILL if how == "kill -9" else signal.SIGSTOP)
                    began = time.monotonic()
                    _until(lambda d=db: _epoch(d) > 1)
                    times.append(time.monotonic() - began)
                for process in (leader, standby):
                    process.kill()
                    process.wait()
        print(
            f"take-over after {how}, lease {lease:.0f} s: median {statistics.median(times):.2f} s,"
            f" longest {max(times):.2f} s of {len(times)}"
        )


def _until(is_reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not is_reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _waiting_count(db: Any) -> int:
    """Return the number of sessions of runs that wait for the job, without this session."""
    (count,) = db.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'batch-import'"
        " AND datname = current_database() AND pid <> pg_backend_pid()"
        " AND query LIKE '%batch_import.holder%'"
    ).fetchone()
    return int(count)


def _epoch(db: Any) -> int:
    (epoch,) = db.execute("SELECT max(epoch) FROM batch_import.lease").fetchone()
    return int(epoch)


def budget(server: Server, folder: Path) -> None:
    """Run three jobs of one account, and print how they share its 20 requests per second."""
    for name in ("SQLite", "PostgreSQL"):
        for rate in (20, 60):
            url = server.new_database() if name == "PostgreSQL" else ""
            if url:
                catalog.prepare(url)
            base = folder / f"budget-{name}-{rate}"
            processes = []
            with sandbox(rate_limit=20, burst=20, latency=(0.02, 0.1)) as platform:
                for number in range(3):
                    run_folder = base / f"job{number}"
                    run_folder.mkdir(parents=True)
                    write_manifest(run_folder / "videos.csv", 5000, f"job{number}")
                    processes.append(
                        start(
                            run_folder,
                            platform,
                            url,
                            "--job",
                            f"output/job{number}",
                            "--rate",
                            str(rate),
                        )
                    )
                _until(lambda p=platform: len(p.platform.media) > 60)
                time.sleep(5)
                before, began = _count_requests(base), time.monotonic()
                time.sleep(40)
                after, seconds = _count_requests(base), time.monotonic() - began
                for process in processes:
                    process.kill()
                    process.wait()
            accepted = [a[0] - b[0] for a, b in zip(after, before, strict=True)]
            refused = sum(a[1] - b[1] for a, b in zip(after, before, strict=True))
            total = sum(accepted)
            shares = ", ".join(f"{3 * count / total:.2f}" for count in accepted)
            print(
                f"three runs, {name}, --rate {rate}: {total / seconds / 20:.3f} of the limit,"
                f" shares {shares}, {refused / (refused + total):.2%} refused"
            )


def _count_requests(base: Path) -> list[tuple[int, int]]:
    """Return the numbers of accepted and of refused requests of each run, from its log."""
    counts = []
    for log in sorted(base.rglob("calls.jsonl")):
        text = log.read_text()
        refused = text.count('"status": 429')
        counts.append((text.count('"status": ') - refused, refused))
    return counts


#: Name on the command line → the function that measures and prints the figure.
FIGURES = {"commits": commits, "makespan": makespan, "takeover": takeover, "budget": budget}


def main() -> None:
    programs = installed()
    if programs is None:
        sys.exit("PostgreSQL is not installed: make test-programs")
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        server = Server(programs, on_disk=True)
        try:
            for name in sys.argv[1:] or FIGURES:
                FIGURES[name](server, Path(folder))
        finally:
            server.close()


if __name__ == "__main__":
    main()
