"""Print the result of loading a manifest: changes and problems. For `run` and `plan`."""

from typing import TYPE_CHECKING

from batch_import.cli.console import WARNING, styled
from batch_import.cli.messages import (
    format_excluded,
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
from batch_import.cli.next_command import correction_command
from batch_import.cli.options import flag
from batch_import.errors import format_line_numbers
from batch_import.manifest.origin import JOB_COLUMN, ROW_COLUMN

if TYPE_CHECKING:
    from batch_import.cli.options import OptionSources
    from batch_import.configuration.request import ImportRequest
    from batch_import.workflows.copied_rows import CopiedRows
    from batch_import.workflows.load_result import KeptReferenceIds, LoadResult
    from batch_import.workflows.work_plan import WorkPlan


def print_load(
    request: "ImportRequest",
    load: "LoadResult",
    option_sources: "OptionSources",
    hidden_code: str = "",
) -> None:
    """Print how a manifest was read, what it changed in the job, and its problems.

    Args:
        hidden_code: problems with this code are not printed; empty means that all are printed.
    """
    print_reading(load.reading)
    if load.is_correction:
        print(f"These rows belong to the job {sanitized(str(request.job.folder))}.")
    if load.diff:
        print_diff(load.diff, subject="job" if load.is_correction else "manifest")
    elif load.ignored_edits.count:
        print(format_ignored_edits(load.ignored_edits))
    print_held(load.held_rows, flag("same_videos", "yes"), flag("same_videos", "no"))
    _print_kept_ids(load.kept_ids)
    _print_excluded(load)
    _print_problems(request, load, option_sources, hidden_code)
    if load.preflight:
        print(preflight_progress(load.preflight))


def print_work(plan: "WorkPlan", no_work_text: str = "") -> None:
    """Print the work of a run, in numbers of rows.

    Args:
        no_work_text: text to print if the run has no work; if it is empty, the numbers are printed
            then, too.
    """
    print(f"To do: {plan}." if plan.has_work or not no_work_text else no_work_text, flush=True)
    if plan.is_first_run:
        # Source: Viostream's help page "Setting up restriction profiles".
        print(
            "New videos are public on the platform, unless the account has a default restriction"
            " profile."
        )


def print_other_rows(request: "ImportRequest", load: "LoadResult") -> None:
    """Print how many pending rows of the job a run of a corrected `failed.csv` does not send."""
    settings = request.settings
    selects_rows = settings.only or settings.first is not None or settings.limit is not None
    if load.other_pending_count and not selects_rows:
        rows = format_row_count(load.other_pending_count)
        verb = "is" if load.other_pending_count == 1 else "are"
        print(
            f"A run of this file sends its own rows only: {rows} of the job {verb} still pending."
        )


def print_copied_rows(copied: "CopiedRows | None") -> None:
    """Print that a manifest is a new job, although most of its rows failed in another job.

    Args:
        copied: the rows that failed in another job; None if there are none.
    """
    if copied is None:
        return
    rows = f"{copied.count:,} of its {format_row_count(copied.row_count)}"
    verb = "is" if copied.count == 1 else "are"
    folder = sanitized(str(copied.original.folder))
    failed = sanitized(str(copied.original.failed))
    manifest = sanitized(copied.manifest.name)
    line = f"This is a new job with its own results. {rows} {verb} failed or invalid in {folder}."
    print(styled(line, WARNING))
    print(
        f"  To fix them in that job instead, correct {failed} and run it with its columns"
        f" “{JOB_COLUMN}” and “{ROW_COLUMN}”; or correct {manifest}. If this file is a new version"
        f" of {manifest}, add {flag('job', folder)}."
    )


def _print_problems(
    request: "ImportRequest", load: "LoadResult", option_sources: "OptionSources", hidden_code: str
) -> None:
    groups = [group for group in load.groups_to_show if group.code != hidden_code]
    if load.has_new_problems or request.settings.strict:
        file_name = request.manifest.name if load.is_correction else ""
        print_problems(load.problem_path, groups, file_name)
        if groups:
            print_correctable(load.reading, correction_command(option_sources, request.manifest))
    elif groups:
        print(f"{problem_count(groups)}, as before: {sanitized(str(load.problem_path))}")
    _print_unlisted_rows(request, load)
    if load.rejected_count:
        rows = f"{load.rejected_count:,} new row{'' if load.rejected_count == 1 else 's'}"
        verb = "was" if load.rejected_count == 1 else "were"
        file_name = sanitized(request.manifest.name)
        print(f"{rows} of {file_name} {verb} not added to the job, because of these errors.")
    if load.accepted_lines:
        lines = format_line_numbers(load.accepted_lines)
        print(
            f"{format_row_count(len(load.accepted_lines))} with an error in the manifest (line"
            f" {lines}): corrected in another file, or sent before the manifest was edited."
            " You need not do anything."
        )


def _print_unlisted_rows(request: "ImportRequest", load: "LoadResult") -> None:
    """Print how many rows are invalid apart from those whose problems are printed."""
    unlisted = load.unlisted_rows
    if not unlisted.count:
        return
    other = "other " if load.groups_to_show or load.is_correction else ""
    rows = f"{unlisted.count:,} {other}row{'' if unlisted.count == 1 else 's'} of the job"
    verb = "is" if unlisted.count == 1 else "are"
    more = ", …" if unlisted.count > len(unlisted.example_lines) else ""
    noun = "line" if unlisted.count == 1 else "lines"
    lines = f"{noun} {', '.join(map(str, unlisted.example_lines))}{more}"
    failed = sanitized(str(request.job.failed))
    print(f"{rows} {verb} invalid ({lines}). Rows to fix: {failed}")


def _print_excluded(load: "LoadResult") -> None:
    """Print the rows that the user has excluded, and how many were released now."""
    count = load.excluded.released_count
    if count:
        print(f"{format_row_count(count)} {'is' if count == 1 else 'are'} not excluded any more.")
    for line in format_excluded(load.excluded):
        print(line)


def _print_kept_ids(kept: "KeptReferenceIds | None") -> None:
    """Print how many rows were sent with other reference IDs than the manifest has now."""
    if kept is None:
        return
    count = f"{format_row_count(kept.count)} {'was' if kept.count == 1 else 'were'} sent with"
    line = f"{count} other reference IDs than “{sanitized(kept.column)}” has now"
    ids = f"{shortened(kept.sent_id, 40)}, now {shortened(kept.manifest_id, 40)}"
    print(styled(f"{line}: line {kept.line} ({ids}).", WARNING))
    print("  An ID cannot be changed after the import. The results have both IDs.")
