"""`batch-import plan`: print a forecast of a run, and the result of a rehearsal.

A rehearsal is a run against the sandbox on a simulated clock.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from batch_import.cli.command import READING, Invocation, command, manifest_argument
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
from batch_import.cli.next_command import next_command
from batch_import.cli.progress import PreflightLines, VerificationBar, stoppable
from batch_import.errors import UsageError

if TYPE_CHECKING:
    from batch_import.cli.options import OptionSources
    from batch_import.configuration.credentials import Credentials
    from batch_import.configuration.request import ImportRequest
    from batch_import.importer.forecast import Forecast
    from batch_import.rehearsal.rehearse import RehearsalResult
    from batch_import.state.store import Store
    from batch_import.workflows.plan import AccountMatches, RunForecast

#: Code of the problems that are not printed, because `plan` calculates the expiring URLs itself.
_EXPIRES: Final = "url-expires"
_MINUTE_SECONDS, _HOUR_SECONDS, _DAY_SECONDS = 60, 3600, 86400
#: Options that have no effect without --rehearse.
_REHEARSAL_OPTIONS: Final = ("knob", "knobs", "seed")
#: Maximum number of duplicate videos that are listed.
_MAX_LISTED_DUPLICATES: Final = 5


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
    arguments=[manifest_argument()],
    examples=(
        "batch-import plan library.csv",
        "batch-import plan library.csv --rehearse --knob rate_limit=2 --seed 7",
    ),
)
def plan(invocation: Invocation) -> int:
    """Forecast a run, and rehearse it; nothing is sent."""
    from batch_import.cli.sandbox import read_knobs
    from batch_import.sandbox.knobs import Knobs
    from batch_import.workflows import plan
    from batch_import.workflows.observer import Observer
    from batch_import.workflows.original_job import find_original_job

    _refuse_unused(invocation)
    request = find_original_job(invocation.request())
    user_knobs = read_knobs(invocation) if invocation["rehearse"] else {}
    Knobs.from_mapping(user_knobs)  # raises an error before any request, if a knob is not valid
    steps = VerificationBar()
    with plan.copy_job_database(request.job) as store:
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
        rehearsed = None
        if invocation["rehearse"]:
            rehearsed = _rehearse(invocation, store, planned, user_knobs)
    if invocation["json"]:
        print(json.dumps(_json(planned, rehearsed)))
    return INCOMPLETE if rehearsed and rehearsed.twice else OK


def _rehearse(
    invocation: Invocation,
    store: "Store",
    planned: "RunForecast",
    user_knobs: Mapping[str, object],
) -> "RehearsalResult":
    """Rehearse the run, and print the result unless JSON is printed.

    Args:
        store: the copy of the job database that `plan` has updated.
        user_knobs: the user's knobs. All other knobs have realistic values.
    """
    from batch_import.rehearsal.rehearse import realistic_knobs, rehearse

    settings = invocation.settings()
    media_count = planned.matches.media_count or 0
    knobs = realistic_knobs(settings, planned.processing_time, media_count)
    knobs = {**knobs, **{name.replace("-", "_"): value for name, value in user_knobs.items()}}
    rehearsed = rehearse(store, settings, knobs, invocation["seed"])
    if not invocation["json"]:
        _print_rehearsed(rehearsed, knobs, invocation["seed"])
    return rehearsed


def _refuse_unused(invocation: Invocation) -> None:
    """Refuse flags that have no effect. A configuration file may have these options for `sandbox`.

    Raises:
        UsageError: such a flag was given.
    """
    for name in _REHEARSAL_OPTIONS:
        if invocation.is_on_command_line(name) and not invocation["rehearse"]:
            raise UsageError("this is only used with --rehearse.", "Add it.", setting=name)


def _credentials(invocation: Invocation) -> "Credentials | str":
    """Returns the credentials, or a sentence that says why there are none."""
    if invocation["offline"]:
        return "The platform was not contacted (--offline)."
    try:
        return invocation.load_credentials()
    except UsageError as error:
        return error.message


# For people -----------------------------------------------------------------------------------


def _print_planned(
    request: "ImportRequest", planned: "RunForecast", option_sources: "OptionSources"
) -> None:
    print_load(request, planned.result, option_sources, hidden_code=_EXPIRES)
    print_copied_rows(planned.copied_rows)
    print_work(planned.plan)
    print_other_rows(request, planned.result)
    if planned.is_running:
        print("A run is in progress; these are the rows that it has not finished yet.")
    if planned.retryable_count:
        retry = sanitized(next_command(option_sources, "retry"))
        failed = format_row_count(planned.retryable_count)
        print(f"{failed} failed before: only {retry} sends them again.")
    _print_matches(planned.matches, planned.plan.selected)
    if planned.matches.taken_id_count:
        adopt = next_command(option_sources, "run", "--adopt", "any")
        _print_taken_ids(planned.matches, sanitized(adopt))
    if planned.plan.has_work:
        _print_forecast(planned)
    _print_expiring_urls(planned)


def _print_matches(matches: "AccountMatches", pending_count: int) -> None:
    """Print how many pending rows have their video in the account already."""
    media = ""
    if matches.media_count is not None:
        media = f"The account has {matches.media_count:,} media. "
    if matches.row_count is None:
        reason = sanitized(matches.unknown_reason)
        print(f"{media}It is unknown how many rows the account has already. {reason}")
    elif media:
        pending = format_row_count(pending_count)
        print(f"{media}They include the videos of {matches.row_count:,} of the {pending} to send.")


def _print_taken_ids(matches: "AccountMatches", adopt: str) -> None:
    """Print the rows that a run would not send, because their reference IDs are taken.

    Args:
        adopt: the command line that uses the existing media for these rows.
    """
    examples = matches.taken_id_examples
    listed = ", ".join(f"{reference_id} (“{title}”)" for reference_id, title in examples)
    more = ", …" if matches.taken_id_count > len(examples) else ""
    count = format_row_count(matches.taken_id_count)
    line = f"{count} would not be sent: media with other titles have their reference IDs"
    print(styled(f"{line}: {sanitized(listed)}{more}", WARNING))
    print(f"  Give these rows other reference IDs, or use the existing media for them: {adopt}")


def _print_forecast(planned: "RunForecast") -> None:
    pessimistic, times = planned.pessimistic, planned.processing_time
    origin = "assumed"
    if times.rows:
        origin = f"learned from {format_row_count(times.rows)} of this account"
    request_counts = (planned.optimistic.request_count, pessimistic.request_count)
    print(f"API requests: about {_format_range(f'{count:,}' for count in request_counts)}.")
    processing = _format_range(_format_span(seconds) for seconds in (times.low, times.high))
    print(f"Processing of a video: {processing} ({origin}).")
    for name, each in (("Optimistic", planned.optimistic), ("Pessimistic", pessimistic)):
        print(
            f"{name + ':':<13}{_format_span(each.seconds):>14},"
            f" done {_format_time(_ends_at(planned, each))} (limited by {_limit_name(each)})"
        )


def _format_range(ends: Iterable[str]) -> str:
    """Returns both ends of a range, or one of them if they are equal."""
    return " to ".join(dict.fromkeys(ends))


def _limit_name(forecast: "Forecast") -> str:
    """Returns what limits the speed of the run: an option, or the platform's processing."""
    from batch_import.importer.forecast import Bound

    if forecast.bound is Bound.PROCESSING:
        return "the processing of the last videos"
    return f"--{forecast.bound}"


def _print_expiring_urls(planned: "RunForecast") -> None:
    count, examples = planned.expiring_urls.count, planned.expiring_urls.examples
    if not count:
        return
    lines = ", ".join(f"line {line} ({_format_time(expires_at)})" for line, expires_at in examples)
    more = ", …" if count > len(examples) else ""
    subject = "signed URL may expire" if count == 1 else "signed URLs may expire"
    line = f"{count:,} {subject} before the platform has fetched the video: {lines}{more}"
    print(styled(line, WARNING))
    print("  Sign URLs that are valid for longer, raise --rate, or import the rows in parts.")


def _print_rehearsed(result: "RehearsalResult", knobs: Mapping[str, object], seed: int) -> None:
    if not result.of:
        print("There is nothing to rehearse.")
        return
    part = "" if result.rows == result.of else f" of {result.of}, evenly spread"
    knob_list = " ".join(f"{name}={_format_knob(value)}" for name, value in knobs.items())
    print(f"\nRehearsed with {format_row_count(result.rows)}{part}; nothing was sent.")
    print(f"  seed    {seed}\n  knobs   {knob_list}")
    if result.fault:
        fault = sanitized(result.fault)
        print(f"  The run ended early: {fault} The same command would continue later.")
    per_row = f", {result.calls / result.rows:.2f} per row" if result.rows else ""
    print(f"  time    {_format_span(result.seconds)}")
    print(
        f"  calls   {result.calls}{per_row}; {result.refused} refused (429),"
        f" {result.unanswered} without an answer"
    )
    print(f"  rows    {_format_row_counts(result)}")
    print(f"  videos  {_format_duplicates(result)}")


def _format_row_counts(result: "RehearsalResult") -> str:
    """Format the numbers of rows per status, and how many rows another run would continue."""
    counts = {name: n for name, n in asdict(result.counts).items() if n and name != "total"}
    unfinished = sum(counts.get(name, 0) for name in ("unknown", "processing", "pending"))
    text = ", ".join(f"{n} {name}" for name, n in counts.items()) or "none"
    return f"{text}; another run continues with {unfinished}" if unfinished else text


def _format_duplicates(result: "RehearsalResult") -> str:
    if not result.twice:
        return "no duplicates"
    examples = sanitized(", ".join(result.twice[:_MAX_LISTED_DUPLICATES]))
    return f"{format_row_count(len(result.twice))} became two videos: {examples}"


def _format_knob(value: object) -> str:
    if isinstance(value, tuple | list):
        return "-".join(map(_format_knob, value))
    return f"{value:.4g}" if isinstance(value, float) else sanitized(str(value))


def _format_span(seconds: float) -> str:
    """Format a duration, rounded as a forecast is: `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    if seconds < 2 * _MINUTE_SECONDS:
        return f"{seconds:.0f} s"
    minutes = round(seconds / _MINUTE_SECONDS)
    if seconds < 2 * _HOUR_SECONDS:
        return f"{minutes} min"
    if seconds < 2 * _DAY_SECONDS:
        return f"{minutes // 60} h {minutes % 60} min"
    hours = round(seconds / _HOUR_SECONDS)
    return f"{hours // 24} d {hours % 24} h"


def _format_time(time: float) -> str:
    """Format epoch seconds as local time: `Mon 2026-03-02 14:32`."""
    return f"{datetime.fromtimestamp(time).astimezone():%a %Y-%m-%d %H:%M}"


def _ends_at(planned: "RunForecast", forecast: "Forecast") -> float:
    """Returns the epoch seconds at which the run ends according to a forecast."""
    return planned.starts_at + forecast.seconds


# For programs ---------------------------------------------------------------------------------


def _json(planned: "RunForecast", rehearsed: "RehearsalResult | None") -> dict[str, Any]:
    """Returns the JSON object to print. docs/generate/json_keys.yaml documents the keys."""
    work, matches = planned.plan, planned.matches
    return {
        "rows": planned.counts.total,
        "create": work.create,
        "adopt": matches.row_count,
        "ids_taken": matches.taken_id_count,
        "resume": work.resume,
        "settle": work.settle,
        "retry": planned.retryable_count,
        "invalid": work.invalid,
        "done": work.done,
        "excluded": planned.result.excluded.unsent.count,
        "media": matches.media_count,
        "unknown_reason": matches.unknown_reason,
        "processing": asdict(planned.processing_time),
        "optimistic": _forecast_json(planned, planned.optimistic),
        "pessimistic": _forecast_json(planned, planned.pessimistic),
        "expiring": {
            "count": planned.expiring_urls.count,
            "lines": [line for line, _ in planned.expiring_urls.examples],
        },
        "rehearsal": rehearsed and _rehearsal_json(rehearsed),
    }


def _rehearsal_json(rehearsed: "RehearsalResult") -> dict[str, Any]:
    values = asdict(rehearsed)
    duplicates = values.pop("twice")
    return {**values, "duplicates": duplicates}


def _forecast_json(planned: "RunForecast", forecast: "Forecast") -> dict[str, Any]:
    ends_at = datetime.fromtimestamp(_ends_at(planned, forecast)).astimezone()
    return {
        "seconds": round(forecast.seconds, 1),
        "ends": ends_at.isoformat(timespec="seconds"),
        "calls": forecast.request_count,
        "bound": forecast.bound,
    }
