"""Every command that a page shows is run, in a folder like a reader's, against the sandbox."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pages import PAGES, ROOT, USERS_PAGES, Page

from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.model import Platform
from batch_import.sandbox.server import SandboxServer

#: Languages of blocks that hold commands.
SHELL = ("sh", "bash", "shell", "console")
#: What a command in an indented block begins with; other lines there are samples.
PROGRAM = re.compile(
    r"(\w+=\S+ )*(\.|batch-import|make|export|python3?|\.venv/bin/\S+|sudo|docker) "
)
#: How a command begins that is not run, and why.
NOT_RUN = {
    "make ": "its targets are looked up, by a test of their own",
    "export ": "the tests bring credentials of their own",
    ". .venv/bin/activate": "the tests have the command on their path",
    "python3 -m venv ": "to install takes a minute, and the tests run in what it makes",
    ".venv/bin/pip install ": "the same",
    ".venv/bin/batch-import demo": "tests/end_to_end/test_import.py runs it",
    "sudo ": "what it does lasts, and concerns the whole machine",
    "journalctl ": "it reads what only the service has written",
    "docker ": "to build an image needs the internet",
}
#: How a command begins that runs until it is stopped, and what keeps it from a port in use.
UNTIL_STOPPED = {"batch-import sandbox": "--port 0"}
KEYS = ("VC-test", "an-api-key")


def shown_in(page: Page) -> list[str]:
    """The commands of a page, in their order, each once."""
    found = []
    for block in page.blocks:
        for line in block.text.replace("\\\n", "").splitlines():
            is_command = PROGRAM.match(line) if not block.language else block.language in SHELL
            if is_command and line.strip():
                found.append(line.strip())
            elif not block.language:
                where = f"{page.name}, block at line {block.line}"
                assert "batch-import " not in line, f"{where}: is this a command? {line}"
    return list(dict.fromkeys(found))


SHOWN = {page.name: shown_in(page) for page in USERS_PAGES}


def to_run() -> dict[str, list[str]]:
    """The commands to be run, by their page; what several pages show is run once."""
    run: dict[str, list[str]] = {}
    seen = set()
    for name, shown in SHOWN.items():
        for command in shown:
            if command not in seen and not command.startswith(tuple(NOT_RUN)):
                run.setdefault(name, []).append(command)
                seen.add(command)
    return run


RUN = to_run()


@dataclass
class Reader:
    """Somebody at a shell, with what the pages speak of in the folder."""

    folder: Path
    environ: dict[str, str]

    def runs(self, line: str) -> str:
        """Run a command; returns what is wrong with how it ended, if anything."""
        for start, more in UNTIL_STOPPED.items():
            if line.startswith(start):
                return self._stops(f"exec {line} {more}")
        done = subprocess.run(
            ["bash", "-c", line], cwd=self.folder, env=self.environ, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        # 1 is no failure: rows that are not imported are what some examples are there to show.
        ended = "Traceback" not in done.stderr and done.returncode in (0, 1)
        return "" if ended else f"{line}\n{done.returncode}: {done.stderr}"

    def _stops(self, line: str) -> str:
        process = subprocess.Popen(
            ["bash", "-c", line], cwd=self.folder, env=self.environ, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
        return "" if process.returncode == 0 else f"{line}\n{process.returncode}: {err}"


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    platform = Platform(Knobs(processing=(0.1, 0.2)), 7, time.time(), *KEYS)
    with SandboxServer(platform) as server:
        shutil.copytree(ROOT / "manifests", tmp_path / "manifests")
        for name in ("library", "mended"):
            # The sandbox's own clips: preflight asks for them.
            row = f"{server.address}/clips/1.mp4,{name},mp4,{name}-1,People"
            header = "sourceUrl,filename,extension,referenceId,department"
            (tmp_path / f"{name}.csv").write_text(f"{header}\n{row}\n")
        environ = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "VIOSTREAM_API_BASE": server.api_base,
            "VIOSTREAM_ACCESS_KEY": KEYS[0],
            "VIOSTREAM_API_KEY": KEYS[1],
            # Whatever a page shows, no host but this one is reached.
            "https_proxy": "http://127.0.0.1:9",
            "http_proxy": "http://127.0.0.1:9",
            "no_proxy": "127.0.0.1",
        }
        yield Reader(tmp_path, environ)


@pytest.mark.parametrize("name", RUN)
def test_every_shown_command_runs(name: str, reader: Reader) -> None:
    if name != "README.md":  # which begins at the beginning; other pages speak of a job
        assert not reader.runs("batch-import run library.csv --poll-interval 0.2")
    faults = [fault for command in RUN[name] if (fault := reader.runs(command))]
    assert not faults, "\n".join(faults)


def test_what_is_not_run_is_still_shown() -> None:
    shown = [command for commands in SHOWN.values() for command in commands]
    for start in (*NOT_RUN, *UNTIL_STOPPED):
        assert any(command.startswith(start) for command in shown), start


def test_every_make_target_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    shown = [command for commands in SHOWN.values() for command in commands]
    named = {command.split()[1] for command in shown if command.startswith("make ")}
    named |= {code.split()[1] for page in PAGES for code in page.code if code[:5] == "make "}
    assert named
    assert named <= targets
