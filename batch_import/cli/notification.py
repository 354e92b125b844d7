"""How a run ended, as JSON for the address that `--notify` names.

docs/generate/json_keys.yaml documents the keys. A post that is not accepted is one line on stderr,
and changes nothing. This file must not know how a run goes, nor how JSON is posted.
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
from batch_import.cli.messages import counted, shown, stamped
from batch_import.cli.options import Places
from batch_import.configuration.request import ImportRequest
from batch_import.errors import Interrupted, RunFault, Stopped
from batch_import.job import Job
from batch_import.models import Counts
from batch_import.workflows import status

#: How a run ended by itself, by its exit code.
_OUTCOMES: Final = {OK: "finished", INCOMPLETE: "incomplete"}
#: Chat programs take `<!channel>` or `<https://…>` for more than text.
_PLAIN: Final = str.maketrans("<>", "()")


def notified(work: Callable[[], int], url: str, request: ImportRequest, places: Places) -> int:
    """Run, then post how that ended, whatever the end.

    Args:
        work: the run; returns its exit code.
    """
    started, job, manifest = time.time(), request.job, request.manifest
    try:
        code = work()
    except BaseException as error:
        outcome, code, message = _end_of(error, places)
        _post(url, summary(job, manifest, outcome, code, message, started, time.time()))
        raise
    _post(url, summary(job, manifest, _OUTCOMES[code], code, "", started, time.time()))
    return code


def _end_of(error: BaseException, places: Places) -> tuple[str, int, str]:
    """Outcome, exit code and message of a run that ended early."""
    match error:
        case Stopped():
            return "stopped", error.exit_code, text(error, places)
        case Interrupted():
            return "interrupted", error.exit_code, text(error, places)
        case RunFault():
            return "fault", error.exit_code, text(error, places)
        case KeyboardInterrupt():
            return "interrupted", Interrupted.exit_code, "Interrupted."
        case _:
            return "fault", 1, f"An error of batch-import itself: {type(error).__name__}."


def summary(
    job: Job, manifest: Path, outcome: str, code: int, reason: str, started: float, ended: float
) -> dict[str, Any]:
    """What is posted.

    Args:
        reason: why it ended early; may be empty.
        started: epoch seconds, as `ended`.
    """
    counts = _counts(job)
    message = shown(f"{reason} {counted(counts) if counts else ''}".strip())
    name = shown(manifest.name)
    return {
        "text": f"batch-import, {name}: {outcome}. {message}".translate(_PLAIN),
        "job": shown(str(job.folder)),
        "manifest": shown(str(manifest)),
        "outcome": outcome,
        "exit_code": code,
        "counts": asdict(counts) if counts else {},
        "started": _iso(started),
        "ended": _iso(ended),
        "results": shown(str(job.results.resolve())),
        "message": message,
    }


def _counts(job: Job) -> Counts | None:
    """None where there is no job, or none that can be read."""
    try:
        return status.counts(job)
    except RunFault:
        return None


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


def _post(url: str, body: dict[str, Any]) -> None:
    from batch_import.web.notify import post

    if fault := post(url, body):
        warn(stamped(f"The notification was not delivered: {shown(fault)}."))
