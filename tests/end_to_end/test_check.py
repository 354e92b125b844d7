"""The output of `check` for faulty manifests, for people and for programs."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_import.problem_codes import CODES
from batch_import.sandbox.server import SandboxServer

Start = Callable[..., SandboxServer]
SAMPLES = Path(__file__).parents[2] / "manifests"
FAST = ("--rate", "200", "--poll-interval", "0.3")

SHOWN = """\
Read as comma-separated:
  sourceUrl    ← Link
  filename     ← Title
  extension    ← taken from the end of the URL
  referenceId  ← Video ID
problem                        count  first lines
error    url-page                  6  2, 3, 4, 5, 6, …
         Link: the source URL is a page of YouTube, not a video file (https://youtu.be/1)
         Download it there, put the file where the platform can fetch it, and give that URL.
error    reference-damaged         1  9
         Video ID: the reference id was damaged by a spreadsheet (1.23457E+15)
         Format the column as text there, then enter the ids again from where they come from.
error    duplicate-reference       1  10
         Video ID: the reference id is a duplicate of the ID on line 8 (good)
         Give every row a reference id of its own.
warning  duplicate-video           1  11
         Link: the source URL is the same as on line 8; signatures do not count (https://h.example.com/a.mp4)
         Remove one of the two, unless the video is wanted twice.
All problems: output/mine/problems.csv
10 rows: 2 can be imported, 8 invalid.
"""


@pytest.fixture
def faulty_manifest(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    pages = "".join(f"https://youtu.be/{n},Page {n},{n}\n" for n in range(1, 7))
    path.write_text(
        "Link,Title,Video ID\n"
        + pages
        + "https://h.example.com/a.mp4,A,good\n"
        + "https://h.example.com/b.mp4,B,1.23457E+15\n"
        + "https://h.example.com/c.mp4,C,good\n"
        + "https://h.example.com/a.mp4,A again,other\n"
    )
    return path


def test_check_prints_a_table_of_problems(command: Callable, faulty_manifest: Path) -> None:
    assert command("https://api.example.com")("check", faulty_manifest, code=1).stdout == SHOWN


def test_every_problem_is_in_the_file_beside_the_results(
    command: Callable, faulty_manifest: Path
) -> None:
    run = command("https://api.example.com")
    run("check", faulty_manifest, code=1)
    lines = run.table("output/mine/problems.csv")
    assert [(line["line"], line["code"]) for line in lines[-5:]] == [
        ("6", "url-page"),
        ("7", "url-page"),
        ("9", "reference-damaged"),
        ("10", "duplicate-reference"),
        ("11", "duplicate-video"),
    ]
    assert len(lines) == 9
    assert lines[-3] == {
        "line": "9",
        "referenceId": "1.23457E+15",
        "filename": "B",
        "column": "Video ID",
        "code": "reference-damaged",
        "severity": "error",
        "reason": "the reference id was damaged by a spreadsheet",
        "value": "1.23457E+15",
        "hint": "Format the column as text there, then enter the ids again from where they come"
        " from.",
    }
    run("check", faulty_manifest, "--job", "elsewhere", code=1)
    assert len(run.table("elsewhere/problems.csv")) == 9


def test_check_prints_json(command: Callable, faulty_manifest: Path) -> None:
    printed = json.loads(
        command("https://api.example.com")("check", faulty_manifest, "--json", code=1).stdout
    )
    assert (printed["rows"], printed["valid"], printed["preflight"]) == (10, 2, None)
    assert printed["columns"]["sourceUrl"] == "Link"
    assert printed["kinds"][0] == {
        "code": "url-page", "severity": "error", "count": 6, "lines": [2, 3, 4, 5, 6],
        "advice": CODES["url-page"].hint,
    }  # fmt: skip
    assert len(printed["problems"]) == 9
    assert (printed["problems"][0]["line"], printed["problems"][0]["code"]) == (2, "url-page")


def test_all_problems_of_a_row_are_reported_at_once(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox()
    run = command(server)
    path = manifest(2, ["nope", "", "exe", "ref-1", ""])
    printed = json.loads(run("check", path, "--json", code=1).stdout)
    assert (printed["rows"], printed["valid"]) == (3, 2)
    assert {p["column"] for p in printed["problems"]} == {
        "sourceUrl",
        "filename",
        "extension",
        "referenceId",
    }
    assert {p["line"] for p in printed["problems"]} == {4}
    assert not server.platform.calls


def test_a_valid_manifest_has_no_problems_and_replaces_old_ones(
    command: Callable, faulty_manifest: Path
) -> None:
    run = command("https://api.example.com")
    run("check", faulty_manifest, code=1)
    text = faulty_manifest.read_text().splitlines(keepends=True)
    faulty_manifest.write_text(text[0] + text[7])
    done = run("check", faulty_manifest)
    assert done.stdout.endswith("referenceId  ← Video ID\n1 row: 1 can be imported, 0 invalid.\n")
    assert run.table("output/mine/problems.csv") == []
    assert json.loads(run("check", faulty_manifest, "--json").stdout)["problems"] == []


def test_warnings_stop_a_run_only_with_strict(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox()
    run = command(server)
    path = manifest(1, ["https://videos.example.com/1.mp4", "Again", "mp4", " ref-2", ""])
    assert "2 can be imported" in run("check", path).stdout
    run("check", path, "--strict", code=1)
    done = run("run", path, "--strict", *FAST, code=2)
    assert "2 problems, and --strict allows none. Nothing was sent." in done.stderr
    assert "duplicate-video" in done.stdout
    assert not server.platform.calls
    # Also if the manifest has not changed since the previous run.
    run("run", path, "--strict", *FAST, code=2)
    assert not server.platform.calls
    run("run", path, *FAST)
    assert len(server.platform.media) == 2


def test_signatures_that_expire_too_soon_are_problems(
    command: Callable, manifest: Callable
) -> None:
    run = command("https://api.example.com")
    # The platform may need an hour to fetch a file; this URL is valid for 400 s more.
    ends = (1_000_000_000, int(time.time()) + 4000)
    urls = [f"https://h.example.com/{end}.mp4?Expires={end}&Signature=s3cret" for end in ends]
    path = manifest(0, *([url, "T", "mp4", f"r{n}", ""] for n, url in enumerate(urls)))
    done = run("check", path, code=1)
    assert "stopped working on 2001-09-09 01:46 UTC" in done.stdout
    problems = "output/videos/problems.csv"
    assert [p["code"] for p in run.table(problems)] == ["url-expired"]
    assert "s3cret" not in done.stdout + (run.folder / problems).read_text(encoding="utf-8")
    run("check", path, "--rate", "0.001", code=1)
    assert [(p["line"], p["code"], p["severity"]) for p in run.table(problems)] == [
        ("2", "url-expired", "error"),
        ("3", "url-expires", "warning"),
    ]


def test_problems_that_cannot_be_written_give_one_line(
    command: Callable, faulty_manifest: Path
) -> None:
    (faulty_manifest.parent / "file").write_text("x")
    done = command("https://api.example.com")("check", faulty_manifest, "--job", "file", code=2)
    assert "file cannot be used as a job folder" in done.stderr


def test_the_valid_rows_of_the_messy_sample_are_imported(sandbox: Start, command: Callable) -> None:
    server = sandbox()
    run = command(server)
    path = SAMPLES / "messy.csv"
    printed = json.loads(run("check", path, "--json", code=1).stdout)
    assert {"url-missing", "quoting", "width", "duplicate-reference"} <= {
        kind["code"] for kind in printed["kinds"]
    }
    done = run("run", path, *FAST, code=1)
    assert "All problems: output/messy/problems.csv" in done.stdout
    assert len(server.platform.media) == printed["valid"]
