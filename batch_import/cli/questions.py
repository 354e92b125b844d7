"""Questions to a person at a terminal. If there is no terminal, an error names the flag to use.

This module must not know what the questions are about.
"""

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

import click

from batch_import.errors import UsageError

#: Maximum number of names that an error message lists: those of most manifests.
_MAX_LISTED_NAMES: Final = 12


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


def number_or_name(question: str, names: Mapping[int, str], *, default: int | None) -> int:
    """Ask a person who is present for one of several things, by its number or its name.

    Args:
        names: number → name. A number without a name is chosen by the number only.

    Returns:
        The number.
    """
    entered: int = click.prompt(question, default=default, value_proc=partial(_numbered, names))
    return entered


def _numbered(names: Mapping[int, str], entered: str | int) -> int:
    """Returns the number for an answer: a number, a name in any case, or the start of one name.

    Raises:
        click.UsageError: the answer is none of these. click shows the error and asks again.
    """
    text = str(entered).strip()
    if text.isdecimal() and int(text) in names:
        return int(text)
    folded = {number: name.casefold() for number, name in names.items() if name}
    found = [number for number, name in folded.items() if name == text.casefold()]
    found = found or [n for n, name in folded.items() if name.startswith(text.casefold())]
    if len(found) == 1:
        return found[0]
    several = [names[number] for number in found] or list(filter(None, names.values()))
    listed = ", ".join(f"“{name}”" for name in several[:_MAX_LISTED_NAMES])
    more = ", …" if len(several) > _MAX_LISTED_NAMES else ""
    raise click.UsageError(
        f"“{text}” is not one of them. Enter a number from {min(names)} to {max(names)},"
        f" or a name: {listed}{more}"
    )


def _refuse_without_terminal(question: str, answer: str) -> None:
    if not can_ask():
        raise UsageError(f"“{question}” needs an answer, and this is not a terminal.", answer)
