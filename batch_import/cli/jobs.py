"""`batch-import jobs`."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from batch_import.addresses.masking import mask
from batch_import.cli.command import FOLDER, Invocation, argument, command
from batch_import.cli.exits import OK
from batch_import.cli.messages import format_duration, format_time, sanitized
from batch_import.cli.status import iso

if TYPE_CHECKING:
    from batch_import.workflows.status import JobSummary

#: The columns of counts. The first one is the sum of the others.
_NUMBERS: Final = ("rows", "imported", "failed", "invalid", "skipped", "open")


@command(
    options=(
        "config",
        "state",
        "json",
    ),
    arguments=[
        argument("folder", "where job folders are; default: output/", FOLDER, required=False)
    ],
    examples=("batch-import jobs", "batch-import jobs archive --json"),
)
def jobs(invocation: Invocation) -> int:
    """List all jobs of a folder or a database."""
    from batch_import.job import OUTPUT_FOLDER
    from batch_import.workflows import status

    folder = invocation["folder"] or OUTPUT_FOLDER
    listed = status.jobs(folder, invocation["state"] or "")
    if invocation["json"]:
        print(json.dumps([_as_json(job) for job in listed]))
    elif not listed:
        where = "the database" if invocation["state"] else sanitized(str(folder))
        print(f"There are no jobs in {where}.")
    elif any(job.account for job in listed):
        _print_queue(listed)
    else:
        _print_table(listed)
    return OK


def _print_table(listed: Sequence["JobSummary"]) -> None:
    from batch_import.cli.console import print_table

    header = ("job", *_NUMBERS, "last change", "manifest")
    print_table(header, map(_cells, listed), right=range(1, len(_NUMBERS) + 1))


def _cells(job: "JobSummary") -> tuple[str, ...]:
    folder = sanitized(str(job.folder))
    if job.fault:
        return (folder, *[""] * (len(_NUMBERS) + 1), sanitized(job.fault))
    when = "" if job.changed is None else format_time(job.changed)
    running = " (running)" if job.running else ""
    return (folder, *_numbers(job), when, f"{sanitized(Path(job.manifest).name)}{running}")


def _numbers(job: "JobSummary") -> list[str]:
    """The cells of `_NUMBERS`."""
    counts = job.counts
    still_open = counts.pending + counts.processing + counts.unknown
    numbers = (counts.total, counts.imported, counts.failed, counts.invalid, counts.skipped)
    return [f"{number:,}" for number in (*numbers, still_open)]


def _print_queue(listed: Sequence["JobSummary"]) -> None:
    """Print the jobs of a database that has submitted jobs."""
    from batch_import.cli.console import print_table

    header = ("job", "account", "status", "machine", *_NUMBERS, "pace", "time left", "causes")
    first = header.index("rows")
    print_table(header, map(_queue_cells, listed), right=range(first, first + len(_NUMBERS) + 2))


def _queue_cells(job: "JobSummary") -> tuple[str, ...]:
    pace = f"{job.rate:.1f}/s" if job.rate else ""
    time_left = "" if job.eta is None else format_duration(job.eta)
    causes = [f"{cause} ({count:,})" for cause, count in job.causes]
    texts = (job.folder.name, job.account, job.status, job.machine)
    last = " ".join(filter(None, [job.fault, job.reason, "; ".join(causes)]))
    return (*map(sanitized, texts), *_numbers(job), pace, time_left, sanitized(last))


def _as_json(job: "JobSummary") -> dict[str, Any]:
    return {
        "folder": str(job.folder),
        "manifest": job.manifest,
        **asdict(job.counts),
        "running": job.running,
        "changed": iso(job.changed),
        "fault": mask(job.fault),
        "account": job.account,
        "status": job.status,
        "machine": job.machine,
        "rate": job.rate,
        "eta": job.eta,
        "reason": mask(job.reason),
        "causes": dict(job.causes),
    }
