"""`batch-import jobs`: list all jobs of a folder or a database."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from batch_import.addresses.masking import mask
from batch_import.cli.command import FOLDER, Invocation, argument, command
from batch_import.cli.exits import OK
from batch_import.cli.messages import format_duration, format_time, sanitized
from batch_import.cli.status import format_iso

if TYPE_CHECKING:
    from batch_import.workflows.status import JobSummary

#: The headings of the columns with numbers of rows. The first number is the sum of the others.
_COUNT_HEADINGS: Final = ("rows", "imported", "failed", "invalid", "skipped", "open")


@command(
    options=(
        "config",
        "state",
        "json",
    ),
    arguments=[
        argument("folder", "folder with job folders; default: output/", FOLDER, required=False)
    ],
    examples=("batch-import jobs", "batch-import jobs archive --json"),
)
def jobs(invocation: Invocation) -> int:
    """List all jobs of a folder or a database."""
    from batch_import.job import OUTPUT_FOLDER
    from batch_import.workflows import status

    folder = invocation["folder"] or OUTPUT_FOLDER
    listed = status.list_jobs(folder, invocation["state"] or "")
    if invocation["json"]:
        print(json.dumps([_as_json(job) for job in listed]))
    elif not listed:
        place = "the database" if invocation["state"] else sanitized(str(folder))
        print(f"There are no jobs in {place}.")
    elif any(job.account for job in listed):
        _print_queue(listed)
    else:
        _print_table(listed)
    return OK


def _print_table(listed: Sequence["JobSummary"]) -> None:
    """Print jobs that were not submitted to a queue."""
    from batch_import.cli.console import print_table

    header = ("job", *_COUNT_HEADINGS, "last change", "manifest")
    print_table(header, map(_cells, listed), right=range(1, len(_COUNT_HEADINGS) + 1))


def _cells(job: "JobSummary") -> tuple[str, ...]:
    """Returns the cells of a row of `_print_table`."""
    folder = sanitized(str(job.folder))
    if job.fault:
        return (folder, *[""] * (len(_COUNT_HEADINGS) + 1), sanitized(job.fault))
    last_change = "" if job.changed_at is None else format_time(job.changed_at)
    running = " (running)" if job.is_running else ""
    manifest = f"{sanitized(Path(job.manifest).name)}{running}"
    return (folder, *_count_cells(job), last_change, manifest)


def _count_cells(job: "JobSummary") -> list[str]:
    """Returns the cells of the columns `_COUNT_HEADINGS`."""
    counts = job.counts
    still_open = counts.pending + counts.processing + counts.unknown
    numbers = (counts.total, counts.imported, counts.failed, counts.invalid, counts.skipped)
    return [f"{number:,}" for number in (*numbers, still_open)]


def _print_queue(listed: Sequence["JobSummary"]) -> None:
    """Print the jobs of a database that has submitted jobs."""
    from batch_import.cli.console import print_table

    header = (
        "job",
        "account",
        "status",
        "machine",
        *_COUNT_HEADINGS,
        "pace",
        "time left",
        "causes",
    )
    # From the numbers of rows to the time left, columns are aligned to the right.
    numbers = range(header.index("rows"), header.index("time left") + 1)
    print_table(header, map(_queue_cells, listed), right=numbers)


def _queue_cells(job: "JobSummary") -> tuple[str, ...]:
    """Returns the cells of a row of `_print_queue`."""
    rate = f"{job.rate:.1f}/s" if job.rate else ""
    time_left = "" if job.eta is None else format_duration(job.eta)
    causes = "; ".join(f"{cause} ({count:,})" for cause, count in job.causes)
    texts = (job.folder.name, job.account, job.status, job.machine)
    explanation = " ".join(filter(None, [job.fault, job.reason, causes]))
    return (*map(sanitized, texts), *_count_cells(job), rate, time_left, sanitized(explanation))


def _as_json(job: "JobSummary") -> dict[str, Any]:
    """Returns a job as a JSON object. docs/generate/json_keys.yaml documents the keys."""
    return {
        "folder": str(job.folder),
        "manifest": job.manifest,
        **asdict(job.counts),
        "running": job.is_running,
        "changed": format_iso(job.changed_at),
        "fault": mask(job.fault),
        "account": job.account,
        "status": job.status,
        "machine": job.machine,
        "rate": job.rate,
        "eta": job.eta,
        "reason": mask(job.reason),
        "causes": dict(job.causes),
    }
