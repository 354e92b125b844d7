"""Post the outcome of a run as JSON to the URL of `--notify`.

docs/generate/json_keys.yaml documents the keys. If the post fails, one line on stderr says so, and
the exit code does not change. This module must not know how a run works, nor how JSON is posted.
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from batch_import.cli.console import warn
from batch_import.cli.exits import INCOMPLETE, OK
from batch_import.cli.faults import format_fault
from batch_import.cli.messages import format_counts, sanitized, with_timestamp
from batch_import.cli.options import OptionSources
from batch_import.configuration.request import ImportRequest
from batch_import.errors import Interrupted, RunFault, Stopped
from batch_import.job import Job
from batch_import.models import Counts
from batch_import.workflows import status

#: Exit code → outcome, for runs that ended without an error.
_OUTCOMES: Final = {OK: "finished", INCOMPLETE: "incomplete"}
#: Replaces angle brackets, because chat programs interpret `<!channel>` and `<https://…>`.
_WITHOUT_ANGLE_BRACKETS: Final = str.maketrans("<>", "()")


def run_and_notify(
    run: Callable[[], int], url: str, request: ImportRequest, option_sources: OptionSources
) -> int:
    """Run an import, and post its outcome, even if the run fails.

    Args:
        run: runs the import, and returns the exit code.

    Returns:
        The exit code.
    """
    started_at = time.time()
    try:
        exit_code = run()
    except BaseException as error:
        outcome, exit_code, reason = _outcome_of(error, option_sources)
        post_summary(url, request, outcome, exit_code, reason, started_at)
        raise
    post_summary(url, request, _OUTCOMES[exit_code], exit_code, "", started_at)
    return exit_code


def post_summary(
    url: str, request: ImportRequest, outcome: str, exit_code: int, reason: str, started_at: float
) -> None:
    """Post the summary of a run that has ended now.

    Args:
        url: URL of the webhook.
        outcome, exit_code, reason, started_at: as for `summary`.
    """
    job, manifest, ended_at = request.job, request.manifest, time.time()
    _post(url, summary(job, manifest, outcome, exit_code, reason, started_at, ended_at))


def _outcome_of(error: BaseException, option_sources: OptionSources) -> tuple[str, int, str]:
    """Returns outcome, exit code and reason of a run that ended with an error."""
    match error:
        case Stopped():
            return "stopped", error.exit_code, format_fault(error, option_sources)
        case Interrupted():
            return "interrupted", error.exit_code, format_fault(error, option_sources)
        case RunFault():
            return "fault", error.exit_code, format_fault(error, option_sources)
        case KeyboardInterrupt():
            return "interrupted", Interrupted.exit_code, "Interrupted."
        case _:
            return "fault", 1, f"An error of batch-import itself: {type(error).__name__}."


def summary(
    job: Job,
    manifest: Path,
    outcome: str,
    exit_code: int,
    reason: str,
    started_at: float,
    ended_at: float,
) -> dict[str, Any]:
    """Returns the JSON object to post.

    Args:
        outcome: `finished`, `incomplete`, `stopped`, `interrupted` or `fault`.
        reason: why the run ended early; empty if it did not.
        started_at, ended_at: epoch seconds.
    """
    counts = _count_rows(job)
    message = sanitized(f"{reason} {format_counts(counts) if counts else ''}".strip())
    name = sanitized(manifest.name)
    return {
        "text": f"batch-import, {name}: {outcome}. {message}".translate(_WITHOUT_ANGLE_BRACKETS),
        "job": sanitized(str(job.folder)),
        "manifest": sanitized(str(manifest)),
        "outcome": outcome,
        "exit_code": exit_code,
        "counts": asdict(counts) if counts else {},
        "started": _format_utc(started_at),
        "ended": _format_utc(ended_at),
        # The job process of a worker writes no results.
        "results": sanitized(str(job.results.resolve())) if job.results.exists() else "",
        "message": message,
    }


def _count_rows(job: Job) -> Counts | None:
    """Count the rows per status. Returns None if the job does not exist or cannot be read."""
    try:
        return status.count_rows(job)
    except RunFault:
        return None


def _format_utc(time: float) -> str:
    """Format epoch seconds as UTC: `2026-03-01T14:32:05+00:00`."""
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds")


def _post(url: str, body: dict[str, Any]) -> None:
    from batch_import.web.notify import post

    error = post(url, body)
    if error:
        warn(with_timestamp(f"The notification was not delivered: {sanitized(error)}."))
