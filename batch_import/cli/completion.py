"""`batch-import completion`."""

from typing import Final

import click

from batch_import.cli.command import Invocation, argument, command
from batch_import.cli.exits import OK

#: Environment variable that a shell sets to request completions.
VARIABLE: Final = "_BATCH_IMPORT_COMPLETE"


@command(
    arguments=[argument("shell", "bash, zsh or fish", click.Choice(("bash", "zsh", "fish")))],
    examples=('eval "$(batch-import completion bash)"',),
)
def completion(invocation: Invocation) -> int:
    """Print a script that completes commands, options and files in a shell."""
    from click.shell_completion import get_completion_class

    from batch_import.cli.application import make_application

    completion_class = get_completion_class(invocation["shell"])
    if completion_class is None:
        raise click.UsageError(f"There is no completion for {invocation['shell']}.")
    print(completion_class(make_application(), {}, "batch-import", VARIABLE).source())
    return OK


def complete(instruction: str) -> int:
    """Print the completions that a shell requests.

    Args:
        instruction: the value of `VARIABLE`, which says what to complete.

    Returns:
        The exit code.
    """
    from click.shell_completion import shell_complete

    from batch_import.cli.application import make_application

    return shell_complete(make_application(), {}, "batch-import", VARIABLE, instruction)
