"""Ask a person at a terminal. If there is no terminal, an error names the flag to use.

This module must not know what the questions are about.
"""

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

import click

from batch_import.cli.console import warn
from batch_import.errors import UsageError

#: Maximum number of names that an error message lists: most manifests have fewer columns.
_MAX_LISTED_NAMES: Final = 12


def can_ask() -> bool:
    """Whether a person can answer: standard input and output are both a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def ask_text(
    question: str,
    flag_hint: str,
    *,
    reason: str = "",
    default: str | None = None,
    is_hidden: bool = False,
) -> str:
    """Ask for a text.

    Args:
        flag_hint: a sentence that names the flag to use instead, if there is no terminal.
        reason: a sentence that says why the question is asked; empty if that is clear.
        default: the answer if nothing is entered; None means that something must be entered.
        is_hidden: whether the typed text is not shown.

    Raises:
        UsageError: there is no terminal.
    """
    _refuse_without_terminal(question, flag_hint, reason)
    if reason:
        warn(reason)
    answer: str = click.prompt(question, default=default, hide_input=is_hidden)
    return answer.strip()


def ask_yes_or_no(question: str, flag_hint: str, *, default: bool) -> bool:
    """Ask a question with the answer yes or no. Returns whether the answer is yes.

    Args:
        flag_hint, default: as for `ask_text`.

    Raises:
        UsageError: there is no terminal.
    """
    _refuse_without_terminal(question, flag_hint)
    return click.confirm(question, default=default)


def require_yes(question: str, flag_hint: str) -> None:
    """Ask a question with the answer yes or no. If the answer is no, the command ends.

    Args:
        flag_hint: as for `ask_text`.

    Raises:
        UsageError: there is no terminal, or the answer is no.
    """
    if not ask_yes_or_no(question, flag_hint, default=False):
        raise UsageError("Nothing was changed.")


def ask_choice(question: str, flag_hint: str, choices: Sequence[str], *, default: str) -> str:
    """Ask for one of a few texts.

    Args:
        flag_hint, default: as for `ask_text`.

    Raises:
        UsageError: there is no terminal.
    """
    _refuse_without_terminal(question, flag_hint)
    answer: str = click.prompt(question, type=click.Choice(choices), default=default)
    return answer


def ask_number_or_name(question: str, names: Mapping[int, str], *, default: int | None) -> int:
    """Ask for one of several things, by its number or its name. The caller has checked `can_ask`.

    Args:
        names: number → name. A thing without a name can only be chosen by its number.
        default: the answer if nothing is entered; None means that something must be entered.

    Returns:
        The number.
    """
    parse = partial(_parse_number_or_name, names)
    answer: int = click.prompt(question, default=default, value_proc=parse)
    return answer


def _parse_number_or_name(names: Mapping[int, str], entered: str | int) -> int:
    """Returns the number for an answer: a number, a name in any case, or the start of one name.

    Raises:
        click.UsageError: the answer is none of these. click shows the error and asks again.
    """
    text = str(entered).strip()
    if text.isdecimal() and int(text) in names:
        return int(text)
    folded_text = text.casefold()
    folded_names = {number: name.casefold() for number, name in names.items() if name}
    matches = [number for number, name in folded_names.items() if name == folded_text]
    if not matches:
        matches = [n for n, name in folded_names.items() if name.startswith(folded_text)]
    if len(matches) == 1:
        return matches[0]
    candidates = [names[number] for number in matches] or list(filter(None, names.values()))
    listed = ", ".join(f"“{name}”" for name in candidates[:_MAX_LISTED_NAMES])
    more = ", …" if len(candidates) > _MAX_LISTED_NAMES else ""
    raise click.UsageError(
        f"“{text}” is not one of them. Enter a number from {min(names)} to {max(names)},"
        f" or a name: {listed}{more}"
    )


def _refuse_without_terminal(question: str, flag_hint: str, reason: str = "") -> None:
    if not can_ask():
        prefix = f"{reason} " if reason else ""
        raise UsageError(
            f"{prefix}“{question}” needs an answer, and this is not a terminal.", flag_hint
        )
