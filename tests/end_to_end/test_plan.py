"""`plan` shows what a run would do: nothing is sent, and the job is not changed."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from batch_import.sandbox.server import SandboxServer

FAST = ("--rate", "200", "--poll-interval", "0.3")
Start = Callable[..., SandboxServer]


def planned(run: Callable, *arguments: object) -> dict[str, Any]:
    printed: dict[str, Any] = json.loads(run("plan", *arguments, "--json").stdout)
    return printed


def add_media(server: SandboxServer, *references: str) -> None:
    """Add media to the account, older than the run, with the titles of the manifest's rows."""
    for reference in references:
        title = reference.replace("ref-", "Video ")
        server.platform.new_media(time.time() - 60, reference_id=reference, title=title)


def test_plan_shows_the_rows_of_a_new_manifest_and_sends_nothing(
    sandbox: Start, command: Callable, manifest: Callable, tmp_path: Path
) -> None:
    server = sandbox(existing=250)
    run = command(server)
    path = manifest(6, ["nope", "x", "mp4", "ref-7", ""])
    printed = planned(run, path, "--rate", "50")
    # Six looks would be more than three pages.
    assert (printed["create"], printed["adopt"], printed["invalid"], printed["media"]) == (
        6,
        0,
        1,
        250,
    )
    assert printed["processing"]["rows"] == 0
    assert printed["optimistic"]["seconds"] < printed["pessimistic"]["seconds"]
    assert datetime.fromisoformat(printed["pessimistic"]["ends"]) > datetime.now(UTC)
    assert server.platform.calls == {"account": 1, "list": 3}
    assert not (tmp_path / "output/videos/state.sqlite").exists()
    out = run("plan", path).stdout
    assert "To do: 6 to create, 1 invalid." in out
    ends = dict.fromkeys(printed[name]["calls"] for name in ("optimistic", "pessimistic"))
    assert f"API requests: about {' to '.join(map(str, ends))}." in out
    assert "(assumed)" in out
    # Six rows are sent within seconds: no option would shorten the forty minutes.
    assert "(limited by the processing of the last videos)" in out


def test_plan_and_run_report_the_videos_that_the_account_already_has(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox()
    add_media(server, "ref-1", "ref-4", "another")
    run = command(server)
    path = manifest(5)
    out = run("plan", path).stdout
    assert "To do: 3 to create, 2 to adopt." in out
    assert "The account has 3 media. They include the videos of 2 of the 5 rows to send." in out
    assert len(server.platform.media) == 3

    printed = "2 rows not created: the account already had the videos."
    assert printed in run("run", path, *FAST).stdout
    assert len(server.platform.media) == 6
    assert printed in run("run", path, *FAST).stdout  # and so after every resume


def test_plan_does_not_read_the_account_if_a_run_would_search_for_each_row(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox(existing=250)
    printed = planned(command(server), manifest(2))
    assert (printed["adopt"], printed["media"]) == (None, 250)
    assert "searches the account for each row" in printed["unknown_reason"]
    assert server.platform.calls == {"account": 1, "list": 1}


def test_plan_without_credentials_does_not_know_the_account(
    command: Callable, manifest: Callable
) -> None:
    run = command("http://127.0.0.1:9/v3/api")
    path = manifest(2)
    assert "--offline" in planned(run, path, "--offline")["unknown_reason"]
    del run.environ["VIOSTREAM_API_KEY"]
    printed = planned(run, path)
    assert printed["adopt"] is None
    assert "VIOSTREAM_API_KEY is not set" in printed["unknown_reason"]


def test_plan_does_not_change_a_half_done_job(
    sandbox: Start, command: Callable, manifest: Callable, tmp_path: Path
) -> None:
    server = sandbox(processing=(0.2, 0.4))
    run = command(server)
    path = manifest(25)
    run("run", path, *FAST, "--limit", "21", code=0)
    calls = server.platform.calls.copy()
    state = tmp_path / "output/videos/state.sqlite"
    before = state.read_bytes()
    printed = planned(run, path, "--rehearse", "--rate", "20")
    assert (printed["create"], printed["done"], printed["rows"]) == (4, 21, 25)
    assert (printed["processing"]["rows"], printed["processing"]["jobs"]) == (21, 1)
    assert printed["processing"]["high"] < 30
    assert printed["rehearsal"]["rows"] == 4
    assert state.read_bytes() == before
    calls.update({"account": 1, "list": 1})
    assert server.platform.calls == calls


def test_processing_times_are_learned_from_other_jobs_of_the_account(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    run = command(sandbox())
    run("run", manifest(22, name="earlier.csv"), *FAST)
    new = manifest(0, ["https://h.example.com/n.mp4", "N", "mp4", "new", ""], name="new.csv")
    assert planned(run, new)["processing"]["rows"] == 22
    # Rows of another account are not used.
    assert planned(command(sandbox()), new)["processing"]["rows"] == 0


def test_processing_times_of_a_job_with_an_edited_manifest_are_read_once(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    run = command(sandbox())
    run("run", manifest(21), *FAST, "--job", "output/videos")
    edited = manifest(22, name="export-2.csv")
    printed = planned(run, edited, "--job", "output/videos")
    assert (printed["processing"]["rows"], printed["processing"]["jobs"]) == (21, 1)


def test_plan_shows_failed_rows_that_need_retry(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    run = command(sandbox(failing=1))
    path = manifest(3)
    run("run", path, *FAST, code=1)
    assert planned(run, path)["retry"] == 3
    assert "3 rows failed before: only batch-import retry" in run("plan", path).stdout


def test_plan_reports_urls_that_expire_before_they_are_sent(
    command: Callable, manifest: Callable
) -> None:
    def signed(number: int, lives: timedelta) -> list[str]:
        end = int((datetime.now(UTC) + lives).timestamp())
        url = f"https://b.example.com/{number}.mp4?Expires={end}&Signature=5ec7e7&Key-Pair-Id=K"
        return [url, f"T {number}", "mp4", f"r-{number}", ""]

    path = manifest(
        1,
        signed(1, timedelta(minutes=30)),
        signed(2, timedelta(days=300)),
        signed(3, timedelta(minutes=-5)),
    )
    run = command("http://127.0.0.1:9/v3/api")
    printed = planned(run, path, "--offline")
    assert printed["expiring"] == {"count": 1, "lines": [3]}
    assert printed["invalid"] == 1
    out = run("plan", path, "--offline").stdout
    assert "1 signed URL may expire before the platform has fetched the video: line 3" in out
    assert "5ec7e7" not in out


def test_a_rehearsal_depends_only_on_its_seed_and_knobs(
    command: Callable, manifest: Callable
) -> None:
    run = command("http://127.0.0.1:9/v3/api")
    path = manifest(40)
    arguments = (path, "--offline", "--rehearse", "--rate", "20", "--knob", "processing=5-20")
    first = planned(run, *arguments, "--seed", "3")["rehearsal"]
    assert first == planned(run, *arguments, "--seed", "3")["rehearsal"]
    assert first != planned(run, *arguments, "--seed", "4")["rehearsal"]
    assert first["duplicates"] == []
    out = run("plan", *arguments, "--knob", "failing=1").stdout
    assert "Rehearsed with 40 rows; nothing was sent." in out
    assert "failing=1" in out
    assert "40 failed" in out
    wrong = run("plan", path, "--offline", "--rehearse", "--knob", "lost_replies=1", code=2)
    assert "Did you mean 'lost_reply'?" in wrong.stderr
