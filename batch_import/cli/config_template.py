"""A configuration file to be filled in: every option and its default, as comments.

This file must not know how such a file is read.
"""

import textwrap
from collections.abc import Iterator
from typing import Any, Final

from batch_import.cli.options import OPTIONS, Option

_HEAD: Final = """\
# Options of batch-import for the commands that are run in this folder. Take away the # in front of
# a key to set it. Flags and environment variables win over this file; batch-import config shows
# what is in force. Credentials do not belong here.
"""
_WIDTH: Final = 98


def config_template() -> str:
    """The file."""
    keys = [option for option in OPTIONS if option.name != "config"]
    return "\n".join([_HEAD, *("\n".join([*_lines(option), ""]) for option in keys)])


def _lines(option: Option) -> Iterator[str]:
    yield from textwrap.wrap(
        f"{option.help[0].upper()}{option.help[1:]}.",
        _WIDTH,
        initial_indent="# ",
        subsequent_indent="# ",
    )
    if option.kind == "list":
        name, is_pair, value = (option.metavar or "").partition("=")
        yield f"#{option.name}:"
        yield f"#  {name}: {value}" if is_pair else f"#  - {name}"
    else:
        yield f"#{option.name}:{_shown(option)}"


def _shown(option: Option) -> str:
    """The default; where there is none, what could stand there, behind another #."""
    default: Any = option.default
    if option.kind in ("flag", "switch"):
        return f" {str(bool(default)).lower()}"
    if default is None:
        return f"  # {' or '.join(option.choices) or option.metavar}"
    if isinstance(default, tuple):
        return f" [{', '.join(default)}]"
    return f" {default:g}" if isinstance(default, float) else f" {default}"
