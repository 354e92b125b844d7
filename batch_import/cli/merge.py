"""`batch-import merge`."""

from typing import TYPE_CHECKING

from batch_import.cli.command import FILE, RESULTS, Call, argument, command
from batch_import.cli.exits import OK
from batch_import.cli.messages import print_outcome, rows, shown
from batch_import.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@command(
    *("config", "output", "format", "cms_format"),
    *RESULTS,
    arguments=[argument("job", "job folders, or their manifests", FILE, nargs=-1)],
    examples=("batch-import merge output/library output/fixed -o delivery",),
)
def merge(call: Call) -> int:
    """Write one delivery of several jobs, each video once."""
    from batch_import.configuration.settings import ResultOptions
    from batch_import.job import Job, job_of
    from batch_import.workflows import merge as workflow

    paths: tuple[Path, ...] = call["job"]
    if not paths:
        raise UsageError("Name the jobs to merge.", "A job is a folder below output/.")
    if call["output"] is None:
        raise UsageError("no folder is named.", "Name the one to write to.", setting="output")
    # A file is a manifest, whose job is found by its name.
    jobs = [job_of(path) if path.is_file() else Job(path) for path in paths]
    merged = workflow.merge(jobs, call["output"], call["format"], call.values(ResultOptions))
    print_outcome(Job(call["output"]), merged.counts, written=call["format"])
    if merged.left_out:
        print(f"{rows(merged.left_out)} left out: the same videos in other jobs are newer.")
    for notice in merged.notices:
        print(shown(notice))
    return OK
