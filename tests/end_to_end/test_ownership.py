"""Two manifests with the same reference IDs in one account: no job adopts the other's videos."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_import.sandbox.server import SandboxServer

FAST = ("--rate", "200", "--poll-interval", "0.3")
Start = Callable[..., SandboxServer]

HR = """url,title,id
https://hr.example.com/welcome.mp4,HR welcome,1
https://hr.example.com/leave.mp4,HR leave policy (confidential),2
"""
SALES = """url,title,id
https://sales.example.com/pitch.mp4,Sales pitch,1
https://sales.example.com/demo.mp4,Sales demo,2
https://sales.example.com/new.mp4,New,3
"""


@pytest.fixture
def sales_job(sandbox: Start, command: Callable, tmp_path: Path) -> tuple[SandboxServer, Callable]:
    """Import the videos of HR; the manifest of sales is not imported yet."""
    server = sandbox()
    run = command(server)
    for name, text in (("hr.csv", HR), ("sales.csv", SALES)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    run("run", tmp_path / "hr.csv", *FAST)
    return server, run


def test_videos_of_other_manifests_are_not_adopted(
    sales_job: tuple[SandboxServer, Callable], tmp_path: Path
) -> None:
    server, run = sales_job
    done = run("run", tmp_path / "sales.csv", *FAST, code=1)
    assert "already had the video" not in done.stdout
    lines = run.table("output/sales/results.csv")
    assert [line["status"] for line in lines] == ["failed", "failed", "imported"]
    assert "'HR welcome'" in lines[0]["error"]
    assert [line["key"] for line in lines[:2]] == ["", ""]
    failed = run.table("output/sales/failed.csv")
    assert [line["id"] for line in failed] == ["1", "2"]
    assert all("reference ID is taken" in line["reason"] for line in failed)
    printed = json.loads(run("status", tmp_path / "sales.csv", "--json").stdout)
    assert "reference ID is taken" in json.dumps(printed)
    assert len(server.platform.media) == 3
    shown = run("status", tmp_path / "sales.csv").stdout
    for text in (done.stdout, shown):
        assert "2 rows have the reference ID of a video with another title" in text
        assert f"  batch-import retry {tmp_path / 'sales.csv'} --adopt any\n" in text


def test_adopt_any_adopts_videos_with_other_titles(
    sales_job: tuple[SandboxServer, Callable], tmp_path: Path
) -> None:
    server, run = sales_job
    path = tmp_path / "sales.csv"
    run("run", path, *FAST, code=1)
    run("retry", path, *FAST, "--adopt", "any")
    lines = run.table("output/sales/results.csv")
    assert [line["status"] for line in lines] == ["imported"] * 3
    welcome = next(media for media in server.platform.media if media.title == "HR welcome")
    assert lines[0]["key"] == welcome.key
    assert "its title in the account is 'HR welcome'" in lines[0]["error"]
    assert len(server.platform.media) == 3
    assert "3 as expected" in run("verify", path, "--rate", "200").stdout

    server.platform.media[2].title = "Edited"
    done = run("verify", path, "--rate", "200", code=1)
    assert "title differs" in done.stdout


def test_plan_names_the_rows_whose_reference_ids_are_taken(
    sales_job: tuple[SandboxServer, Callable], tmp_path: Path
) -> None:
    _, run = sales_job
    path = tmp_path / "sales.csv"
    out = run("plan", path).stdout
    assert "To do: 1 to create, 2 not sent: reference ID taken." in out
    assert "failed before" not in out
    assert f"batch-import run {path} --adopt any\n" in out
    assert "1 (“HR welcome”), 2 (“HR leave policy (confidential)”)" in out
    printed = json.loads(run("plan", path, "--json", "--adopt", "any").stdout)
    assert (printed["create"], printed["adopt"], printed["ids_taken"]) == (1, 2, 0)
