"""Whole imports: every row becomes exactly one video, with all faults."""

import json
import re
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from batch_import.sandbox.server import SandboxServer
from batch_import.viostream.embed import embed_code

FAST = ("--rate", "200", "--poll-interval", "0.3")
Start = Callable[..., SandboxServer]


def assert_one_video_each(server: SandboxServer, references: set[str]) -> None:
    """Check that the platform has one non-failed video per reference ID, and no other."""
    platform, now = server.platform, time.time()
    made = Counter(media.reference_id for media in platform.media)
    assert set(made) <= references
    assert {ref: len(platform.non_failed_media(ref, now)) for ref in references} == dict.fromkeys(
        references, 1
    )


def refs(count: int) -> set[str]:
    return {f"ref-{n}" for n in range(1, count + 1)}


def test_a_run_without_faults_imports_all_rows_and_writes_the_results(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox()
    run = command(server)
    path = manifest(6)

    done = run("run", path, *FAST)

    assert "6 rows: 6 imported." in done.stdout
    assert_one_video_each(server, refs(6))
    lines = run.table("output/videos/results.csv")
    assert [line["referenceId"] for line in lines] == [f"ref-{n}" for n in range(1, 7)]
    truth = {media.reference_id: media for media in server.platform.media}
    for number, line in enumerate(lines, 2):
        media = truth[line["referenceId"]]
        assert (line["line"], line["status"], line["error"]) == (str(number), "imported", "")
        assert (line["key"], line["mediaId"], line["ingestId"]) == (
            media.key, media.id, media.ingest_id,
        )  # fmt: skip
        assert line["title"] == line["filename"] == f"Video {number - 1}"
        assert line["team"] == "A"
        assert line["embedUrl"] == f"{server.address}/iframe/{media.key}"
        assert line["embedCode"] == embed_code(line["embedUrl"])
        page = requests.get(line["embedUrl"], timeout=10)
        assert page.status_code == 200
        assert "<video" in page.text
    assert run.table("output/videos/failed.csv") == []


def test_a_run_of_a_finished_job_sends_nothing(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox()
    run = command(server)
    path = manifest(3)
    run("run", path, *FAST)
    before = server.platform.calls.copy()
    assert "Nothing to send." in run("run", path, *FAST).stdout
    assert server.platform.calls == before


def test_a_killed_run_is_continued_without_second_videos(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox(latency=(0.02, 0.1))
    run = command(server)
    path = manifest(60)
    for share in (10, 30):
        process = run.start("run", path, "--rate", "60", "--poll-interval", "0.3")
        while process.poll() is None and len(server.platform.media) < share:
            time.sleep(0.02)
        assert process.poll() is None, process.communicate()
        process.kill()
        process.communicate()
        assert sum(run.counts(path).values()) == 2 * 60  # the total, and the sum of its parts
    run("run", path, *FAST, "--settle", "3", "--when-unsure", "retry")
    assert_one_video_each(server, refs(60))
    assert run.counts(path)["imported"] == 60


@pytest.mark.parametrize("retry_after", ["seconds", "date", "none"])
def test_a_platform_with_a_lower_rate_limit_gets_all_rows(
    sandbox: Start, command: Callable, manifest: Callable, retry_after: str
) -> None:
    server = sandbox(rate_limit=10, burst=5, retry_after=retry_after)
    run = command(server)
    run("run", manifest(15), "--rate", "60", "--poll-interval", "0.5")
    assert_one_video_each(server, refs(15))
    assert server.platform.rate_limited > 0  # the limit was reached
    assert server.platform.rate_limited < sum(server.platform.calls.values()) / 3


@pytest.mark.parametrize(
    "knobs",
    [
        {"lost_reply": 0.3},
        {"error_after": 0.3},
        {"truncated": 0.3},
        {"hang": 0.1, "hang_seconds": 0.5},
        {"lost_reply": 0.3, "items_shape": "nested", "status_case": "upper", "queued": True},
        {"lost_reply": 0.2, "reference_filter": "ignored", "existing": 150},
        {"lost_reply": 0.2, "list_order": "oldest-first", "existing": 150},
        {"lost_reply": 0.3, "duplicate_reference": "refuse"},
        {"lost_reply": 0.3, "listed_from": "online", "list_delay": (0.2, 0.8)},
    ],
    ids=lambda knobs: "+".join(map(str, knobs)),
)
def test_lost_replies_create_no_second_video(
    sandbox: Start, command: Callable, manifest: Callable, knobs: dict[str, object]
) -> None:
    server = sandbox(**knobs)
    existing = len(server.platform.media)
    theirs = {media.key for media in server.platform.media}
    run = command(server)
    path = manifest(20)
    run("run", path, *FAST, "--settle", "20")
    assert len(server.platform.media) == existing + 20
    assert run.counts(path)["imported"] == 20
    keys = {line["referenceId"]: line["key"] for line in run.table("output/videos/results.csv")}
    assert keys == {
        media.reference_id: media.key for media in server.platform.media if media.key not in theirs
    }


def test_no_run_sends_rows_into_an_account_that_cannot_be_searched(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox(page_number="ignored", reference_filter="missing", existing=250)
    run = command(server)
    path = manifest(3)
    for _ in range(2):
        refused = run("run", path, *FAST, code=3)
        assert "GET /media does not show all media" in refused.stderr
    assert len(server.platform.media) == 250


def test_a_row_whose_post_never_arrived_is_held_until_the_user_decides(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox(lost_request=0.4)
    run = command(server)
    path = manifest(12)
    held = run("run", path, *FAST, "--settle", "1", code=1)
    assert "unknown" in held.stdout
    unsure = [x for x in run.table("output/videos/results.csv") if x["status"] == "unknown"]
    assert unsure
    assert all("the setting when-unsure: retry" in line["error"] for line in unsure)
    assert "sent again" not in held.stdout
    printed = ""
    for _ in range(20):
        retried = run("run", path, *FAST, "--settle", "1", "--when-unsure", "retry", code=None)
        printed += retried.stdout
        if retried.returncode == 0:
            break
    assert_one_video_each(server, refs(12))
    assert "sent again after an unclear answer. To check that each has one video:" in printed
    assert f"batch-import verify {path}" in printed


def test_retry_sends_only_failed_rows_again(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox(failing=0.5)
    run = command(server)
    path = manifest(12)
    done = run("run", path, *FAST, code=1)
    assert "Rows to fix: output" in done.stdout
    failed = run.table("output/videos/failed.csv")
    assert 0 < len(failed) < 12
    assert all(line["reason"] for line in failed)
    keys = {x["referenceId"]: x["key"] for x in run.table("output/videos/results.csv") if x["key"]}

    assert run("run", path, *FAST, code=1).returncode == 1  # `run` sends no failed row again
    for _ in range(30):
        if run("retry", path, *FAST, code=None).returncode == 0:
            break
    assert_one_video_each(server, refs(12))
    after = {x["referenceId"]: x["key"] for x in run.table("output/videos/results.csv")}
    assert keys.items() <= after.items()
    made = Counter(media.reference_id for media in server.platform.media)
    assert all(made[reference] == 1 for reference in keys)
    assert run.table("output/videos/failed.csv") == []


def test_corrected_rows_of_failed_csv_are_imported(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox()
    run = command(server)
    path = manifest(
        2,
        ["https://gone.invalid/3.mp4", "Gone, “3”", "mp4", "ref-3", "B"],
        ["ftp://h/4.mp4", "=4", "mp4", "ref-4", ""],
    )
    run("run", path, *FAST, code=1)
    text = (run.folder / "output/videos/failed.csv").read_text(encoding="utf-8-sig")
    fixed = run.folder / "fixed.csv"
    fixed.write_text(
        text.replace("gone.invalid", "videos.example.com").replace(
            "ftp://h", "https://h.example.com"
        ),
        encoding="utf-8-sig",
    )
    run("run", fixed, *FAST)
    assert_one_video_each(server, refs(4))
    titles = {media.reference_id: media.title for media in server.platform.media[-2:]}
    assert titles == {"ref-3": "Gone, “3”", "ref-4": "=4"}


def test_an_edited_manifest_is_imported_in_the_same_job(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox()
    run = command(server)
    path = manifest(3, ["ftp://h/4.mp4", "Four", "mp4", "ref-4", ""])
    run("run", path, *FAST, code=1)
    manifest(2, ["https://h.example.com/4.mp4", "Four", "mp4", "ref-4", ""],
             ["https://h.example.com/5.mp4", "Five", "mp4", "ref-5", ""])  # fmt: skip
    done = run("run", path, *FAST)
    assert "The manifest has changed; 2 rows unchanged." in done.stdout
    assert "1 added: line 5 (ref-5)" in done.stdout
    assert "1 changed: line 4 (ref-4)" in done.stdout
    assert "1 removed (imported videos stay in the account): line 4 (ref-3)" in done.stdout
    assert_one_video_each(server, refs(5))
    lines = run.table("output/videos/results.csv")
    assert [x["referenceId"] for x in lines] == ["ref-1", "ref-2", "ref-4", "ref-5", "ref-3"]
    assert lines[-1]["error"] == "no longer in the manifest"


def test_edits_of_imported_rows_are_reported_and_ignored(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox()
    run = command(server)
    path = manifest(3)
    run("run", path, *FAST)
    path.write_text(path.read_text().replace("Video 2", "Another title"))
    done = run("run", path, *FAST)
    assert "1 changed after they were sent; edits ignored: line 3 (ref-2)" in done.stdout
    assert "Nothing to send." in done.stdout
    assert_one_video_each(server, refs(3))
    assert run.table("output/videos/results.csv")[1]["title"] == "Video 2"


def test_a_row_that_is_removed_before_it_was_sent_is_skipped(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox()
    run = command(server)
    gone = ["https://gone.invalid/3.mp4", "Gone", "mp4", "ref-3", ""]
    path = manifest(2, gone, ["ftp://h/4.mp4", "Four", "mp4", "ref-4", ""])
    run("run", path, *FAST, code=1)
    manifest(2)
    done = run("run", path, *FAST)
    assert (
        "2 removed (imported videos stay in the account): line 4 (ref-3), line 5 (ref-4)"
        in done.stdout
    )
    counts = run.counts(path)
    assert (counts["skipped"], counts["imported"], counts["total"]) == (1, 2, 3)


def test_rows_whose_urls_expire_soonest_are_sent_first(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox()
    run = command(server)
    in_days = {f"ref-{n}": time.time() + days * 86400 for n, days in ((4, 30), (5, 2), (6, 9))}
    path = manifest(
        3,
        *(
            [f"https://b.example.com/{ref}.mp4?Expires={end:.0f}&Signature=x", ref, "mp4", ref, ""]
            for ref, end in in_days.items()
        ),
    )
    run("run", path, *FAST, "--workers", "1")
    sent = [media.reference_id for media in server.platform.media]
    assert sent == ["ref-5", "ref-6", "ref-4", "ref-1", "ref-2", "ref-3"]


def test_urls_are_encoded_only_for_the_request(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox()
    run = command(server)
    url = "https://例え.example/two words, 動画.mp4"
    run("run", manifest(0, [url, "Two", "", "ref-1", ""]), *FAST)
    (media,) = server.platform.media
    assert media.source_url == ("https://xn--r8jz45g.example/two%20words,%20%E5%8B%95%E7%94%BB.mp4")
    (line,) = run.table("output/videos/results.csv")
    assert line["sourceUrl"] == url


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_saves_everything(
    sandbox: Start, command: Callable, manifest: Callable, number: signal.Signals
) -> None:
    server = sandbox(latency=(0.05, 0.1))
    run = command(server)
    path = manifest(60)
    process = run.start("run", path, "--rate", "40", "--poll-interval", "0.3")
    while process.poll() is None and len(server.platform.media) < 12:
        time.sleep(0.02)
    process.send_signal(number)
    done = run.finish(process, 130)
    assert "run the same command" in done.stderr
    counts = run.counts(path)
    assert counts["unknown"] == 0  # requests under way were finished
    assert counts["pending"] > 0
    assert len(run.table("output/videos/results.csv")) == 60
    run("run", path, *FAST)
    assert_one_video_each(server, refs(60))


def test_a_job_restored_from_a_backup_creates_no_second_videos(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox(existing=120)
    run = command(server)
    path = manifest(40)
    process = run.start("run", path, "--rate", "20", "--poll-interval", "0.3")
    while process.poll() is None and len(server.platform.media) < 126:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    run.finish(process, 130)
    job, copy = run.folder / "output/videos", run.folder / "copy"
    shutil.copytree(job, copy)
    run("run", path, *FAST)
    shutil.rmtree(job)
    shutil.copytree(copy, job)
    done = run("run", path, *FAST)
    assert "the account already had the videos" in done.stdout
    now = time.time()
    assert all(len(server.platform.non_failed_media(ref, now)) == 1 for ref in refs(40))


def test_a_row_that_is_still_processing_is_not_failed(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox(processing=(4, 4))
    run = command(server)
    path = manifest(2)
    run("run", path, *FAST, "--max-wait", "0.5", code=1)
    assert run.counts(path)["processing"] == 2
    run("run", path, *FAST)
    assert_one_video_each(server, refs(2))


def test_the_log_has_a_line_for_every_request(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox(lost_request=0.25, rate_limit=15, burst=2)
    run = command(server)
    run("run", manifest(8), *FAST, "--settle", "1", "--when-unsure", "retry", code=None)
    log = run.folder / "output/videos/calls.jsonl"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    began, *calls, ended = lines
    assert (began["event"], ended["event"]) == ("run started", "run ended")
    posts = [line for line in calls if line["call"] == "create"]
    assert {line["row"] for line in posts} == set(range(2, 10))
    lost = [line for line in posts if line["status"] is None]
    assert lost
    assert all(line["fault"] for line in lost)
    assert len(calls) == server.platform.calls.total()
    attempts: dict[tuple[str, ...], list[int]] = {}
    for line in calls:
        if line["row"]:
            attempts.setdefault((line["call"], line["page"], line["row"]), []).append(
                line["attempt"]
            )
    assert max(map(len, attempts.values())) > 1
    assert all(counted == list(range(1, len(counted) + 1)) for counted in attempts.values())


def test_no_file_and_no_message_contains_secrets(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox()
    run = command(server)
    path = manifest(
        1, ["https://s.example.com/2.mp4?X-Amz-Signature=5ec7e7", "Signed", "mp4", "ref-2", ""]
    )
    done = run("run", path, *FAST, "-v")
    assert re.search(r"create +line 3 +ref-2 +200 +\d+ ms", done.stderr)
    assert "5ec7e7" not in done.stdout + done.stderr
    for file in (run.folder / "output").rglob("*.*"):
        assert b"a-key-that-must-not-be-seen" not in file.read_bytes()
        if file.suffix in (".csv", ".jsonl"):
            assert b"5ec7e7" not in file.read_bytes()
    assert any(media.source_url.endswith("5ec7e7") for media in server.platform.media)


def test_the_demo_imports_twelve_rows(command: Callable, tmp_path: Path) -> None:
    run = command("http://127.0.0.1:9/none")
    for name in ("VIOSTREAM_ACCESS_KEY", "VIOSTREAM_API_KEY", "VIOSTREAM_API_BASE"):
        del run.environ[name]
    for _ in range(2):  # a second demo starts from the beginning
        assert "12 rows: 12 imported." in run("demo").stdout
    assert len(run.table("output/demo/results.csv")) == 12
    assert (tmp_path / "output/demo/platform.json").is_file()


def test_picture_sizes_are_requested_once_and_only_with_the_option(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox()
    run = command(server)
    path = manifest(3)
    run("run", path, *FAST)
    assert server.platform.calls["detail"] == 0
    for _ in range(2):
        done = run("run", path, *FAST, "--aspect-from-detail")
        assert server.platform.calls["detail"] == 3
    assert "Asking" not in done.stdout
    for line in run.table("output/videos/results.csv"):
        assert "padding-bottom:56.25%" in line["embedCode"]


def test_results_are_written_during_a_run(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox(processing=(0.2, 2.0))
    run = command(server)
    path = manifest(30)
    process = run.start("run", path, "--rate", "20", "--poll-interval", "0.3", "--refresh", "0.2")
    results = run.folder / "output/videos/results.csv"
    early: set[str] = set()
    while process.poll() is None and not early:
        time.sleep(0.02)
        if results.is_file():  # the file is complete at any time
            lines = run.table("output/videos/results.csv")
            assert len(lines) == 30
            early = {line["embedCode"] for line in lines if line["embedCode"]}
    assert process.poll() is None
    run.finish(process, 0)
    assert early <= {line["embedCode"] for line in run.table("output/videos/results.csv")}
    assert [p.name for p in results.parent.glob(".*")] == []
