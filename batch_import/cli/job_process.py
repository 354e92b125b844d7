"""The process that a worker starts for a job: runs it from the database, and prints how it ended.

It stops when its standard input is closed, also because the worker was killed.
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
from batch_import.cli.faults import text
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

#: Starts this process. The package is found wherever the worker found it.
_PROGRAM: Final = (
    "import json, sys; line = sys.stdin.readline(); line or sys.exit();"  # the worker was killed
    " order = json.loads(line); sys.path[:] = order['path'];"
    " from batch_import.cli.job_process import main; main(order)"
)
COMMAND: Final = (sys.executable, "-c", _PROGRAM)


def order(credentials_folder: Path | None, api_base: str, embed_base: str) -> dict[str, Any]:
    """The parameters of every process of a worker, in addition to its job."""
    return {
        "path": [os.path.abspath(entry) for entry in sys.path],  # noqa: PTH100 - "" is a folder
        "credentials": str(credentials_folder or ""),
        "settings": {"api_base": api_base, "embed_base": embed_base},
    }


def main(order: Mapping[str, Any]) -> None:
    """Run the job of an order, and print its end as a line of JSON."""
    from batch_import.workflows.worker import HELD_SIGNALS

    stop = threading.Event()
    for number in HELD_SIGNALS:
        signal.signal(number, lambda *_: stop.set())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_SIGNALS)

    def watch() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=watch, name="worker", daemon=True).start()
    end, reason = _run(order, stop)
    # The worker may be gone.
    with suppress(OSError):
        print(json.dumps({"end": end, "reason": sanitized(mask(reason))}), flush=True)


def _run(order: Mapping[str, Any], stop: threading.Event) -> tuple[str, str]:
    """Run a job. Returns its end, as `fleet.worker.JobEnd`, and the reason for people."""
    from batch_import.workflows.submitted import read_submission, restored_settings

    try:
        submitted = read_submission(order["database"], order["job"])
        request = ImportRequest(
            Path(submitted.manifest),
            folder=OUTPUT_FOLDER / submitted.job,
            state=order["database"],
            settings=restored_settings(submitted.options, **order["settings"]),
            notify=submitted.options.get("notify"),
        )
    except RunFault as fault:
        return _end_of(fault)
    started = time.time()
    end, reason, code = _import(request, order, submitted.account, stop)
    if request.notify and end in ("ended", "set aside"):
        outcome = "fault" if end == "set aside" else "incomplete" if code else "finished"
        post_summary(request.notify, request, outcome, code, reason, started)
    return end, reason


def _import(
    request: ImportRequest, order: Mapping[str, Any], account: str, stop: threading.Event
) -> tuple[str, str, int]:
    """Import the rows of a job. Returns its end, the reason, and the exit code of `run`."""
    from batch_import.workflows.standby import stand_by
    from batch_import.workflows.submitted import run_submitted

    folder = Path(order["credentials"]) if order["credentials"] else None
    try:
        credentials = load_account_credentials(account, folder)
        ended = stand_by(request, credentials, stop=stop, alarm=True, work=run_submitted)
    except RunFault as fault:
        return *_end_of(fault), fault.exit_code
    except Exception as error:  # noqa: BLE001  (a bug of the program must not be retried for ever)
        return "set aside", f"An error of batch-import itself: {type(error).__name__}.", 1
    if ended.remaining:
        rows = "1 row is" if ended.remaining == 1 else f"{ended.remaining:,} rows are"
        return "ended", f"{rows} not imported.", INCOMPLETE
    return "ended", "", OK


def _end_of(fault: RunFault) -> tuple[str, str]:
    """The end of a job after an error, and the reason."""
    reason = text(fault, OptionSources())
    match fault:
        case Interrupted():
            return "stopped", ""
        case CredentialsRefused():
            return "set aside", reason
        case PlatformError() | StateUnavailable() | SourceUnreachable():
            return "later", reason
        case _:
            return "set aside", reason
