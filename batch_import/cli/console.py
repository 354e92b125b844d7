"""Colours, tables and the alternate screen. rich is imported only when one of them is shown."""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, TextIO

import click

if TYPE_CHECKING:
    from rich.console import Console

#: Colours of errors, warnings and success.
ERROR: Final = "red"
WARNING: Final = "yellow"
SUCCESS: Final = "green"


def has_colour(stream: TextIO | None = None) -> bool:
    """Whether to use colour: the stream is a terminal with colours, and NO_COLOR is not set."""
    return (
        (stream or sys.stdout).isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )


def styled(text: str, colour: str, stream: TextIO | None = None) -> str:
    """Colour a text, if colours are used."""
    return click.style(text, fg=colour) if has_colour(stream) else text


def warn(text: str) -> None:
    """Print a warning to stderr."""
    print(styled(text, WARNING, sys.stderr), file=sys.stderr, flush=True)


def console() -> "Console":
    """A rich console that interprets no markup."""
    from rich.console import Console

    return Console(
        markup=False,
        highlight=False,
        emoji=False,
        no_color=not has_colour(),
        # Without a terminal, no line is wrapped or cut.
        width=None if sys.stdout.isatty() else 100_000,
        soft_wrap=not sys.stdout.isatty(),
    )


def print_table(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()
) -> None:
    """Print a table as wide as its content. The cells must be sanitized.

    Args:
        right: positions of the columns that are aligned to the right.
    """
    from rich.table import Table

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for at, name in enumerate(header):
        made.add_column(name, justify="right" if at in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*row)
    shown_on = console()
    with shown_on.capture() as written:
        shown_on.print(made)
    # print() replaces characters that the console cannot show; rich would raise an error.
    for line in written.get().splitlines():
        print(line.rstrip())
