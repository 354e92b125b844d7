"""`batch-import completion`."""

from typing import Final

import click

from batch_import.cli.command import Call, argument, command
from batch_import.cli.exits import OK

#: Set by a shell that asks what completes a line.
VARIABLE: Final = "_BATCH_IMPORT_COMPLETE"


@command(
    arguments=[argument("shell", "which shell", click.Choice(("bash", "zsh", "fish")))],
    examples=('eval "$(batch-import completion bash)"',),
)
def completion(call: Call) -> int:
    """Print a script that completes commands, options and files in a shell."""
    from click.shell_completion import get_completion_class

    from batch_import.cli.application import make_application

    found = get_completion_class(call["shell"])
    if found is None:
        raise click.UsageError(f"There is no completion for {call['shell']}.")
    print(found(make_application(), {}, "batch-import", VARIABLE).source())
    return OK


def complete(instruction: str) -> int:
    """Answer a shell; returns the exit code."""
    from click.shell_completion import shell_complete

    from batch_import.cli.application import make_application

    return shell_complete(make_application(), {}, "batch-import", VARIABLE, instruction)
