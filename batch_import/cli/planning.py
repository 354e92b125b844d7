"""What a run would do, and how a rehearsal of it went, in words for a terminal or as JSON."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from batch_import.cli.arguments import credentials_of, job_of, options_of, settings_of
from batch_import.cli.exits import INCOMPLETE, OK
from batch_import.cli.stand_in import knobs_of
from batch_import.cli.terminal import Asking, Steps, stoppable
from batch_import.cli.words import (
    asked_so_far,
    print_diff,
    print_kinds,
    print_reading,
    print_trouble,
    rows,
)
from batch_import.cli.words import shown as safe
from batch_import.errors import UsageError
from batch_import.rehearsal.rehearse import Rehearsed, rehearse, usual_knobs
from batch_import.sandbox.knobs import Knobs
from batch_import.workflows import plan as workflow

if TYPE_CHECKING:
    from batch_import.importer.forecast import Forecast
    from batch_import.job import Job
    from batch_import.settings import Credentials
    from batch_import.workflows.plan import Planned, Search

#: What `plan` tells better by itself, with the pace of the whole run.
_EXPIRES = "url-expires"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def plan(arguments: argparse.Namespace) -> int:
    """Forecast a run, and rehearse it."""
    job, settings = job_of(arguments), settings_of(arguments)
    turned = knobs_of(arguments)
    Knobs.from_mapping(turned)  # a slip is told before a long look at the account
    steps = Steps()
    with workflow.scratch(job) as store:
        try:
            with stoppable() as stop:
                planned = workflow.plan(
                    store,
                    job,
                    arguments.manifest,
                    settings,
                    _credentials(arguments),
                    options_of(arguments),
                    workflow.Watcher(Asking().show, steps.show, print_trouble),
                    stop,
                )
        finally:
            steps.close()
        if not arguments.json:
            _print_planned(job, planned)
        rehearsed, knobs = None, {}
        if arguments.rehearse:
            usual = usual_knobs(settings, planned.processing, planned.search.media or 0)
            knobs = {**usual, **{name.replace("-", "_"): value for name, value in turned.items()}}
            rehearsed = rehearse(store, settings, knobs, arguments.seed)
    if arguments.json:
        print(json.dumps(_told(planned, rehearsed)))
    elif rehearsed:
        _print_rehearsed(rehearsed, knobs, arguments.seed)
    return INCOMPLETE if rehearsed and rehearsed.twice else OK


def _credentials(arguments: argparse.Namespace) -> "Credentials | str":
    if arguments.offline:
        return "The platform was not asked (--offline)."
    try:
        return credentials_of(arguments)
    except UsageError as none:
        return none.message


# In words -------------------------------------------------------------------------------------


def _print_planned(job: "Job", planned: "Planned") -> None:
    taken = planned.taken
    print_reading(taken.reading)
    if taken.diff:
        print_diff(taken.diff)
    print_kinds(job, [kind for kind in taken.kinds if kind.code != _EXPIRES])
    if taken.asked:
        print(asked_so_far(taken.asked))
    print(f"To do: {planned.plan}.")
    if planned.running:
        print("A run is at work on it; this is what was left a moment ago.")
    if planned.retried:
        print(f"{rows(planned.retried)} failed before: only batch-import retry sends them again.")
    _print_search(planned.search)
    if planned.plan.has_work:
        _print_forecast(planned)
    _print_expiring(planned)


def _print_search(search: "Search") -> None:
    media = "" if search.media is None else f"The account holds {search.media} media. "
    if search.found is None:
        print(f"{media}How many rows are there already is not known. {safe(search.why)}")
    elif media:
        print(f"{media}{rows(search.found)} of the manifest are among them.")


def _print_forecast(planned: "Planned") -> None:
    slow, times = planned.pessimistic, planned.processing
    source = f"learned from {rows(times.rows)} of this account" if times.rows else "assumed"
    print(f"Calls: about {planned.optimistic.calls} to {slow.calls}.")
    print(f"Processing of a video: {_span(times.low)} to {_span(times.high)} ({source}).")
    for word, told in (("Optimistic", planned.optimistic), ("Pessimistic", slow)):
        print(
            f"{word + ':':<13}{_span(told.seconds):>14}, done {_moment(_end(planned, told))}"
            f" (bound by --{told.bound})"
        )


def _print_expiring(planned: "Planned") -> None:
    count, first = planned.expiring.count, planned.expiring.first
    if not count:
        return
    lines = ", ".join(f"line {line} ({_moment(end)})" for line, end in first)
    more = ", …" if count > len(first) else ""
    stop = "signed URL stops" if count == 1 else "signed URLs stop"
    print(f"{count} {stop} working before it is sure to have been fetched: {lines}{more}")
    print("  Sign for longer, raise --rate, or import the rows in parts.")


def _print_rehearsed(told: Rehearsed, knobs: Mapping[str, object], seed: int) -> None:
    if not told.of:
        print("Nothing is left to be rehearsed.")
        return
    part = "" if told.rows == told.of else f" of {told.of}, evenly picked"
    turned = " ".join(f"{name}={_knob(value)}" for name, value in knobs.items())
    print(f"\nRehearsed with {rows(told.rows)}{part}; nothing was sent.")
    print(f"  seed    {seed}\n  knobs   {turned}")
    if told.fault:
        print(f"  The run ended early: {safe(told.fault)} The same command would go on later.")
    a_row = f", {told.calls / told.rows:.2f} a row" if told.rows else ""
    print(f"  time    {_span(told.seconds)}")
    print(
        f"  calls   {told.calls}{a_row}; {told.refused} refused (429),"
        f" {told.unanswered} without an answer"
    )
    print(f"  rows    {_counted(told)}")
    print(f"  videos  {_twice(told)}")


def _counted(told: Rehearsed) -> str:
    counts = {name: n for name, n in asdict(told.counts).items() if n and name != "total"}
    left = sum(counts.get(name, 0) for name in ("unknown", "processing", "pending"))
    text = ", ".join(f"{n} {name}" for name, n in counts.items()) or "none"
    return f"{text}; another run goes on with {left}" if left else text


def _twice(told: Rehearsed) -> str:
    if not told.twice:
        return "no row became two"
    return f"{rows(len(told.twice))} became two: {safe(', '.join(told.twice[:5]))}"


def _knob(value: object) -> str:
    if isinstance(value, tuple | list):
        return "-".join(map(_knob, value))
    return f"{value:.4g}" if isinstance(value, float) else safe(str(value))


def _span(seconds: float) -> str:
    """`45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`: as exact as a forecast is."""
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    minutes = round(seconds / _MINUTE)
    if seconds < 2 * _HOUR:
        return f"{minutes} min"
    if seconds < 2 * _DAY:
        return f"{minutes // 60} h {minutes % 60} min"
    hours = round(seconds / _HOUR)
    return f"{hours // 24} d {hours % 24} h"


def _moment(epoch: float) -> str:
    """A moment by this machine's clock."""
    return f"{datetime.fromtimestamp(epoch).astimezone():%a %Y-%m-%d %H:%M}"


def _end(planned: "Planned", told: "Forecast") -> float:
    return planned.begins + told.seconds


# As JSON --------------------------------------------------------------------------------------


def _told(planned: "Planned", rehearsed: Rehearsed | None) -> dict[str, Any]:
    """The shape stands in the README."""
    todo, search = planned.plan, planned.search
    return {
        "rows": planned.counts.total,
        "create": todo.create,
        "adopt": search.found,
        "resume": todo.resume,
        "settle": todo.settle,
        "retry": planned.retried,
        "invalid": todo.invalid,
        "done": todo.done,
        "media": search.media,
        "not_known": search.why,
        "processing": asdict(planned.processing),
        "optimistic": _ending(planned, planned.optimistic),
        "pessimistic": _ending(planned, planned.pessimistic),
        "expiring": {
            "count": planned.expiring.count,
            "lines": [line for line, _ in planned.expiring.first],
        },
        "rehearsal": rehearsed and asdict(rehearsed),
    }


def _ending(planned: "Planned", told: "Forecast") -> dict[str, Any]:
    end = datetime.fromtimestamp(_end(planned, told)).astimezone()
    return {
        "seconds": round(told.seconds, 1),
        "ends": end.isoformat(timespec="seconds"),
        "calls": told.calls,
        "bound": told.bound,
    }
