"""`batch-import status`: show the progress of a job, or the history of one row.

The command changes nothing, and can be used during a run.
"""

import json
import time
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from batch_import.addresses.masking import mask
from batch_import.cli.command import Invocation, argument, command, manifest_argument
from batch_import.cli.console import ERROR, SUCCESS, WARNING, styled
from batch_import.cli.exits import OK
from batch_import.cli.messages import (
    format_counts,
    format_duration,
    format_excluded,
    format_ignored_edits,
    format_time,
    print_adoption,
    sanitized,
    shortened,
)
from batch_import.cli.next_command import next_command
from batch_import.errors import UsageError
from batch_import.models import Status

if TYPE_CHECKING:
    from batch_import.job import Job
    from batch_import.reports.summary import AttentionGroup
    from batch_import.state.reader import InFlightRow
    from batch_import.workflows.status import JobStatus, RowHistory

#: Maximum number of causes, for which rows need attention, that are listed.
_MAX_CAUSES: Final = 5
#: Statuses whose groups are shown as errors. All other groups are shown as warnings.
_ERROR_STATUSES: Final = (Status.FAILED, Status.INVALID)


@command(
    options=("config", "job", "state", "json", "watch"),
    arguments=[
        manifest_argument(),
        argument(
            "row", "line number or reference ID of a row; line:N or id:ID if both would match",
            required=False,
        ),
    ],
    examples=(
        "batch-import status library.csv",
        "batch-import status library.csv --watch",
        "batch-import status library.csv hr-welcome-2025",
    ),
)  # fmt: skip
def status(invocation: Invocation) -> int:
    """Show the progress and the problems of a job, or the history of one row."""
    from batch_import.workflows import status

    if invocation["watch"]:
        if invocation["row"] or invocation["json"]:
            raise UsageError(
                "this cannot be combined with ROW or --json.", "Remove them.", setting="watch"
            )
        from batch_import.cli.watch import watch

        return watch(invocation.existing_job())
    job = invocation.existing_job()
    if invocation["row"]:
        history = status.read_row_history(job, invocation["row"])
        if invocation["json"]:
            print(json.dumps(_history_json(history)))
        else:
            print("\n".join(_history_lines(history)))
        return OK
    job_status = status.read_job_status(job)
    if invocation["json"]:
        print(json.dumps(_status_json(job_status)))
    else:
        print("\n".join(status_lines(job, job_status, time.time())))
        if not job_status.is_running:
            adopt_command = next_command(invocation.option_sources, "retry", "--adopt", "any")
            print_adoption(status.taken_id_count(job), adopt_command)
    return OK


def status_lines(job: "Job", job_status: "JobStatus", now: float) -> list[str]:
    """Format the status of a job as lines, the most important first.

    Args:
        now: the current time, in epoch seconds.
    """
    lines = [format_counts(job_status.counts), _activity_line(job_status, now)]
    if job_status.ignored_edits.count:
        lines.append(format_ignored_edits(job_status.ignored_edits))
    lines += format_excluded(job_status.excluded)
    if job_status.oldest_in_flight:
        oldest = job_status.oldest_in_flight
        lines.append(_oldest_line(oldest, now, running=job_status.is_running))
    for group in job_status.attention_groups[:_MAX_CAUSES]:
        lines += _group_lines(group, running=job_status.is_running)
    others = job_status.attention_groups[_MAX_CAUSES:]
    if others:
        count = sum(group.count for group in others)
        page = sanitized(str(job.results.with_suffix(".html")))
        lines.append(f"{count:,} more, for {len(others):,} other causes: all are in {page}")
    return lines


def _group_lines(group: "AttentionGroup", *, running: bool) -> list[str]:
    """Format rows that need attention for the same cause: number, cause, first lines, advice."""
    more = ", …" if group.count > len(group.lines) else ""
    line_numbers = ", ".join(map(str, group.lines))
    host = f" ({sanitized(group.cause.host)})" if group.cause.host else ""
    colour = ERROR if group.status in _ERROR_STATUSES else WARNING
    label = styled(f"{group.count:,} {group.status}:", colour)
    # While a run is in progress, the user cannot follow the advice.
    advice = "" if running else f" {group.advice}"
    example = "" if group.has_one_reason else "for example: "
    return [
        f"{label} {example}{shortened(group.cause.reason)}{host}",
        f"    line {line_numbers}{more}.{advice}",
    ]


def _activity_line(job_status: "JobStatus", now: float) -> str:
    """Format whether a run is in progress, its start, and the last change."""
    activity = "No run in progress"
    if job_status.is_running:
        activity = styled("Run in progress", SUCCESS)
    if job_status.started_at is None or job_status.changed_at is None:
        return f"{activity}; nothing was sent yet."
    since_start = format_duration(max(0.0, now - job_status.started_at))
    since_change = format_duration(max(0.0, now - job_status.changed_at))
    return (
        f"{activity}. Started {format_time(job_status.started_at)} ({since_start} ago),"
        f" last change {since_change} ago."
    )


def _oldest_line(row: "InFlightRow", now: float, *, running: bool) -> str:
    """Format the row that has been in flight for the longest time."""
    # If no run is in progress, it is unknown whether a row with the status `creating` was created.
    is_unknown = row.status is Status.CREATING and not running
    status = Status.UNKNOWN if is_unknown else row.status
    name = "unknown row" if status is Status.UNKNOWN else "row in flight"
    return (
        f"Oldest {name}: line {row.line} ({shortened(row.reference_id, 40)}),"
        f" {status} since {format_time(row.since)} ({format_duration(max(0.0, now - row.since))})."
    )


def _history_lines(history: "RowHistory") -> list[str]:
    """Format the values of a row, what to do, and its status changes."""
    row = history.row
    values = {
        "new ID": row.reference_id_in_manifest,
        "title": row.title or row.filename,
        "source": row.source_url,
        "ingest id": row.ingest_id,
        "media id": row.media_id,
        "key": row.key,
        "embed URL": history.embed_url,
        "error": row.reason,
        "to do": history.advice,
        "excluded": f"no run sends it; to send it: --only {row.line}"
        if history.is_excluded
        else "",
    }
    removed = ", no longer in the manifest" if row.is_removed else ""
    lines = [f"Line {row.line} ({sanitized(row.reference_id)}): {row.status}{removed}"]
    lines += [f"  {name:<10} {sanitized(text)}" for name, text in values.items() if text]
    lines += [
        f"  {format_time(event.time)}  {event.status:<10}  {sanitized(event.reason)}".rstrip()
        for event in history.events
    ]
    return lines if history.events else [*lines, "  The row was not sent yet."]


# For programs ---------------------------------------------------------------------------------


def _status_json(job_status: "JobStatus") -> dict[str, Any]:
    """Returns the JSON object to print. docs/generate/json_keys.yaml documents the keys."""
    row = job_status.oldest_in_flight
    causes = [
        {
            "status": group.status,
            "reason": group.cause.reason,
            "host": group.cause.host,
            "count": group.count,
            "lines": group.lines,
            "advice": group.advice,
        }
        for group in job_status.attention_groups
    ]
    return {
        **asdict(job_status.counts),
        "manifest": job_status.manifest,
        "running": job_status.is_running,
        "started": format_iso(job_status.started_at),
        "changed": format_iso(job_status.changed_at),
        "oldest": row and {**asdict(row), "since": format_iso(row.since)},
        "causes": causes,
        "excluded": job_status.excluded.unsent.count,
    }


def _history_json(history: "RowHistory") -> dict[str, Any]:
    """Returns the JSON object to print. docs/generate/json_keys.yaml documents the keys."""
    row = history.row
    return {
        "line": row.line,
        "referenceId": row.reference_id,
        "manifestId": row.reference_id_in_manifest,
        "status": row.status,
        "error": mask(row.reason),
        "advice": history.advice,
        "removed": row.is_removed,
        "excluded": history.is_excluded,
        "filename": mask(row.filename),
        "sourceUrl": mask(row.source_url),
        "ingestId": row.ingest_id,
        "mediaId": row.media_id,
        "key": row.key,
        "embedUrl": history.embed_url,
        "events": [
            {"time": format_iso(event.time), "status": event.status, "reason": mask(event.reason)}
            for event in history.events
        ],
    }


def format_iso(time: float | None) -> str | None:
    """Format epoch seconds as local time with its UTC offset; None stays None."""
    if time is None:
        return None
    return datetime.fromtimestamp(time).astimezone().isoformat(timespec="milliseconds")
