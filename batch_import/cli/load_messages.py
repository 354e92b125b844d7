"""Print what loading a manifest changed in a job, and its problems; for `run` and `plan`."""

from typing import TYPE_CHECKING

from batch_import.cli.console import WARNING, styled
from batch_import.cli.messages import (
    format_ignored_edits,
    format_row_count,
    preflight_progress,
    print_correctable,
    print_diff,
    print_held,
    print_problems,
    print_reading,
    problem_count,
    sanitized,
    shortened,
)
from batch_import.cli.options import flag
from batch_import.manifest.origin import JOB_COLUMN, ROW_COLUMN

if TYPE_CHECKING:
    from batch_import.configuration.request import ImportRequest
    from batch_import.workflows.copied_rows import CopiedRows
    from batch_import.workflows.load_result import KeptIds, LoadResult
    from batch_import.workflows.work_plan import WorkPlan


def print_load(request: "ImportRequest", load: "LoadResult", hidden_code: str = "") -> None:
    """Print how a manifest was read, what it changed in the job, and its problems.

    Args:
        hidden_code: problems of this code are not printed.
    """
    print_reading(load.reading)
    if load.is_correction:
        print(f"These rows belong to the job {sanitized(str(request.job.folder))}.")
    if load.diff:
        print_diff(load.diff, of="job" if load.is_correction else "manifest")
    elif edits := format_ignored_edits(load.ignored_edits):
        print(edits)
    print_held(load.held, flag("same_videos", "yes"), flag("same_videos", "no"))
    _print_kept_ids(load.kept_ids)
    _print_problems(request, load, hidden_code)
    if load.preflight:
        print(preflight_progress(load.preflight))


def print_work(plan: "WorkPlan", otherwise: str = "") -> None:
    """Print what a run has to do.

    Args:
        otherwise: is printed if there is nothing to do; empty for the same text.
    """
    print(f"To do: {plan}." if plan.has_work or not otherwise else otherwise, flush=True)
    if plan.is_first_run:
        # The vendor's help page "Setting up restriction profiles".
        print(
            "New videos are public on the platform, unless the account has a default restriction"
            " profile."
        )


def print_other_rows(request: "ImportRequest", load: "LoadResult") -> None:
    """Print how many rows a run of a corrected `failed.csv` sends besides the corrected rows."""
    settings = request.settings
    selects_rows = settings.only or settings.first is not None or settings.limit is not None
    if load.waiting and not selects_rows:
        verb = "waits" if load.waiting == 1 else "wait"
        print(
            f"A run also sends {format_row_count(load.waiting)} of the job that {verb} since the"
            " previous run."
        )


def print_copied_rows(found: "CopiedRows | None") -> None:
    """Print that a manifest is a new job, although most of its rows failed in another job."""
    if found is None:
        return
    rows = f"{found.count:,} of its {format_row_count(found.row_count)}"
    verb = "is" if found.count == 1 else "are"
    folder, failed, manifest = (
        sanitized(str(path))
        for path in (found.original.folder, found.original.failed, found.manifest.name)
    )
    line = (
        f"This is a new job with results of its own. {rows} {verb} failed or invalid in {folder}."
    )
    print(styled(line, WARNING))
    print(
        f"  To fix them in that job instead, correct {failed} and run it with its columns"
        f" “{JOB_COLUMN}” and “{ROW_COLUMN}”; or correct {manifest}."
    )


def _print_problems(request: "ImportRequest", load: "LoadResult", hidden_code: str) -> None:
    groups = [group for group in load.groups_to_show if group.code != hidden_code]
    if load.has_new_problems or request.settings.strict:
        file_name = request.manifest.name if load.is_correction else ""
        print_problems(load.problems, groups, file_name)
        if groups:
            print_correctable(load.reading, request.manifest)
    elif groups:
        print(f"{problem_count(groups)}, as before: {sanitized(str(load.problems))}")
    if load.accepted:
        print(
            f"{format_row_count(load.accepted)} with an error in the manifest: corrected in another"
            " file, or sent before the edit. Nothing is to be done."
        )


def _print_kept_ids(kept: "KeptIds | None") -> None:
    """Print how many rows were sent under other reference IDs than the manifest has now."""
    if kept is None:
        return
    count = f"{format_row_count(kept.count)} {'was' if kept.count == 1 else 'were'} sent under"
    line = f"{count} other reference IDs than “{sanitized(kept.column)}” has now"
    ids = f"{shortened(kept.sent_id, 40)}, now {shortened(kept.manifest_id, 40)}"
    print(styled(f"{line}: line {kept.line} ({ids}).", WARNING))
    print("  An ID cannot be changed after the import. The results have both IDs.")
