"""Runs every command that a page shows, against the sandbox, in a folder with the named files."""

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
from pages import PAGES, ROOT, USERS_PAGES

from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.platform import SimulatedPlatform
from batch_import.sandbox.server import SandboxServer

#: Languages of the blocks that contain commands.
SHELL = ("sh", "bash", "shell", "console")
#: Beginning of a command in an indented block; other lines of such a block are sample output.
PROGRAM = re.compile(
    r"(\w+=\S+ )*(\.|batch-import|make|export|python3?|\.venv/bin/\S+|sudo|docker) "
)
#: Beginning of a command that is not run → the reason.
NOT_RUN = {
    "uv tool install ": "it changes the user's own tools",
    "pipx install ": "it changes the user's own tools",
    "make ": "another test checks that its targets exist",
    "python3 -m venv ": "an installation takes a minute, and the tests run in one anyway",
    ".venv/bin/pip install ": "an installation takes a minute, and the tests run in one anyway",
    ".venv/bin/batch-import demo": "tests/end_to_end/test_import.py runs it",
    "sudo ": "it changes the whole machine",
    "journalctl ": "it reads the log of a service that does not run here",
    "batch-import manifest feed:https": "the sandbox has no feed; tests/end_to_end has some",
    "docker ": "to build an image needs the internet",
}
#: Beginning of a command that runs until it is stopped → options that the test adds, such as a free
#: port.
UNTIL_STOPPED = {
    "batch-import sandbox": "--port 0",
    "batch-import status library.csv --watch": "",
}
#: A command that asks questions → the options that answer them, because tests have no terminal.
ASKING = {"batch-import configure library.csv": "--yes --replace"}
KEYS = ("VC-test", "an-api-key")
#: Numbers of the further rows of the manifest that the pages describe.
ROW_NUMBERS = range(1, 10)


def shown_commands() -> Iterator[tuple[str, str]]:
    """Yield every shown command, with the page and the section that show it."""
    for page in USERS_PAGES:
        for block in page.blocks:
            section = f"{page.name}: {block.section}"
            for line in block.text.replace("\\\n", "").splitlines():
                is_command = PROGRAM.match(line) if not block.language else block.language in SHELL
                if is_command and line.strip():
                    yield section, re.sub(r"\s+# .*", "", line).strip()
                elif not block.language:
                    assert "batch-import " not in line, f"{section}: is this a command? {line}"


def commands_to_run() -> dict[str, list[str]]:
    """Return section → its commands that are run. A command is run only in its first section."""
    commands: dict[str, list[str]] = {}
    seen = set()
    for section, command in SHOWN:
        if command not in seen and not command.startswith(tuple(NOT_RUN)):
            commands.setdefault(section, []).append(command)
            seen.add(command)
    return commands


SHOWN = list(shown_commands())
COMMANDS_OF_SECTIONS = commands_to_run()
#: The command that makes the job of the pages.
FIRST_RUN = "batch-import run library.csv"


@dataclass
class Reader:
    """A reader of the pages, with a shell in a folder with the files that the pages name."""

    folder: Path
    environ: dict[str, str]

    def run(self, line: str) -> str:
        """Run a command; returns its output if it failed, otherwise an empty text."""
        # The sandbox replaces all hosts, because no real host may be contacted.
        line = re.sub(r"https?://[^\s'\"]+", self.environ["VIOSTREAM_API_BASE"], line)
        line = f"{line} {ASKING.get(line, '')}"
        for start, options in UNTIL_STOPPED.items():
            if line.startswith(start):
                return self._run_until_stopped(f"exec {line} {options}")
        done = subprocess.run(
            ["bash", "-c", line], cwd=self.folder, env=self.environ, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        # Code 1 means that rows are not imported; some examples show this on purpose.
        is_good = "Traceback" not in done.stderr and done.returncode in (0, 1)
        return "" if is_good else f"{line}\n{done.returncode}: {done.stderr}"

    def _run_until_stopped(self, line: str) -> str:
        """Start a command, and stop it after its first line; returns its errors if it failed."""
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
    platform = SimulatedPlatform(Knobs(processing=(0.1, 0.2)), 7, time.time(), *KEYS)
    with SandboxServer(platform) as server:
        shutil.copytree(ROOT / "manifests", tmp_path / "manifests")
        _write_manifest(
            tmp_path / "library.csv", server.address, "hr-welcome-2025", *map(str, ROW_NUMBERS)
        )
        _write_manifest(tmp_path / "fixed.csv", server.address, "hr-fixed-2025")
        _write_sources(tmp_path)
        # A real import takes longer than a test should.
        (tmp_path / "batch-import.yaml").write_text("rate: 100\npoll-interval: 0.3\n")
        environ = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "VIOSTREAM_API_BASE": server.api_base,
            "VIOSTREAM_ACCESS_KEY": KEYS[0],
            "VIOSTREAM_API_KEY": KEYS[1],
            # Connections to other hosts fail, because this proxy does not exist.
            "https_proxy": "http://127.0.0.1:9",
            "http_proxy": "http://127.0.0.1:9",
            "no_proxy": "127.0.0.1",
        }
        yield Reader(tmp_path, environ)


def _write_manifest(path: Path, origin: str, *names: str) -> None:
    """Write a manifest with a row for each name; the sandbox serves their source videos."""
    rows = [f"{origin}/clips/1.mp4?{name},Video {name},mp4,{name},People" for name in names]
    header = "sourceUrl,filename,extension,referenceId,department"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")


def _write_sources(folder: Path) -> None:
    """Write the folder, the sitemap and the saved API response that the page on sources names."""
    (folder / "videos").mkdir()
    (folder / "videos/welcome.mp4").write_bytes(bytes(2_000))
    sitemap = (
        "<urlset xmlns:video='http://www.google.com/schemas/sitemap-video/1.1'><url><video:video>"
    )
    video = "<video:content_loc>https://videos.example.com/1.mp4</video:content_loc>"
    (folder / "sitemap.xml").write_text(f"{sitemap}{video}</video:video></url></urlset>")
    link = '{"metadata": {"name": "1.mp4"}, "link": "https://videos.example.com/1"}'
    (folder / "answer.json").write_text(link)


@pytest.mark.parametrize("section", COMMANDS_OF_SECTIONS)
def test_every_shown_command_runs(section: str, reader: Reader) -> None:
    commands = COMMANDS_OF_SECTIONS[section]
    if FIRST_RUN not in commands and any("library" in command for command in commands):
        # The section describes a job that exists already.
        assert not reader.run(f"{FIRST_RUN} --rate 100 --poll-interval 0.2")
    errors = list(filter(None, map(reader.run, commands)))
    assert not errors, "\n".join(errors)


def test_every_command_that_is_excepted_from_a_run_is_still_documented() -> None:
    for start in (*NOT_RUN, *UNTIL_STOPPED, *ASKING):
        assert any(command.startswith(start) for _, command in SHOWN), start


def test_every_make_target_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {command.split()[1] for _, command in SHOWN if command.startswith("make ")}
    named |= {code.split()[1] for page in PAGES for code in page.code if code[:5] == "make "}
    assert named
    assert named <= targets
