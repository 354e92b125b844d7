"""Fixtures of all tests: the command in its own process, the sandbox, and a manifest."""

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

#: Environment variable: if it is set, as in `.ci/run`, a missing program fails a test instead of
#: skipping it.
_REQUIRED = "REQUIRE_TEST_PROGRAMS"

# Modules in this folder are shared by the tests of several folders.
sys.path.insert(0, str(Path(__file__).parent))

from forked_commands import ForkedCommands  # noqa: E402 - found by the line above

# Hypothesis must not fail a test because the machine is busy.
settings.register_profile("without deadlines", deadline=None)
settings.load_profile("without deadlines")


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """Returns a function that finds an installed program; skips the test if it is missing."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            reason = f"{name} is not installed: make test-programs"
            if os.environ.get(_REQUIRED):
                pytest.fail(reason)
            pytest.skip(reason)
        return path

    return find


@pytest.fixture(autouse=True)
def _no_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Hide the developer's own credentials, URLs, keyring and runs from all tests."""
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
    """Fail a test that connects to another host than this machine."""
    connect = socket.socket.connect

    def connect_to_loopback(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else address
        if self.family != socket.AF_UNIX and host not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", connect_to_loopback)


# The real command in its own process, against the real sandbox over HTTP ------------------------

ACCESS_KEY, API_KEY = "VC-test", "a-key-that-must-not-be-seen"


@dataclass
class Command:
    """Runs `batch-import` in a folder.

    Attributes:
        environ: environment variables of the command.
        forked: starts the commands that can be forked, which is faster.
    """

    folder: Path
    environ: dict[str, str]
    forked: ForkedCommands

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """Start the command in a new process, and do not wait for its end."""
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
        """Run the command to its end, and check its exit code; None allows every code."""
        if not self.forked.can_run(self.environ):
            return self.finish(self.start(*arguments), code)
        done = self.forked.run([*map(str, arguments)], self.folder, self.environ)
        return self._checked(done, code)

    def finish(
        self, process: subprocess.Popen[str], code: int | None
    ) -> subprocess.CompletedProcess[str]:
        """Wait for the end of a started command, and check its exit code."""
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

    def counts(self, manifest: object, *options: object) -> dict[str, int]:
        """Return the number of rows per status, as `status --json` prints it."""
        printed = json.loads(self("status", manifest, "--json", *options).stdout)
        return {field.name: printed[field.name] for field in fields(Counts)}

    def table(self, name: str) -> list[dict[str, str]]:
        """Return the rows of a CSV file in the folder, each as column → cell."""
        with (self.folder / name).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def sandbox() -> Iterator[Callable[..., SandboxServer]]:
    """Returns a function that starts a sandbox with the given knobs: the sandbox's settings."""
    with ExitStack() as stack:

        def start(**knobs: object) -> SandboxServer:
            all_knobs = Knobs.from_mapping({"processing": (0.2, 0.6), **knobs})
            platform = SimulatedPlatform(all_knobs, 7, time.time(), ACCESS_KEY, API_KEY)
            return stack.enter_context(SandboxServer(platform))

        yield start


@pytest.fixture(scope="session")
def forked() -> Iterator[ForkedCommands]:
    """Runs commands in forks of a process that has already loaded their libraries."""
    with closing(ForkedCommands()) as forked:
        yield forked


@pytest.fixture(scope="session")
def command_in(forked: ForkedCommands) -> Callable[[Path, str], Command]:
    """Returns a function that makes a command for a folder and the base URL of a platform."""

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
    """Returns a function that makes a command for a platform, in the test's temporary folder."""

    def make(server: SandboxServer | str) -> Command:
        return command_in(tmp_path, server if isinstance(server, str) else server.api_base)

    return make


@pytest.fixture
def manifest(tmp_path: Path) -> Callable[..., Path]:
    """Returns a function that writes a manifest of made-up videos.

    Its arguments are the number of valid rows, and further rows as sequences of cells.
    """

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
