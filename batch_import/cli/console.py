"""Colours, tables and warnings on a terminal. rich is imported only when a table is shown."""

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
    """Whether a stream is a terminal with colours, and NO_COLOR is not set.

    Args:
        stream: None means standard output.
    """
    return (
        (stream or sys.stdout).isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )


def styled(text: str, colour: str, stream: TextIO | None = None) -> str:
    """Returns a text with codes for a colour, if the stream shows colours."""
    return click.style(text, fg=colour) if has_colour(stream) else text


def warn(text: str) -> None:
    """Print a warning as one line on stderr."""
    print(styled(text, WARNING, sys.stderr), file=sys.stderr, flush=True)


def console() -> "Console":
    """Create a rich console for standard output. It prints `[text]` as it is, not as markup."""
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
    """Print a table: as wide as the terminal, or as its content if there is no terminal.

    Args:
        header: headings of the columns.
        rows: the cells of each row, which must be sanitized.
        right: positions, from 0, of the columns that are aligned to the right.
    """
    format_lines = _fold_cells if sys.stdout.isatty() else _pad_cells
    for line in format_lines(header, rows, right):
        print(line.rstrip())


def _pad_cells(
    header: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int]
) -> Iterator[str]:
    """Yield lines as wide as their content. rich would take a second for two thousand rows."""
    table = [header, *rows]
    widths = [max(map(_width, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = []
        for position, (text, width) in enumerate(zip(row, widths, strict=True)):
            padding = " " * (width - _width(text))
            cells.append(padding + text if position in right else text + padding)
        yield "  ".join(cells)


def _width(text: str) -> int:
    """Returns the width of a text on a terminal, in columns. A wide character takes two."""
    if text.isascii():
        return len(text)
    width = 0
    for character in text:
        if unicodedata.combining(character):
            continue
        is_wide = unicodedata.east_asian_width(character) in "WF"
        width += 2 if is_wide else 1
    return width


def _fold_cells(
    header: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int]
) -> Iterator[str]:
    """Yield lines that are at most as wide as the terminal. Long cells take several lines."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for position, name in enumerate(header):
        table.add_column(name, justify="right" if position in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    terminal = console()
    with terminal.capture() as output:
        terminal.print(table)
    # print() replaces characters that the console cannot show; rich would raise an error.
    yield from output.get().splitlines()
