"""Commands that watch jobs: `status` and `jobs`, and what they say.

They change nothing, and work beside a run. This file must not know how a run works.
"""

import argparse
import json
import os
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from batch_import.cli.arguments import job_of
from batch_import.cli.exits import OK
from batch_import.cli.words import counted, lasting, local, shortened, shown
from batch_import.errors import UsageError
from batch_import.job import OUTPUT, Job
from batch_import.masking import mask
from batch_import.models import Status
from batch_import.state.reader import InFlightRow
from batch_import.workflows import status as workflow
from batch_import.workflows.status import Listed, Overview, RowStory

#: Seconds between two looks.
_EVERY: Final = 2.0
#: What `jobs` counts, in its order; they add up to the first.
_NUMBERS: Final = ("rows", "imported", "failed", "invalid", "skipped", "open")
#: Causes that can be taken in at once.
_SHOWN_CAUSES: Final = 5
#: Columns below which lines are not wrapped further.
_NARROWEST: Final = 20
#: A screen of its own without a cursor, and back; home; the rest of the line, of the screen.
_ENTER: Final = "\x1b[?1049h\x1b[?25l"
_LEAVE: Final = "\x1b[?25h\x1b[?1049l"
_HOME, _CLEAR_LINE, _CLEAR_BELOW = "\x1b[H", "\x1b[K", "\x1b[J"


def status(arguments: argparse.Namespace) -> int:
    """Show how far a job is, or what happened to one row."""
    job = job_of(arguments)
    if arguments.watch:
        if arguments.row or arguments.json:
            raise UsageError("--watch shows a whole job, to a person.", "Leave ROW and --json out.")
        return _watch(job)
    if arguments.row:
        story = workflow.row_story(job, arguments.row)
        print(json.dumps(_story_told(story)) if arguments.json else "\n".join(_story_lines(story)))
        return OK
    seen = workflow.overview(job)
    print(json.dumps(_told(seen)) if arguments.json else "\n".join(_lines(seen, time.time())))
    return OK


def jobs(arguments: argparse.Namespace) -> int:
    """List all jobs of a folder."""
    folder = arguments.jobs or OUTPUT
    listed = workflow.jobs(folder)
    if arguments.json:
        print(json.dumps([_listed_told(job) for job in listed]))
    elif listed:
        print("\n".join(_table(listed)))
    else:
        print(f"There are no jobs in {shown(str(folder))}.")
    return OK


# Again and again ------------------------------------------------------------------------------


def _watch(job: Job) -> int:
    """Until the run ends, or Ctrl-C, which is how watching ends otherwise."""
    with suppress(KeyboardInterrupt):
        (_redraw if sys.stdout.isatty() else _tell_anew)(job)
    return OK


def _redraw(job: Job) -> None:
    """Draw over what was drawn before; the last state is there to stay."""
    seen: Overview | None = None
    with _own_screen(), suppress(KeyboardInterrupt):
        for seen in _looks(job):
            columns, lines = os.get_terminal_size(sys.stdout.fileno())
            text = [part for line in _lines(seen, time.time()) for part in _wrapped(line, columns)]
            screen = "".join(f"{line}{_CLEAR_LINE}\n" for line in text[: lines - 1])
            sys.stdout.write(f"{_HOME}{screen}{_CLEAR_BELOW}")
            sys.stdout.flush()
    if seen:
        print("\n".join(_lines(seen, time.time())))


def _tell_anew(job: Job) -> None:
    """A block of plain lines for each change."""
    before = None
    for seen in _looks(job):
        if seen != before:
            print("\n".join(_lines(seen, time.time())), end="\n\n", flush=True)
        before = seen


def _looks(job: Job) -> Iterator[Overview]:
    """Look every so often; the last look is at a job that no run is at work on."""
    while (seen := workflow.overview(job)).running:
        yield seen
        time.sleep(_EVERY)
    yield seen


def _wrapped(line: str, columns: int) -> list[str]:
    return textwrap.wrap(line, max(_NARROWEST, columns - 1), subsequent_indent="    ")


@contextmanager
def _own_screen() -> Iterator[None]:
    """What was on the terminal before is there again afterwards."""
    sys.stdout.write(_ENTER)
    try:
        yield
    finally:
        sys.stdout.write(_LEAVE)
        sys.stdout.flush()


# In words -------------------------------------------------------------------------------------


def _lines(seen: Overview, now: float) -> list[str]:
    """A job, what matters most first."""
    lines = [counted(seen.counts), _at_work(seen, now)]
    if seen.oldest:
        lines.append(_oldest(seen.oldest, now, running=seen.running))
    for trouble in seen.troubles[:_SHOWN_CAUSES]:
        more = ", …" if trouble.count > len(trouble.lines) else ""
        first = ", ".join(map(str, trouble.lines))
        host = f" ({shown(trouble.cause.host)})" if trouble.cause.host else ""
        lines.append(f"{trouble.count} {trouble.status}: {shortened(trouble.cause.reason)}{host}")
        lines.append(f"    line {first}{more}. {trouble.advice}")
    rest = seen.troubles[_SHOWN_CAUSES:]
    if rest:
        lines.append(f"{sum(t.count for t in rest)} more, for {len(rest)} other causes.")
    return lines


def _at_work(seen: Overview, now: float) -> str:
    work = "A run is at work" if seen.running else "No run is at work"
    if seen.began is None or seen.changed is None:
        return f"{work}; nothing was sent yet."
    took = lasting((now if seen.running else seen.changed) - seen.began)
    ago = lasting(max(0.0, now - seen.changed))
    return f"{work}. Begun {local(seen.began)}, last change {ago} ago, {took} in all."


def _oldest(row: InFlightRow, now: float, *, running: bool) -> str:
    # Without a run nobody knows what became of a row that was being sent.
    lost = row.status is Status.CREATING and not running
    status = Status.UNKNOWN if lost else row.status
    age = lasting(max(0.0, now - row.since))
    return (
        f"Oldest in flight: line {row.line} ({shortened(row.reference_id, 40)}),"
        f" {status} since {local(row.since)} ({age})."
    )


def _story_lines(story: RowStory) -> list[str]:
    """A row: what is known of it, what happened to it, and what to do."""
    record = story.record
    known = {
        "title": record.title or record.filename,
        "source": record.source_url,
        "ingest id": record.ingest_id,
        "media id": record.media_id,
        "key": record.key,
        "embed URL": story.embed_url,
        "error": record.error,
        "to do": story.advice,
    }
    gone = ", no longer in the manifest" if record.removed else ""
    lines = [f"Line {record.line} ({shown(record.reference_id)}): {record.status}{gone}"]
    lines += [f"  {name:<10} {shown(text)}" for name, text in known.items() if text]
    lines += [
        f"  {local(event.time)}  {event.status:<10}  {shown(event.reason)}".rstrip()
        for event in story.events
    ]
    return lines if story.events else [*lines, "  Nothing has happened to it yet."]


def _table(listed: Sequence[Listed]) -> list[str]:
    """All jobs, one a line."""
    folders = [shown(str(job.folder)) for job in listed]
    width = max(map(len, ("job", *folders)))
    names = "".join(f"{name:>10}" for name in _NUMBERS)
    lines = [f"{'job':<{width}}{names}  {'last change':<19}  manifest"]
    for folder, job in zip(folders, listed, strict=True):
        lines.append(f"{folder:<{width}}{_numbers(job)}".rstrip())
    return lines


def _numbers(job: Listed) -> str:
    if job.fault:
        return f"  {shown(job.fault)}"
    counts = job.counts
    told = (counts.total, counts.imported, counts.failed, counts.invalid, counts.skipped)
    numbers = "".join(f"{number:>10}" for number in (*told, _open(job)))
    when = "" if job.changed is None else local(job.changed)
    running = " (running)" if job.running else ""
    return f"{numbers}  {when:<19}  {shown(Path(job.manifest).name)}{running}"


def _open(job: Listed) -> int:
    return job.counts.pending + job.counts.processing + job.counts.unknown


# For programs ---------------------------------------------------------------------------------


def _told(seen: Overview) -> dict[str, Any]:
    """The shape stands in the README."""
    oldest = seen.oldest and {**asdict(seen.oldest), "since": _iso(seen.oldest.since)}
    causes = [
        {
            "status": trouble.status,
            "reason": trouble.cause.reason,
            "host": trouble.cause.host,
            "count": trouble.count,
            "lines": trouble.lines,
            "advice": trouble.advice,
        }
        for trouble in seen.troubles
    ]
    return {
        **asdict(seen.counts),
        "manifest": seen.manifest,
        "running": seen.running,
        "began": _iso(seen.began),
        "changed": _iso(seen.changed),
        "oldest": oldest,
        "causes": causes,
    }


def _story_told(story: RowStory) -> dict[str, Any]:
    record = story.record
    return {
        "line": record.line,
        "referenceId": record.reference_id,
        "status": record.status,
        "error": mask(record.error),
        "advice": story.advice,
        "removed": record.removed,
        "filename": mask(record.filename),
        "sourceUrl": mask(record.source_url),
        "ingestId": record.ingest_id,
        "mediaId": record.media_id,
        "key": record.key,
        "embedUrl": story.embed_url,
        "events": [
            {"time": _iso(event.time), "status": event.status, "reason": mask(event.reason)}
            for event in story.events
        ],
    }


def _listed_told(job: Listed) -> dict[str, Any]:
    return {
        "folder": str(job.folder),
        "manifest": job.manifest,
        **asdict(job.counts),
        "running": job.running,
        "changed": _iso(job.changed),
        "fault": mask(job.fault),
    }


def _iso(moment: float | None) -> str | None:
    """A moment with this machine's offset from UTC."""
    if moment is None:
        return None
    return datetime.fromtimestamp(moment).astimezone().isoformat(timespec="milliseconds")
