"""Groups of rows that need attention, by their causes."""

from typing import Any

from batch_import.failure_codes import FailureCode
from batch_import.models import ManifestColumns, ResultRow, Status
from batch_import.reports.summary import Cause, attention_groups


def record(
    line: int, status: Status, error: str = "", host: str = "h.example", code: str = ""
) -> ResultRow:
    known: dict[str, Any] = dict.fromkeys(
        ("reference_id", "filename", "extension", "ingest_id", "media_id", "key", "title",
         "duration", "thumbnail", "created_date"), ""
    )  # fmt: skip
    return ResultRow(
        line=line, status=status, error=error, codes=(code,), cells=(),
        source_url=f"https://{host}/{line}.mp4", columns=ManifestColumns(),
        is_removed=False, is_size_requested=False, size=None, **known,
    )  # fmt: skip


def test_rows_of_one_cause_and_host_are_one_group_and_the_largest_comes_first() -> None:
    found = attention_groups(
        [
            record(2, Status.FAILED, "HTTP 404 after 3 tries"),
            record(3, Status.FAILED, "HTTP 404 after 5 tries"),
            record(4, Status.FAILED, "HTTP 404 after 5 tries", "other.example"),
            record(5, Status.UNKNOWN, "cut"),
            *(record(line, Status.INVALID, "no extension") for line in range(6, 16)),
        ]
    )
    assert [(one.status, one.count, one.lines) for one in found] == [
        (Status.INVALID, 10, (6, 7, 8, 9, 10)),
        (Status.FAILED, 2, (2, 3)),
        (Status.FAILED, 1, (4,)),
        (Status.UNKNOWN, 1, (5,)),
    ]
    assert found[1].cause == Cause("HTTP … after … tries", "h.example", "")
    # The text is that of a real row.
    assert found[1].cause.reason == "HTTP 404 after 3 tries"
    assert [group.has_one_reason for group in found] == [True, False, True, True]


def test_the_group_of_rows_without_a_reason_says_that_no_reason_was_given() -> None:
    (found,) = attention_groups([record(2, Status.FAILED, "")])
    assert found.cause.reason == "No reason was given."


def test_the_advice_depends_on_the_code() -> None:
    (found,) = attention_groups(
        [record(2, Status.FAILED, "no", code=FailureCode.SOURCE_UNAVAILABLE)]
    )
    assert found.advice.startswith("Open the source URL")


def test_rows_that_need_no_attention_are_in_no_group() -> None:
    fine = (Status.PROCESSING, Status.IMPORTED, Status.SKIPPED)
    assert attention_groups(record(2, status, "words") for status in fine) == []
    assert attention_groups([record(2, Status.PENDING, "")]) == []


def test_a_pending_row_whose_posts_failed_needs_attention() -> None:
    (trouble,) = attention_groups(
        [record(2, Status.PENDING, "5 POSTs …", code=FailureCode.NO_MEDIA_CREATED)]
    )
    assert (trouble.status, trouble.count) == (Status.PENDING, 1)
