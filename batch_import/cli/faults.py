"""Errors, as the command line shows them: one plain line, not wrapped, without markup."""

import difflib
import sys

import click

from batch_import.cli.application import users_of
from batch_import.cli.console import ERROR, styled
from batch_import.cli.messages import shown
from batch_import.cli.options import Places, flag
from batch_import.errors import RunFault, StateError, named, rendered


def show(error: RunFault | click.ClickException, places: Places | None) -> int:
    """Show an error; returns the exit code."""
    line = text(error, places or Places()) if isinstance(error, RunFault) else _usage(error)
    start = styled("batch-import:", ERROR, sys.stderr)
    print(f"{start} {shown(line)}", file=sys.stderr)
    return error.exit_code


def explained(error: Exception) -> RunFault | click.ClickException:
    """An error that can be shown: what the system could not give is the run's fault.

    Raises:
        Exception: the error itself, where it is one of the program's own.
    """
    if isinstance(error, RunFault | click.ClickException):
        return error
    if isinstance(error, MemoryError):
        what = "memory"
    elif "can't start new thread" in str(error):
        what = "threads"
    else:
        raise error
    return StateError(
        f"The system gives this process no more {what}.",
        f"All state is saved: close other programs, raise the limit or lower {named('workers')},"
        " then run the same command again.",
    )


def text(fault: RunFault, places: Places) -> str:
    """A fault with its settings and commands as they are given on the command line."""
    message, hint = (rendered(part, flag, places.call) for part in fault.raw)
    subject = places.subject(fault.setting) if fault.setting else ""
    return f"{subject}{message} {hint}".strip()


def _usage(error: click.ClickException) -> str:
    """What is wrong with a command line."""
    message = error.format_message()
    ctx = getattr(error, "ctx", None)
    see = f"See: {ctx.command_path if ctx else 'batch-import'} --help"
    if isinstance(error, click.NoSuchOption):
        name = error.option_name.lstrip("-").replace("-", "_")
        if users := list(users_of(name)):
            return f"{error.option_name} is an option of {', '.join(users)}. {see}"
        if near := difflib.get_close_matches(error.option_name, error.possibilities or (), n=1):
            return f"No such option {error.option_name!r}. Did you mean {near[0]!r}?"
    return message if message.endswith("?") else f"{message.rstrip('.')}. {see}"
