"""Questions to a person at a terminal. If there is no terminal, an error names the flag to use.

This module must not know what the questions are about.
"""

import sys
from collections.abc import Sequence

import click

from batch_import.errors import UsageError


def can_ask() -> bool:
    """Whether a person can answer: standard input and output are both a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def text(question: str, answer: str, *, default: str | None = None, hidden: bool = False) -> str:
    """Ask for a text.

    Args:
        answer: the flag that gives the answer if nobody can be asked, as a sentence.
        default: used if nothing is entered.
        hidden: whether the typed text is not shown.

    Raises:
        UsageError: nobody can be asked.
    """
    _refuse_without_terminal(question, answer)
    entered: str = click.prompt(question, default=default, hide_input=hidden)
    return entered.strip()


def yes(question: str, answer: str, *, default: bool) -> bool:
    """Ask a question with the answer yes or no; `answer` as for `text`.

    Raises:
        UsageError: nobody can be asked.
    """
    _refuse_without_terminal(question, answer)
    return click.confirm(question, default=default)


def insist(question: str, answer: str) -> None:
    """Ask a question; unless the answer is yes, the command ends. `answer` is as for `text`.

    Raises:
        UsageError: nobody can be asked, or the answer is no.
    """
    if not yes(question, answer, default=False):
        raise UsageError("Nothing was changed.")


def choice(question: str, answer: str, options: Sequence[str], *, default: str) -> str:
    """Ask for one of a few texts; `answer` as for `text`.

    Raises:
        UsageError: nobody can be asked.
    """
    _refuse_without_terminal(question, answer)
    chosen: str = click.prompt(question, type=click.Choice(options), default=default)
    return chosen


def number(question: str, most: int, *, least: int, default: int | None) -> int:
    """Ask a person who is present for a number from `least` to `most`."""
    entered: int = click.prompt(question, type=click.IntRange(least, most), default=default)
    return entered


def _refuse_without_terminal(question: str, answer: str) -> None:
    if not can_ask():
        raise UsageError(f"“{question}” needs an answer, and this is not a terminal.", answer)
