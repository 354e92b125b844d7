"""Two machines and one job, over HTTP and a real PostgreSQL, with bad luck: the leader is killed,
is stopped and wakes up, stops between its last check and a POST, is cut off from the database; the
database is restarted at once, or is away. Nothing may be lost, and nothing twice.

python tests/crash/shared.py --runs 200        all that were not run yet with this program
python tests/crash/shared.py --seed 17         one of them again
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "database"), str(ROOT / "tests" / "crash")]

import campaign  # noqa: E402
from run import ACCESS_KEY, API_KEY, FINISHING_RUNS, Found, program  # noqa: E402
from server import Server, installed  # noqa: E402

from batch_import.job import DatabaseState  # noqa: E402
from batch_import.models import Status  # noqa: E402
from batch_import.sandbox.knobs import Knobs  # noqa: E402
from batch_import.sandbox.platform import SimulatedPlatform  # noqa: E402
from batch_import.sandbox.server import SandboxServer  # noqa: E402
from batch_import.state import catalog  # noqa: E402
from batch_import.state.store import Store  # noqa: E402

DONE = ROOT / "build" / "crash" / "shared.jsonl"
KINDS = ("kill", "freeze", "window", "paused-machine", "cut-off", "restart", "away")
#: Seconds.
LEASE, AWAY, PATIENCE = 2.0, 8.0, 240.0


class Cable:
    """The way from one machine to the database; it can be cut, and nobody is told."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.whole = threading.Event()
        self.whole.set()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._port), 5)
                except OSError:
                    near.close()
                    continue
                far.settimeout(None)
                self._open += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                self.whole.wait()
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.whole.set()
        for each in (self._listener, *self._open):
            with suppress(OSError):
                each.close()


class Fleet:
    """One import by two machines."""

    def __init__(self, seed: int, folder: Path, platform: SandboxServer, database: Server) -> None:
        self._dice = Random(f"shared/{seed}")
        self.folder, self.platform, self.database = folder, platform, database
        rows = self._dice.randint(20, 50)
        self.found = Found(seed, rows)
        self.url = database.new_database()
        catalog.prepare(self.url)
        self._cables = [Cable(database.port) for _ in "ab"]
        for name in "ab":
            (folder / name).mkdir()
            (folder / name / "videos.csv").write_text(
                "sourceUrl,filename,extension,referenceId\n"
                + "".join(
                    f"https://videos.example.com/{n}.mp4,Video {n},mp4,ref-{n}\n"
                    for n in range(1, rows + 1)
                )
            )

    def run(self) -> Found:
        kind = KINDS[self.found.seed % len(KINDS)]
        self.found.troubles[kind] += 1
        options = ("--standby", "--workers", str(self._dice.choice([1, 4])))
        leader = self._start(0, *options, no_alarm=kind == "paused-machine")
        self._until(leader, self._dice.randint(1, self.found.rows // 2))
        standby = self._start(1, *options)
        # Time enough to stand by, or not.
        time.sleep(self._dice.uniform(0, 3))
        try:
            getattr(self, f"_{kind.replace('-', '_')}")(leader, standby)
        finally:
            for cable in self._cables:
                cable.whole.set()
        for process in (standby, leader):
            self._wait(process)
        self._finish()
        self._judge()
        for cable in self._cables:
            cable.close()
        return self.found

    def _start(self, number: int, *flags: str, no_alarm: bool = False) -> subprocess.Popen[str]:
        self.found.runs += 1
        parts = urlsplit(self.url)
        url = self.url.replace(f":{parts.port}/", f":{self._cables[number].port}/")
        place = self.folder / "ab"[number]
        environ = {
            **os.environ,
            "VIOSTREAM_API_BASE": self.platform.api_base,
            "VIOSTREAM_ACCESS_KEY": ACCESS_KEY,
            "VIOSTREAM_API_KEY": API_KEY,
            "VIOSTREAM_STATE": url,
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            "STOP_FILE": str(place / "stop"),
            "NO_ALARM": "1" if no_alarm else "",
        }
        with (place / "terminal.txt").open("a") as log:
            return subprocess.Popen(
                [sys.executable, str(ROOT / "tests/crash/stops_itself.py"), "run", "videos.csv",
                 "--rate", "20", "--poll-interval", "0.3", "--settle", "5", "--refresh", "5",
                 "--lease", str(LEASE), *flags],
                cwd=place, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log, text=True,
            )  # fmt: skip

    def _until(self, process: subprocess.Popen[str], videos: int) -> None:
        until = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < until:
            if len(self.platform.platform.media) >= videos:
                return
            time.sleep(0.01)

    def _wait(self, process: subprocess.Popen[str]) -> None:
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self.found.faults.append(f"a run did not end within {PATIENCE:.0f} s")

    # What happens -----------------------------------------------------------------------------

    def _kill(self, leader: subprocess.Popen[str], _: subprocess.Popen[str]) -> None:
        leader.kill()

    def _freeze(self, leader: subprocess.Popen[str], _: subprocess.Popen[str]) -> None:
        with suppress(ProcessLookupError):
            leader.send_signal(signal.SIGSTOP)
            time.sleep(self._dice.uniform(0.5, 4 * LEASE))
            leader.send_signal(signal.SIGCONT)

    def _window(self, leader: subprocess.Popen[str], _: subprocess.Popen[str]) -> None:
        """Between the check and the POST."""
        (self.folder / "a" / "stop").touch()
        time.sleep(LEASE + self._dice.uniform(1, 3 * LEASE))
        (self.folder / "a" / "stop").unlink(missing_ok=True)
        with suppress(ProcessLookupError):
            leader.send_signal(signal.SIGCONT)

    _paused_machine = _window  # the same, where the process notices nothing

    def _cut_off(self, leader: subprocess.Popen[str], _: subprocess.Popen[str]) -> None:
        """The leader reaches the platform, and not the database."""
        del leader
        self._cables[0].whole.clear()
        time.sleep(self._dice.uniform(LEASE, 4 * LEASE))

    def _restart(self, *_: subprocess.Popen[str]) -> None:
        self.database.stop("immediate")
        self.database.start()

    def _away(self, *_: subprocess.Popen[str]) -> None:
        self.database.stop("immediate")
        time.sleep(self._dice.uniform(1, AWAY))
        self.database.start()

    # What must hold ---------------------------------------------------------------------------

    def _finish(self) -> None:
        """All machines are well again: either of them brings the job to its end."""
        for number in range(FINISHING_RUNS):
            held = number >= FINISHING_RUNS // 2
            process = self._start(number % 2, *(("--when-unsure", "retry") if held else ()))
            self._wait(process)
            if process.returncode == 0:
                return
            if held:
                self.found.held += 1

    def _judge(self) -> None:
        platform, now = self.platform.platform, time.time()
        with Store(DatabaseState(self.url, "videos")) as store:
            keys = {
                record.reference_id: record.key
                for record in store.reader.records([Status.IMPORTED])
            }
        for number in range(1, self.found.rows + 1):
            name = f"ref-{number}"
            media = platform.non_failed_media(name, now)
            if len(media) > 1:
                self.found.twice.append(name)
            if not media or media[0].key != keys.get(name):
                self.found.lost.append(name)
        for log in self.folder.rglob("terminal.txt"):
            text = log.read_text()
            if "Traceback" in text or "a-password" in text:
                self.found.faults.append(text[-2000:])


def crash(seed: int, server: Server) -> Found:
    """One import from its seed."""
    dice = Random(f"shared/{seed}/platform")
    knobs = Knobs.from_mapping({
        "processing": (0.1, dice.choice([0.3, 1.5])),
        "latency": (0.0, dice.choice([0.05, 0.2, 0.5])),
        "lost_reply": dice.choice([0.0, 0.1]),
        "listed_from": dice.choice(["created", "online"]),
    })  # fmt: skip
    folder = Path(tempfile.mkdtemp(prefix="crash-shared-"))
    with SandboxServer(
        SimulatedPlatform(knobs, seed, time.time(), ACCESS_KEY, API_KEY)
    ) as platform:
        found = Fleet(seed, folder, platform, server).run()
    if found.is_good:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"seed {seed}: what is left of it is in {folder}")
    return found


def main() -> int:
    chosen = campaign.options("Two machines with bad luck.", jobs=2)
    programs, version = installed(), program()
    if programs is None:
        sys.exit("PostgreSQL is not installed: make test-programs")
    servers = [Server(programs) for _ in range(chosen.jobs if chosen.seed is None else 1)]
    free = list(servers)

    def one(seed: int) -> Found:
        server = free.pop()
        try:
            return crash(seed, server)
        finally:
            free.append(server)

    try:
        if chosen.seed is not None:
            return campaign.run_one(one, chosen.seed)
        found = campaign.run_all(one, chosen.runs, chosen.jobs, version, DONE)
        return campaign.summary(found, by=" by two machines")
    finally:
        for server in servers:
            server.close()


if __name__ == "__main__":
    sys.exit(main())
