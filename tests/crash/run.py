"""Disturbs imports by the real command: kills, pauses, full disks, and jumps of the clock.

Each import uses the real sandbox. A seed determines the disturbances. Afterwards the import is
finished, and every row must have exactly one video.

python tests/crash/run.py --runs 200        all imports not yet done with this version
python tests/crash/run.py --seed 17         one import again
"""

import csv
import hashlib
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import campaign

from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.platform import SimulatedPlatform
from batch_import.sandbox.server import SandboxServer

ROOT = Path(__file__).resolve().parents[2]
#: The findings, one line of JSON per import; the next call continues after the last one.
DONE = ROOT / "build" / "crash" / "runs.jsonl"
ACCESS_KEY, API_KEY = "VC-crash", "the-key-that-nobody-may-see"
#: Number of undisturbed runs; a row that is not imported after them is lost.
FINISHING_RUNS = 6
#: Index of the first of these runs that sends unknown rows again whose video was not found.
FIRST_RESENDING_RUN = 2
#: Seconds after which an undisturbed run is taken to hang.
TIMEOUT_SECONDS = 240.0
#: Bytes of the small disk: enough for the job database, its write-ahead log and all results.
DISK_BYTES = 8_000_000
#: A traceback that is the fault of libfaketime; see `_without_faketime`.
_CANNOT_SLEEP = re.compile(
    rb"Traceback \(most recent call last\):\n(?:  [^\n]*\n)*"
    rb"    time\.sleep\([^\n]*\n(?:  [^\n]*\n)*OSError: \[Errno 22\] Invalid argument\n"
)
#: Paths at which libfaketime is installed.
_FAKETIME_PATHS = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1")
#: Jumps of the clock, as libfaketime writes them.
JUMPS = ("+1h", "-1h", "+3d", "-3d", "+20y", "+30s", "-30s")


@dataclass(frozen=True)
class Plan:
    """The disturbances of one import.

    Attributes:
        troubles: for each disturbed run, the kind of the disturbance, and the number of videos in
            the account at which it happens.
    """

    seed: int
    rows: int
    workers: int
    knobs: Mapping[str, Any]
    troubles: tuple[tuple[str, int], ...]


@dataclass
class Found:
    """The finding of one import.

    Attributes:
        troubles: number of disturbances per kind.
        held: number of rows that were sent again only at the user's request.
        lost: reference IDs of rows without a video, or with a wrong key in the results.
        twice: reference IDs of rows with several videos.
        faults: other errors, such as a traceback.
    """

    seed: int
    rows: int
    troubles: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    held: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.twice or self.faults)


def faketime_library() -> str:
    """Return the path of libfaketime; empty if it is not installed."""
    for pattern in _FAKETIME_PATHS:
        for path in Path("/").glob(pattern.lstrip("/")):
            return str(path)
    return ""


def draw(seed: int, kinds: tuple[str, ...]) -> Plan:
    """Draw the plan of a seed. `kinds` are the disturbances that are possible on this machine."""
    dice = Random(f"crash/{seed}")
    rows = dice.randint(8, 40)
    knobs = {
        "processing": (0.1, dice.choice([0.3, 1.5])),
        "latency": (0.0, dice.choice([0.0, 0.05, 0.2])),
        "lost_reply": dice.choice([0.0, 0.0, 0.1]),
        "lost_request": dice.choice([0.0, 0.0, 0.1]),
        "error_after": dice.choice([0.0, 0.0, 0.1]),
        "truncated": dice.choice([0.0, 0.0, 0.1]),
        "items_shape": dice.choice(["flat", "nested"]),
        "listed_from": dice.choice(["created", "online"]),
    }
    troubles = tuple((dice.choice(kinds), dice.randint(0, rows)) for _ in range(dice.randint(1, 4)))
    return Plan(seed, rows, dice.choice([1, 4, 16]), knobs, troubles)


class Machine:
    """One import with the disturbances of its plan, and then undisturbed runs until its end."""

    def __init__(self, plan: Plan, folder: Path, server: SandboxServer) -> None:
        self.plan, self.folder, self.server = plan, folder, server
        self.found = Found(plan.seed, plan.rows)
        self._dice = Random(f"crash/{plan.seed}/machine")
        self._clock = folder / "clock"
        self._filler = folder / "output" / "filler"
        (folder / "videos.csv").write_text(
            "sourceUrl,filename,extension,referenceId\n"
            + "".join(
                f"https://videos.example.com/{n}.mp4,Video {n},mp4,ref-{n}\n"
                for n in range(1, plan.rows + 1)
            )
        )

    def run(self) -> Found:
        for kind, videos in self.plan.troubles:
            self.found.troubles[kind] += 1
            self._run_disturbed(kind, videos)
        for number in range(FINISHING_RUNS):
            # A row stays unknown if its video is not found, and nothing proves that it was not
            # created. Then the user must check it, and let the row be sent again.
            is_resending = number >= FIRST_RESENDING_RUN
            options = ("--when-unsure", "retry") if is_resending else ()
            process = self._start(*options)
            if self._finish(process) == 0:
                break
            if number == FIRST_RESENDING_RUN - 1:
                self.found.held = self._count("unknown")
        self._check()
        return self.found

    # One run ----------------------------------------------------------------------------------

    def _start(self, *flags: str, **more: Any) -> subprocess.Popen[str]:
        self.found.runs += 1
        environ = {
            **os.environ,
            "VIOSTREAM_API_BASE": self.server.api_base,
            "VIOSTREAM_ACCESS_KEY": ACCESS_KEY,
            "VIOSTREAM_API_KEY": API_KEY,
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
            **more.pop("environ", {}),
        }
        options = (
            *("--rate", "200", "--poll-interval", "0.3", "--settle", "60", "--refresh", "0.2"),
            *("--give-up-after", "30", "--workers", str(self.plan.workers)),
        )
        # A file, not a pipe: nothing reads a pipe while the run is frozen.
        log = (self.folder / "terminal.txt").open("a")
        with log:
            return subprocess.Popen(
                [sys.executable, "-m", "batch_import", "run", "videos.csv", *options, *flags],
                cwd=self.folder, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                text=True, **more,
            )  # fmt: skip

    def _finish(self, process: subprocess.Popen[str]) -> int | None:
        """Wait for the end of a run; returns its exit code, or None if it hangs."""
        try:
            return process.wait(TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self.found.faults.append(f"a run did not end within {TIMEOUT_SECONDS:.0f} s")
            return None

    def _until(self, process: subprocess.Popen[str], videos: int) -> None:
        """Wait until the account has so many videos, and for a random time after that."""
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            if len(self.server.platform.media) >= videos:
                break
            time.sleep(0.01)
        time.sleep(self._dice.uniform(0, 0.4))

    def _run_disturbed(self, kind: str, videos: int) -> None:
        """Run the command with a disturbance, by the method of its kind."""
        getattr(self, f"_{kind.replace('-', '_')}")(videos)

    # Disturbances, one method per kind --------------------------------------------------------

    def _kill(self, videos: int) -> None:
        process = self._start()
        self._until(process, videos)
        process.kill()
        process.wait()

    def _freeze(self, videos: int) -> None:
        """Stop the run, as when a laptop is closed, and wake it up; then perhaps kill it."""
        process = self._start()
        self._until(process, videos)
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGSTOP)
            time.sleep(self._dice.uniform(0.2, 3.0))
            process.send_signal(signal.SIGCONT)
        if self._dice.random() < 0.5:
            process.kill()
        self._finish(process)

    def _full_disk(self, videos: int) -> None:
        """Fill the disk of the job's folder during the run."""
        process = self._start()
        self._until(process, videos)
        self._filler.parent.mkdir(exist_ok=True)
        free_bytes = self._dice.choice([0, 4096, 40_000])
        with suppress(OSError), self._filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 4096)
        with suppress(OSError):
            os.truncate(self._filler, max(0, self._filler.stat().st_size - free_bytes))
        self._finish(process)
        self._filler.unlink(missing_ok=True)

    def _file_limit(self, videos: int) -> None:
        """Limit the size of files: it replaces the full disk if no small disk can be mounted."""
        del videos
        limit = self._dice.randint(20_000, 200_000)

        def limit_file_size() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        self._finish(self._start(preexec_fn=limit_file_size))

    def _clock_jump(self, videos: int) -> None:
        self._clock.write_text("+0")
        process = self._start(
            environ={
                "LD_PRELOAD": faketime_library(),
                "FAKETIME_TIMESTAMP_FILE": str(self._clock),
                "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            }
        )
        self._until(process, videos)
        self._clock.write_text(self._dice.choice(JUMPS))
        time.sleep(self._dice.uniform(0, 1.0))
        if self._dice.random() < 0.5:
            self._clock.write_text(self._dice.choice(JUMPS))
        if self._dice.random() < 0.5:
            process.kill()
        self._finish(process)

    # Checks -----------------------------------------------------------------------------------

    def _check(self) -> None:
        platform, now = self.server.platform, time.time()
        keys_in_results = self._results()
        for number in range(1, self.plan.rows + 1):
            name = f"ref-{number}"
            media = platform.non_failed_media(name, now)
            if len(media) > 1:
                self.found.twice.append(name)
            if not media or [media[0].key] != keys_in_results.get(name):
                self.found.lost.append(name)
        for path in self.folder.rglob("*"):
            if path.is_file() and path.name != "filler":
                content = path.read_bytes()
                if API_KEY.encode() in content:
                    self.found.faults.append(f"the API key is in {path.name}")
                if path.name == "terminal.txt" and b"Traceback" in _without_faketime(content):
                    shown = content[content.index(b"Traceback") :][:3000].decode()
                    self.found.faults.append(shown)

    def _count(self, status: str) -> int:
        """Return the number of rows with a status in `results.csv`."""
        path = self.folder / "output" / "videos" / "results.csv"
        return path.read_text(encoding="utf-8-sig").count(f",{status},") if path.exists() else 0

    def _results(self) -> dict[str, list[str]]:
        """Return reference ID → media keys of the imported rows in `results.csv`."""
        keys: dict[str, list[str]] = {}
        path = self.folder / "output" / "videos" / "results.csv"
        if path.exists():
            with path.open(encoding="utf-8-sig", newline="") as file:
                for row in csv.DictReader(file):
                    if row["status"] == "imported":
                        keys.setdefault(row["referenceId"], []).append(row["key"])
        return keys


def _without_faketime(content: bytes) -> bytes:
    """Return the output of a run without the tracebacks that libfaketime causes.

    After its clock has jumped, libfaketime refuses the absolute times that Python's `time.sleep`
    uses. A real clock never does this.
    """
    return _CANNOT_SLEEP.sub(b"", content)


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Mount a small disk at a new folder.

    Raises:
        CalledProcessError: the system does not allow it.
    """
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", str(folder)],
        check=True, capture_output=True,
    )  # fmt: skip
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)


def can_mount() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        try:
            with small_disk(Path(folder) / "disk"):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False


def possible_kinds(say: Callable[[str], None] = print) -> tuple[str, ...]:
    """Return the kinds of disturbances that are possible on this machine.

    Messages name those that are not possible. A kind that is repeated is drawn more often.
    """
    kinds = ["kill", "kill", "freeze"]
    if can_mount():
        kinds.append("full-disk")
    else:
        say("No small disk can be mounted without root: file sizes are limited instead.")
    kinds.append("file-limit")
    if faketime_library():
        kinds.append("clock-jump")
    else:
        say("SKIPPED: clock jumps. libfaketime is not installed (make test-programs).")
    return tuple(kinds)


def crash(seed: int, kinds: tuple[str, ...]) -> Found:
    """Run the import of a seed; returns its finding."""
    plan = draw(seed, kinds)
    knobs = Knobs.from_mapping(plan.knobs)
    folder = Path(tempfile.mkdtemp(prefix="crash-"))
    found = Found(seed, plan.rows)
    try:
        with SandboxServer(
            SimulatedPlatform(knobs, seed, time.time(), ACCESS_KEY, API_KEY)
        ) as server:
            if "full-disk" in kinds:
                with small_disk(folder / "output"):
                    found = Machine(plan, folder, server).run()
                    if not found.is_good:  # the disk is unmounted after this block
                        shutil.copytree(folder / "output", folder / "kept")
            else:
                found = Machine(plan, folder, server).run()
    finally:
        if found.is_good:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"seed {seed}: its files are in {folder}")
    return found


def program() -> str:
    """Return a digest of the program and of these tests: findings are valid only for it."""
    digest = hashlib.sha256()
    files = (
        path for folder in ("batch_import", "tests/crash") for path in (ROOT / folder).rglob("*")
    )
    for path in sorted(path for path in files if path.suffix in (".py", ".sql")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def main() -> int:
    # SIGTERM then raises an exception, as Ctrl-C does, so that the small disks are unmounted.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    chosen = campaign.options("Imports on an unlucky machine.", jobs=4)
    kinds, version = possible_kinds(), program()

    def run_seed(seed: int) -> Found:
        return crash(seed, kinds)

    if chosen.seed is not None:
        return campaign.run_one(run_seed, chosen.seed)
    findings = campaign.run_all(run_seed, chosen.runs, chosen.jobs, version, DONE)
    held = sum(finding["held"] for finding in findings)
    return campaign.summary(findings, more=f"; {held} held until they were sent again at request")


if __name__ == "__main__":
    sys.exit(main())
