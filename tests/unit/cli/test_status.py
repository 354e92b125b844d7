"""What `status` prints, with and without a run in progress."""

from dataclasses import replace
from pathlib import Path

import pytest

from batch_import.cli.status import status_lines
from batch_import.job import Job
from batch_import.models import Counts, Status
from batch_import.reports.summary import AttentionGroup, Cause
from batch_import.state.facts import IgnoredEdits
from batch_import.state.reader import InFlightRow
from batch_import.workflows.status import JobStatus

NOW = 1_700_000_000.0
JOB = Job(Path("output/library"))


def create_job_status(
    causes: int = 1, *, running: bool, status: Status = Status.UNKNOWN
) -> JobStatus:
    troubles = tuple(
        AttentionGroup(
            status, Cause(f"reason {n}", "h.test", f"HTTP {n}"), 2, (n,), "Run the import again."
        )
        for n in range(causes)
    )
    oldest = InFlightRow(7, "ref-7", status, NOW - 60)
    return JobStatus(
        "m.csv", Counts(total=9, unknown=9), running, NOW - 600, NOW - 5, oldest, troubles
    )


def test_status_without_a_run_has_advice() -> None:
    text = "\n".join(status_lines(JOB, create_job_status(running=False), NOW))
    assert "No run in progress. Started " in text
    assert "(10 min ago), last change 5 s ago." in text
    assert "Run the import again." in text
    assert "Oldest unknown row: line 7 (ref-7)" in text


def test_status_during_a_run_does_not_advise_to_run_again() -> None:
    text = "\n".join(status_lines(JOB, create_job_status(running=True, status=Status.FAILED), NOW))
    assert "Run in progress. Started " in text
    assert "Run the import again." not in text
    assert "Oldest row in flight" in text


def test_status_shows_edits_without_effect() -> None:
    edited = replace(create_job_status(running=False), ignored_edits=IgnoredEdits(1, 3))
    assert any(
        "edited after it was sent (line 3)" in line for line in status_lines(JOB, edited, NOW)
    )


def test_a_cause_is_shown_with_the_text_of_a_row() -> None:
    job_status = create_job_status(running=False, status=Status.FAILED)
    assert "2 failed: HTTP 0 (h.test)" in status_lines(JOB, job_status, NOW)
    (group,) = job_status.attention_groups
    differing = replace(job_status, attention_groups=(replace(group, has_one_reason=False),))
    assert "2 failed: for example: HTTP 0 (h.test)" in status_lines(JOB, differing, NOW)


@pytest.mark.parametrize("status", Status)
def test_a_cause_is_shown_for_rows_with_any_status(status: Status) -> None:
    lines = status_lines(JOB, create_job_status(running=False, status=status), NOW)
    assert f"2 {status}: HTTP 0 (h.test)" in lines


def test_further_causes_are_counted_with_the_place_where_they_are_listed() -> None:
    last = status_lines(JOB, create_job_status(21, running=False), NOW)[-1]
    assert last == "32 more, for 16 other causes: all are in output/library/results.html"
