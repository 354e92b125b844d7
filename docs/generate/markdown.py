"""Pieces of Markdown, and the comments that describe names in the code."""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any


def comments(owner: Any) -> dict[str, str]:
    """The `#:` comments of a module's or class's names, each as one line."""
    from sphinx.pycode import ModuleAnalyzer  # noqa: PLC0415  (tests read other parts without it)

    is_class = isinstance(owner, type)
    module, prefix = (owner.__module__, owner.__name__) if is_class else (owner.__name__, "")
    found = ModuleAnalyzer.for_module(module).find_attr_docs()
    comments = {
        name: " ".join(lines).strip() for (at, name), lines in found.items() if at == prefix
    }
    names = [each.name for each in owner] if is_class and issubclass(owner, StrEnum) else []
    if missing := set(names) - set(comments):
        raise ValueError(f"{module}: {missing} has no comment.")
    return comments


def first_line(owner: type) -> str:
    """The first line of a docstring."""
    return str(owner.__doc__).partition("\n")[0].strip()


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    return f"{text[0].upper()}{text[1:]}".rstrip(".") + "."


def plain(text: str) -> str:
    """A text in which nothing is markup."""
    return re.sub(r"([\\`*_\[\]<>])", r"\\\1", text)


def literal(text: str) -> str:
    """Inline code."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def block(text: str, language: str) -> str:
    """A block of code, or a directive."""
    return f"```{language}\n{text}\n```"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines
    )
