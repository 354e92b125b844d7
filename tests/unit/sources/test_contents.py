"""What the response of a host shows about a file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_import.models import Severity
from batch_import.sources.contents import FIRST_BYTES, SourceResponse, extensions_of, violation_of

MP4 = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00" + bytes(100)
WEBM = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81" + bytes(100)
AVI = b"RIFF\x24\x00\x00\x00AVI LIST" + bytes(100)
WMV = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(100)
OLD_MOV = b"\x00\x00\x00\x08wide\x00\x10\x00\x00mdat" + bytes(100)


def reply(
    start: bytes, status: int = 206, *, size: int | None = 10**6, kind: str = "video/mp4"
) -> SourceResponse:
    total = "*" if size is None else size
    return SourceResponse(status, {"content-type": kind, "content-range": f"bytes 0-9/{total}"},
                 start.ljust(FIRST_BYTES, b"\0") if start else start)  # fmt: skip


def code(found: SourceResponse, extension: str = "mp4") -> str:
    violation = violation_of(found, extension)
    return violation.code if violation else ""


@pytest.mark.parametrize(
    ("start", "valid_extensions"),
    [
        (MP4, {"mp4", "mov", "3gp"}),
        (OLD_MOV, {"mp4", "mov", "3gp"}),
        (WEBM, {"mkv", "webm"}),
        (AVI, {"avi"}),
        (WMV, {"wmv"}),
    ],
)
def test_the_first_bytes_of_a_video_show_its_extensions(
    start: bytes, valid_extensions: set[str]
) -> None:
    assert extensions_of(start) == valid_extensions
    for extension in ("mp4", "mov", "3gp", "mkv", "webm", "avi", "wmv"):
        assert code(reply(start), extension) == (
            "" if extension in valid_extensions else "source-format"
        )


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"%PDF-1.7", "a PDF document"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\xff\xd8\xff\xe0", "a picture"),
        (b"ID3\x04", "a sound file"),
        (b"\n#EXTM3U", "a streaming playlist"),
        (b'  {"error": "no"}', "JSON text"),
        (b'<?xml version="1.0"?><Error>', "XML text"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "something else"),
        (b"just words", "something else"),
        (b"\x00", "something else"),
    ],
)
def test_a_file_that_is_no_video_is_an_error_that_names_its_kind(start: bytes, words: str) -> None:
    violation = violation_of(reply(start), "mp4")
    assert violation is not None
    assert (violation.code, violation.severity) == ("source-not-video", Severity.ERROR)
    assert words in violation.reason


@pytest.mark.parametrize(
    ("start", "kind", "words"),
    [
        (b"<!DOCTYPE html><html>", "video/mp4", "a web page"),
        (b"  <!-- hi -->\n<HTML lang=en>", "", "a web page"),
        (b"whatever", "text/html; charset=utf-8", "a web page"),
        (MP4, "TEXT/HTML", "a web page"),
        (b"<html><title>Sign in to your account</title>", "text/html", "a login page"),
        (b"<html><input type='password'>", "text/html", "a login page"),
    ],
)
def test_a_web_page_is_an_error(start: bytes, kind: str, words: str) -> None:
    violation = violation_of(reply(start, 200, kind=kind), "mp4")
    assert violation is not None
    assert violation.code == "source-page"
    assert words in violation.reason


@pytest.mark.parametrize(
    ("status", "expected", "severity"),
    [
        (401, "source-forbidden", Severity.ERROR),
        (403, "source-forbidden", Severity.ERROR),
        (404, "source-missing", Severity.ERROR),
        (410, "source-missing", Severity.ERROR),
        (400, "source-refused", Severity.ERROR),
        (302, "source-refused", Severity.ERROR),
        (204, "source-refused", Severity.ERROR),
        (416, "source-refused", Severity.ERROR),
        (429, "source-busy", Severity.WARNING),
        (500, "source-busy", Severity.WARNING),
        (503, "source-busy", Severity.WARNING),
    ],
)
def test_the_status_of_a_response_is_a_problem(
    status: int, expected: str, severity: Severity
) -> None:
    violation = violation_of(reply(MP4, status), "mp4")
    assert violation is not None
    assert (violation.code, violation.severity) == (expected, severity)


def test_empty_and_incomplete_responses_are_problems() -> None:
    assert code(reply(b"", 206, size=None)) == "source-cut"
    assert code(SourceResponse(200, {"content-length": "0"}, b"")) == "source-empty"
    assert code(reply(b"", 416, size=0)) == "source-empty"
    assert code(SourceResponse(200, {"content-length": "5000"}, b"")) == "source-cut"
    assert code(SourceResponse(200, {"content-length": "5000"}, MP4)) == "source-cut"
    assert code(SourceResponse(200, {"content-length": str(len(MP4))}, MP4)) == ""


def test_a_page_of_comments_is_read_in_linear_time() -> None:
    # A pattern with backtracking would never end.
    assert code(reply(b"<!---->" * (FIRST_BYTES // 7), 200, size=FIRST_BYTES)) == "source-not-video"


def test_a_compressed_response_is_not_judged() -> None:
    headers = {"content-encoding": "gzip", "content-length": "9999"}
    assert code(SourceResponse(200, headers, b"\x1f\x8b".ljust(FIRST_BYTES, b"\0"))) == ""


@pytest.mark.parametrize(
    ("status", "headers", "size"),
    [
        (206, {"content-range": "bytes 0-4095/123456", "content-length": "4096"}, 123456),
        (206, {"content-range": "bytes 0-4095/*", "content-length": "4096"}, None),
        (206, {"content-length": "4096"}, None),
        (200, {"content-length": "123456"}, 123456),
        (200, {"content-length": "many"}, None),
        (200, {"content-length": "9" * 30}, None),
        (200, {}, None),
    ],
)
def test_the_size_is_read_from_the_headers(
    status: int, headers: dict[str, str], size: int | None
) -> None:
    assert SourceResponse(status, headers, b"").size == size


@given(
    st.integers(100, 599),
    st.dictionaries(
        st.sampled_from(["content-type", "content-length", "content-range", "content-encoding"]),
        st.text(),
    ),
    st.binary(max_size=200),
)
def test_any_response_is_accepted(status: int, headers: dict[str, str], start: bytes) -> None:
    violation = violation_of(SourceResponse(status, headers, start), "mp4")
    assert violation is None or violation.code.startswith("source-")
