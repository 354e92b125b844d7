"""`batch-import account`."""

from batch_import.cli.command import Call, command
from batch_import.cli.console import SUCCESS, styled
from batch_import.cli.exits import OK
from batch_import.cli.messages import shown
from batch_import.cli.progress import stoppable


@command(
    "config",
    "credentials",
    "verbose",
    "api_base",
    examples=("batch-import account", "batch-import account --credentials keys.yaml"),
)
def account(call: Call) -> int:
    """Test the credentials."""
    from batch_import.workflows import account as workflow

    settings = call.settings()
    with stoppable() as stop:
        found = workflow.account(settings, call.credentials(), stop)
    work = styled("The credentials work.", SUCCESS)
    title = shown(found.title) or "(no title)"
    print(f"{work} Account: {title} ({shown(found.id)}) at {settings.api_base}")
    return OK
