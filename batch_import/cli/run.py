"""`batch-import run`, and the import with progress display, which `retry` and `demo` share."""

import sys
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from batch_import.cli.command import IMPORT, Invocation, command, manifest_argument
from batch_import.cli.exits import INCOMPLETE, OK
from batch_import.cli.load_messages import (
    print_copied_rows,
    print_load,
    print_other_rows,
    print_work,
)
from batch_import.cli.messages import (
    format_excluded,
    format_row_count,
    print_adoption,
    print_outcome,
    print_pilot,
    print_warning,
    sanitized,
)
from batch_import.cli.next_command import next_command
from batch_import.cli.options import FORMATS
from batch_import.cli.progress import (
    ImportBar,
    ImportLines,
    PreflightLines,
    has_bars,
    stoppable,
)
from batch_import.cli.quoting import command_line
from batch_import.errors import RunFault, UsageError

if TYPE_CHECKING:
    from batch_import.cli.options import OptionSources
    from batch_import.configuration.credentials import Credentials
    from batch_import.configuration.request import ImportRequest
    from batch_import.job import Job
    from batch_import.workflows.observer import Observer
    from batch_import.workflows.run import LoadedManifest


@command(
    options=IMPORT,
    arguments=[manifest_argument()],
    examples=(
        "batch-import run library.csv",
        "batch-import run library.csv --limit 10                 a pilot of ten varied rows",
        "batch-import run library.csv --until 06:00              each night, until all is done",
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
    from batch_import.manifest.readers.manifest_file import refuse_missing
    from batch_import.workflows.original_job import find_original_job

    request = invocation.request(retry_failed=retry_failed)
    # A mistyped name is reported first, and not missing credentials.
    refuse_missing(request.manifest)
    request = find_original_job(request)

    def import_manifest() -> int:
        return import_with_progress(
            request, invocation.load_credentials(), invocation.option_sources
        )

    if request.notify is None:
        return import_manifest()
    from batch_import.cli.notification import run_and_notify

    return run_and_notify(import_manifest, request.notify, request, invocation.option_sources)


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
    version_before = _file_version(job.results)
    display = ImportBar() if has_bars() else ImportLines()
    try:
        with stoppable() as stop:
            run_with_standby = partial(standby.stand_by, work=workflow.run)
            work = run_with_standby if request.standby else workflow.run
            result = work(
                request,
                credentials,
                make_observer(request, display, option_sources),
                stop,
                alarm=True,
            )
    except RunFault as fault:
        display.close()
        if not isinstance(fault, UsageError) and _has_database(job):
            # If the job database cannot be read either, only the error is shown.
            with suppress(RunFault):
                written = FORMATS if _file_version(job.results) != version_before else ()
                print_outcome(job, status.count_rows(job), to=sys.stderr, written=written)
        raise
    display.close()
    print_outcome(job, result.counts)
    _print_adopted(status.adopted_count(job))
    sent_again_count = status.sent_again_count(job)
    if sent_again_count:
        _print_sent_again(sent_again_count, next_command(option_sources, "verify"))
    if request.settings.adopt != "any":
        adopt_command = next_command(option_sources, "retry", "--adopt", "any")
        print_adoption(status.taken_id_count(job), adopt_command)
    excluded = status.read_excluded(job)
    sendable_count = result.counts.pending - excluded.pending_count
    if sendable_count:
        command = sanitized(
            _run_manifest_command(request, result.manifest)
            if result.manifest
            else next_command(option_sources, "run")
        )
        pending = format_row_count(sendable_count)
        print(f"Not sent yet: {pending}. To send the rest: {command}")
    for line in format_excluded(excluded):
        print(line)
    return INCOMPLETE if result.remaining_count else OK


def _run_manifest_command(request: "ImportRequest", manifest: str) -> str:
    """Returns the command that runs the manifest of a job, and not a corrected `failed.csv`."""
    path = Path(manifest)
    if path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    job_folder = request.job.folder
    is_default = replace(request, manifest=path, folder=None).job.folder == job_folder
    return command_line(
        ["batch-import", "run", str(path), *([] if is_default else ["--job", str(job_folder)])]
    )


def _has_database(job: "Job") -> bool:
    """Whether the job database exists. False if this cannot be found out."""
    from batch_import.state.location import exists

    with suppress(RunFault):
        return exists(job)
    return False


def make_observer(
    request: "ImportRequest", display: ImportBar | ImportLines, option_sources: "OptionSources"
) -> "Observer":
    """Create callbacks that print the loaded manifest, and show the progress of its import."""
    from batch_import.workflows.observer import Observer

    def show_picture_count(count: int) -> None:
        display.close()
        minutes = max(1, round(count / request.settings.rate / 60))
        print(f"Requesting the aspect ratio of {count:,} videos: about {minutes} min.", flush=True)

    return Observer(
        preflight=PreflightLines().show,
        loaded=lambda loaded: _print_loaded(request, loaded, option_sources),
        progress=display.show,
        pictures=show_picture_count,
        problem=print_warning,
        waiting=lambda reason: print_warning(f"Waiting: {reason}"),
    )


def _file_version(path: "Path") -> tuple[int, int] | None:
    """Returns a value that changes when a file is replaced; None if there is no file."""
    try:
        file_status = path.stat()
    except OSError:
        return None
    return file_status.st_mtime_ns, file_status.st_ino


def _print_loaded(
    request: "ImportRequest", loaded: "LoadedManifest", option_sources: "OptionSources"
) -> None:
    """Print how the manifest was read, and the work of the run."""
    load_result = loaded.result
    print_load(request, load_result, option_sources)
    print_copied_rows(loaded.copied_rows)
    if request.retry_failed:
        print(
            f"Failed rows to send again: {load_result.retried_count:,}."
            " If the account already has a row's video, this video is used."
        )
    if load_result.pilot:
        print_pilot(load_result.pilot)
    print_work(loaded.plan, "Nothing to send.")
    print_other_rows(request, load_result)


def _print_adopted(count: int) -> None:
    """Print the number of rows whose video was in the account already."""
    if count:
        video = "video" if count == 1 else "videos"
        rows = format_row_count(count)
        print(f"{rows} not created: the account already had the {video}.")


def _print_sent_again(count: int, verify_command: str) -> None:
    """Print the number of rows that were sent again, and how to check that each has one video.

    The platform may have carried out the first POST of such a row later than expected.
    """
    rows = format_row_count(count)
    print(f"{rows} sent again after an unclear answer. To check that each has one video:")
    print(f"  {sanitized(verify_command)}")
