"""`batch-import verify`: compare each row of a job with the media in the account."""

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from batch_import.cli.command import READING, Invocation, command, manifest_argument
from batch_import.cli.console import SUCCESS, WARNING, styled
from batch_import.cli.exits import INCOMPLETE, OK
from batch_import.cli.messages import format_row_count, print_warning, sanitized, shortened
from batch_import.cli.progress import VerificationBar, stoppable

if TYPE_CHECKING:
    from batch_import.job import Job
    from batch_import.verification.comparison import (
        VerdictExample,
        VerdictGroup,
        VerificationResult,
    )


@command(
    options=(
        *READING,
        "credentials",
        "json",
        "verbose",
        "embeds",
        "rate",
        "log_max",
        "api_base",
        "embed_base",
    ),
    arguments=[manifest_argument()],
    examples=(
        "batch-import verify library.csv",
        "batch-import verify library.csv --embeds --json",
    ),
)
def verify(invocation: Invocation) -> int:
    """Compare each row with the media in the account."""
    from batch_import.state.location import exists, is_running
    from batch_import.workflows import verify as workflow
    from batch_import.workflows.observer import Observer

    job = invocation.existing_job()
    if exists(job) and is_running(job):
        print(
            "A run is in progress: each row is compared with its current status.", file=sys.stderr
        )
    steps = VerificationBar()
    try:
        with stoppable() as stop:
            result = workflow.verify(
                replace(invocation.request(), folder=job.folder),
                invocation.load_credentials(),
                checks_embeds=invocation["embeds"],
                observer=Observer(step=steps.show, problem=print_warning),
                stop=stop,
            )
    finally:
        steps.close()
    print_result = _print_json if invocation["json"] else _print
    print_result(job, result)
    return OK if result.holds else INCOMPLETE


def _print(job: "Job", result: "VerificationResult") -> None:
    """Print the numbers, then the first few rows of each verdict that a person should check."""
    print(
        f"{result.listed:,} media in the account{_list_note(result)};"
        f" {result.others:,} of them belong to no row."
    )
    parts = ", ".join(f"{group.count:,} {group.verdict}" for group in result.groups)
    print(
        styled(
            f"{format_row_count(result.rows)}: {parts or 'none'}.",
            SUCCESS if result.holds else WARNING,
        )
    )
    for group in result.groups:
        if group.examples:
            _print_group(group)
    if result.embed_pages is not None:
        print(f"Embed pages: {result.embed_pages:,} requested, {result.failed_pages:,} failed.")
    if result.list_fault:
        print(f"The account's media list cannot be read to its end: {result.list_fault}.")
        print("Each row was searched for separately; media that belong to no row may be missing.")
    print(f"All rows: {sanitized(str(job.verification))}")


def _print_group(group: "VerdictGroup") -> None:
    print(f"  {group.verdict}: {format_row_count(group.notable_count)}")
    for example in group.examples:
        print(f"    {_example_text(example)}")
    more_count = group.notable_count - len(group.examples)
    if more_count:
        print(f"    and {more_count:,} more")


def _example_text(example: "VerdictExample") -> str:
    reference = f" ({shortened(example.reference_id, 40)})" if example.reference_id else ""
    detail = f": {shortened(example.detail, 200)}" if example.detail else ""
    return f"line {example.line}{reference}{detail}"


def _list_note(result: "VerificationResult") -> str:
    """Returns a note if the account's media list is incomplete; otherwise an empty text."""
    if result.reported_total is None or result.reported_total <= result.listed:
        return ""
    return f" (the account reports {result.reported_total:,}, but its list does not show all)"


def _print_json(job: "Job", result: "VerificationResult") -> None:
    """Print JSON. docs/generate/json_keys.yaml documents the keys."""
    values = {
        "ok": result.holds,
        "rows": result.rows,
        "verdicts": {str(group.verdict): group.count for group in result.groups},
        "media": result.listed,
        "reported_total": result.reported_total,
        "unmatched_media": result.others,
        "embed_pages": result.embed_pages,
        "failed_pages": result.failed_pages,
        "file": str(job.verification),
    }
    print(json.dumps(values))
