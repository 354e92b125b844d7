"""Manifests in every format, with the real command."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_import.sandbox.server import SandboxServer

SAMPLES = Path(__file__).parents[2] / "manifests"
FAST = ("--rate", "200", "--poll-interval", "0.3")
Start = Callable[..., SandboxServer]


@pytest.mark.parametrize("name", ["videos.xlsx", "videos.yaml"])
def test_a_sample_is_imported_once_in_any_format(
    sandbox: Start, command: Callable, name: str
) -> None:
    server = sandbox()
    run = command(server)
    printed = run("run", SAMPLES / name, *FAST).stdout
    assert "12 rows: 12 imported." in printed
    results = run.table("output/videos/results.csv")
    assert results[0]["published"] == "2025-01-13"
    assert {row["referenceId"] for row in results} > {"0004711", "'-Xk92_keynote"}
    # The same rows in another format belong to the same job.
    assert "Nothing to send." in run("run", SAMPLES / "videos.csv", *FAST).stdout
    assert len(server.platform.media) == 12


def test_failed_csv_of_a_json_manifest_can_be_corrected_and_imported(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    videos = [
        {"url": "https://h.example.com/1.mp4", "info": {"by": "A"}},
        {"url": "htp://h.example.com/2.mp4", "title": "Two, “too”", "info": {"by": "B\nC"}},
    ]
    path = tmp_path / "talks.json"
    path.write_text(json.dumps({"title": "Talk", "videos": videos}), encoding="utf-8")
    run("run", path, *FAST, code=1)
    failed = tmp_path / "output/talks/failed.csv"
    (row,) = run.table("output/talks/failed.csv")
    assert (row["title"], row["info.by"]) == ("Two, “too”", "B\nC")

    fixed = tmp_path / "fixed.csv"
    fixed.write_bytes(failed.read_bytes().replace(b"htp:", b"https:"))
    run("run", fixed, *FAST)
    assert sorted(media.title for media in server.platform.media) == ["Talk", "Two, “too”"]


def test_a_list_of_urls_and_its_failed_csv_are_imported(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    path = tmp_path / "list.txt"
    path.write_text("https://h.example.com/First%20one.mp4\nhttps://h.example.com/2\n")
    run("run", path, *FAST, code=1)
    failed = tmp_path / "output/list/failed.csv"
    run("run", failed, "--default", "extension=mov", *FAST)
    assert [media.title for media in server.platform.media] == ["First one", "2"]


def test_a_manifest_is_read_from_standard_input(command: Callable) -> None:
    run = command("https://api.example.com")
    done = subprocess.run(
        [sys.executable, "-m", "batch_import", "check", "-"],
        input=(SAMPLES / "videos.yaml").read_bytes(),
        capture_output=True,
        cwd=run.folder,
        env=run.environ,
        check=True,
    )
    assert "12 rows: 12 can be imported" in done.stdout.decode()


def test_options_that_do_not_fit_the_format_end_with_exit_code_2(command: Callable) -> None:
    run = command("https://api.example.com")
    for name, *flags in (
        ("videos.csv", "--sheet", "Videos"),
        ("videos.csv", "--records", "items"),
        ("videos.xlsx", "--records", "items"),
        ("videos.yaml", "--columns", "a,b"),
        ("videos.yaml", "--records", "items"),
        ("videos.xlsx", "--sheet", "Vidoes"),
        ("videos.csv", "--default", "sourceUrl=x"),
        ("videos.csv", "--default", "x"),
    ):
        printed = run("check", SAMPLES / name, *flags, code=2).stderr
        assert printed.startswith("batch-import: ")
        assert printed.count("\n") == 1


def test_templates_are_written_once(command: Callable) -> None:
    run = command("https://api.example.com")
    assert "manifest.xlsx" in run("configure", "--templates", "--offline").stdout
    assert "has a header and no rows" in run("check", "manifest.xlsx", code=2).stderr
    again = run("configure", "--templates", "--offline", "--replace", code=2)
    assert "manifest.csv is there already" in again.stderr
