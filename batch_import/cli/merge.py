"""`batch-import merge`: write the results of several jobs together."""

from typing import TYPE_CHECKING

from batch_import.cli.command import FILE, RESULTS, Invocation, argument, command
from batch_import.cli.exits import OK
from batch_import.cli.messages import format_row_count, print_outcome, sanitized
from batch_import.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@command(
    options=(
        "config",
        "state",
        "output",
        "format",
        "cms_format",
        *RESULTS,
    ),
    arguments=[
        argument(
            "job", "job folders, or their manifests; with a database, names of jobs", FILE, nargs=-1
        )
    ],
    examples=(
        "batch-import merge output/library output/fixed -o delivery",
        "batch-import merge news sport -o delivery --state postgresql://importer@db/imports",
    ),
)
def merge(invocation: Invocation) -> int:
    """Write the results of several jobs together, each video once."""
    from batch_import.configuration.result_options import ResultOptions
    from batch_import.job import Job, default_job
    from batch_import.workflows import merge as workflow

    paths: tuple[Path, ...] = invocation["job"]
    if not paths:
        raise UsageError("Name the jobs to merge.", "A job is a folder in output/.")
    if invocation["output"] is None:
        raise UsageError("no folder is named.", "Name the folder to write to.", setting="output")
    database = invocation["state"] or ""
    # A file is a manifest. Its job has its name.
    jobs = [
        default_job(path, database) if path.is_file() else Job(path, database) for path in paths
    ]
    merged = workflow.merge(
        jobs, invocation["output"], invocation["format"], invocation.values(ResultOptions)
    )
    print_outcome(Job(invocation["output"]), merged.counts, written=merged.format_suffixes)
    if merged.omitted_count:
        omitted = format_row_count(merged.omitted_count)
        print(f"{omitted} left out: other jobs have newer results of the same videos.")
    for notice in merged.notices:
        print(sanitized(notice))
    return OK
