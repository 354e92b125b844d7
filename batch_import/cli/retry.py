"""`batch-import retry`."""

from batch_import.cli.command import IMPORT, Invocation, command, manifest_argument
from batch_import.cli.run import run_command


@command(
    options=IMPORT,
    arguments=[manifest_argument()],
    examples=(
        "batch-import retry library.csv",
        "batch-import retry library.csv --only hr-welcome-2025",
    ),
)
def retry(invocation: Invocation) -> int:
    """Send failed rows again, then continue as run does."""
    return run_command(invocation, retry_failed=True)
