"""`batch-import plan`: print what a run would do, and the result of a rehearsal."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from batch_import.cli.command import READING, Invocation, command, manifest
from batch_import.cli.console import WARNING, styled
from batch_import.cli.exits import INCOMPLETE, OK
from batch_import.cli.load_messages import (
    print_copied_rows,
    print_load,
    print_other_rows,
    print_work,
)
from batch_import.cli.messages import (
    format_row_count,
    print_warning,
    sanitized,
)
from batch_import.cli.progress import PreflightLines, Steps, stoppable
from batch_import.errors import UsageError

if TYPE_CHECKING:
    from batch_import.cli.options import OptionSources
    from batch_import.configuration.credentials import Credentials
    from batch_import.configuration.request import ImportRequest
    from batch_import.importer.forecast import Forecast
    from batch_import.rehearsal.rehearse import RehearsalResult
    from batch_import.state.store import Store
    from batch_import.workflows.plan import AccountMatches, RunForecast

#: Problems that are not shown, because `plan` calculates them from the rate of the whole run.
_EXPIRES: Final = "url-expires"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
#: Options that have no effect without --rehearse.
_OF_REHEARSAL: Final = ("knob", "knobs", "seed")


@command(
    options=(
        *READING,
        "credentials",
        "json",
        "verbose",
        "offline",
        "rehearse",
        "preflight",
        "link_life",
        "same_videos",
        "allow_removals",
        "adopt",
        "rate",
        "workers",
        "poll_interval",
        "max_in_flight",
        "seed",
        "knob",
        "knobs",
        "log_max",
        "api_base",
    ),
    arguments=[manifest()],
    examples=(
        "batch-import plan library.csv",
        "batch-import plan library.csv --rehearse --knob rate_limit=2 --seed 7",
    ),
)
def plan(invocation: Invocation) -> int:
    """Forecast a run, and rehearse it; nothing is sent."""
    from batch_import.cli.sandbox import knobs_of
    from batch_import.sandbox.knobs import Knobs
    from batch_import.workflows import plan
    from batch_import.workflows.observer import Observer
    from batch_import.workflows.original_job import with_original_job

    _refuse_unused(invocation)
    request = with_original_job(invocation.request())
    given = knobs_of(invocation) if invocation["rehearse"] else {}
    Knobs.from_mapping(given)  # a slip is refused before the account is read
    steps = Steps()
    with plan.scratch(request.job) as store:
        try:
            with stoppable() as stop:
                observer = Observer(
                    preflight=PreflightLines().show, step=steps.show, problem=print_warning
                )
                planned = plan.plan(store, request, _credentials(invocation), observer, stop)
        finally:
            steps.close()
        if not invocation["json"]:
            _print_planned(request, planned, invocation.option_sources)
        rehearsed = _rehearse(invocation, store, planned, given) if invocation["rehearse"] else None
    if invocation["json"]:
        print(json.dumps(_json(planned, rehearsed)))
    return INCOMPLETE if rehearsed and rehearsed.twice else OK


def _rehearse(
    invocation: Invocation, store: "Store", planned: "RunForecast", given: Mapping[str, object]
) -> "RehearsalResult":
    from batch_import.rehearsal.rehearse import realistic_knobs, rehearse

    settings = invocation.settings()
    usual = realistic_knobs(settings, planned.processing, planned.search.media or 0)
    knobs = {**usual, **{name.replace("-", "_"): value for name, value in given.items()}}
    rehearsed = rehearse(store, settings, knobs, invocation["seed"])
    if not invocation["json"]:
        _print_rehearsed(rehearsed, knobs, invocation["seed"])
    return rehearsed


def _refuse_unused(invocation: Invocation) -> None:
    """Refuse flags without effect. A configuration file may have them for `sandbox`."""
    for name in _OF_REHEARSAL:
        if invocation.is_flag(name) and not invocation["rehearse"]:
            raise UsageError("this is only used with --rehearse.", "Add it.", setting=name)


def _credentials(invocation: Invocation) -> "Credentials | str":
    if invocation["offline"]:
        return "The platform was not contacted (--offline)."
    try:
        return invocation.load_credentials()
    except UsageError as none:
        return none.message


# For people -----------------------------------------------------------------------------------


def _print_planned(
    request: "ImportRequest", planned: "RunForecast", option_sources: "OptionSources"
) -> None:
    print_load(request, planned.result, hidden_code=_EXPIRES)
    print_copied_rows(planned.copied)
    print_work(planned.plan)
    print_other_rows(request, planned.result)
    if planned.running:
        print("A run is in progress; this is what was left a moment ago.")
    if planned.retried:
        retry = sanitized(option_sources.command_line("retry"))
        print(f"{format_row_count(planned.retried)} failed before: only {retry} sends them again.")
    _print_search(planned.search, planned.counts.pending)
    if planned.search.ids_taken:
        adopt = option_sources.command_line("run", "--adopt", "any")
        _print_ids_taken(planned.search, sanitized(adopt))
    if planned.plan.has_work:
        _print_forecast(planned)
    _print_expiring(planned)


def _print_search(search: "AccountMatches", pending: int) -> None:
    media = "" if search.media is None else f"The account has {search.media:,} media. "
    if search.found is None:
        print(f"{media}How many rows it already has is unknown. {sanitized(search.why)}")
    elif media:
        count = format_row_count(pending)
        print(f"{media}Among them are the videos of {search.found:,} of the {count} to send.")


def _print_ids_taken(search: "AccountMatches", adopt: str) -> None:
    named = ", ".join(f"{reference} (“{title}”)" for reference, title in search.named)
    more = ", …" if search.ids_taken > len(search.named) else ""
    count = format_row_count(search.ids_taken)
    line = f"{count} would not be sent: media with other titles have their reference IDs"
    print(styled(f"{line}: {sanitized(named)}{more}", WARNING))
    print(f"  Give these rows IDs of their own, or use these media for the rows: {adopt}")


def _print_forecast(planned: "RunForecast") -> None:
    slow, times = planned.pessimistic, planned.processing
    source = (
        f"learned from {format_row_count(times.rows)} of this account" if times.rows else "assumed"
    )
    print(f"Calls: about {planned.optimistic.request_count} to {slow.request_count}.")
    print(f"Processing of a video: {_span(times.low)} to {_span(times.high)} ({source}).")
    for name, each in (("Optimistic", planned.optimistic), ("Pessimistic", slow)):
        print(
            f"{name + ':':<13}{_span(each.seconds):>14}, done {_time(_end(planned, each))}"
            f" (bound by {_bound_text(each)})"
        )


def _bound_text(forecast: "Forecast") -> str:
    from batch_import.importer.forecast import Bound

    if forecast.bound is Bound.PROCESSING:
        return "the processing of the last videos"
    return f"--{forecast.bound}"


def _print_expiring(planned: "RunForecast") -> None:
    count, first = planned.expiring.count, planned.expiring.first
    if not count:
        return
    lines = ", ".join(f"line {line} ({_time(end)})" for line, end in first)
    more = ", …" if count > len(first) else ""
    stop = "signed URL stops" if count == 1 else "signed URLs stop"
    line = f"{count:,} {stop} working before it is sure to have been fetched: {lines}{more}"
    print(styled(line, WARNING))
    print("  Sign for longer, raise --rate, or import the rows in parts.")


def _print_rehearsed(result: "RehearsalResult", knobs: Mapping[str, object], seed: int) -> None:
    if not result.of:
        print("Nothing is left to rehearse.")
        return
    part = "" if result.rows == result.of else f" of {result.of}, evenly spread"
    turned = " ".join(f"{name}={_knob(value)}" for name, value in knobs.items())
    print(f"\nRehearsed with {format_row_count(result.rows)}{part}; nothing was sent.")
    print(f"  seed    {seed}\n  knobs   {turned}")
    if result.fault:
        fault = sanitized(result.fault)
        print(f"  The run ended early: {fault} The same command would continue later.")
    a_row = f", {result.calls / result.rows:.2f} per row" if result.rows else ""
    print(f"  time    {_span(result.seconds)}")
    print(
        f"  calls   {result.calls}{a_row}; {result.refused} refused (429),"
        f" {result.unanswered} without an answer"
    )
    print(f"  rows    {_counted(result)}")
    print(f"  videos  {_duplicates(result)}")


def _counted(result: "RehearsalResult") -> str:
    counts = {name: n for name, n in asdict(result.counts).items() if n and name != "total"}
    left = sum(counts.get(name, 0) for name in ("unknown", "processing", "pending"))
    text = ", ".join(f"{n} {name}" for name, n in counts.items()) or "none"
    return f"{text}; another run continues with {left}" if left else text


def _duplicates(result: "RehearsalResult") -> str:
    if not result.twice:
        return "no duplicates"
    examples = sanitized(", ".join(result.twice[:5]))
    return f"{format_row_count(len(result.twice))} became two videos: {examples}"


def _knob(value: object) -> str:
    if isinstance(value, tuple | list):
        return "-".join(map(_knob, value))
    return f"{value:.4g}" if isinstance(value, float) else sanitized(str(value))


def _span(seconds: float) -> str:
    """Format a duration, rounded as a forecast is: `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    minutes = round(seconds / _MINUTE)
    if seconds < 2 * _HOUR:
        return f"{minutes} min"
    if seconds < 2 * _DAY:
        return f"{minutes // 60} h {minutes % 60} min"
    hours = round(seconds / _HOUR)
    return f"{hours // 24} d {hours % 24} h"


def _time(epoch: float) -> str:
    """Format epoch seconds as local time."""
    return f"{datetime.fromtimestamp(epoch).astimezone():%a %Y-%m-%d %H:%M}"


def _end(planned: "RunForecast", forecast: "Forecast") -> float:
    return planned.begins + forecast.seconds


# For programs ---------------------------------------------------------------------------------


def _json(planned: "RunForecast", rehearsed: "RehearsalResult | None") -> dict[str, Any]:
    """Print JSON. docs/generate/json_keys.yaml documents the keys."""
    todo, search = planned.plan, planned.search
    return {
        "rows": planned.counts.total,
        "create": todo.create,
        "adopt": search.found,
        "ids_taken": search.ids_taken,
        "resume": todo.resume,
        "settle": todo.settle,
        "retry": planned.retried,
        "invalid": todo.invalid,
        "done": todo.done,
        "media": search.media,
        "unknown_reason": search.why,
        "processing": asdict(planned.processing),
        "optimistic": _ending(planned, planned.optimistic),
        "pessimistic": _ending(planned, planned.pessimistic),
        "expiring": {
            "count": planned.expiring.count,
            "lines": [line for line, _ in planned.expiring.first],
        },
        "rehearsal": rehearsed and _rehearsal(rehearsed),
    }


def _rehearsal(rehearsed: "RehearsalResult") -> dict[str, Any]:
    found = asdict(rehearsed)
    duplicates = found.pop("twice")
    return {**found, "duplicates": duplicates}


def _ending(planned: "RunForecast", forecast: "Forecast") -> dict[str, Any]:
    end = datetime.fromtimestamp(_end(planned, forecast)).astimezone()
    return {
        "seconds": round(forecast.seconds, 1),
        "ends": end.isoformat(timespec="seconds"),
        "calls": forecast.request_count,
        "bound": forecast.bound,
    }
