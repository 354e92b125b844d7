"""`batch-import jobs`."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from batch_import.addresses.masking import mask
from batch_import.cli.command import FOLDER, Invocation, argument, command
from batch_import.cli.exits import OK
from batch_import.cli.messages import format_time, sanitized
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
    """List all jobs of a folder."""
    from batch_import.job import OUTPUT_FOLDER
    from batch_import.workflows import status

    folder = invocation["folder"] or OUTPUT_FOLDER
    listed = status.jobs(folder, invocation["state"] or "")
    if invocation["json"]:
        print(json.dumps([_as_json(job) for job in listed]))
    elif listed:
        _print_table(listed)
    else:
        print(f"There are no jobs in {sanitized(str(folder))}.")
    return OK


def _print_table(listed: Sequence["JobSummary"]) -> None:
    from batch_import.cli.console import print_table

    header = ("job", *_NUMBERS, "last change", "manifest")
    print_table(header, map(_cells, listed), right=range(1, len(_NUMBERS) + 1))


def _cells(job: "JobSummary") -> tuple[str, ...]:
    folder = sanitized(str(job.folder))
    if job.fault:
        return (folder, *[""] * (len(_NUMBERS) + 1), sanitized(job.fault))
    counts = job.counts
    still_open = counts.pending + counts.processing + counts.unknown
    numbers = (counts.total, counts.imported, counts.failed, counts.invalid, counts.skipped)
    when = "" if job.changed is None else format_time(job.changed)
    running = " (running)" if job.running else ""
    cells = (f"{number:,}" for number in (*numbers, still_open))
    return (folder, *cells, when, f"{sanitized(Path(job.manifest).name)}{running}")


def _as_json(job: "JobSummary") -> dict[str, Any]:
    return {
        "folder": str(job.folder),
        "manifest": job.manifest,
        **asdict(job.counts),
        "running": job.running,
        "changed": iso(job.changed),
        "fault": mask(job.fault),
    }
