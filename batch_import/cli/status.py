"""`batch-import status`: show the progress of a job, or the history of one row.

It changes nothing, and can be used during a run.
"""

import json
import time
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from batch_import.addresses.masking import mask
from batch_import.cli.command import Invocation, argument, command, manifest
from batch_import.cli.console import ERROR, SUCCESS, WARNING, styled
from batch_import.cli.exits import OK
from batch_import.cli.messages import (
    format_counts,
    format_duration,
    format_ignored_edits,
    format_time,
    print_adoption,
    sanitized,
    shortened,
)
from batch_import.errors import UsageError
from batch_import.models import Status

if TYPE_CHECKING:
    from batch_import.job import Job
    from batch_import.reports.summary import AttentionGroup
    from batch_import.state.reader import InFlightRow
    from batch_import.workflows.status import JobStatus, RowHistory

#: Maximum number of causes that are listed.
_SHOWN_CAUSES: Final = 5
_COLOURS: Final = {Status.FAILED: ERROR, Status.INVALID: ERROR, Status.UNKNOWN: WARNING}


@command(
    options=("config", "job", "state", "json", "watch"),
    arguments=[
        manifest(),
        argument(
            "row", "a row's line or reference ID; line:N or id:ID where it may be either",
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
                "this shows a whole job, to a person.", "Leave ROW and --json out.", setting="watch"
            )
        from batch_import.cli.watch import watch

        return watch(invocation.existing_job())
    job = invocation.existing_job()
    if invocation["row"]:
        story = status.read_row_history(job, invocation["row"])
        print(
            json.dumps(_story_json(story)) if invocation["json"] else "\n".join(_story_lines(story))
        )
    else:
        seen = status.read_job_status(job)
        if invocation["json"]:
            print(json.dumps(_json(seen)))
        else:
            print("\n".join(lines(job, seen, time.time())))
            if not seen.running:
                again = invocation.option_sources.command_line("retry", "--adopt", "any")
                print_adoption(status.ids_taken_count(job), again)
    return OK


def lines(job: "Job", seen: "JobStatus", now: float) -> list[str]:
    """Print the status of a job, the most important first."""
    found = [format_counts(seen.counts), _activity(seen, now)]
    if edits := format_ignored_edits(seen.ignored_edits):
        found.append(edits)
    if seen.oldest:
        found.append(_oldest(seen.oldest, now, running=seen.running))
    for trouble in seen.attention_groups[:_SHOWN_CAUSES]:
        found += _trouble(trouble, running=seen.running)
    rest = seen.attention_groups[_SHOWN_CAUSES:]
    if rest:
        count = sum(trouble.count for trouble in rest)
        where = sanitized(str(job.results.with_suffix(".html")))
        found.append(f"{count:,} more, for {len(rest):,} other causes: all are in {where}")
    return found


def _trouble(trouble: "AttentionGroup", *, running: bool) -> list[str]:
    more = ", …" if trouble.count > len(trouble.lines) else ""
    first = ", ".join(map(str, trouble.lines))
    host = f" ({sanitized(trouble.cause.host)})" if trouble.cause.host else ""
    kind = styled(f"{trouble.count:,} {trouble.status}:", _COLOURS[trouble.status])
    # The user need not run anything during a run.
    advice = "" if running else f" {trouble.advice}"
    return [
        f"{kind} {shortened(trouble.cause.reason)}{host}",
        f"    line {first}{more}.{advice}",
    ]


def _activity(seen: "JobStatus", now: float) -> str:
    work = styled("Run in progress", SUCCESS) if seen.running else "No run in progress"
    if seen.began is None or seen.changed is None:
        return f"{work}; nothing was sent yet."
    began, ago = (
        format_duration(max(0.0, now - seen.began)),
        format_duration(max(0.0, now - seen.changed)),
    )
    return f"{work}. Started {format_time(seen.began)} ({began} ago), last change {ago} ago."


def _oldest(row: "InFlightRow", now: float, *, running: bool) -> str:
    # Without a run, it is not known whether a row that was being sent was created.
    lost = row.status is Status.CREATING and not running
    status = Status.UNKNOWN if lost else row.status
    name = "unknown row" if status is Status.UNKNOWN else "row in flight"
    return (
        f"Oldest {name}: line {row.line} ({shortened(row.reference_id, 40)}),"
        f" {status} since {format_time(row.since)} ({format_duration(max(0.0, now - row.since))})."
    )


def _story_lines(story: "RowHistory") -> list[str]:
    """Print the values of a row, its history, and what to do."""
    record = story.record
    known = {
        "new ID": record.reference_id_in_manifest,
        "title": record.title or record.filename,
        "source": record.source_url,
        "ingest id": record.ingest_id,
        "media id": record.media_id,
        "key": record.key,
        "embed URL": story.embed_url,
        "error": record.reason,
        "to do": story.advice,
    }
    gone = ", no longer in the manifest" if record.is_removed else ""
    found = [f"Line {record.line} ({sanitized(record.reference_id)}): {record.status}{gone}"]
    found += [f"  {name:<10} {sanitized(text)}" for name, text in known.items() if text]
    found += [
        f"  {format_time(event.time)}  {event.status:<10}  {sanitized(event.reason)}".rstrip()
        for event in story.events
    ]
    return found if story.events else [*found, "  Nothing has happened to it yet."]


# For programs ---------------------------------------------------------------------------------


def _json(seen: "JobStatus") -> dict[str, Any]:
    """Print JSON. docs/generate/json_keys.yaml documents the keys."""
    oldest = seen.oldest and {**asdict(seen.oldest), "since": iso(seen.oldest.since)}
    causes = [
        {
            "status": trouble.status,
            "reason": trouble.cause.reason,
            "host": trouble.cause.host,
            "count": trouble.count,
            "lines": trouble.lines,
            "advice": trouble.advice,
        }
        for trouble in seen.attention_groups
    ]
    return {
        **asdict(seen.counts),
        "manifest": seen.manifest,
        "running": seen.running,
        "started": iso(seen.began),
        "changed": iso(seen.changed),
        "oldest": oldest,
        "causes": causes,
    }


def _story_json(story: "RowHistory") -> dict[str, Any]:
    record = story.record
    return {
        "line": record.line,
        "referenceId": record.reference_id,
        "manifestId": record.reference_id_in_manifest,
        "status": record.status,
        "error": mask(record.reason),
        "advice": story.advice,
        "removed": record.is_removed,
        "filename": mask(record.filename),
        "sourceUrl": mask(record.source_url),
        "ingestId": record.ingest_id,
        "mediaId": record.media_id,
        "key": record.key,
        "embedUrl": story.embed_url,
        "events": [
            {"time": iso(event.time), "status": event.status, "reason": mask(event.reason)}
            for event in story.events
        ],
    }


def iso(time: float | None) -> str | None:
    """Format epoch seconds as local time with its UTC offset; None stays None."""
    if time is None:
        return None
    return datetime.fromtimestamp(time).astimezone().isoformat(timespec="milliseconds")
