"""Statuses and reasons in plain words."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_import.failure_codes import FailureCode
from batch_import.manifest.columns.mapping import map_columns
from batch_import.manifest.read import open_manifest
from batch_import.manifest.validate import Validator
from batch_import.models import Record, Status
from batch_import.reports.labels import ATTENTION, STATUSES, advice, cause, seconds
from batch_import.reports.summary import Cause, Summary, cause_of


def test_every_status_has_words_and_those_that_need_attention_have_advice() -> None:
    assert set(STATUSES) == set(Status)
    assert all(words.label and words.meaning for words in STATUSES.values())
    assert all(advice(status, ()) for status in ATTENTION)
    assert advice(Status.IMPORTED, [FailureCode.SOURCE_UNAVAILABLE]) == ""


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (FailureCode.SOURCE_UNAVAILABLE, "Open the source URL"),
        (FailureCode.FILE_UNREADABLE, "Play the file"),
        (FailureCode.REFERENCE_ID_TAKEN, "Give the row a reference id"),
        (FailureCode.REJECTED, STATUSES[Status.FAILED].advice),
        ("a code of tomorrow", STATUSES[Status.FAILED].advice),
    ],
)
def test_what_to_do_fits_the_failure(code: str, words: str) -> None:
    assert advice(Status.FAILED, [code]).startswith(words)


def test_of_two_problems_both_are_to_be_fixed_and_nothing_is_said_twice() -> None:
    codes = ["url-scheme", "url-several", "filename-missing"]
    assert advice(Status.INVALID, codes) == (
        "Correct the source URL: one whole address, with https:// in front."
        " Give the row a title of one line."
    )


def test_every_error_of_rules_and_preflight_has_its_advice() -> None:
    """As the documentation lists them."""
    sys.path.insert(0, str(Path(__file__).parents[3] / "docs"))
    problems = importlib.import_module("generate.problems").problems_in_the_code()
    codes = [code for code, (severity, *_) in problems.items() if severity == "error"]
    assert len(codes) > 20
    general = STATUSES[Status.INVALID].advice
    assert [code for code in codes if advice(Status.INVALID, [code]) == general] == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("https://h.example.com/1.mp4,A,mp4,first", "Give the row a reference id of its own"),
        ("ftp://h/2.mp4,A,mp4,b", "Correct the source URL"),
        (",A,mp4,c", "Correct the source URL"),
        ("https://h.example.com/3.mp4,,mp4,d", "Give the row a title"),
        ("https://h.example.com/4.mp4,A,doc,e", "Give the row its file's extension"),
        ("https://h.example.com/4,A,,e", "Give the row its file's extension"),
        ("https://h.example.com/5.mp4,A,mp4,f,g,h", "Look at this line"),
        ("https://www.youtube.com/watch?v=abc,A,mp4,f", "Give the address of the video file"),
        ("https://h.example.com/5.m3u8,A,mp4,f", "Give the address of the video file"),
        ("https://localhost/5.mp4,A,mp4,f", "Put the video where everybody"),
        (
            "https://h.example.com/5.mp4?Signature=x&Key-Pair-Id=k&Expires=1600000000,A,mp4,f",
            "Have the source URL signed anew",
        ),
        ("https://h.example.com/5.mp4,A,mp4,1.23E+15", "Enter the reference id again"),
        ("https://h.example.com/5.mp4,A,mp4,a\x07b", "Take line breaks and tabs out"),
    ],
)
def test_what_to_do_fits_the_rules_own_reasons(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "m.csv"
    header = "sourceUrl,filename,extension,referenceId"
    path.write_text(
        f"{header}\nhttps://h.example.com/0.mp4,A,mp4,first\n{line}\n", encoding="utf-8"
    )
    manifest = open_manifest(path)
    mapping = map_columns(manifest.header, next(manifest.chunks()), {})
    (chunk,) = manifest.chunks()
    (_, row), _ = Validator(mapping, manifest.header, now=1.7e9).check(chunk)
    assert row.error
    assert advice(Status.INVALID, row.codes).startswith(words)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("source-missing", "Open the source URL"),
        ("source-page", "Open the source URL"),
        ("source-host", "Open the source URL"),
        ("source-private", "Put the video where everybody"),
    ],
)
def test_what_to_do_fits_what_preflight_finds(code: str, words: str) -> None:
    assert advice(Status.INVALID, [code]).startswith(words)


def test_a_cause_is_the_same_whatever_the_numbers() -> None:
    assert cause("timed out after 30 s") == cause("timed out after 31 s")
    assert cause("") == "No reason was given."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00:01:05", 65), ("01:00:00", 3600), ("1:05", 65), ("65", 65), ("65.5", 65.5), ("0", 0),
        ("", None), ("soon", None), ("1:2:3:4", None), ("-5", None), ("nan", None), ("inf", None),
    ],
)  # fmt: skip
def test_a_duration_is_read_in_every_shape(text: str, expected: float | None) -> None:
    assert seconds(text) == expected


def test_the_summary_counts_rows_as_they_pass(record: Callable[..., Record]) -> None:
    rows = [
        record(),
        record(Status.FAILED, error="no 1"),
        record(Status.FAILED, error="no 2", source_url="https://H.example.com/x"),
        record(Status.INVALID, error="bad", source_url="https://[::1/"),
    ]
    summary = Summary()
    assert list(summary.watch(rows)) == rows
    assert summary.counts == {Status.IMPORTED: 1, Status.FAILED: 2, Status.INVALID: 1}
    assert summary.worst() == [(Cause("no …", "h.example.com"), 2), (Cause("bad", ""), 1)]
    assert cause_of(rows[0]) is None
