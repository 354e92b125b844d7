"""What every test may use."""

import csv
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, fields
from pathlib import Path

import pytest
from hypothesis import settings

from batch_import.models import Counts
from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.platform import SimulatedPlatform
from batch_import.sandbox.server import SandboxServer

#: Set where no test may be skipped for want of a program, as in `.ci/run`.
_REQUIRED = "REQUIRE_TEST_PROGRAMS"

sys.path.insert(0, str(Path(__file__).parent))  # what tests of several tiers share

from forked_commands import ForkedCommands  # noqa: E402 - found by the line above

# A busy machine makes no test fail.
settings.register_profile("without deadlines", deadline=None)
settings.load_profile("without deadlines")


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """Finds a program; where it is missing, the test is skipped, and says why."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            why = f"{name} is not installed: make test-programs"
            if os.environ.get(_REQUIRED):
                pytest.fail(why)
            pytest.skip(why)
        return path

    return find


@pytest.fixture(autouse=True)
def _no_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A developer's own credentials, addresses, keyring and other runs must reach no test."""
    for name in ("ACCESS_KEY", "API_KEY", "API_BASE", "EMBED_BASE", "STATE"):
        monkeypatch.delenv(f"VIOSTREAM_{name}", raising=False)
    for name in os.environ:
        if name.startswith(("AWS_", "AZURE_", "GOOGLE_", "STORAGE_EMULATOR_HOST", "BOTO_CONFIG")):
            monkeypatch.delenv(name)
    home = tmp_path_factory.getbasetemp() / "no-home"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home / "config"))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(home))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.getbasetemp() / "home-state"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may reach a real host."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else address
        if self.family != socket.AF_UNIX and host not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


# The real command, as a process of its own, against the real sandbox over HTTP ----------------

ACCESS_KEY, API_KEY = "VC-test", "a-key-that-must-not-be-seen"


@dataclass
class Command:
    """Runs `batch-import` in a folder of its own."""

    folder: Path
    environ: dict[str, str]
    forked: ForkedCommands

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "batch_import", *map(str, arguments)],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def __call__(
        self, *arguments: object, code: int | None = 0
    ) -> subprocess.CompletedProcess[str]:
        if not self.forked.can_run(self.environ):
            return self.finish(self.start(*arguments), code)
        done = self.forked.run([*map(str, arguments)], self.folder, self.environ)
        return self._checked(done, code)

    def finish(
        self, process: subprocess.Popen[str], code: int | None
    ) -> subprocess.CompletedProcess[str]:
        out, err = process.communicate(timeout=100)
        done = subprocess.CompletedProcess(process.args, process.returncode, out, err)
        return self._checked(done, code)

    def _checked(
        self, done: subprocess.CompletedProcess[str], code: int | None
    ) -> subprocess.CompletedProcess[str]:
        printed = done.stdout + done.stderr
        assert "Traceback" not in printed, printed
        assert API_KEY not in printed
        if code is not None:
            assert done.returncode == code, printed
        return done

    def counts(self, manifest: object, *more: object) -> dict[str, int]:
        printed = json.loads(self("status", manifest, "--json", *more).stdout)
        return {field.name: printed[field.name] for field in fields(Counts)}

    def table(self, name: str) -> list[dict[str, str]]:
        with (self.folder / name).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def sandbox() -> Iterator[Callable[..., SandboxServer]]:
    """Starts a platform with the knobs that a test turns."""
    with ExitStack() as stack:

        def start(**knobs: object) -> SandboxServer:
            turned = Knobs.from_mapping({"processing": (0.2, 0.6), **knobs})
            platform = SimulatedPlatform(turned, 7, time.time(), ACCESS_KEY, API_KEY)
            return stack.enter_context(SandboxServer(platform))

        yield start


@pytest.fixture(scope="session")
def forked() -> Iterator[ForkedCommands]:
    """Runs commands without the time that their libraries take to load."""
    with closing(ForkedCommands()) as forked:
        yield forked


@pytest.fixture(scope="session")
def command_in(forked: ForkedCommands) -> Callable[[Path, str], Command]:
    """Makes a command that works in a folder and talks to a platform."""

    def make(folder: Path, api_base: str) -> Command:
        environ = {
            **os.environ,
            "VIOSTREAM_API_BASE": api_base,
            "VIOSTREAM_ACCESS_KEY": ACCESS_KEY,
            "VIOSTREAM_API_KEY": API_KEY,
            "PYTHONUTF8": "1",
        }
        return Command(folder, environ, forked)

    return make


@pytest.fixture
def command(
    tmp_path: Path, command_in: Callable[[Path, str], Command]
) -> Callable[[SandboxServer | str], Command]:
    """Makes a command that talks to a platform."""

    def make(server: SandboxServer | str) -> Command:
        return command_in(tmp_path, server if isinstance(server, str) else server.api_base)

    return make


@pytest.fixture
def manifest(tmp_path: Path) -> Callable[..., Path]:
    """Writes a manifest of made-up videos."""

    def write(rows: int = 6, *more: Sequence[str], name: str = "videos.csv") -> Path:
        path = tmp_path / name
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["sourceUrl", "filename", "extension", "referenceId", "team"])
            writer.writerows(
                [f"https://videos.example.com/{n}.mp4", f"Video {n}", "mp4", f"ref-{n}", "A"]
                for n in range(1, rows + 1)
            )
            writer.writerows(more)
        return path

    return write
