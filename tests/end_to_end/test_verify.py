"""`verify` finds every change of the account, also if lists omit media."""

import json
import time
from collections import Counter
from collections.abc import Callable

import pytest
import requests

from batch_import.sandbox.media import Catalogue, SandboxMedia
from batch_import.sandbox.server import SandboxServer

FAST = ("--rate", "200", "--poll-interval", "0.3")
Start = Callable[..., SandboxServer]
JOB = "output/videos"


def delete(server: SandboxServer, *references: str) -> None:
    """Delete media, as people do in the web interface; the API has no such request."""
    platform = server.platform
    with server.lock:
        catalogue = Catalogue(platform.knobs)
        for media in platform.media:
            if media.reference_id not in references:
                catalogue.add(media)
        platform._catalogue = catalogue  # noqa: SLF001


def media_of(server: SandboxServer, reference: str) -> SandboxMedia:
    return next(media for media in server.platform.media if media.reference_id == reference)


def post(server: SandboxServer, reference: str) -> None:
    """Create a video of another user."""
    body = {
        "sourceUrl": "https://videos.example.com/other.mp4",
        "filename": "=Of others",
        "extension": "mp4",
        "referenceId": reference,
    }
    platform = server.platform
    keys = (platform.access_key, platform.api_key)
    requests.post(
        f"{server.api_base}/media/new", json=body, auth=keys, timeout=5
    ).raise_for_status()


def verdicts(lines: list[dict[str, str]]) -> Counter[str]:
    return Counter(line["verdict"] for line in lines)


def test_verify_of_an_unchanged_account_is_ok_and_does_not_change_the_job(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox(existing=3)
    run = command(server)
    path = manifest(6)
    run("run", path, *FAST)
    state = run.folder / JOB / "state.sqlite"
    before, calls = state.read_bytes(), server.platform.calls.copy()

    done = run("verify", path, "--rate", "200")

    assert "6 rows: 6 as expected." in done.stdout
    assert "9 media in the account; 3 of them belong to no row." in done.stdout
    assert state.read_bytes() == before
    assert server.platform.calls - calls == Counter(account=1, list=1)
    lines = run.table(f"{JOB}/verify.csv")
    assert [line["line"] for line in lines] == ["2", "3", "4", "5", "6", "7", "", "", ""]
    assert {line["verdict"] for line in lines[6:]} == {"not in the manifest"}
    assert lines[0]["embedUrl"] == f"{server.address}/iframe/{lines[0]['key']}"


def test_verify_finds_changes_of_the_account(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox(page_limit=7)
    run = command(server)
    path = manifest(20, ["https://gone.invalid/v.mp4", "Gone", "mp4", "ref-21", ""])
    run("run", path, *FAST, code=1)
    media_of(server, "ref-3").title = "Another \x1b[31mtitle"
    media_of(server, "ref-4").online_at = time.time() + 1000
    for reference in ("ref-5", "ref-21", "theirs"):
        post(server, reference)
    delete(server, "ref-2")
    time.sleep(0.7)  # until the new media are online

    done = run("verify", path, "--rate", "200", code=1)

    lines = {line["referenceId"]: line for line in run.table(f"{JOB}/verify.csv")}
    printed = {name: (line["verdict"], line["detail"]) for name, line in lines.items()}
    assert printed["ref-1"] == ("as expected", "")
    assert printed["ref-2"] == ("missing", "")
    assert printed["ref-3"][0] == "title differs"
    assert printed["ref-4"] == ("not online", "its status is processing")
    second = server.platform.media[-3]
    assert printed["ref-5"][0] == "there twice"
    assert second.id in printed["ref-5"][1]
    assert printed["ref-21"][0] == "not imported"
    assert printed["ref-21"][1].startswith("online in the account, although failed: ")
    assert printed["theirs"][0] == "not in the manifest"
    assert lines["theirs"]["title"] == "'=Of others"  # guarded
    assert "\x1b" not in done.stdout
    assert "21 rows: 1 missing, 1 not online, 1 there twice, 1 title differs" in done.stdout
    assert "  missing: 1 row\n    line 3 (ref-2)\n" in done.stdout
    assert "line 22 (ref-21): online in the account, although failed: " in done.stdout


@pytest.mark.parametrize(
    "knobs",
    [
        {"list_omits": 0.3, "page_limit": 7},
        {"list_omits": 0.3, "reference_filter": "ignored", "items_shape": "nested"},
        {"list_omits": 0.3, "reference_filter": "contains"},
    ],
    ids=lambda knobs: "+".join(map(str, knobs)),
)
def test_media_that_the_list_omits_are_looked_up(
    sandbox: Start, command: Callable, manifest: Callable, knobs: dict[str, object]
) -> None:
    server = sandbox(**knobs)
    run = command(server)
    path = manifest(30)
    run("run", path, *FAST)
    delete(server, "ref-7")
    run("verify", path, "--rate", "200", code=1)
    assert verdicts(run.table(f"{JOB}/verify.csv"))["missing"] == 1
    assert verdicts(run.table(f"{JOB}/verify.csv"))["as expected"] == 29


def test_verify_requests_embed_pages(sandbox: Start, command: Callable, manifest: Callable) -> None:
    server = sandbox(embed_fails=0.3)
    run = command(server)
    path = manifest(12)
    run("run", path, *FAST)
    assert "12 as expected" in run("verify", path, "--rate", "200").stdout
    lines = run.table(f"{JOB}/verify.csv")
    bad = {
        line["referenceId"]
        for line in lines
        if requests.get(line["embedUrl"], timeout=5).status_code == 500
    }
    assert 0 < len(bad) < 12
    printed = run("verify", path, "--rate", "200", "--embeds", code=1).stdout
    assert f"Embed pages: 12 requested, {len(bad)} failed." in printed
    assert f"  embed page fails: {len(bad)} row" in printed
    assert printed.count("Out of order (HTTP 500)") == min(5, len(bad))
    lines = run.table(f"{JOB}/verify.csv")
    assert {line["referenceId"] for line in lines if line["verdict"] == "embed page fails"} == bad
    assert {line["detail"] for line in lines} == {"", "Out of order (HTTP 500)"}


def test_verify_prints_json(sandbox: Start, command: Callable, manifest: Callable) -> None:
    server = sandbox()
    run = command(server)
    path = manifest(3)
    run("run", path, *FAST)
    delete(server, "ref-2")
    printed = json.loads(run("verify", path, "--rate", "200", "--json", code=1).stdout)
    assert printed == {
        "ok": False,
        "rows": 3,
        "verdicts": {"missing": 1, "as expected": 2},
        "media": 2,
        "reported_total": 2,
        "unmatched_media": 0,
        "embed_pages": None,
        "failed_pages": 0,
        "file": f"{JOB}/verify.csv",
    }


def test_verify_of_another_account_or_player_is_refused(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    run = command(sandbox())
    path = manifest(1)
    assert "There is no job" in run("verify", path, code=2).stderr
    run("run", path, *FAST)
    other = command(sandbox())
    assert "started with the api base" in other("verify", path, code=2).stderr
    done = run("verify", path, "--embeds", "--embed-base", "https://play.example.com", code=2)
    assert "started with the embed base" in done.stderr
    assert not (run.folder / JOB / "verify.csv").exists()


def test_an_interrupted_verify_writes_nothing(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox(existing=500, page_limit=5)
    run = command(server)
    path = manifest(2)
    run("run", path, *FAST)
    process = run.start("verify", path, "--rate", "5")
    calls = server.platform.calls["list"]
    while process.poll() is None and server.platform.calls["list"] < calls + 2:
        time.sleep(0.02)
    process.terminate()
    done = run.finish(process, 130)
    assert "All state is saved" in done.stderr
    assert not (run.folder / JOB / "verify.csv").exists()
