"""Print an error as one plain line, which is not wrapped and has no markup."""

import sys
from functools import partial

import click

from batch_import.cli.application import commands_with_option
from batch_import.cli.console import ERROR, styled
from batch_import.cli.messages import sanitized
from batch_import.cli.next_command import next_command
from batch_import.cli.options import OptionSources, flag
from batch_import.errors import (
    Interrupted,
    RunFault,
    StateError,
    find_similar,
    setting_ref,
    with_refs,
)


def show(error: RunFault | click.ClickException, option_sources: OptionSources | None) -> int:
    """Print an error to stderr.

    Args:
        option_sources: the source of each option's value; None if the command line was not parsed.

    Returns:
        The exit code.
    """
    if isinstance(error, RunFault):
        line = format_fault(error, option_sources or OptionSources())
    else:
        line = _format_usage_error(error)
    program = styled("batch-import:", ERROR, sys.stderr)
    print(f"{program} {sanitized(line)}", file=sys.stderr)
    return error.exit_code


def explained(error: Exception) -> RunFault | click.ClickException:
    """Turn a lack of memory or threads, or Ctrl-C at a question, into an error that can be shown.

    Returns:
        The error to show.

    Raises:
        Exception: the error itself, if it is a bug of the program.
    """
    if isinstance(error, RunFault | click.ClickException):
        return error
    if isinstance(error, click.Abort):
        print(file=sys.stderr)  # ends the line of the question
        return Interrupted("Interrupted at a question.", "Run the same command again.")
    if isinstance(error, MemoryError):
        resource = "memory"
    elif "can't start new thread" in str(error):
        resource = "threads"
    else:
        raise error
    return StateError(
        f"The system gives this process no more {resource}.",
        "All state is saved: close other programs, raise the limit or lower"
        f" {setting_ref('workers')}, then run the same command again.",
    )


def format_fault(fault: RunFault, option_sources: OptionSources) -> str:
    """Format a fault as one line. Its settings and commands are shown as on the command line."""
    command = partial(next_command, option_sources)
    message, hint = (with_refs(part, flag, command) for part in fault.raw)
    subject = option_sources.subject(fault.setting) if fault.setting else ""
    return f"{subject}{message} {hint}".strip()


def _format_usage_error(error: click.ClickException) -> str:
    """Format an error in the arguments of the command line, with a suggestion."""
    message = error.format_message()
    ctx = getattr(error, "ctx", None)
    help_hint = f"See: {ctx.command_path if ctx else 'batch-import'} --help"
    if isinstance(error, click.NoSuchOption):
        name = error.option_name.lstrip("-").replace("-", "_")
        commands = list(commands_with_option(name))
        if commands:
            return f"{error.option_name} is an option of {', '.join(commands)}. {help_hint}"
        option = find_similar(error.option_name, error.possibilities or ())
        if option:
            return f"No such option {error.option_name!r}. Did you mean {option!r}?"
    if isinstance(error, click.NoSuchCommand):
        command = find_similar(error.command_name, error.possibilities or ())
        if command:
            return f"No such command {error.command_name!r}. Did you mean {command!r}?"
    return message if message.endswith("?") else f"{message.rstrip('.')}. {help_hint}"
