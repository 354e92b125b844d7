"""Print errors: each one plain line, not wrapped, without markup."""

import sys

import click

from batch_import.cli.application import users_of
from batch_import.cli.console import ERROR, styled
from batch_import.cli.messages import sanitized
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

    Returns:
        The exit code.
    """
    line = (
        text(error, option_sources or OptionSources())
        if isinstance(error, RunFault)
        else _usage(error)
    )
    start = styled("batch-import:", ERROR, sys.stderr)
    print(f"{start} {sanitized(line)}", file=sys.stderr)
    return error.exit_code


def explained(error: Exception) -> RunFault | click.ClickException:
    """Turn a lack of memory or threads, or Ctrl-C at a question, into an error to be shown.

    Raises:
        Exception: the error itself, if it is a bug of the program.
    """
    if isinstance(error, RunFault | click.ClickException):
        return error
    if isinstance(error, click.Abort):
        print(file=sys.stderr)  # ends the line of the question
        return Interrupted("Interrupted at a question.", "Run the same command again.")
    if isinstance(error, MemoryError):
        what = "memory"
    elif "can't start new thread" in str(error):
        what = "threads"
    else:
        raise error
    return StateError(
        f"The system gives this process no more {what}.",
        "All state is saved: close other programs, raise the limit or lower"
        f" {setting_ref('workers')}, then run the same command again.",
    )


def text(fault: RunFault, option_sources: OptionSources) -> str:
    """Format a fault, with its settings and commands as text of a command line."""
    message, hint = (with_refs(part, flag, option_sources.command_line) for part in fault.raw)
    subject = option_sources.subject(fault.setting) if fault.setting else ""
    return f"{subject}{message} {hint}".strip()


def _usage(error: click.ClickException) -> str:
    """Format an error in the arguments of the command line."""
    message = error.format_message()
    ctx = getattr(error, "ctx", None)
    see = f"See: {ctx.command_path if ctx else 'batch-import'} --help"
    if isinstance(error, click.NoSuchOption):
        name = error.option_name.lstrip("-").replace("-", "_")
        if users := list(users_of(name)):
            return f"{error.option_name} is an option of {', '.join(users)}. {see}"
        if option := find_similar(error.option_name, error.possibilities or ()):
            return f"No such option {error.option_name!r}. Did you mean {option!r}?"
    if isinstance(error, click.NoSuchCommand) and (
        name := find_similar(error.command_name, error.possibilities or ())
    ):
        return f"No such command {error.command_name!r}. Did you mean {name!r}?"
    return message if message.endswith("?") else f"{message.rstrip('.')}. {see}"
