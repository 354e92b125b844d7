"""Labels of statuses, and advice for rows that need attention."""

from collections.abc import Callable
from pathlib import Path

import pytest

from batch_import.failure_codes import FailureCode
from batch_import.manifest.columns.mapping import map_columns
from batch_import.manifest.read import open_manifest
from batch_import.manifest.validate import Validator
from batch_import.models import ResultRow, Status
from batch_import.reports.labels import (
    ATTENTION,
    STATUSES,
    advice,
    needs_attention,
    parse_duration,
    without_numbers,
)
from batch_import.reports.summary import Cause, Summary, cause_of


def test_every_status_has_a_label_and_statuses_that_need_attention_have_advice() -> None:
    assert set(STATUSES) == set(Status)
    assert all(words.label and words.meaning for words in STATUSES.values())
    assert all(advice(status, (), "") for status in ATTENTION)
    assert advice(Status.IMPORTED, [FailureCode.SOURCE_UNAVAILABLE], "") == ""


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (FailureCode.SOURCE_UNAVAILABLE, "Open the source URL"),
        (FailureCode.FILE_UNREADABLE, "Play the file"),
        (FailureCode.REFERENCE_ID_TAKEN, "If the video in the account is the video of this row"),
        (FailureCode.REJECTED, STATUSES[Status.FAILED].advice),
        ("a code of tomorrow", STATUSES[Status.FAILED].advice),
    ],
)
def test_the_advice_depends_on_the_failure_code(code: str, words: str) -> None:
    assert advice(Status.FAILED, [code], "").startswith(words)


@pytest.mark.parametrize(
    "code", [FailureCode.STILL_PROCESSING, FailureCode.MEDIA_MISSING, FailureCode.MEDIA_STATUS]
)
def test_a_processing_row_needs_attention_if_a_run_stopped_waiting_for_it(code: str) -> None:
    assert not needs_attention(Status.PROCESSING, ())
    assert needs_attention(Status.PROCESSING, [code])
    assert advice(Status.PROCESSING, [code], "")


def test_a_row_of_an_earlier_version_without_a_hint_has_general_advice() -> None:
    assert advice(Status.INVALID, ["url-scheme"], "it is no URL") == STATUSES[Status.INVALID].advice


@pytest.mark.parametrize(
    "line",
    [
        "https://h.example.com/1.mp4,A,mp4,first",
        "https://https://h.example.com/2.mp4,A,mp4,b",
        ",,mp4,c",
        "https://h.example.com/4.doc,A,,e",
        "https://h.example.com/5.mp4,A,mp4,f,g,h",
        "https://www.youtube.com/watch?v=abc,A,mp4,f",
    ],
)
def test_the_advice_for_an_invalid_row_is_the_hint_of_check(tmp_path: Path, line: str) -> None:
    path = tmp_path / "m.csv"
    header = "sourceUrl,filename,extension,referenceId"
    path.write_text(
        f"{header}\nhttps://h.example.com/0.mp4,A,mp4,first\n{line}\n", encoding="utf-8"
    )
    manifest = open_manifest(path)
    mapping = map_columns(manifest.header, next(manifest.chunks()), {})
    (chunk,) = manifest.chunks()
    (_, row), problems = Validator(mapping, manifest.header, now=1.7e9).check(chunk)
    assert problems
    hints = " ".join(problem.hint for problem in problems)
    assert advice(Status.INVALID, row.codes, row.error) == hints


def test_a_corrected_url_in_advice_is_masked() -> None:
    error = "url: &amp;\nhttps://h.example.com/a.mp4?x=1&X-Amz-Signature=secret"
    assert "secret" not in advice(Status.INVALID, (), error)


def test_causes_that_differ_only_in_numbers_are_equal() -> None:
    assert without_numbers("timed out after 30 s") == without_numbers("timed out after 31 s")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00:01:05", 65), ("01:00:00", 3600), ("1:05", 65), ("65", 65), ("65.5", 65.5), ("0", 0),
        ("", None), ("soon", None), ("1:2:3:4", None), ("-5", None), ("nan", None), ("inf", None),
    ],
)  # fmt: skip
def test_a_duration_is_parsed_in_every_form(text: str, expected: float | None) -> None:
    assert parse_duration(text) == expected


def test_the_summary_counts_the_rows_that_it_yields(record: Callable[..., ResultRow]) -> None:
    rows = [
        record(),
        record(Status.FAILED, error="no 1"),
        record(Status.FAILED, error="no 2", source_url="https://H.example.com/x"),
        record(Status.INVALID, error="bad", source_url="https://[::1/"),
    ]
    summary = Summary()
    assert list(summary.count(rows)) == rows
    assert summary.counts == {Status.IMPORTED: 1, Status.FAILED: 2, Status.INVALID: 1}
    causes = summary.most_frequent()
    assert causes == [(Cause("no …", "h.example.com", ""), 2), (Cause("bad", "", ""), 1)]
    assert [cause.reason for cause, _ in causes] == ["no 1", "bad"]
    assert cause_of(rows[0]) is None
