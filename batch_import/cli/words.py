"""What commands say, in words for a terminal. Text from outside is made fit to be shown here.

This file must not know the platform, nor how a command works.
"""

import difflib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

from batch_import.masking import mask, printable
from batch_import.models import Counts

if TYPE_CHECKING:
    from batch_import.cli.config import Told
    from batch_import.importer.dispatch import Progress
    from batch_import.job import Job
    from batch_import.reports.problems import Kind
    from batch_import.state.manifest_diff import ManifestDiff
    from batch_import.workflows.load import Asked, Checked, Reading
    from batch_import.workflows.pipeline import Loaded

#: Numbers of lines that can be taken in at once.
_SHOWN_LINES = 10
#: Of values, in characters; a longer one only moves what stands behind it.
_VALUE_WIDTH = 44


def print_loaded(job: "Job", loaded: "Loaded") -> None:
    """What a run found in the manifest, and what it is going to do."""
    print_reading(loaded.taken.reading)
    if loaded.taken.diff:
        print_diff(loaded.taken.diff)
    print_kinds(job, loaded.taken.kinds)
    if loaded.taken.asked:
        print(asked_so_far(loaded.taken.asked))
    print(f"To do: {loaded.plan}." if loaded.plan.has_work else "Nothing to send.", flush=True)


def print_checked(job: "Job", checked: "Checked") -> None:
    """What `check` found."""
    print_reading(checked.reading)
    print_kinds(job, checked.kinds)
    if checked.asked:
        print(asked_so_far(checked.asked))
    invalid = checked.rows - checked.valid
    print(f"{rows(checked.rows)}: {checked.valid} can be imported, {invalid} invalid.")


def print_json(job: "Job", checked: "Checked") -> None:
    """The shape stands in docs/checks.md. The problems are read back, so that none is kept."""
    from batch_import.reports.writers.csv_writer import read_csv

    told = {
        "form": checked.reading.form,
        "rows": checked.rows,
        "valid": checked.valid,
        "columns": dict(checked.reading.columns),
        "kinds": [
            {"code": kind.code, "severity": kind.severity, "count": kind.count, "lines": kind.lines}
            for kind in checked.kinds
        ],
        "comments": checked.reading.comments,
        "preflight": checked.asked and asdict(checked.asked),
    }
    print(json.dumps(told)[:-1], end=', "problems": [')
    comma = ""
    for problem in read_csv(job.problems):
        print(comma, json.dumps({**problem, "line": int(problem["line"])}), sep="\n", end="")
        comma = ","
    print("\n]}")


def print_pictures(left: int, rate: float) -> None:
    """How long it takes to ask for the pictures."""
    minutes = max(1, round(left / rate / 60))
    print(f"Asking for the ratio of {left} videos: about {minutes} min.", flush=True)


def print_reading(read: "Reading") -> None:
    """How the manifest was read."""
    print(f"Read as {shown(read.form)}:")
    for field, source in read.columns:
        print(f"  {field:<12} ← {shown(source)}")
    if read.comments:
        lines = ", ".join(map(str, read.comments[:_SHOWN_LINES]))
        more = ", …" if len(read.comments) > _SHOWN_LINES else ""
        print(f"Left out as comments (#): line {lines}{more}")


def print_diff(diff: "ManifestDiff") -> None:
    """What the manifest says that it did not say to the run before."""
    parts = {
        "added": diff.added,
        "changed": diff.changed,
        "removed": diff.removed,
        "changed too late: they were sent as they were before": diff.ignored,
    }
    if any(part.count for part in parts.values()):
        print(f"The manifest has changed; {rows(diff.unchanged)} as before.")
    for what, part in parts.items():
        if part.count:
            more = ", …" if part.count > len(part.first) else ""
            first = ", ".join(f"line {line} ({shortened(name, 30)})" for line, name in part.first)
            print(f"  {part.count} {what}: {first}{more}")


def print_kinds(job: "Job", kinds: Sequence["Kind"]) -> None:
    """A table of what is wrong: a kind a row, an example and the way out below it."""
    if not kinds:
        return
    width = max(len(kind.code) for kind in kinds)
    print(f"{'problem':<{width + 9}}   count  first lines")
    for kind in kinds:
        more = ", …" if kind.count > len(kind.lines) else ""
        lines = ", ".join(map(str, kind.lines))
        print(f"{kind.severity:<7}  {kind.code:<{width}}{kind.count:>8}  {lines}{more}")
        column = f"{shown(kind.first.column)}: " if kind.first.column else ""
        value = f" ({shortened(kind.first.value)})" if kind.first.value else ""
        print(f"         {column}{shown(kind.first.reason)}{value}")
        if kind.first.hint:
            print(f"         {shown(kind.first.hint)}")
    print(f"Every problem: {job.problems}")


def print_told(told: Mapping[str, "Told"], secrets: Mapping[str, str | None]) -> None:
    """A table of options, their values and where these come from.

    Args:
        secrets: where each of the credentials comes from; None where there is none.
    """
    lines = [(name, _written(option.value), option.origin) for name, option in told.items()]
    lines += [(name, "***" if at else "", at or "not set") for name, at in secrets.items()]
    names, values = (max(len(line[part]) for line in lines) for part in (0, 1))
    for name, value, origin in [("option", "value", "from"), *lines]:
        print(f"{name:<{names}}  {value:<{min(values, _VALUE_WIDTH)}}  {shown(origin)}")


def print_told_as_json(told: Mapping[str, "Told"], secrets: Mapping[str, str | None]) -> None:
    """The same for programs; the shape stands in the README."""
    options = {
        name: {"value": _plain(option.value), "from": mask(option.origin)}
        for name, option in told.items()
    }
    credentials = {name: {"set": at is not None, "from": at} for name, at in secrets.items()}
    print(json.dumps({"options": options, "credentials": credentials}, indent=1))


def _written(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case list() | tuple():
            return ", ".join(map(_written, value))
        case _:
            return shown(str(value))


def _plain(value: object) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return mask(str(value))


def asked_so_far(asked: "Asked") -> str:
    """How far preflight is."""
    return f"Preflight: {asked.sources} sources asked, {asked.size / 1e9:.1f} GB in all."


def print_left_alone(pending: int) -> None:
    """What a run that took up some rows only has left, and what takes up the others."""
    print(
        f"Still to be sent: {rows(pending)}."
        " `batch-import run` without --limit and --only takes them up."
    )


def print_outcome(job: "Job", counts: Counts, to: TextIO | None = None) -> None:
    """How an import ended, and where its results are."""
    out = to or sys.stdout
    print(counted(counts), file=out)
    print(f"Results: {job.results} (and .xlsx, .html)", file=out)
    if counts.failed or counts.invalid:
        print(f"To mend: {job.failed}", file=out)


def print_adopted(count: int) -> None:
    """Rows that cost no upload, whichever run of the job found them."""
    if count:
        was = "was" if count == 1 else "were"
        print(f"{rows(count)} {was} in the account already, and taken over, not sent.")


def counted(counts: Counts) -> str:
    """`12 rows: 11 imported, 1 failed`: what there is, and it adds up."""
    parts = [f"{n} {name}" for name, n in asdict(counts).items() if n and name != "total"]
    return f"{rows(counts.total)}: {', '.join(parts) or 'none'}."


def print_trouble(words: str) -> None:
    """What went wrong without ending the run."""
    print(shown(words), file=sys.stderr, flush=True)


def rows(count: int) -> str:
    """`1 row`, `2 rows`."""
    return f"{count} row{'' if count == 1 else 's'}"


def shown(text: str) -> str:
    """Text from outside, fit for a terminal: no escape sequences, no secrets, one line."""
    return printable(mask(text))


def shortened(text: str, longest: int = 80) -> str:
    """As `shown`, and not longer than fits."""
    safe = shown(text)
    return safe if len(safe) <= longest else f"{safe[: longest - 1]}…"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint for a mistyped word; empty where nothing is like it."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"Did you mean: {near[0]}?" if near else ""


def progress_parts(progress: "Progress", now: float) -> list[str]:
    """How an import is doing, in parts, what matters most first.

    Args:
        now: epoch seconds.
    """
    counts, eta = progress.counts, progress.eta
    return [
        "…" if eta is None else f"{lasting(eta)} left",
        f"{counts.imported} imported",
        f"{counts.failed} failed",
        *([f"{counts.unknown} unknown"] if counts.unknown else []),
        f"{counts.processing} in flight",
        f"{progress.rate:.3g} calls/s",
        *([] if eta is None else [f"done {_clock(now + eta, now)}"]),
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
    if seconds < 100:  # noqa: PLR2004 - what is soon over is told in seconds
        return f"{seconds:.0f} s"
    if minutes < 100:  # noqa: PLR2004 - and so on
        return f"{minutes} min"
    if hours < 48:  # noqa: PLR2004
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{hours // 24} d {hours % 24} h"


def local(moment: float) -> str:
    """A moment as this machine's clock shows it: `2026-03-01 14:32:05`."""
    return datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _clock(moment: float, now: float) -> str:
    """`14:32`, or with the date where that is another day."""
    then, today = (datetime.fromtimestamp(time).astimezone() for time in (moment, now))
    return then.strftime("%H:%M" if then.date() == today.date() else "%Y-%m-%d %H:%M")
