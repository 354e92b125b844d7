"""What `verify` prints."""

from pathlib import Path

import pytest

from batch_import.cli.verify import _print
from batch_import.job import Job
from batch_import.models import ManifestColumns, ResultRow, Status
from batch_import.verification.comparison import VerificationResult
from batch_import.verification.verdict import Finding, Verdict


def row(line: int, reference_id: str = "") -> ResultRow:
    texts = (reference_id, "Title", "", "mp4", ())
    return ResultRow(
        line, Status.INVALID, "", (), *texts, ManifestColumns(),
        is_removed=False, is_size_requested=False, size=None, ingest_id="", media_id="", key="",
        title="", duration="", thumbnail="", created_date="",
    )  # fmt: skip


def test_each_row_has_its_own_reason_and_the_rest_is_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = VerificationResult(7, 7)
    for line in range(2, 9):
        result.add(row(line), Finding(Verdict.NOT_IMPORTED, f"reason {line}"))
    result.add(row(10, "a"), Finding(Verdict.MISSING))
    result.add(row(11, "b"), Finding(Verdict.AS_EXPECTED))
    result.add(row(12, "c"), Finding(Verdict.AS_EXPECTED, "note"))

    _print(Job(Path("output/videos")), result)

    assert capsys.readouterr().out.splitlines()[2:-1] == [
        "  missing: 1 row",
        "    line 10 (a)",
        "  not imported: 7 rows",
        *(f"    line {line}: reason {line}" for line in range(2, 7)),
        "    and 2 more",
        "  as expected: 1 row",
        "    line 12 (c): note",
    ]
