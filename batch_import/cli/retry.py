"""`batch-import retry`."""

from batch_import.cli.command import IMPORT, Call, command, manifest
from batch_import.cli.run import run_command


@command(
    *IMPORT,
    arguments=[manifest()],
    examples=(
        "batch-import retry library.csv",
        "batch-import retry library.csv --only hr-welcome-2025",
    ),
)
def retry(call: Call) -> int:
    """Send failed rows again, then continue as run does."""
    return run_command(call, retry_failed=True)
