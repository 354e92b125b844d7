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
from pages import PAGES, ROOT, USERS_PAGES

from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.platform import SimulatedPlatform
from batch_import.sandbox.server import SandboxServer

#: Languages of blocks that hold commands.
SHELL = ("sh", "bash", "shell", "console")
#: What a command in an indented block begins with; other lines there are samples.
PROGRAM = re.compile(
    r"(\w+=\S+ )*(\.|batch-import|make|export|python3?|\.venv/bin/\S+|sudo|docker) "
)
#: How a command begins that is not run, and why.
NOT_RUN = {
    "uv tool install ": "it changes the user's own tools",
    "pipx install ": "the same",
    "make ": "its targets are looked up, by a test of their own",
    "python3 -m venv ": "to install takes a minute, and the tests run in what it makes",
    ".venv/bin/pip install ": "the same",
    ".venv/bin/batch-import demo": "tests/end_to_end/test_import.py runs it",
    "sudo ": "what it does lasts, and concerns the whole machine",
    "journalctl ": "it reads what only the service has written",
    "batch-import manifest feed:https": "the sandbox has no feed; tests/end_to_end has some",
    "docker ": "to build an image needs the internet",
}
#: How a command begins that runs until it is stopped, and what keeps it from a port in use.
UNTIL_STOPPED = {
    "batch-import sandbox": "--port 0",
    "batch-import status library.csv --watch": "",
}
#: A command that asks, and the flags that answer: the tests have no terminal.
ASKING = {"batch-import configure library.csv": "--yes --replace"}
KEYS = ("VC-test", "an-api-key")
#: So many more rows has the manifest that the pages speak of.
NINE = range(1, 10)


def shown() -> Iterator[tuple[str, str]]:
    """Every command that is shown, behind the page and section that show it."""
    for page in USERS_PAGES:
        for block in page.blocks:
            where = f"{page.name}: {block.section}"
            for line in block.text.replace("\\\n", "").splitlines():
                is_command = PROGRAM.match(line) if not block.language else block.language in SHELL
                if is_command and line.strip():
                    yield where, re.sub(r"\s+# .*", "", line).strip()
                elif not block.language:
                    assert "batch-import " not in line, f"{where}: is this a command? {line}"


def to_run() -> dict[str, list[str]]:
    """The commands to be run, by section; what several sections show is run once."""
    run: dict[str, list[str]] = {}
    seen = set()
    for where, command in SHOWN:
        if command not in seen and not command.startswith(tuple(NOT_RUN)):
            run.setdefault(where, []).append(command)
            seen.add(command)
    return run


SHOWN = list(shown())
RUN = to_run()
BEGINS = "batch-import run library.csv"


@dataclass
class Reader:
    """Somebody at a shell, with what the pages speak of in the folder."""

    folder: Path
    environ: dict[str, str]

    def runs(self, line: str) -> str:
        """Run a command; returns what is wrong with how it ended, if anything."""
        # A host that a command names is somebody's: the sandbox stands in for it.
        line = re.sub(r"https?://[^\s'\"]+", self.environ["VIOSTREAM_API_BASE"], line)
        line = f"{line} {ASKING.get(line, '')}"
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
    platform = SimulatedPlatform(Knobs(processing=(0.1, 0.2)), 7, time.time(), *KEYS)
    with SandboxServer(platform) as server:
        shutil.copytree(ROOT / "manifests", tmp_path / "manifests")
        _write_manifest(
            tmp_path / "library.csv", server.address, "hr-welcome-2025", *map(str, NINE)
        )
        _write_manifest(tmp_path / "fixed.csv", server.address, "hr-fixed-2025")
        _write_sources(tmp_path)
        # What a reader would wait for.
        (tmp_path / "batch-import.yaml").write_text("rate: 100\npoll-interval: 0.3\n")
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


def _write_manifest(path: Path, origin: str, *names: str) -> None:
    """A row for each name; the sandbox has their videos, so that preflight finds them."""
    rows = [f"{origin}/clips/1.mp4?{name},Video {name},mp4,{name},People" for name in names]
    header = "sourceUrl,filename,extension,referenceId,department"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")


def _write_sources(folder: Path) -> None:
    """A folder, a sitemap and a saved API response, as the page on sources has them."""
    (folder / "videos").mkdir()
    (folder / "videos/welcome.mp4").write_bytes(bytes(2_000))
    sitemap = (
        "<urlset xmlns:video='http://www.google.com/schemas/sitemap-video/1.1'><url><video:video>"
    )
    video = "<video:content_loc>https://videos.example.com/1.mp4</video:content_loc>"
    (folder / "sitemap.xml").write_text(f"{sitemap}{video}</video:video></url></urlset>")
    link = '{"metadata": {"name": "1.mp4"}, "link": "https://videos.example.com/1"}'
    (folder / "answer.json").write_text(link)


@pytest.mark.parametrize("where", RUN)
def test_every_shown_command_runs(where: str, reader: Reader) -> None:
    commands = RUN[where]
    if BEGINS not in commands and any("library" in command for command in commands):
        # The section speaks of a job that is there.
        assert not reader.runs(f"{BEGINS} --rate 100 --poll-interval 0.2")
    faults = [fault for command in commands if (fault := reader.runs(command))]
    assert not faults, "\n".join(faults)


def test_what_is_not_run_is_still_shown() -> None:
    for start in (*NOT_RUN, *UNTIL_STOPPED, *ASKING):
        assert any(command.startswith(start) for _, command in SHOWN), start


def test_every_make_target_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {command.split()[1] for _, command in SHOWN if command.startswith("make ")}
    named |= {code.split()[1] for page in PAGES for code in page.code if code[:5] == "make "}
    assert named
    assert named <= targets
