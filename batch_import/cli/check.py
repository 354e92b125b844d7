"""`batch-import check`."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from batch_import.cli.command import READING, Invocation, command, manifest_argument
from batch_import.cli.console import SUCCESS, WARNING, styled
from batch_import.cli.exits import INCOMPLETE, OK
from batch_import.cli.messages import (
    format_row_count,
    preflight_progress,
    print_correctable,
    print_corrected,
    print_problems,
    print_reading,
    with_option_names,
)
from batch_import.cli.next_command import command_for_copy, correction_command
from batch_import.cli.progress import PreflightLines, stoppable

if TYPE_CHECKING:
    from batch_import.cli.options import OptionSources
    from batch_import.configuration.request import ImportRequest
    from batch_import.workflows.load_result import CheckResult


@command(
    options=(
        *READING,
        "json",
        "fix",
        "strict",
        "preflight",
        "link_life",
        "rate",
        "api_base",
    ),
    arguments=[manifest_argument()],
    examples=(
        "batch-import check library.csv",
        'batch-import check library.csv --map sourceUrl="Video Link" --default extension=mp4',
        "batch-import check library.xlsx --sheet Videos --preflight",
        "batch-import check library.csv --fix corrected.csv",
    ),
)
def check(invocation: Invocation) -> int:
    """Validate a manifest; nothing is sent."""
    from batch_import.workflows import check as workflow
    from batch_import.workflows.observer import Observer
    from batch_import.workflows.original_job import find_original_job

    request = find_original_job(invocation.request())
    observer = Observer(preflight=PreflightLines().show)
    with stoppable() as stop:
        checked = workflow.check(request, observer, stop, invocation["fix"])
    if invocation["json"]:
        _print_json(checked)
    else:
        _print(request, checked, invocation.option_sources)
    is_good = (
        not checked.groups if request.settings.strict else checked.valid_count == checked.row_count
    )
    return OK if is_good else INCOMPLETE


def _print(
    request: "ImportRequest", checked: "CheckResult", option_sources: "OptionSources"
) -> None:
    job = request.job
    print_reading(checked.reading)
    print_problems(checked.problem_path, checked.groups)
    if not checked.corrected:
        print_correctable(checked.reading, correction_command(option_sources, request.manifest))
    if checked.groups and checked.problem_path != job.problems:
        print("The job is not changed. To see what a run of this file would do, use plan.")
    if checked.preflight:
        print(preflight_progress(checked.preflight))
    if checked.corrected:
        command = command_for_copy(option_sources, checked.corrected.path, job)
        print_corrected(checked.corrected, command)
    invalid = checked.row_count - checked.valid_count
    counts = f"{checked.valid_count:,} can be imported, {invalid:,} invalid"
    line = f"{format_row_count(checked.row_count)}: {counts}."
    print(styled(line, WARNING if invalid else SUCCESS))


def _print_json(checked: "CheckResult") -> None:
    """Print JSON. docs/generate/json_keys.yaml documents the keys.

    The problems are read from their file and printed one by one, because there may be a million.
    """
    from batch_import.problem_codes import CODES
    from batch_import.reports.writers.csv_writer import read_csv

    without_problems = {
        "form": checked.reading.format_description,
        "rows": checked.row_count,
        "valid": checked.valid_count,
        "columns": dict(checked.reading.columns),
        "kinds": [
            {
                "code": group.code,
                "severity": group.severity,
                "count": group.count,
                "lines": group.example_lines,
                "advice": CODES[group.code].hint,
            }
            for group in checked.groups
        ],
        "notes": [with_option_names(note) for note in checked.reading.notes],
        "comments": checked.reading.comment_lines,
        "preflight": checked.preflight and asdict(checked.preflight),
        "fixed": checked.corrected
        and {
            "file": str(checked.corrected.path),
            "rows": checked.corrected.row_count,
            "cells": checked.corrected.cell_count,
            "left_out": checked.corrected.omitted_lines,
        },
    }
    # The JSON without its closing brace; the problems are its last member.
    print(json.dumps(without_problems)[:-1], end=', "problems": [')
    comma = ""
    # Without a problem, there may be no file.
    for problem in read_csv(checked.problem_path) if checked.groups else ():
        print(comma, json.dumps({**problem, "line": int(problem["line"])}), sep="\n", end="")
        comma = ","
    print("\n]}")
