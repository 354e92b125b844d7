"""The example of an own source in docs/sources.md is complete, and works in the program."""

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from pages import ROOT, Page

PAGE = Page(ROOT / "docs/sources.md")
#: Base URL without a server: the command `manifest` does not contact the platform.
DOWN = "http://127.0.0.1:9/v3/api"


def block(language: str) -> str:
    """Return the only block of the page in a language."""
    (text,) = (block.text for block in PAGE.blocks if block.language == language)
    return text


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with the package from the page, with the files that pip would install."""
    (tmp_path / "mediadb.py").write_text(block("python"), encoding="utf-8")
    info = tmp_path / "mediadb-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mediadb\nVersion: 1\n")
    match = re.search(r'\[project.entry-points."(.+)"\]\n(\w+) = "(.+)"', block("toml"))
    assert match
    group, name, target = match.groups()
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {target}\n")
    return tmp_path


def test_a_source_of_another_package_needs_at_most_forty_lines(
    installed: Path, command: Callable[[str], Callable]
) -> None:
    assert len(block("python").splitlines()) <= 40
    with sqlite3.connect(installed / "videos.db") as database:
        database.execute("CREATE TABLE video (id INTEGER, url TEXT, title TEXT)")
        rows = [(7, "https://h.example/a.mp4", "Seven"), (8, None, "Eight")]
        database.executemany("INSERT INTO video VALUES (?, ?, ?)", rows)
    run = command(DOWN)
    run.environ["PYTHONPATH"] = str(installed)
    shown_commands = [
        code for code in PAGE.code if code.startswith("batch-import manifest mediadb:")
    ]
    done = run.finish(run.start(*shown_commands[0].split()[1:], "--json"), 0)
    (skipped,) = json.loads(done.stdout)["skipped"]
    assert skipped["examples"] == ["Eight"]
    (row,) = run.table("library.csv")
    assert (row["referenceId"], row["filename"]) == ("7", "Seven")
    missing = run.finish(run.start("manifest", "mediadb:no.db", "-o", "x.csv"), 2)
    assert "there is no such database" in missing.stderr
    assert "mediadb:" in run.finish(run.start("manifest", "no:x", "-o", "x.csv"), 2).stderr
