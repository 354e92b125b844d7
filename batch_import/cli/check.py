"""`batch-import check`."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from batch_import.cli.command import READING, Invocation, command, manifest
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
from batch_import.cli.progress import PreflightLines, stoppable

if TYPE_CHECKING:
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
    arguments=[manifest()],
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
    from batch_import.workflows.original_job import with_original_job

    request = with_original_job(invocation.request())
    observer = Observer(preflight=PreflightLines().show)
    with stoppable() as stop:
        checked = workflow.check(request, observer, stop, invocation["fix"])
    if invocation["json"]:
        _print_json(checked)
    else:
        _print(request, checked)
    is_good = not checked.groups if request.settings.strict else checked.valid == checked.rows
    return OK if is_good else INCOMPLETE


def _print(request: "ImportRequest", checked: "CheckResult") -> None:
    job = request.job
    print_reading(checked.reading)
    print_problems(checked.problems, checked.groups)
    if not checked.fixed:
        print_correctable(checked.reading, request.manifest)
    if checked.groups and checked.problems != job.problems:
        print("The job is not changed: see what a run of this file would do with plan.")
    if checked.preflight:
        print(preflight_progress(checked.preflight))
    if checked.fixed:
        print_corrected(checked.fixed, job)
    invalid = checked.rows - checked.valid
    line = (
        f"{format_row_count(checked.rows)}: {checked.valid:,} can be imported, {invalid:,} invalid."
    )
    print(styled(line, WARNING if invalid else SUCCESS))


def _print_json(checked: "CheckResult") -> None:
    """Print JSON. docs/generate/json_keys.yaml documents the keys.

    The problems are read from their file, so that they need no memory.
    """
    from batch_import.problem_codes import CODES
    from batch_import.reports.writers.csv_writer import read_csv

    head = {
        "form": checked.reading.form,
        "rows": checked.rows,
        "valid": checked.valid,
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
        "comments": checked.reading.comments,
        "preflight": checked.preflight and asdict(checked.preflight),
        "fixed": checked.fixed
        and {
            "file": str(checked.fixed.file),
            "rows": checked.fixed.rows,
            "cells": checked.fixed.cells,
            "left_out": checked.fixed.left_out,
        },
    }
    print(json.dumps(head)[:-1], end=', "problems": [')
    comma = ""
    for problem in read_csv(checked.problems):
        print(comma, json.dumps({**problem, "line": int(problem["line"])}), sep="\n", end="")
        comma = ","
    print("\n]}")
