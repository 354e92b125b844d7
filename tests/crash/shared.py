"""Disturbs imports by two machines, which share a job database in PostgreSQL.

One machine, the leader, runs the job; the other one waits for its end (`--standby`). The leader is
killed, is stopped and wakes up, stops between its last check and a POST, or loses its connection to
the database or to everything; or the database restarts, at once or after some seconds. Afterwards
the import is finished, and every row must have exactly one video.

python tests/crash/shared.py --runs 200        all imports not yet done with this version
python tests/crash/shared.py --seed 17         one import again
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "database"), str(ROOT / "tests" / "crash")]

import campaign  # noqa: E402
from network import (  # noqa: E402
    ADDRESSES,
    Direct,
    Namespace,
    Proxied,
    encrypted_api,
    has_namespaces,
)
from run import ACCESS_KEY, API_KEY, FINISHING_RUNS, Found, program  # noqa: E402
from server import Server, installed  # noqa: E402

from batch_import.job import DatabaseState  # noqa: E402
from batch_import.models import Status  # noqa: E402
from batch_import.sandbox.knobs import Knobs  # noqa: E402
from batch_import.sandbox.platform import SimulatedPlatform  # noqa: E402
from batch_import.sandbox.server import SandboxServer  # noqa: E402
from batch_import.state import catalog  # noqa: E402
from batch_import.state.store import Store  # noqa: E402

#: The findings, one line of JSON per import; the next call continues after the last one.
DONE = ROOT / "build" / "crash" / "shared.jsonl"
#: The kinds of disturbances; each has a method of `Fleet`.
KINDS = ("kill", "freeze", "window", "paused-machine", "cut-off", "isolated", "restart", "away")
#: Kinds in which the leader's machine loses a connection.
CUT = ("cut-off", "isolated")
#: Seconds of a lease.
LEASE = 2.0
#: Maximum number of seconds in which the database is down.
MAX_DOWN_SECONDS = 8.0
#: Seconds after which a run is taken to hang.
TIMEOUT_SECONDS = 240.0
#: Shortest and longest time of an isolation in seconds. Linux repeats packets after 0.2 s, and then
#: after twice the time each, therefore after 12.6 s and 25.4 s in total: what it would still
#: deliver comes long after the isolation.
ISOLATED = 13.0, 15.0
#: Seconds from the begin of an isolation until everything that would come late has come.
ALL_REPEATED = 27.0


class Fleet:
    """One import by two machines.

    Args:
        kind: the disturbance, one of `KINDS`.
        machines: the leader's, and the other.
        api_base: base URL of the API.
        authority: the file with the certificate that the API's is signed with.
    """

    def __init__(
        self, seed: int, kind: str, folder: Path, platform: SandboxServer, database: Server,
        machines: tuple[Direct, Direct], api_base: str, authority: Path | None,
    ) -> None:  # fmt: skip
        self._dice = Random(f"shared/{seed}")
        self._kind, self._machines = kind, machines
        self._check_at = 0.0
        self._api = {"VIOSTREAM_API_BASE": api_base}
        if authority:
            self._api["REQUESTS_CA_BUNDLE"] = str(authority)
        self.folder, self.platform, self.database = folder, platform, database
        rows = self._dice.randint(20, 50)
        self.found = Found(seed, rows)
        self.url = database.new_database()
        catalog.prepare(self.url)
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
        machine_type = type(self._machines[0]).__name__.lower()
        kind = f"{self._kind} ({machine_type})" if self._kind in CUT else self._kind
        self.found.troubles[kind] += 1
        self._options = ("--standby", "--workers", str(self._dice.choice([1, 4])))
        leader = self._start(0, *self._options, no_alarm=self._kind == "paused-machine")
        self._until(leader, self._dice.randint(1, self.found.rows // 2))
        standby = self._start(1, *self._options)
        if self._kind != "isolated":  # this kind needs rows that are being sent
            # The standby may be waiting already, or not yet.
            time.sleep(self._dice.uniform(0, 3))
        getattr(self, f"_{self._kind.replace('-', '_')}")(leader)
        for process in (standby, leader):
            self._wait(process)
        self._finish()
        time.sleep(max(0.0, self._check_at - time.monotonic()))
        self._check()
        return self.found

    def _start(self, number: int, *flags: str, no_alarm: bool = False) -> subprocess.Popen[str]:
        self.found.runs += 1
        machine = self._machines[number]
        machine_folder = self.folder / "ab"[number]
        environ = {
            **os.environ,
            **self._api,
            "VIOSTREAM_ACCESS_KEY": ACCESS_KEY,
            "VIOSTREAM_API_KEY": API_KEY,
            "VIOSTREAM_STATE": self.url.replace(urlsplit(self.url).netloc.rpartition("@")[2],
                                                machine.database),
            "NO_PROXY": "*",
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            "STOP_FILE": str(machine_folder / "stop"),
            "NO_ALARM": "1" if no_alarm else "",
        }  # fmt: skip
        with (machine_folder / "terminal.txt").open("a") as log:
            return subprocess.Popen(
                [*machine.command,
                 sys.executable, str(ROOT / "tests/crash/stops_itself.py"), "run", "videos.csv",
                 "--rate", "20", "--poll-interval", "0.3", "--settle", "60", "--refresh", "5",
                 "--lease", str(LEASE), *flags],
                cwd=machine_folder, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                text=True,
            )  # fmt: skip

    def _until(self, process: subprocess.Popen[str], videos: int) -> None:
        """Wait until the account has so many videos."""
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            if len(self.platform.platform.media) >= videos:
                return
            time.sleep(0.01)

    def _wait(self, process: subprocess.Popen[str]) -> None:
        try:
            process.wait(TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self.found.faults.append(f"a run did not end within {TIMEOUT_SECONDS:.0f} s")

    # Disturbances, one method per kind --------------------------------------------------------

    def _kill(self, leader: subprocess.Popen[str]) -> None:
        leader.kill()

    def _freeze(self, leader: subprocess.Popen[str]) -> None:
        with suppress(ProcessLookupError):
            leader.send_signal(signal.SIGSTOP)
            time.sleep(self._dice.uniform(0.5, 4 * LEASE))
            leader.send_signal(signal.SIGCONT)

    def _window(self, leader: subprocess.Popen[str]) -> None:
        """Stop the leader between its last check and a POST."""
        (self.folder / "a" / "stop").touch()
        time.sleep(LEASE + self._dice.uniform(1, 3 * LEASE))
        (self.folder / "a" / "stop").unlink(missing_ok=True)
        with suppress(ProcessLookupError):
            leader.send_signal(signal.SIGCONT)

    _paused_machine = _window  # the same, but the leader does not end itself when it wakes up

    def _cut_off(self, leader: subprocess.Popen[str]) -> None:
        """Let the leader lose its connection to the database, but not to the platform."""
        machine = self._machines[0]
        assert isinstance(machine, Namespace | Proxied)
        machine.cut("db")
        time.sleep(self._dice.uniform(LEASE, 4 * LEASE))
        self._restore(leader)

    def _isolated(self, leader: subprocess.Popen[str]) -> None:
        """Let the leader send requests that do not arrive, and then lose its lease.

        The operating system of the leader must not deliver these requests later, because the other
        machine may have sent the same rows meanwhile.
        """
        machine = self._machines[0]
        assert isinstance(machine, Namespace)
        machine.lose("api")
        self._check_at = time.monotonic() + ALL_REPEATED
        time.sleep(self._dice.uniform(0, 0.5))
        machine.cut("db")
        time.sleep(self._dice.uniform(*ISOLATED))
        self._restore(leader)

    def _restore(self, leader: subprocess.Popen[str]) -> None:
        """Connect the leader's machine again; it starts the command again if it has ended."""
        machine = self._machines[0]
        assert isinstance(machine, Namespace | Proxied)
        machine.restore()
        if leader.poll() is not None:
            self._wait(self._start(0, *self._options))

    def _restart(self, _: subprocess.Popen[str]) -> None:
        self.database.stop("immediate")
        self.database.start()

    def _away(self, _: subprocess.Popen[str]) -> None:
        self.database.stop("immediate")
        time.sleep(self._dice.uniform(1, MAX_DOWN_SECONDS))
        self.database.start()

    # Checks -----------------------------------------------------------------------------------

    def _finish(self) -> None:
        """Finish the job without disturbances, on both machines in turns."""
        for number in range(FINISHING_RUNS):
            is_resending = number >= FINISHING_RUNS // 2
            options = ("--when-unsure", "retry") if is_resending else ()
            process = self._start(number % 2, *options)
            self._wait(process)
            if process.returncode == 0:
                return
            if is_resending:
                self.found.held += 1

    def _check(self) -> None:
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


def crash(seed: int, server: Server, kinds: tuple[str, ...]) -> Found:
    """Run the import of a seed; returns its finding."""
    dice = Random(f"shared/{seed}/platform")
    knobs = Knobs.from_mapping({
        "processing": (0.1, dice.choice([0.3, 1.5])),
        "latency": (0.0, dice.choice([0.05, 0.2, 0.5])),
        "lost_reply": dice.choice([0.0, 0.1]),
        "listed_from": dice.choice(["created", "online"]),
    })  # fmt: skip
    kind = kinds[seed % len(kinds)]
    folder = Path(tempfile.mkdtemp(prefix="crash-shared-"))
    with ExitStack() as stack:
        platform = stack.enter_context(
            SandboxServer(SimulatedPlatform(knobs, seed, time.time(), ACCESS_KEY, API_KEY))
        )
        api: tuple[str, Path | None] = platform.api_base, None
        leader = Direct(server.port)
        if kind in CUT:
            leader = (Namespace if "isolated" in kinds else Proxied)(server.port)
        stack.callback(leader.close)
        if isinstance(leader, Namespace):
            api = stack.enter_context(encrypted_api(platform, leader.api_host, folder))
        machines = leader, Direct(server.port)
        found = Fleet(seed, kind, folder, platform, server, machines, *api).run()
    if found.is_good:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"seed {seed}: its files are in {folder}")
    return found


def possible_kinds() -> tuple[str, ...]:
    """Return the kinds of disturbances that are possible on this machine."""
    if has_namespaces():
        return KINDS
    print("No network namespace can be created without root: a proxy cuts off the database.")
    return tuple(kind for kind in KINDS if kind != "isolated")


def main() -> int:
    # SIGTERM then raises an exception, as Ctrl-C does, so that servers and namespaces are deleted.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    chosen = campaign.options("Two machines with bad luck.", jobs=2)
    programs, version, kinds = installed(), program(), possible_kinds()
    if programs is None:
        sys.exit("PostgreSQL is not installed: make test-programs")
    jobs = chosen.jobs if chosen.seed is None else 1
    servers = [Server(programs, clients=ADDRESSES) for _ in range(jobs)]
    free_servers = list(servers)

    def run_seed(seed: int) -> Found:
        server = free_servers.pop()
        try:
            return crash(seed, server, kinds)
        finally:
            free_servers.append(server)

    try:
        if chosen.seed is not None:
            return campaign.run_one(run_seed, chosen.seed)
        findings = campaign.run_all(run_seed, chosen.runs, chosen.jobs, version, DONE)
        return campaign.summary(findings, by=" by two machines")
    finally:
        for server in servers:
            server.close()


if __name__ == "__main__":
    sys.exit(main())
