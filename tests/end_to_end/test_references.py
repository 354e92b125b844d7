"""Rows with references: their URLs are signed right before the POST, and stored nowhere."""

import csv
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from signed_storage import MP4, ODD_KEYS, SignedStorage, signed_storage

from batch_import.sources.s3 import S3Source
from batch_import.sources.source import ListedVideo, ListingOptions

FAST = ("--rate", "200", "--poll-interval", "0.3", "--log-max", "5")
#: Parts of every signed URL, encoded once or twice, and the secret key.
SECRETS = ("X-Amz-Signature", "X-Amz-Credential", "Signature%3D", "a-secret-that-must-not-be-seen")


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[SignedStorage]:
    with signed_storage() as storage:
        for name, value in storage.environ.items():
            monkeypatch.setenv(name, value)
        yield storage


def write(folder: Path, urls: list[str]) -> Path:
    path = folder / "videos.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["sourceUrl", "filename"], *([url, url[-40:]] for url in urls)])
    return path


def add_objects(storage: SignedStorage, count: int) -> list[str]:
    keys = [f"course/{n:04}.mp4" for n in range(count)]
    storage.objects |= {f"videos/{key}": MP4 for key in keys}
    return [f"s3://videos/{key}" for key in keys]


def assert_no_secret_in_files(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            found = [secret for secret in SECRETS if secret.encode() in content]
            assert not found, (path, found)


def test_files_with_unusual_names_are_listed_signed_and_fetched(
    storage: SignedStorage, sandbox: Callable, command: Callable, tmp_path: Path
) -> None:
    storage.objects |= {f"videos/{key}": MP4 for key in ODD_KEYS}
    listed = list(S3Source().videos("s3://videos", ListingOptions()))
    assert all(isinstance(item, ListedVideo) for item in listed)
    urls = [item.url for item in listed if isinstance(item, ListedVideo)]
    assert sorted(urls) == sorted(f"s3://videos/{key}" for key in ODD_KEYS)
    server = sandbox(fetch=True)
    run = command(server)

    run("manifest", "s3://videos", "-o", "videos.csv")
    done = run("run", "videos.csv", *FAST)

    assert f"{len(ODD_KEYS)} rows: {len(ODD_KEYS)} imported." in done.stdout
    assert Counter(storage.fetched) == Counter(f"videos/{key}" for key in ODD_KEYS)
    assert storage.refused == []
    assert {line["sourceUrl"] for line in run.table("output/videos/results.csv")} == set(urls)
    assert_no_secret_in_files(tmp_path)


def test_an_expired_signed_url_fails_and_a_new_one_works(
    storage: SignedStorage, sandbox: Callable, command: Callable, tmp_path: Path
) -> None:
    path = write(tmp_path, add_objects(storage, 2))
    server = sandbox(fetch=True, fetch_delay=2.1)
    run = command(server)

    late = run("run", path, *FAST, "--link-life", "1", code=1)
    assert "2 failed" in late.stdout
    assert storage.fetched == []
    assert storage.refused == ["AccessDenied"] * 2

    assert "2 imported" in run("retry", path, *FAST, "--link-life", "60").stdout
    assert len(storage.fetched) == 2
    assert_no_secret_in_files(tmp_path)


def test_a_killed_run_with_references_loses_no_row_and_creates_no_second_video(
    storage: SignedStorage, sandbox: Callable, command: Callable, tmp_path: Path
) -> None:
    path = write(tmp_path, add_objects(storage, 40))
    server = sandbox(fetch=True, latency=(0.02, 0.1), lost_reply=0.05)
    run = command(server)
    for share in (8, 20):
        process = run.start("run", path, "--rate", "60", "--poll-interval", "0.3")
        while process.poll() is None and len(server.platform.media) < share:
            time.sleep(0.02)
        process.kill()
        process.communicate()

    run("run", path, *FAST)

    made = Counter(media.reference_id for media in server.platform.media)
    assert len(made) == 40
    assert set(made.values()) == {1}
    assert run.counts(path)["imported"] == 40
    assert_no_secret_in_files(tmp_path)


@pytest.mark.parametrize("cause", ["expired", "missing"])
def test_refused_storage_credentials_stop_the_run_with_one_line(
    cause: str,
    storage: SignedStorage,
    sandbox: Callable,
    command: Callable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write(tmp_path, add_objects(storage, 20))
    if cause == "expired":
        storage.expired_keys.add("AKIATEST")
    else:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    server = sandbox()
    run = command(server)

    done = run("run", path, *FAST, code=3)

    assert ("ExpiredToken" if cause == "expired" else "credentials") in done.stderr
    assert "aws sso login" in done.stderr
    assert server.platform.media == []
    counts = run.counts(path)
    assert (counts["pending"], counts["total"]) == (20, 20)

    storage.expired_keys.clear()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    assert "20 imported" in command(server)("run", path, *FAST).stdout
    assert server.platform.calls["create"] == 20


def test_a_storage_that_is_down_for_a_moment_stops_no_run(
    storage: SignedStorage, sandbox: Callable, command: Callable, tmp_path: Path
) -> None:
    path = write(tmp_path, add_objects(storage, 5))
    storage.is_down = True
    server = sandbox()
    run = command(server)
    process = run.start("run", path, *FAST)
    while process.poll() is None and len(storage.refused) < 5:
        time.sleep(0.02)
    assert server.platform.media == []
    storage.is_down = False

    assert "5 imported" in run.finish(process, 0).stdout
    assert server.platform.calls["create"] == 5


def test_an_https_url_of_the_same_object_is_the_same_row(
    storage: SignedStorage, sandbox: Callable, command: Callable, tmp_path: Path
) -> None:
    path = write(tmp_path, add_objects(storage, 2))
    server = sandbox()
    run = command(server)
    run("run", path, *FAST)

    host = "https://videos.s3.eu-west-1.amazonaws.com"
    signature = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20991231T000000Z&X-Amz-Expires=600"
    urls = [
        f"{host}/course/0000.mp4?{signature}&X-Amz-Signature={'ab' * 32}",
        "https://s3.eu-west-1.amazonaws.com/videos/course/0001.mp4",
    ]
    done = run("run", write(tmp_path, urls), *FAST)

    assert "2 rows: 2 imported." in done.stdout
    assert server.platform.calls["create"] == 2


def test_preflight_requests_the_object_and_shows_no_signature(
    storage: SignedStorage, sandbox: Callable, command: Callable, tmp_path: Path
) -> None:
    urls = add_objects(storage, 2)
    path = write(tmp_path, [*urls, "s3://videos/missing.mp4"])
    run = command(sandbox())

    done = run("check", path, "--preflight", code=1)

    (problem,) = run.table("output/videos/problems.csv")
    assert problem["code"] == "source-missing"
    assert problem["value"] == "s3://videos/missing.mp4"
    assert "X-Amz" not in done.stdout + done.stderr
    assert len(storage.fetched) == 2
    assert_no_secret_in_files(tmp_path)


def test_a_rehearsal_needs_no_signature(
    sandbox: Callable, command: Callable, tmp_path: Path
) -> None:
    path = write(
        tmp_path, ["s3://videos/a b.mp4", "az://account/videos/b.mp4", "gs://videos/c.mp4"]
    )
    server = sandbox()

    printed = command(server)(
        "plan", path, "--rehearse", "--knob", "failing=0", "--knob", "lost_reply=0", "--json"
    ).stdout

    rehearsal = json.loads(printed)["rehearsal"]
    assert rehearsal["counts"]["failed"] == 0
    assert server.platform.media == []


def test_a_reference_that_is_refused_fails_only_its_row(
    storage: SignedStorage, sandbox: Callable, command: Callable, tmp_path: Path
) -> None:
    urls = add_objects(storage, 2)
    storage.forbidden.add("videos/course/0000.mp4")
    path = write(tmp_path, [*urls, "s3://videos/"])
    server = sandbox()
    run = command(server)

    run("run", path, *FAST, "--workers", "1", code=1)

    counts = run.counts(path)
    assert (counts["failed"], counts["imported"], counts["invalid"]) == (1, 1, 1)
    assert server.platform.calls["create"] == 1
    codes = {line["code"] for line in run.table("output/videos/problems.csv")}
    assert "url-reference" in codes
    (failed,) = [
        line for line in run.table("output/videos/results.csv") if line["status"] == "failed"
    ]
    assert failed["sourceUrl"] == urls[0]
    assert "AccessDenied" in failed["error"]
