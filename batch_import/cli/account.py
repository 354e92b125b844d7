"""`batch-import account`."""

from batch_import.cli.command import Invocation, command
from batch_import.cli.console import SUCCESS, styled
from batch_import.cli.exits import OK
from batch_import.cli.messages import sanitized
from batch_import.cli.progress import stoppable


@command(
    options=(
        "config",
        "credentials",
        "verbose",
        "api_base",
    ),
    examples=("batch-import account", "batch-import account --credentials keys.yaml"),
)
def account(invocation: Invocation) -> int:
    """Test the credentials."""
    from batch_import.workflows import account as workflow

    settings = invocation.settings()
    with stoppable() as stop:
        account = workflow.read_account(settings, invocation.load_credentials(), stop)
    message = styled("The credentials work.", SUCCESS)
    title = sanitized(account.title) or "(no title)"
    print(f"{message} Account: {title} ({sanitized(account.id)}) at {settings.api_base}")
    return OK
