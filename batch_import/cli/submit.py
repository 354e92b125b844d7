"""`batch-import submit`: check a manifest, and put its import into the queue of a database."""

from batch_import.cli.command import READING, RESULTS, Invocation, command, manifest_argument
from batch_import.cli.exits import OK
from batch_import.cli.messages import format_time, sanitized
from batch_import.cli.options import flag
from batch_import.cli.progress import stoppable
from batch_import.errors import UsageError


@command(
    options=(
        *READING,
        "account", "at", "limit", "only", "exclude", "notify", "strict", "preflight", "same_videos",
        "allow_removals", "rate", "workers", "poll_interval", "max_in_flight", "max_wait",
        *RESULTS,
        "aspect_from_detail", "link_life", "settle", "when_unsure", "adopt", "give_up_after",
        "lease", "log_max",
    ),
    arguments=[manifest_argument()],
    examples=(
        "batch-import submit library.csv --account news",
        "batch-import submit library.csv --account news --at 22:00 --rate 20",
    ),
)  # fmt: skip
def submit(invocation: Invocation) -> int:
    """Check a manifest, and put its import into the queue of a database."""
    from batch_import.cli.progress import ImportLines
    from batch_import.cli.run import make_observer
    from batch_import.workflows import submit as workflow
    from batch_import.workflows.original_job import find_original_job

    invocation.database()
    account = invocation["account"]
    if not account:
        raise UsageError("No account is named.", f"Name it with {flag('account')}.")
    request = find_original_job(invocation.request())
    start_at = invocation["at"]
    with stoppable() as stop:
        observer = make_observer(request, ImportLines(), invocation.option_sources)
        job = workflow.submit(request, account, start_at, observer, stop)
    start = "" if start_at is None else f", to start at {format_time(start_at)}"
    print(f"The job {sanitized(job)} is in the queue of the account {account}{start}.")
    return OK
