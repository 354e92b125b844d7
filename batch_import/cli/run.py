"""`batch-import run`, and the import with its progress that `retry` and the demo share."""

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from batch_import.cli.command import IMPORT, Call, command, manifest
from batch_import.cli.exits import INCOMPLETE, OK
from batch_import.cli.messages import (
    preflight_progress,
    print_diff,
    print_held,
    print_outcome,
    print_pilot,
    print_problems,
    print_reading,
    print_trouble,
    problem_count,
    rows,
    shown,
)
from batch_import.cli.options import FORMATS, flag
from batch_import.cli.progress import Bar, Lines, PreflightLines, has_bars, stoppable
from batch_import.errors import RunFault, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from batch_import.cli.options import Places
    from batch_import.configuration.credentials import Credentials
    from batch_import.configuration.request import ImportRequest
    from batch_import.workflows.observer import Observer
    from batch_import.workflows.run import Loaded


@command(
    *IMPORT,
    arguments=[manifest()],
    examples=(
        "batch-import run library.csv",
        "batch-import run library.csv --limit 10                 a pilot: ten rows like all others",
        "batch-import run library.csv --until 06:00              every night, until all is done",
        "batch-import run library.csv --rate 20 --preflight",
    ),
)
def run(call: Call) -> int:
    """Import a manifest, or continue an import."""
    return run_command(call)


def run_command(call: Call, *, retry_failed: bool = False) -> int:
    """Import what the command line asks for; returns the exit code."""
    from batch_import.workflows.home import at_home

    request = at_home(call.request(retry_failed=retry_failed))

    def work() -> int:
        return import_with_progress(request, call.credentials(), call.places)

    if request.notify is None:
        return work()
    from batch_import.cli.notification import notified

    return notified(work, request.notify, request, call.places)


def import_with_progress(
    request: "ImportRequest", credentials: "Credentials", places: "Places"
) -> int:
    """Import, and show how it goes; returns the exit code."""
    from batch_import.workflows import run as workflow
    from batch_import.workflows import status

    job = request.job
    results_before = _stamp(job.results)
    display = Bar() if has_bars() else Lines()
    try:
        with stoppable() as stop:
            ended = workflow.run(request, credentials, _observer(request, display), stop)
    except RunFault as fault:
        display.close()
        if job.state.is_file() and not isinstance(fault, UsageError):
            # Where not even the state can be read, the fault alone is shown.
            with suppress(RunFault):
                written = FORMATS if _stamp(job.results) != results_before else ()
                print_outcome(job, status.counts(job), to=sys.stderr, written=written)
        raise
    display.close()
    print_outcome(job, ended.counts)
    _print_adopted(status.adopted_count(job))
    if ended.counts.pending:
        again = shown(places.call("run"))
        print(f"Not sent yet: {rows(ended.counts.pending)}. To send the rest: {again}")
    return INCOMPLETE if ended.remaining else OK


def _observer(request: "ImportRequest", display: Bar | Lines) -> "Observer":
    from batch_import.workflows.observer import Observer

    def pictures(left: int) -> None:
        display.close()
        minutes = max(1, round(left / request.settings.rate / 60))
        print(f"Asking for the aspect ratio of {left:,} videos: about {minutes} min.", flush=True)

    return Observer(
        preflight=PreflightLines().show,
        loaded=lambda loaded: _print_loaded(request, loaded),
        progress=display.show,
        pictures=pictures,
        problem=print_trouble,
    )


def _stamp(path: "Path") -> tuple[int, int] | None:
    """What tells a file from the one that replaces it."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def _print_loaded(request: "ImportRequest", loaded: "Loaded") -> None:
    """What a run found in the manifest, and what it is going to do."""
    load = loaded.result
    print_reading(load.reading)
    if load.is_correction:
        print(f"These rows belong to the job {shown(str(request.job.folder))}.")
    if load.diff:
        print_diff(load.diff, of="job" if load.is_correction else "manifest")
    print_held(load.held, flag("same_videos", "yes"), flag("same_videos", "no"))
    if load.has_new_problems or request.settings.strict:
        print_problems(request.job, load.groups_to_show)
    elif load.groups:
        unchanged = f"{problem_count(load.groups)}, as before"
        print(f"{unchanged}: {shown(str(request.job.problems))}")
    if load.preflight:
        print(preflight_progress(load.preflight))
    if request.retry_failed:
        print(
            f"Failed rows to send again: {load.retried:,}."
            " Those that the account already has are taken over, not created."
        )
    if load.pilot:
        print_pilot(load.pilot)
    print(f"To do: {loaded.plan}." if loaded.plan.has_work else "Nothing to send.", flush=True)


def _print_adopted(count: int) -> None:
    """Rows that cost no upload, whichever run of the job found them."""
    if count:
        was = "was" if count == 1 else "were"
        print(f"{rows(count)} {was} already in the account: taken over, not created.")
