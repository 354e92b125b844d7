"""Two jobs of one account with the same videos: a copy of a manifest creates no second videos."""

from collections.abc import Callable
from pathlib import Path

import pytest

from batch_import.sandbox.server import SandboxServer

FAST = ("--rate", "200", "--poll-interval", "0.3")
EXPORT = """Link,Name,Number
https://videos.example.com/1.mp4,One,A-1
https://videos.example.com/2.mp4,Two,A-2
videos.example.com/3.mp4,Three,A-3
"""


@pytest.fixture
def sent_job(
    sandbox: Callable[..., SandboxServer], command: Callable, tmp_path: Path
) -> tuple[SandboxServer, Callable, Path]:
    """Return a job whose first two rows were sent with IDs generated from their URLs."""
    server = sandbox()
    run, path = command(server), tmp_path / "export.csv"
    path.write_text(EXPORT, encoding="utf-8")
    run("run", path, *FAST, "--map", "referenceId=", code=1)
    assert len(server.platform.media) == 2
    return server, run, path


def test_a_copy_with_other_ids_is_refused_by_run_and_plan(
    sent_job: tuple[SandboxServer, Callable, Path],
) -> None:
    server, run, path = sent_job
    copy = path.with_name("copy.csv")
    copy.write_text(EXPORT, encoding="utf-8")
    for name in ("plan", "run"):
        refused = run(name, copy, "--map", "referenceId=Number", code=2).stderr
        assert "2 rows of this manifest would become second videos" in refused
        assert "--job output/export" in refused
        assert "--same-videos no" in refused
    assert len(server.platform.media) == 2
    run("run", copy, *FAST, "--map", "referenceId=Number", "--same-videos", "no", code=1)
    assert len(server.platform.media) == 4


def test_the_advice_for_one_repeated_video_is_to_delete_or_not_select_it(
    sent_job: tuple[SandboxServer, Callable, Path],
) -> None:
    server, run, path = sent_job
    rows = [f"https://videos.example.com/{n}.mp4,New {n},N-{n}\n" for n in (1, 7, 8)]
    other = path.with_name("other.csv")
    other.write_text("Link,Name,Number\n" + "".join(rows), encoding="utf-8")
    options = (*FAST, "--map", "referenceId=Number")
    refused = run("run", other, *options, code=2).stderr
    assert "for example line 2 (N-1)" in refused
    assert "delete this row from this manifest" in refused
    assert "--job" not in refused
    run("run", other, *options, "--only", "3-4", code=0)
    assert len(server.platform.media) == 4


def test_a_copy_with_the_same_ids_finds_its_videos(
    sent_job: tuple[SandboxServer, Callable, Path],
) -> None:
    server, run, path = sent_job
    copy = path.with_name("copy.csv")
    copy.write_text(EXPORT, encoding="utf-8")
    run("run", copy, *FAST, "--map", "referenceId=", code=1)
    assert len(server.platform.media) == 2


def test_the_same_videos_can_be_imported_into_another_account(
    sent_job: tuple[SandboxServer, Callable, Path],
    sandbox: Callable[..., SandboxServer],
    command: Callable,
) -> None:
    _, _, path = sent_job
    other = sandbox()
    copy = path.with_name("copy.csv")
    copy.write_text(EXPORT, encoding="utf-8")
    command(other)("run", copy, *FAST, "--map", "referenceId=Number", code=1)
    assert len(other.platform.media) == 2


def test_a_corrected_manifest_is_run_in_the_same_job(
    sent_job: tuple[SandboxServer, Callable, Path],
) -> None:
    server, run, path = sent_job
    fixed = path.with_name("corrected.csv")
    command_line = f"batch-import check {path} --map referenceId= --fix export-corrected.csv"
    assert command_line in run("check", path, "--map", "referenceId=", code=1).stdout
    printed = run("check", path, "--fix", fixed, "--map", "referenceId=", code=1).stdout
    assert command_line not in printed
    run_command = f"batch-import run {fixed} --map referenceId= --job output/export"
    assert f"Review it, then run it in the same job: {run_command}" in printed
    run("run", fixed, *FAST, "--job", "output/export", "--map", "referenceId=")
    assert len(server.platform.media) == 3


def test_an_option_changes_one_field_of_the_map_in_the_configuration_file(
    sandbox: Callable[..., SandboxServer], command: Callable, tmp_path: Path
) -> None:
    run, path = command(sandbox()), tmp_path / "export.csv"
    path.write_text(EXPORT, encoding="utf-8")
    configuration = "map:\n  sourceUrl: Link\n  referenceId: Number\n"
    (tmp_path / "batch-import.yaml").write_text(configuration, encoding="utf-8")
    printed = run("check", path, "--map", "filename=Number", code=1).stdout
    assert "filename     ← Number" in printed
    assert "referenceId  ← Number" in printed


def test_a_copy_of_failed_rows_is_reported_as_a_new_job(
    sent_job: tuple[SandboxServer, Callable, Path],
) -> None:
    _, run, path = sent_job
    fixed = path.with_name("fixed.csv")
    header, *_, third = EXPORT.splitlines()
    fixed.write_text(f"{header}\nhttps://{third}\n", encoding="utf-8")
    for name in ("plan", "run"):
        printed = run(name, fixed, "--rate", "200", "--map", "referenceId=").stdout
        assert "This is a new job" in printed
        assert "1 of its 1 row is failed or invalid in output/export." in printed
        assert "correct output/export/failed.csv" in printed
        assert "or correct export.csv." in printed
        assert "a new version of export.csv, add --job output/export." in printed
    assert "new job" not in run("run", fixed, *FAST, "--map", "referenceId=").stdout


def test_a_manifest_with_other_rows_is_not_reported_as_a_new_job(
    sent_job: tuple[SandboxServer, Callable, Path],
) -> None:
    _, run, path = sent_job
    other = path.with_name("other.csv")
    other.write_text("Link,Name\nhttps://videos.example.com/9.mp4,Nine\n", encoding="utf-8")
    assert "new job" not in run("plan", other).stdout
