"""Colours, tables and the alternate screen. rich is imported only when one of them is shown."""

import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
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
    shown = _pad(header, rows, right) if not sys.stdout.isatty() else _fold(header, rows, right)
    for line in shown:
        print(line.rstrip())


def _pad(
    header: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int]
) -> Iterator[str]:
    """Lines as wide as their content. rich takes a second for two thousand rows."""
    table = [header, *rows]
    widths = [max(map(_width, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = []
        for at, (text, width) in enumerate(zip(row, widths, strict=True)):
            space = " " * (width - _width(text))
            cells.append(space + text if at in right else text + space)
        yield "  ".join(cells)


def _width(text: str) -> int:
    """The number of columns of a text on a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF")
        for each in text
    )


def _fold(
    header: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int]
) -> Iterator[str]:
    """Lines as wide as the terminal. Long cells are folded."""
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
    yield from written.get().splitlines()
