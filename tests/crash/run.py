"""The real command against the real sandbox on an unlucky machine: killed, frozen, out of disk, and
with a clock that jumps. Each run is drawn from its seed; nothing may be lost, and nothing twice.

python tests/crash/run.py --runs 200        all that were not run yet with this program
python tests/crash/run.py --seed 17         one of them again
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
#: What was found, a line of JSON for each run: another call goes on behind it.
DONE = ROOT / "build" / "crash" / "runs.jsonl"
ACCESS_KEY, API_KEY = "VC-crash", "the-key-that-nobody-may-see"
#: Undisturbed runs, after which a row that is not imported is lost.
FINISHING_RUNS = 6
#: Of these, the first that sends rows again whose video was not found.
HELD_FROM = 2
#: Seconds after which a run that is not disturbed any more is taken to hang.
PATIENCE = 240.0
#: Bytes of the small disk: the state, its write-ahead log and all results fit.
DISK = 8_000_000
_CANNOT_SLEEP = re.compile(
    rb"Traceback \(most recent call last\):\n(?:  [^\n]*\n)*"
    rb"    time\.sleep\([^\n]*\n(?:  [^\n]*\n)*OSError: \[Errno 22\] Invalid argument\n"
)
_FAKETIME = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1")
#: Jumps of the clock, as libfaketime writes them.
JUMPS = ("+1h", "-1h", "+3d", "-3d", "+20y", "+30s", "-30s")


@dataclass(frozen=True)
class Plan:
    """What happens to one import.

    Attributes:
        troubles: kind and the number of videos at which it comes, one for each disturbed run.
    """

    seed: int
    rows: int
    workers: int
    knobs: Mapping[str, Any]
    troubles: tuple[tuple[str, int], ...]


@dataclass
class Found:
    """What became of it."""

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
    """The path of libfaketime; empty where it is not installed."""
    for pattern in _FAKETIME:
        for path in Path("/").glob(pattern.lstrip("/")):
            return str(path)
    return ""


def draw(seed: int, kinds: tuple[str, ...]) -> Plan:
    """The run of a seed."""
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
    """One import, disturbed as planned, and then brought to its end."""

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
            self._disturbed(kind, videos)
        for number in range(FINISHING_RUNS):
            # A row is held where its video is nowhere, and nothing proves that it never will be:
            # the user has it sent again, once he has looked.
            held = number >= HELD_FROM
            unsure = ("--when-unsure", "retry") if held else ()
            process = self._start(*unsure)
            if self._finish(process, PATIENCE) == 0:
                break
            if number == HELD_FROM - 1:
                self.found.held = self._count("unknown")
        self._judge()
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
            *("--rate", "200", "--poll-interval", "0.3", "--settle", "5", "--refresh", "0.2"),
            *("--give-up-after", "30", "--workers", str(self.plan.workers)),
        )
        # A file, not a pipe: nobody reads it while the run is frozen.
        log = (self.folder / "terminal.txt").open("a")
        with log:
            return subprocess.Popen(
                [sys.executable, "-m", "batch_import", "run", "videos.csv", *options, *flags],
                cwd=self.folder, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                text=True, **more,
            )  # fmt: skip

    def _finish(self, process: subprocess.Popen[str], patience: float) -> int | None:
        try:
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self.found.faults.append(f"a run did not end within {patience:.0f} s")
            return None

    def _until(self, process: subprocess.Popen[str], videos: int) -> None:
        """Wait until the account has so many videos, and a moment longer."""
        until = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < until:
            if len(self.server.platform.media) >= videos:
                break
            time.sleep(0.01)
        time.sleep(self._dice.uniform(0, 0.4))

    def _disturbed(self, kind: str, videos: int) -> None:
        getattr(self, f"_{kind.replace('-', '_')}")(videos)

    # What happens -----------------------------------------------------------------------------

    def _kill(self, videos: int) -> None:
        process = self._start()
        self._until(process, videos)
        process.kill()
        process.wait()

    def _freeze(self, videos: int) -> None:
        """Stopped, as a laptop that is closed, and woken up; then killed, or left to its end."""
        process = self._start()
        self._until(process, videos)
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGSTOP)
            time.sleep(self._dice.uniform(0.2, 3.0))
            process.send_signal(signal.SIGCONT)
        if self._dice.random() < 0.5:
            process.kill()
        self._finish(process, PATIENCE)

    def _full_disk(self, videos: int) -> None:
        """The disk of the job's folder fills up while the run goes on."""
        process = self._start()
        self._until(process, videos)
        self._filler.parent.mkdir(exist_ok=True)
        left = self._dice.choice([0, 4096, 40_000])
        with suppress(OSError), self._filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 4096)
        with suppress(OSError):
            os.truncate(self._filler, max(0, self._filler.stat().st_size - left))
        self._finish(process, PATIENCE)
        self._filler.unlink(missing_ok=True)

    def _file_limit(self, videos: int) -> None:
        """No file may become longer than this: what a full disk is where none can be made."""
        del videos
        limit = self._dice.randint(20_000, 200_000)

        def limited() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        self._finish(self._start(preexec_fn=limited), PATIENCE)

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
        self._finish(process, PATIENCE)

    # What must hold ---------------------------------------------------------------------------

    def _judge(self) -> None:
        platform, now = self.server.platform, time.time()
        printed = self._results()
        for number in range(1, self.plan.rows + 1):
            name = f"ref-{number}"
            media = platform.non_failed_media(name, now)
            if len(media) > 1:
                self.found.twice.append(name)
            if not media or [m.key for m in media[:1]] != printed.get(name):
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
        path = self.folder / "output" / "videos" / "results.csv"
        return path.read_text(encoding="utf-8-sig").count(f",{status},") if path.exists() else 0

    def _results(self) -> dict[str, list[str]]:
        """Reference ID → keys of the rows that the results call imported."""
        printed: dict[str, list[str]] = {}
        path = self.folder / "output" / "videos" / "results.csv"
        if path.exists():
            with path.open(encoding="utf-8-sig", newline="") as file:
                for row in csv.DictReader(file):
                    if row["status"] == "imported":
                        printed.setdefault(row["referenceId"], []).append(row["key"])
        return printed


def _without_faketime(content: bytes) -> bytes:
    """What was shown, without the tracebacks of a libfaketime that cannot sleep.

    Once its clock has jumped, it refuses the absolute times that Python's `time.sleep` waits for;
    no clock of a system does.
    """
    return _CANNOT_SLEEP.sub(b"", content)


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A folder on a disk of its own, where the system lets us make one."""
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", str(folder)],
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


def kinds_here(say: Callable[[str], None] = print) -> tuple[str, ...]:
    """What can happen on this machine; says what cannot."""
    kinds = ["kill", "kill", "freeze"]
    if can_mount():
        kinds.append("full-disk")
    else:
        say("No small disk can be mounted (root alone may): file sizes are limited instead.")
    kinds.append("file-limit")
    if faketime_library():
        kinds.append("clock-jump")
    else:
        say("SKIPPED: clock jumps, for libfaketime is not installed (make test-programs).")
    return tuple(kinds)


def crash(seed: int, kinds: tuple[str, ...]) -> Found:
    """One import from its seed."""
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
                    if not found.is_good:  # the disk goes with this block
                        shutil.copytree(folder / "output", folder / "kept")
            else:
                found = Machine(plan, folder, server).run()
    finally:
        if found.is_good:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"seed {seed}: what is left of it is in {folder}")
    return found


def program() -> str:
    """A digest of the program and of these tests: results are of no use for another one."""
    digest = hashlib.sha256()
    files = (
        path for folder in ("batch_import", "tests/crash") for path in (ROOT / folder).rglob("*")
    )
    for path in sorted(path for path in files if path.suffix in (".py", ".sql")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def main() -> int:
    # As Ctrl-C does: small disks are unmounted on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    chosen = campaign.options("Imports on an unlucky machine.", jobs=4)
    kinds, version = kinds_here(), program()

    def one(seed: int) -> Found:
        return crash(seed, kinds)

    if chosen.seed is not None:
        return campaign.run_one(one, chosen.seed)
    found = campaign.run_all(one, chosen.runs, chosen.jobs, version, DONE)
    held = sum(each["held"] for each in found)
    return campaign.summary(found, more=f"; {held} held until they were sent again at request")


if __name__ == "__main__":
    sys.exit(main())
