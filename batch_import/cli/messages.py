"""Messages of commands, for a terminal. Text from outside is made safe to show here.

This file must not know the platform, nor how a command works.
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

from batch_import.cli.console import ERROR, SUCCESS, WARNING, styled, warn
from batch_import.models import Status
from batch_import.reports.labels import STATUSES

if TYPE_CHECKING:
    from batch_import.job import Job
    from batch_import.models import Counts
    from batch_import.reports.problems import ProblemGroup
    from batch_import.state.manifest_diff import ManifestDiff
    from batch_import.workflows.correction import Fixed
    from batch_import.workflows.load_result import HeldRows, Reading
    from batch_import.workflows.pilot import Pilot
    from batch_import.workflows.source_checks import PreflightProgress

#: Numbers of lines that can be taken in at once.
_SHOWN_LINES = 10


def print_reading(read: "Reading") -> None:
    """How the manifest was read."""
    print(f"Read as {shown(read.form)}:")
    for field, source in read.columns:
        print(f"  {field:<12} ← {shown(source)}")
    for note in read.notes:
        print(shown(with_flags(note)))
    if read.comments:
        lines = ", ".join(map(str, read.comments[:_SHOWN_LINES]))
        more = ", …" if len(read.comments) > _SHOWN_LINES else ""
        print(f"Comment lines (#) skipped: line {lines}{more}")


def print_fixed(fixed: "Fixed") -> None:
    """What was corrected, and what is left to do."""
    cells = f"{fixed.cells:,} cell{'' if fixed.cells == 1 else 's'} corrected"
    print(
        f"Written: {shown(str(fixed.file))}, {rows(fixed.rows)}, {cells}. Review it, then run it."
    )
    for line, column, value in fixed.first:
        print(f"  line {line}, {shown(column)}: {shortened(value)}")
    if fixed.cells > len(fixed.first):
        print("  …")
    if fixed.left_out:
        lines = ", ".join(map(str, fixed.left_out[:_SHOWN_LINES]))
        more = ", …" if len(fixed.left_out) > _SHOWN_LINES else ""
        print(f"  Left out, because their cells cannot be told apart: line {lines}{more}")


def print_diff(diff: "ManifestDiff", of: str = "manifest") -> None:
    """What changed since the run before, in the manifest or in rows of the job."""
    parts = {
        "added": diff.added,
        "changed": diff.changed,
        "removed (imported videos stay in the account)": diff.removed,
        "changed after they were sent; edits ignored": diff.ignored,
    }
    if any(part.count for part in parts.values()):
        print(f"The {of} has changed; {rows(diff.unchanged)} unchanged.")
    for what, part in parts.items():
        if part.count:
            more = ", …" if part.count > len(part.first) else ""
            first = ", ".join(f"line {line} ({shortened(name, 30)})" for line, name in part.first)
            print(f"  {part.count:,} {what}: {first}{more}")


def print_held(held: "HeldRows", yes: str, no: str) -> None:
    """Rows that wait for the user to say what they are, and how to say it.

    Args:
        yes, no: the option, as it is given on the command line.
    """
    if not held.count:
        return
    count = rows(held.count)
    print(styled(f"{count} held: may be videos that were sent before.", WARNING))
    for row in held.first:
        print(f"  line {row.line} ({shortened(row.title, 30)}, {shortened(row.source_url)}):")
        print(f"    {shown(row.reason)}")
    print(f"  If they are the same videos, so that none is sent again: {yes}")
    print(f"  If they are other videos, so that each is sent: {no}")


def print_pilot(pilot: "Pilot") -> None:
    """Which rows a pilot takes up, and what each is an example of."""
    why = "those of the run before" if pilot.continued else "spread over hosts, extensions, sizes"
    print(f"Pilot of {rows(pilot.count)}, {why}:")
    for row in pilot.first:
        print(f"  line {row.line} ({shortened(row.title, 30)}): {shortened(row.reason)}")
    if pilot.count > len(pilot.first):
        print("  …")


def print_problems(job: "Job", groups: Sequence["ProblemGroup"]) -> None:
    """A table of problems: one line per code, an example and a hint below it."""
    if not groups:
        return
    width = max(len(group.code) for group in groups)
    print(f"{'problem':<{width + 9}}   count  first lines")
    for group in groups:
        more = ", …" if group.count > len(group.lines) else ""
        lines = ", ".join(map(str, group.lines))
        severity = styled(f"{group.severity:<7}", ERROR if group.severity == "error" else WARNING)
        print(f"{severity}  {group.code:<{width}}{group.count:>8,}  {lines}{more}")
        column = f"{shown(group.first.column)}: " if group.first.column else ""
        value = f" ({shortened(group.first.value)})" if group.first.value else ""
        print(f"         {column}{shown(group.first.reason)}{value}")
        print(f"         {shown(group.first.hint)}")
    print(f"Every problem: {shown(str(job.problems))}")


def problem_count(groups: Sequence["ProblemGroup"]) -> str:
    """`1 problem`, `2 problems`."""
    count = sum(group.count for group in groups)
    return f"{count:,} problem{'' if count == 1 else 's'}"


def preflight_progress(asked: "PreflightProgress") -> str:
    """How far preflight is."""
    return f"Preflight: {asked.sources:,} sources asked, {asked.size / 1e9:.1f} GB in total."


def print_outcome(
    job: "Job",
    counts: "Counts",
    to: TextIO | None = None,
    written: Sequence[str] = ("csv", "xlsx", "html"),
) -> None:
    """How an import ended, and where its results are.

    Args:
        written: the formats of results that there are; none where nothing could be written.
    """
    out = to or sys.stdout
    done = counts.imported + counts.skipped == counts.total
    print(styled(counted(counts), SUCCESS if done else WARNING, out), file=out)
    if not written:
        return
    first, *more = written
    others = f" (and {', '.join(f'.{name}' for name in more)})" if more else ""
    print(f"Results: {shown(str(job.results.with_suffix(f'.{first}')))}{others}", file=out)
    if counts.failed or counts.invalid:
        print(f"Rows to fix: {shown(str(job.failed))}", file=out)


def counted(counts: "Counts") -> str:
    """`12 rows: 11 imported, 1 failed`: what there is, and it adds up."""
    named = ((name, n) for name, n in asdict(counts).items() if n and name != "total")
    parts = [f"{n:,} {STATUSES[Status(name)].label.lower()}" for name, n in named]
    return f"{rows(counts.total)}: {', '.join(parts) or 'none'}."


def print_trouble(text: str) -> None:
    """What went wrong without ending the run."""
    warn(stamped(shown(text)))


def rows(count: int) -> str:
    """`1 row`, `2 rows`."""
    return f"{count:,} row{'' if count == 1 else 's'}"


def with_flags(text: str) -> str:
    """A text with its settings as they are given on the command line."""
    from batch_import.cli.options import flag
    from batch_import.errors import rendered

    return rendered(text, flag, "batch-import {}".format)


def shown(text: str) -> str:
    """A text from outside without secrets, and without what would command a terminal."""
    from batch_import.addresses.masking import mask, printable

    return printable(mask(text))


def shortened(text: str, longest: int = 80) -> str:
    """As `shown`, and not longer than fits."""
    safe = shown(text)
    return safe if len(safe) <= longest else f"{safe[: longest - 1]}…"


def stamped(line: str) -> str:
    """A line with the time in front of it, where nobody watches a terminal."""
    if sys.stderr.isatty():
        return line
    return f"{datetime.now().astimezone().isoformat(timespec='seconds')} {line}"


def progress_parts(
    counts: "Counts", seconds_left: float | None, rate: float | None, now: float
) -> list[str]:
    """How an import is doing, in parts, what matters most first.

    Args:
        seconds_left: None where nobody knows.
        rate: API calls per second; None where that is not known here.
        now: epoch seconds.
    """
    left = seconds_left
    return [
        "…" if left is None else f"{lasting(left)} left",
        f"{counts.imported:,} imported",
        f"{counts.failed:,} failed",
        *([f"{counts.unknown:,} unknown"] if counts.unknown else []),
        f"{counts.processing:,} in flight",
        *([] if rate is None else [f"{rate:.3g} calls/s"]),
        *([] if left is None else [f"done {_clock(now + left, now)}"]),
    ]


def fitting(parts: Sequence[str], width: int) -> str:
    """As many parts as fit into a width, separated, and none cut."""
    text = ""
    for part in parts:
        longer = f"{text} · {part}" if text else part
        if len(longer) > width:
            break
        text = longer
    return text


def lasting(seconds: float) -> str:
    """`45 s`, `12 min`, `3 h 05 min`, `2 d 4 h`."""
    minutes, hours = round(seconds / 60), round(seconds / 3600)
    if seconds < 100:  # noqa: PLR2004  (what is soon over is counted in seconds)
        return f"{seconds:.0f} s"
    if minutes < 100:  # noqa: PLR2004  (and so on)
        return f"{minutes} min"
    if hours < 48:  # noqa: PLR2004
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{hours // 24} d {hours % 24} h"


def local(time: float) -> str:
    """Epoch seconds as this machine's clock shows them: `2026-03-01 14:32:05`."""
    return datetime.fromtimestamp(time).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _clock(time: float, now: float) -> str:
    """`14:32`, or with the date where that is another day."""
    then, today = (datetime.fromtimestamp(each).astimezone() for each in (time, now))
    return then.strftime("%H:%M" if then.date() == today.date() else "%Y-%m-%d %H:%M")
