"""The verdict about a row, and its detail."""

import pytest

from batch_import.models import ManifestColumns, Media, ResultRow, Status
from batch_import.verification.verdict import (
    FAULT_VERDICTS,
    VERIFY_COLUMNS,
    Verdict,
    find_verdict,
    other_media_line,
    row_line,
)

TOO = "other media in the account have this reference ID, too"
OWN = Media("m1", "k1", "r1", "online", "Title")


def record(status: Status = Status.IMPORTED, **changes: object) -> ResultRow:
    values: dict[str, object] = {
        "line": 2,
        "status": status,
        "error": "",
        "codes": (),
        "reference_id": "r1",
        "filename": "Title",
        "source_url": "https://h.example.com/v.mp4",
        "extension": "mp4",
        "cells": (),
        "columns": ManifestColumns(),
        "is_removed": False,
        "is_size_requested": False,
        "size": None,
        "ingest_id": "i",
        "media_id": "m1",
        "key": "k1",
        "title": "Title",
        "duration": "",
        "thumbnail": "",
        "created_date": "",
    }
    return ResultRow(**{**values, **changes})  # type: ignore[arg-type]


def media(name: str = "m1", status: str = "online", **changes: str) -> Media:
    values = {"key": name.replace("m", "k"), "reference_id": "r1", "title": "Title", **changes}
    return Media(name, status=status, **values)


@pytest.mark.parametrize(
    ("found", "verdict", "detail"),
    [
        ([], "missing", ""),
        ([media("m2")], "missing", "another media has its reference ID: m2 (online)"),
        ([media()], "as expected", ""),
        ([media(status="")], "as expected", ""),  # a list without statuses
        ([media(status="failed")], "not online", "its status is failed"),
        ([media(status="pending review")], "not online", "its status is pending review"),
        ([media(title=" Title\t")], "as expected", ""),
        ([media(title="New")], "title differs", "“New” in the account, “Title” was sent"),
        ([media(title="")], "title differs", "“” in the account, “Title” was sent"),
        ([media(key="k9")], "key differs", "the results have the key k1"),
        (
            [media("m3"), media(), media("m2", "processing"), media("m4", "failed")],
            "there twice",
            f"{TOO}: m3, m2",
        ),
        ([media(), media("m4", "failed")], "as expected", ""),
        ([media(reference_id="r9")], "as expected", "its reference ID is now r9"),
        (
            [media("m2"), media(reference_id="r9")],
            "there twice",
            f"{TOO}: m2; its reference ID is now r9",
        ),
        (
            [media(status="processing", title="New"), media("m2")],
            "not online",
            f"its status is processing; {TOO}: m2; “New” in the account, “Title” was sent",
        ),
    ],
)
def test_the_verdict_about_an_imported_row(found: list[Media], verdict: str, detail: str) -> None:
    finding = find_verdict(record(), found)
    assert (finding.verdict, finding.detail) == (verdict, detail)


def test_a_title_in_another_unicode_form_is_equal() -> None:
    decomposed, composed = "Caf\u0065\u0301", "Caf\u00e9"
    assert (
        find_verdict(record(filename=decomposed), [media(title=composed)]).verdict == "as expected"
    )


def test_a_media_without_an_id_is_recognized_by_its_key() -> None:
    assert find_verdict(record(media_id=""), [media("", key="k1")]).verdict == "as expected"


@pytest.mark.parametrize(
    ("row", "found", "detail"),
    [
        (record(Status.FAILED, error="no codec"), [], "failed; no codec"),
        (
            record(Status.FAILED, error="no codec"),
            [media("m2")],
            "online in the account, although failed: m2 (online); no codec",
        ),
        (record(Status.FAILED), [media("m2", "failed")], "failed"),
        (
            record(Status.PENDING),
            [media("m2")],
            "online in the account, although pending: m2 (online)",
        ),
        (record(Status.UNKNOWN), [], "unknown"),
        (
            record(Status.PROCESSING),
            [media(status="processing")],
            "processing; in the account: m1 (processing)",
        ),
        (record(Status.PROCESSING), [media(status="")], "processing; in the account: m1"),
    ],
)
def test_the_verdict_about_a_row_that_is_not_imported(
    row: ResultRow, found: list[Media], detail: str
) -> None:
    finding = find_verdict(row, found)
    assert finding.verdict == "not imported"
    assert finding.detail.startswith(detail)


@pytest.mark.parametrize(
    ("row", "found", "detail"),
    [
        (record(Status.SKIPPED, media_id="", key=""), [], "not in the account"),
        (record(is_removed=True), [], "not in the account"),
        (record(is_removed=True), [media(status="failed")], "still in the account: m1 (failed)"),
        (
            record(Status.UNKNOWN, is_removed=True, media_id=""),
            [media("m2")],
            "still in the account: m2 (online)",
        ),
    ],
)
def test_verify_reports_no_fault_for_a_removed_row(
    row: ResultRow, found: list[Media], detail: str
) -> None:
    finding = find_verdict(row, found)
    assert (finding.verdict, finding.detail) == ("removed", detail)
    assert finding.verdict not in FAULT_VERDICTS


def test_a_failed_embed_page_counts_last_and_is_always_in_the_detail() -> None:
    finding = find_verdict(record(), [OWN], "HTTP 500: out of order")
    assert (finding.verdict, finding.detail) == ("embed page fails", "HTTP 500: out of order")
    finding = find_verdict(record(), [media(title="New")], "HTTP 500: out of order")
    assert finding.verdict == "title differs"
    assert finding.detail.endswith("; HTTP 500: out of order")
    assert {Verdict.EMBED_FAILS, Verdict.TITLE_DIFFERS} <= FAULT_VERDICTS


def test_a_line_has_the_media_of_the_account_and_no_secret() -> None:
    row = record(filename="https://h/v?X-Amz-Signature=abc")
    line = dict(
        zip(VERIFY_COLUMNS, row_line(row, find_verdict(row, [OWN]), "https://p/k1"), strict=True)
    )
    assert line["filename"] == "https://h/v?X-Amz-Signature=***"
    assert "abc" not in line["detail"]
    assert (line["mediaId"], line["key"], line["mediaStatus"]) == ("m1", "k1", "online")
    other = dict(zip(VERIFY_COLUMNS, other_media_line(OWN), strict=True))
    assert (other["line"], other["verdict"], other["mediaId"]) == ("", "not in the manifest", "m1")
