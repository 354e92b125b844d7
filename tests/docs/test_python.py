"""The examples in docs/python.md run and pass mypy, and the page names the whole Python API."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pages import ROOT, Page

import batch_import
from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.platform import SimulatedPlatform
from batch_import.sandbox.server import SandboxServer

PAGE = Page(ROOT / "docs/python.md")
#: Section of the page → its example.
EXAMPLES = {block.section: block.text for block in PAGE.blocks}
ROWS = 5


@pytest.mark.parametrize("section", EXAMPLES)
def test_every_example_imports_a_manifest(section: str, tmp_path: Path) -> None:
    platform = SimulatedPlatform(
        Knobs(processing=(0.1, 0.2)), 7, time.time(), "VC-test", "an-api-key"
    )
    rows = [f"https://v.example.com/{n}.mp4,Video {n},mp4,r-{n}" for n in range(ROWS)]
    header = "sourceUrl,filename,extension,referenceId"
    (tmp_path / "library.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    with SandboxServer(platform) as server:
        environ = {
            **os.environ,
            "VIOSTREAM_API_BASE": server.api_base,
            "VIOSTREAM_ACCESS_KEY": "VC-test",
            "VIOSTREAM_API_KEY": "an-api-key",
        }
        subprocess.run(
            [sys.executable, "-W", "error", "-c", EXAMPLES[section]],
            cwd=tmp_path, env=environ, check=True, timeout=60,
        )  # fmt: skip
    assert len(platform.media) == ROWS


def test_every_example_is_strictly_typed(tmp_path: Path) -> None:
    files = [tmp_path / f"example_{number}.py" for number in range(len(EXAMPLES))]
    for path, text in zip(files, EXAMPLES.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    # mypy runs in the project's folder, with its settings: `strict`, and the cache of `make check`.
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *files],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_names_all_public_names() -> None:
    names = {name for code in PAGE.code for name in re.findall(r"\w+", code)}
    assert {*batch_import.__all__} - {"__version__"} <= names
