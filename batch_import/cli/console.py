"""Colour, tables and the screen. rich is imported only when a table or a screen is shown."""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, TextIO

import click

if TYPE_CHECKING:
    from rich.console import Console

#: Colours by what a text says.
ERROR: Final = "red"
WARNING: Final = "yellow"
SUCCESS: Final = "green"


def has_colour(stream: TextIO | None = None) -> bool:
    """Whether colour is shown: on a terminal that has it, unless NO_COLOR says otherwise."""
    return (
        (stream or sys.stdout).isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )


def styled(text: str, colour: str, stream: TextIO | None = None) -> str:
    """A text in a colour, where there is colour."""
    return click.style(text, fg=colour) if has_colour(stream) else text


def warn(text: str) -> None:
    """Print a warning to stderr."""
    print(styled(text, WARNING, sys.stderr), file=sys.stderr, flush=True)


def console() -> "Console":
    """A console of rich that takes every text for what it is."""
    from rich.console import Console

    return Console(
        markup=False,
        highlight=False,
        emoji=False,
        no_color=not has_colour(),
        # Where there is no terminal, nothing is wrapped or cut.
        width=None if sys.stdout.isatty() else 100_000,
        soft_wrap=not sys.stdout.isatty(),
    )


def print_table(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()
) -> None:
    """Print a table, as wide as it has to be. Cells are fit to be shown.

    Args:
        right: positions of the columns of numbers.
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
    # Printed here: rich knows no console that lacks a character.
    for line in written.get().splitlines():
        print(line.rstrip())
