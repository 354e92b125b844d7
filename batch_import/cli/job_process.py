"""The process that a worker starts for a job.

The process reads its order, one line of JSON, from standard input. It imports the rows of the job
from the database, and prints how the run ended. It stops early when its standard input is closed,
which also happens if the worker is killed.
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from batch_import.addresses.masking import mask
from batch_import.cli.exits import INCOMPLETE, OK
from batch_import.cli.faults import format_fault
from batch_import.cli.messages import sanitized
from batch_import.cli.notification import post_summary
from batch_import.cli.options import OptionSources
from batch_import.configuration.credentials import load_account_credentials
from batch_import.configuration.request import ImportRequest
from batch_import.errors import (
    CredentialsRefused,
    Interrupted,
    PlatformError,
    RunFault,
    StateUnavailable,
)
from batch_import.job import OUTPUT_FOLDER
from batch_import.sources.source import SourceUnreachable

#: The program of the process. It takes `sys.path` from the order, so that it imports the same
#: package as the worker. An empty line means that the worker was killed.
_PROGRAM: Final = (
    "import json, sys; line = sys.stdin.readline(); line or sys.exit();"
    " order = json.loads(line); sys.path[:] = order['path'];"
    " from batch_import.cli.job_process import main; main(order)"
)
#: The command line of the process.
COMMAND: Final = (sys.executable, "-c", _PROGRAM)


def make_order(credentials_folder: Path | None, api_base: str, embed_base: str) -> dict[str, Any]:
    """Returns the fields of an order that are the same for all jobs of a worker."""
    return {
        "path": [os.path.abspath(entry) for entry in sys.path],  # noqa: PTH100 - "" is a folder
        "credentials": str(credentials_folder or ""),
        "settings": {"api_base": api_base, "embed_base": embed_base},
    }


def main(order: Mapping[str, Any]) -> None:
    """Run the job of an order, and print how the run ended as a line of JSON.

    Args:
        order: the fields of `make_order`, and `database` (a URL) and `job` (a name).
    """
    from batch_import.workflows.worker import STOP_SIGNALS

    stop = threading.Event()
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: stop.set())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def stop_at_end_of_input() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=stop_at_end_of_input, name="worker", daemon=True).start()
    end, reason = _run(order, stop)
    with suppress(OSError):  # the worker may have been killed
        print(json.dumps({"end": end, "reason": sanitized(mask(reason))}), flush=True)


def _run(order: Mapping[str, Any], stop: threading.Event) -> tuple[str, str]:
    """Run the job of an order.

    Returns:
        The value of a `fleet.worker.JobEnd`, and the reason as a sentence, which may be empty.
    """
    from batch_import.workflows.submitted import read_submission, restore_settings

    try:
        submission = read_submission(order["database"], order["job"])
        request = ImportRequest(
            Path(submission.manifest),
            folder=OUTPUT_FOLDER / submission.job,
            state=order["database"],
            settings=restore_settings(submission.options, **order["settings"]),
            notify=submission.options.get("notify"),
        )
    except RunFault as fault:
        return _end_after(fault)
    started_at = time.time()
    end, reason, exit_code = _import_job(request, order, submission.account, stop)
    if request.notify and end in ("ended", "set aside"):
        outcome = "fault"
        if end == "ended":
            outcome = "incomplete" if exit_code else "finished"
        post_summary(request.notify, request, outcome, exit_code, reason, started_at)
    return end, reason


def _import_job(
    request: ImportRequest, order: Mapping[str, Any], account: str, stop: threading.Event
) -> tuple[str, str, int]:
    """Import the rows of a job. Returns the same as `_run`, and the exit code of `run`."""
    from batch_import.workflows.standby import stand_by
    from batch_import.workflows.submitted import run_submitted

    folder = Path(order["credentials"]) if order["credentials"] else None
    try:
        credentials = load_account_credentials(account, folder)
        ended = stand_by(request, credentials, stop=stop, alarm=True, work=run_submitted)
    except RunFault as fault:
        end, reason = _end_after(fault)
        return end, reason, fault.exit_code
    except Exception as error:  # noqa: BLE001  (a bug must not start the job again and again)
        return "set aside", f"An error of batch-import itself: {type(error).__name__}.", 1
    if ended.remaining_count:
        rows = "1 row is" if ended.remaining_count == 1 else f"{ended.remaining_count:,} rows are"
        return "ended", f"{rows} not imported.", INCOMPLETE
    return "ended", "", OK


def _end_after(fault: RunFault) -> tuple[str, str]:
    """Returns the same as `_run`, for a run that ended with an error.

    A job with the end `later` is started again. A job with the end `set aside` waits for the user.
    """
    reason = format_fault(fault, OptionSources())
    match fault:
        case Interrupted():
            return "stopped", ""
        case CredentialsRefused():
            return "set aside", reason
        case PlatformError() | StateUnavailable() | SourceUnreachable():
            return "later", reason
        case _:
            return "set aside", reason
