"""Print and format messages for a terminal. Untrusted text is sanitized here.

This module must not know the platform, nor how a command works.
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

from batch_import.cli.console import ERROR, SUCCESS, WARNING, styled, warn
from batch_import.errors import format_line_numbers
from batch_import.models import Status
from batch_import.reports.labels import STATUSES

if TYPE_CHECKING:
    from pathlib import Path

    from batch_import.job import Job
    from batch_import.models import Counts, LineRange
    from batch_import.reports.problems import ProblemGroup
    from batch_import.state.exclusions import ExcludedRows, LineSummary
    from batch_import.state.facts import IgnoredEdits
    from batch_import.state.manifest_diff import ManifestDiff
    from batch_import.workflows.correction import CorrectedManifest
    from batch_import.workflows.load_result import HeldRows, ManifestReading
    from batch_import.workflows.pilot import Pilot
    from batch_import.workflows.source_checks import PreflightProgress


def print_reading(reading: "ManifestReading") -> None:
    """Print the format of the manifest, and the column or rule of each field."""
    print(f"Read as {sanitized(reading.format_description)}:")
    for field, source in reading.columns:
        print(f"  {field:<12} ← {sanitized(source)}")
    for note in reading.notes:
        print(sanitized(with_option_names(note)))
    if reading.comment_lines:
        print(f"Comment lines (#) skipped: line {format_line_numbers(reading.comment_lines)}")


def print_corrected(corrected: "CorrectedManifest", command: str) -> None:
    """Print the corrections of the manifest, the rows that were left out, and how to run the copy.

    Args:
        command: the command line that runs the copy in the same job. A new job could create each
            video of the copy a second time.
    """
    cells = f"{corrected.cell_count:,} cell{'' if corrected.cell_count == 1 else 's'} corrected"
    counts = f"{format_row_count(corrected.row_count)}, {cells}"
    print(f"Written: {sanitized(str(corrected.path))}, {counts}.")
    for line, column, value in corrected.examples:
        print(f"  line {line}, {sanitized(column)}: {shortened(value)}")
    if corrected.cell_count > len(corrected.examples):
        print("  …")
    if corrected.omitted_lines:
        lines = format_line_numbers(corrected.omitted_lines)
        reason = "because their cells are unclear, or they may be headings or totals"
        print(f"  Left out, {reason}: line {lines}")
    print(f"Review it, then run it in the same job: {sanitized(command)}")


def print_diff(diff: "ManifestDiff", subject: str = "manifest") -> None:
    """Print the changes since the previous run.

    Args:
        subject: `manifest`, or `job` if the file is a corrected failed.csv, which has only some
            rows of the job.
    """
    sentence = (
        "The job has changed; all other rows are unchanged."
        if subject == "job"
        else f"The manifest has changed; {format_row_count(diff.unchanged)} unchanged."
    )
    parts = {
        "added": diff.added,
        "changed": diff.changed,
        "removed (imported videos stay in the account)": diff.removed,
        "invalid in the previous version, now removed or edited (line numbers of the previous"
        " version)": diff.replaced,
        "changed after they were sent; edits ignored": diff.ignored,
    }
    if any(part.count for part in parts.values()):
        print(sentence)
    for change, part in parts.items():
        if part.count:
            more = ", …" if part.count > len(part.first) else ""
            examples = ", ".join(
                f"line {line} ({shortened(name, 30)})" if name else f"line {line}"
                for line, name in part.first
            )
            print(f"  {part.count:,} {change}: {examples}{more}")


def format_ignored_edits(edits: "IgnoredEdits") -> str:
    """Format the number of rows that were edited after they were sent; empty if there are none."""
    if not edits.count:
        return ""
    rows = f"{format_row_count(edits.count)} of the manifest"
    if edits.count == edits.url_count:
        verb = "has another URL" if edits.count == 1 else "have other URLs"
        first = "line" if edits.count == 1 else "the first on line"
        return (
            f"{rows} {verb} than when sent ({first} {edits.line}). You need not do anything if the"
            " videos are the same: they are not sent again."
        )
    if edits.count == 1:
        return (
            f"{rows} was edited after it was sent (line {edits.line}). The edit has no effect:"
            " change the video in Viostream."
        )
    return (
        f"{rows} were edited after they were sent, the first on line {edits.line}. These edits have"
        " no effect: change the videos in Viostream."
    )


def print_adoption(count: int, command: str) -> None:
    """Print the command that uses existing videos for rows whose reference IDs are taken.

    Args:
        count: number of these rows; nothing is printed if it is 0.
        command: the whole command line.
    """
    if count:
        rows = f"{format_row_count(count)} {'has' if count == 1 else 'have'} the reference ID of a"
        print(f"{rows} video with another title. To use such videos for their rows:")
        print(f"  {sanitized(command)}")


def print_held(held: "HeldRows", yes_option: str, no_option: str) -> None:
    """Print the rows that wait for a decision by the user, and the options for the decision.

    Args:
        yes_option, no_option: the options for "same videos" and for "other videos", as text of a
            command line.
    """
    if not held.count:
        return
    count = format_row_count(held.count)
    print(styled(f"{count} held back: they may be videos that were sent before.", WARNING))
    for row in held.examples:
        print(f"  line {row.line} ({shortened(row.title, 30)}, {shortened(row.source_url)}):")
        print(f"    {sanitized(row.reason)}")
    print(f"  If they are the same videos, and must not be sent again: {yes_option}")
    print(f"  If they are other videos, and must be sent: {no_option}")


def format_excluded(excluded: "ExcludedRows") -> list[str]:
    """Format the excluded rows, and how to release them, as lines; no line if there are none."""
    lines = []
    if excluded.unsent.count:
        rows = _format_line_summary(excluded.unsent)
        option = "--only"
        if excluded.unsent.has_all:
            option = f"--only {','.join(map(_format_range, excluded.unsent.ranges))}"
        verb, pronoun = ("is", "it") if excluded.unsent.count == 1 else ("are", "them")
        text = f"{rows} {verb} excluded: no run sends {pronoun}. To send {pronoun}: {option}"
        lines.append(styled(text, WARNING))
    if excluded.sent.count:
        rows = _format_line_summary(excluded.sent)
        verb, noun = ("was", "its video") if excluded.sent.count == 1 else ("were", "their videos")
        text = f"{rows} {verb} sent before, and excluded later: look for {noun} in the account."
        lines.append(styled(text, WARNING))
    return lines


def _format_line_summary(rows: "LineSummary") -> str:
    """Format rows and their lines: `3 rows (lines 5, 9-10)`."""
    noun = "line" if rows.count == 1 else "lines"
    more = "" if rows.has_all else ", …"
    ranges = ", ".join(map(_format_range, rows.ranges))
    return f"{format_row_count(rows.count)} ({noun} {ranges}{more})"


def _format_range(lines: "LineRange") -> str:
    """Format a range of lines as the option `--only` has it: `5`, `9-10`."""
    return str(lines.first) if lines.first == lines.last else f"{lines.first}-{lines.last}"


def print_pilot(pilot: "Pilot") -> None:
    """Print the first few rows of a pilot, each with its host, extension and size."""
    print(f"Pilot of {format_row_count(pilot.count)}{_pilot_selection(pilot)}:")
    for row in pilot.examples:
        print(f"  line {row.line} ({shortened(row.title, 30)}): {shortened(row.reason)}")
    if pilot.count > len(pilot.examples):
        print("  …")


def _pilot_selection(pilot: "Pilot") -> str:
    """Format how the rows of a pilot were chosen; empty if there is only one row."""
    if pilot.is_continued:
        return ", the same rows as in the previous run"
    if pilot.differences:
        *names, last_name = pilot.differences
        first_names = f"{', '.join(names)} and " if names else ""
        return f", with different {first_names}{last_name}"
    return ", evenly spaced" if pilot.count > 1 else ""


def print_problems(path: "Path", groups: Sequence["ProblemGroup"], file_name: str = "") -> None:
    """Print a table of problems: one line per code, with an example and a hint below it.

    Args:
        path: path of the file that lists every problem.
        file_name: name of the file that has the line numbers, if it is not the job's manifest.
    """
    if not groups:
        return
    width = max(len(group.code) for group in groups)
    of_file = f" of {sanitized(file_name)}" if file_name else ""
    print(f"{'problem':<{width + 9}}   count  first lines{of_file}")
    for group in groups:
        more = ", …" if group.has_more_lines else ""
        lines = ", ".join(map(str, group.example_lines))
        severity = styled(f"{group.severity:<7}", ERROR if group.severity == "error" else WARNING)
        print(f"{severity}  {group.code:<{width}}{group.count:>8,}  {lines}{more}")
        column = f"{sanitized(group.example.column)}: " if group.example.column else ""
        value = f" ({shortened(group.example.value)})" if group.example.value else ""
        print(f"         {column}{sanitized(group.example.reason)}{value}")
        print(f"         {sanitized(_group_hint(group))}")
    print(f"All problems: {sanitized(str(path))}")


def _group_hint(group: "ProblemGroup") -> str:
    """Returns a hint for all problems of a group, and the example's own hint if hints differ."""
    from batch_import.problem_codes import CODES

    hint = group.example.hint
    if not group.has_one_hint:
        hint = f"{CODES[group.code].hint} Line {group.example.line}: {hint}"
    if group.code == "extension-missing":
        hint = f"{hint} If all these files are of one kind: --default extension=mp4."
    return hint


def print_correctable(reading: "ManifestReading", command: str) -> None:
    """Print the command that makes all safe corrections in a copy of the manifest, if any."""
    count = reading.correctable_count
    if count:
        cells = f"{count:,} cell{'' if count == 1 else 's'}"
        print(f"{cells} can be corrected automatically, in a copy: {sanitized(command)}")


def problem_count(groups: Sequence["ProblemGroup"]) -> str:
    """Format the number of all problems: `1 problem`, `2 problems`."""
    count = sum(group.count for group in groups)
    return f"{count:,} problem{'' if count == 1 else 's'}"


def preflight_progress(progress: "PreflightProgress") -> str:
    """Format the progress of preflight."""
    gigabytes = f"{progress.size / 1e9:.1f} GB"
    return f"Preflight: {progress.sources:,} sources checked, {gigabytes} in total."


def print_outcome(
    job: "Job",
    counts: "Counts",
    to: TextIO | None = None,
    written: Sequence[str] = ("csv", "xlsx", "html"),
) -> None:
    """Print the number of rows per status at the end of an import, and where its results are.

    Args:
        to: the stream to print to; None means standard output.
        written: file name suffixes of the results that were written; empty if none were written.
    """
    stream = to or sys.stdout
    is_complete = counts.imported + counts.skipped == counts.total
    print(styled(format_counts(counts), SUCCESS if is_complete else WARNING, stream), file=stream)
    if not written:
        return
    first, *others = written
    more = f" (and {', '.join(f'.{suffix}' for suffix in others)})" if others else ""
    print(f"Results: {sanitized(str(job.results.with_suffix(f'.{first}')))}{more}", file=stream)
    if counts.failed or counts.invalid:
        print(f"Rows to fix: {sanitized(str(job.failed))}", file=stream)


def format_counts(counts: "Counts") -> str:
    """Format the numbers per status that are not zero, as in `12 rows: 11 imported, 1 failed`."""
    parts = [
        f"{count:,} {STATUSES[Status(name)].label.lower()}"
        for name, count in asdict(counts).items()
        if count and name != "total"
    ]
    return f"{format_row_count(counts.total)}: {', '.join(parts) or 'none'}."


def print_warning(text: str) -> None:
    """Print an error that does not end the command, as one line on stderr."""
    warn(with_timestamp(sanitized(text)))


def format_row_count(count: int) -> str:
    """Format a number of rows: `1 row`, `2 rows`."""
    return f"{count:,} row{'' if count == 1 else 's'}"


def with_option_names(text: str) -> str:
    """Replace the settings in a message by their command-line options."""
    from batch_import.cli.options import flag
    from batch_import.errors import with_refs

    return with_refs(text, flag, "batch-import {}".format)


def sanitized(text: str) -> str:
    """Remove secrets and terminal control sequences from an untrusted text."""
    from batch_import.addresses.masking import mask, without_control_characters

    return without_control_characters(mask(text))


def shortened(text: str, max_length: int = 80) -> str:
    """Sanitize a text, and cut it to a maximum number of characters."""
    safe = sanitized(text)
    return safe if len(safe) <= max_length else f"{safe[: max_length - 1]}…"


def with_timestamp(line: str) -> str:
    """Prefix a line with the current time, unless stderr is a terminal."""
    if sys.stderr.isatty():
        return line
    return f"{datetime.now().astimezone().isoformat(timespec='seconds')} {line}"


def progress_parts(
    counts: "Counts", seconds_left: float | None, rate: float | None, now: float
) -> list[str]:
    """Format the progress of an import as parts, the most important first.

    Args:
        seconds_left: estimated remaining time; None if it is not known yet.
        rate: API requests per second; None if it is not known.
        now: the current time, in epoch seconds.
    """
    return [
        "…" if seconds_left is None else f"{format_duration(seconds_left)} left",
        f"{counts.imported:,} imported",
        f"{counts.failed:,} failed",
        *([f"{counts.unknown:,} unknown"] if counts.unknown else []),
        f"{counts.processing:,} in flight",
        *([] if rate is None else [f"{rate:.3g} calls/s"]),
        *([] if seconds_left is None else [f"done {_format_clock(now + seconds_left, now)}"]),
    ]


def join_fitting(parts: Sequence[str], width: int) -> str:
    """Join the first parts that fit into a width together. No part is cut.

    Args:
        width: maximum number of characters.
    """
    text = ""
    for part in parts:
        longer = f"{text} · {part}" if text else part
        if len(longer) > width:
            break
        text = longer
    return text


def format_duration(seconds: float) -> str:
    """Format a duration: `45 s`, `12 min`, `3 h 05 min`, `2 d 4 h`."""
    minutes, hours = round(seconds / 60), round(seconds / 3600)
    # Two digits of one unit are precise enough.
    if seconds < 100:  # noqa: PLR2004
        return f"{seconds:.0f} s"
    if minutes < 100:  # noqa: PLR2004
        return f"{minutes} min"
    if hours < 48:  # noqa: PLR2004
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{hours // 24} d {hours % 24} h"


def format_time(time: float) -> str:
    """Format epoch seconds as local time: `2026-03-01 14:32:05`."""
    return datetime.fromtimestamp(time).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _format_clock(time: float, now: float) -> str:
    """Format epoch seconds as local time: `14:32`, with the date if it is not the day of `now`."""
    local_time = datetime.fromtimestamp(time).astimezone()
    is_today = local_time.date() == datetime.fromtimestamp(now).astimezone().date()
    return local_time.strftime("%H:%M" if is_today else "%Y-%m-%d %H:%M")
