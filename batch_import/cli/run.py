"""`batch-import run`, and the import with progress display, which `retry` and `demo` share."""

import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from batch_import.cli.command import IMPORT, Invocation, command, manifest
from batch_import.cli.exits import INCOMPLETE, OK
from batch_import.cli.load_messages import (
    print_copied_rows,
    print_load,
    print_other_rows,
    print_work,
)
from batch_import.cli.messages import (
    format_row_count,
    print_adoption,
    print_outcome,
    print_pilot,
    print_warning,
    sanitized,
)
from batch_import.cli.options import FORMATS
from batch_import.cli.progress import Bar, Lines, PreflightLines, has_bars, stoppable
from batch_import.errors import RunFault, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from batch_import.cli.options import OptionSources
    from batch_import.configuration.credentials import Credentials
    from batch_import.configuration.request import ImportRequest
    from batch_import.job import Job
    from batch_import.workflows.observer import Observer
    from batch_import.workflows.run import LoadedManifest


@command(
    options=IMPORT,
    arguments=[manifest()],
    examples=(
        "batch-import run library.csv",
        "batch-import run library.csv --limit 10                 a pilot: ten rows like all others",
        "batch-import run library.csv --until 06:00              every night, until all is done",
        "batch-import run library.csv --rate 20 --preflight",
    ),
)
def run(invocation: Invocation) -> int:
    """Import a manifest, or continue an import."""
    return run_command(invocation)


def run_command(invocation: Invocation, *, retry_failed: bool = False) -> int:
    """Import the manifest of an invocation.

    Returns:
        The exit code.
    """
    from batch_import.workflows.original_job import with_original_job

    request = with_original_job(invocation.request(retry_failed=retry_failed))

    def work() -> int:
        return import_with_progress(
            request, invocation.load_credentials(), invocation.option_sources
        )

    if request.notify is None:
        return work()
    from batch_import.cli.notification import notified

    return notified(work, request.notify, request, invocation.option_sources)


def import_with_progress(
    request: "ImportRequest", credentials: "Credentials", option_sources: "OptionSources"
) -> int:
    """Import a manifest, and show the progress.

    Returns:
        The exit code.
    """
    from batch_import.workflows import run as workflow
    from batch_import.workflows import standby, status

    job = request.job
    results_before = _stamp(job.results)
    display = Bar() if has_bars() else Lines()
    try:
        with stoppable() as stop:
            waits = partial(standby.stand_by, work=workflow.run)
            work = waits if request.standby else workflow.run
            ended = work(request, credentials, observer(request, display), stop, alarm=True)
    except RunFault as fault:
        display.close()
        if not isinstance(fault, UsageError) and _has_state(job):
            # If the job database cannot be read either, only the error is shown.
            with suppress(RunFault):
                written = FORMATS if _stamp(job.results) != results_before else ()
                print_outcome(job, status.counts(job), to=sys.stderr, written=written)
        raise
    display.close()
    print_outcome(job, ended.counts)
    _print_adopted(status.adopted_count(job))
    if request.settings.adopt != "any":
        again = option_sources.command_line("retry", "--adopt", "any")
        print_adoption(status.ids_taken_count(job), again)
    if ended.counts.pending:
        again = sanitized(option_sources.command_line("run"))
        print(f"Not sent yet: {format_row_count(ended.counts.pending)}. To send the rest: {again}")
    return INCOMPLETE if ended.remaining else OK


def _has_state(job: "Job") -> bool:
    from batch_import.state.location import exists

    with suppress(RunFault):
        return exists(job)
    return False


def observer(request: "ImportRequest", display: Bar | Lines) -> "Observer":
    """Callbacks that print what a manifest has, and show the progress of its import."""
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
        problem=print_warning,
        waiting=lambda why: print_warning(f"Waiting: {why}"),
    )


def _stamp(path: "Path") -> tuple[int, int] | None:
    """The identity of a file's content on disk, to see whether it was replaced."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def _print_loaded(request: "ImportRequest", loaded: "LoadedManifest") -> None:
    """Print what the run read from the manifest, and what it is going to do."""
    load = loaded.result
    print_load(request, load)
    print_copied_rows(loaded.copied)
    if request.retry_failed:
        print(
            f"Failed rows to send again: {load.retried:,}."
            " Those that the account already has are taken over, not created."
        )
    if load.pilot:
        print_pilot(load.pilot)
    print_work(loaded.plan, "Nothing to send.")
    print_other_rows(request, load)


def _print_adopted(count: int) -> None:
    """Print the number of rows whose video was in the account already."""
    if count:
        was = "was" if count == 1 else "were"
        print(f"{format_row_count(count)} {was} already in the account: taken over, not created.")
