"""Formats texts as Markdown, and reads the comments that describe names in the code."""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any


def comments(owner: Any) -> dict[str, str]:
    """Return name → its `#:` comment as one line, for the names of a module or of a class.

    Raises:
        ValueError: a member of an enumeration has no comment.
    """
    from sphinx.pycode import ModuleAnalyzer  # noqa: PLC0415  (tests read other parts without it)

    is_class = isinstance(owner, type)
    module, prefix = (owner.__module__, owner.__name__) if is_class else (owner.__name__, "")
    comment_lines = ModuleAnalyzer.for_module(module).find_attr_docs()
    comments = {
        name: " ".join(lines).strip()
        for (class_name, name), lines in comment_lines.items()
        if class_name == prefix
    }
    members = [member.name for member in owner] if is_class and issubclass(owner, StrEnum) else []
    if missing := set(members) - set(comments):
        raise ValueError(f"{module}: {missing} has no comment.")
    return comments


def first_line(owner: type) -> str:
    """Return the first line of a class's docstring."""
    return str(owner.__doc__).partition("\n")[0].strip()


def sentence(text: str) -> str:
    """Return a text with a capital first letter and one full stop at its end."""
    return f"{text[0].upper()}{text[1:]}".rstrip(".") + "."


def plain(text: str) -> str:
    """Return a text in which all characters of markup are escaped."""
    return re.sub(r"([\\`*_\[\]<>])", r"\\\1", text)


def literal(text: str) -> str:
    """Return a text as inline code."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def block(text: str, language: str) -> str:
    """Return a text as a fenced block: code in a language, or a directive such as `{eval-rst}`."""
    return f"```{language}\n{text}\n```"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; `|` inside of a cell is escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines
    )
