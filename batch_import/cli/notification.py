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
from batch_import.cli.faults import text
from batch_import.cli.messages import format_counts, sanitized, with_timestamp
from batch_import.cli.options import OptionSources
from batch_import.configuration.request import ImportRequest
from batch_import.errors import Interrupted, RunFault, Stopped
from batch_import.job import Job
from batch_import.models import Counts
from batch_import.workflows import status

#: Outcome by exit code, for runs that ended without an error.
_OUTCOMES: Final = {OK: "finished", INCOMPLETE: "incomplete"}
#: These characters are replaced, because chat programs interpret `<!channel>` and `<https://…>`.
_PLAIN: Final = str.maketrans("<>", "()")


def notified(
    work: Callable[[], int], url: str, request: ImportRequest, option_sources: OptionSources
) -> int:
    """Run, and post the outcome, even if the run fails.

    Args:
        work: the run. It returns the exit code.
    """
    started = time.time()
    try:
        code = work()
    except BaseException as error:
        outcome, code, message = _end_of(error, option_sources)
        post_summary(url, request, outcome, code, message, started)
        raise
    post_summary(url, request, _OUTCOMES[code], code, "", started)
    return code


def post_summary(
    url: str, request: ImportRequest, outcome: str, code: int, reason: str, started: float
) -> None:
    """Post how a run ended just now. The arguments are the same as of `summary`."""
    ended = time.time()
    _post(url, summary(request.job, request.manifest, outcome, code, reason, started, ended))


def _end_of(error: BaseException, option_sources: OptionSources) -> tuple[str, int, str]:
    """Outcome, exit code and message of a run that ended early."""
    match error:
        case Stopped():
            return "stopped", error.exit_code, text(error, option_sources)
        case Interrupted():
            return "interrupted", error.exit_code, text(error, option_sources)
        case RunFault():
            return "fault", error.exit_code, text(error, option_sources)
        case KeyboardInterrupt():
            return "interrupted", Interrupted.exit_code, "Interrupted."
        case _:
            return "fault", 1, f"An error of batch-import itself: {type(error).__name__}."


def summary(
    job: Job, manifest: Path, outcome: str, code: int, reason: str, started: float, ended: float
) -> dict[str, Any]:
    """The JSON object to post.

    Args:
        reason: why the run ended early; empty if it did not.
        started, ended: epoch seconds.
    """
    counts = _counts(job)
    message = sanitized(f"{reason} {format_counts(counts) if counts else ''}".strip())
    name = sanitized(manifest.name)
    return {
        "text": f"batch-import, {name}: {outcome}. {message}".translate(_PLAIN),
        "job": sanitized(str(job.folder)),
        "manifest": sanitized(str(manifest)),
        "outcome": outcome,
        "exit_code": code,
        "counts": asdict(counts) if counts else {},
        "started": _iso(started),
        "ended": _iso(ended),
        # A worker writes no results.
        "results": sanitized(str(job.results.resolve())) if job.results.exists() else "",
        "message": message,
    }


def _counts(job: Job) -> Counts | None:
    """The number of rows per status; None if the job does not exist or cannot be read."""
    try:
        return status.counts(job)
    except RunFault:
        return None


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


def _post(url: str, body: dict[str, Any]) -> None:
    from batch_import.web.notify import post

    if fault := post(url, body):
        warn(with_timestamp(f"The notification was not delivered: {sanitized(fault)}."))
