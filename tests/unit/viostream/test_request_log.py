"""The log of requests: one line of JSON each, limited in size, without secrets."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from batch_import.models import JobRow, Status
from batch_import.viostream import endpoints
from batch_import.viostream.endpoints import ApiRequest
from batch_import.viostream.request_log import open_request_log
from batch_import.viostream.request_record import RequestRecord

SIGNED = "https://h.example.com/v.mp4?X-Amz-Signature=s3cr3t"
ROW = JobRow(7, "hr-1", SIGNED, "Title", "mp4", Status.CREATING, line=12)


def record(api_request: ApiRequest[Any], **more: Any) -> RequestRecord:
    printed = {"attempt": 1, "status": 200, "fault": "", "seconds": 0.1034, "size": 31}
    return RequestRecord(1_700_000_000.25, api_request, **{**printed, "request_id": "", **more})


def lines(*paths: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


def fail(message: str) -> None:
    raise AssertionError(message)


def test_a_request_is_one_line_of_json(tmp_path: Path) -> None:
    path = tmp_path / "library" / "calls.jsonl"
    path.parent.mkdir()
    with open_request_log(path, 1, fail) as log:
        log(record(endpoints.create_media(ROW), status=429, fault="slow down", request_id="r-1"))
    assert lines(path) == [
        {
            "time": "2023-11-14T22:13:20.250Z",
            "job": "library",
            "row": 12,
            "referenceId": "hr-1",
            "call": "create",
            "method": "POST",
            "path": "/media/new",
            "page": None,
            "attempt": 1,
            "status": 429,
            "fault": "slow down",
            "ms": 103.4,
            "bytes": 31,
            "request_id": "r-1",
        }
    ]


@pytest.mark.parametrize(
    ("api_request", "call", "page"),
    [
        (endpoints.get_account(), "account", None),
        (endpoints.list_newest(3), "page", 3),
        (endpoints.find_by_reference("hr-1", 2, ROW), "find", 2),
        (endpoints.get_ingest_status("i-1", ROW), "status", None),
        (endpoints.get_picture_size("k"), "detail", None),
    ],
)
def test_every_kind_of_request_has_a_name(
    api_request: ApiRequest[Any], call: str, page: int | None, tmp_path: Path
) -> None:
    with open_request_log(tmp_path / "calls.jsonl", 1, fail) as log:
        log(record(api_request))
    (line,) = lines(tmp_path / "calls.jsonl")
    assert (line["call"], line["page"]) == (call, page)


def test_the_log_contains_no_signature_and_no_escape_sequence(tmp_path: Path) -> None:
    row = JobRow(1, f"{SIGNED}\x1b[2J", SIGNED, "T", "mp4", Status.CREATING)
    with open_request_log(tmp_path / "calls.jsonl", 1, fail) as log:
        for api_request in (
            endpoints.create_media(row),
            endpoints.find_by_reference(row.reference_id, 1, row),
        ):
            log(record(api_request))
            assert "s3cr3t" not in str(record(api_request))
            assert str(record(api_request)).isprintable()
    text = (tmp_path / "calls.jsonl").read_text()
    assert "s3cr3t" not in text
    assert "\x1b" not in text


def test_the_oldest_lines_are_deleted_and_all_files_stay_below_the_limit(tmp_path: Path) -> None:
    with open_request_log(tmp_path / "calls.jsonl", 0.02, fail) as log:
        for number in range(500):
            log.note("tick", number=number)
    files = sorted(tmp_path.iterdir(), key=lambda path: path.name, reverse=True)
    assert len(files) == 5
    assert sum(path.stat().st_size for path in files) <= 20_000
    numbers = [line["number"] for line in lines(*files)]
    assert numbers == list(range(numbers[0], 500))
    assert len(numbers) > 100


def test_a_log_with_a_limit_of_zero_creates_no_file(tmp_path: Path) -> None:
    with open_request_log(tmp_path / "calls.jsonl", 0, fail) as log:
        log(record(endpoints.get_account()))
        log.note("tick")
    assert not list(tmp_path.iterdir())


def test_an_incomplete_line_of_a_crashed_run_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text('{"event": "whole"}\n{"event": "ha')
    with open_request_log(path, 1, fail) as log:
        log.note("next")
    assert [line["event"] for line in lines(path)] == ["whole", "next"]


def test_many_threads_write_complete_lines(tmp_path: Path) -> None:
    with (
        open_request_log(tmp_path / "calls.jsonl", 1, fail) as log,
        ThreadPoolExecutor(16) as threads,
    ):
        list(threads.map(lambda n: log.note("tick", number=n), range(400)))
    assert sorted(line["number"] for line in lines(tmp_path / "calls.jsonl")) == list(range(400))


def test_a_lower_limit_deletes_the_oldest_lines(tmp_path: Path) -> None:
    for max_megabytes in (0.02, 0.01):
        with open_request_log(tmp_path / "calls.jsonl", max_megabytes, fail) as log:
            log.note("begun")
            files = list(tmp_path.iterdir())
            assert sum(path.stat().st_size for path in files) <= max_megabytes * 1e6
            for number in range(500):
                log.note("tick", number=number)
    assert lines(tmp_path / "calls.jsonl")[-1]["number"] == 499


@pytest.fixture(params=["a folder", "a full disk"])
def unwritable_path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / "calls.jsonl"
    if request.param == "a folder":
        path.mkdir()
    elif Path("/dev/full").exists():
        path.symlink_to("/dev/full")
    else:
        pytest.skip("no disk here is always full")
    return path


def test_a_log_that_cannot_be_written_is_reported_once_and_does_not_end_the_run(
    unwritable_path: Path,
) -> None:
    printed: list[str] = []
    with open_request_log(unwritable_path, 1, printed.append) as log:
        for _ in range(3):
            log(record(endpoints.get_account()))
    (message,) = printed
    assert message.startswith("Cannot write")
    assert "calls.jsonl" in message
