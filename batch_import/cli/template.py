"""A configuration file to be filled in: every option and its default, as comments."""

import textwrap
from collections.abc import Iterator
from typing import Final

from batch_import.cli.options import OPTIONS
from batch_import.configuration.declaration import Group, Setting

_HEAD: Final = """\
# Options of batch-import for the commands that are run in this folder. Remove the # in front of a
# key to set it. Flags and environment variables take precedence over this file;
# batch-import config shows the values in force. Credentials do not belong here.
"""
_WIDTH: Final = 98


def config_template() -> str:
    """The file."""
    blocks = [_HEAD]
    for group in Group:
        options = [o for o in OPTIONS.values() if o.group is group and o.name != "config"]
        blocks += [f"# {group}\n", *("\n".join([*_lines(each), ""]) for each in options)]
    return "\n".join(blocks)


def _lines(option: Setting) -> Iterator[str]:
    yield from textwrap.wrap(
        f"{option.help[0].upper()}{option.help[1:]}.",
        _WIDTH,
        initial_indent="# ",
        subsequent_indent="# ",
    )
    if option.multiple:
        name, is_pair, value = option.kind.metavar.partition("=")
        yield f"#{option.key}:"
        yield f"#  {name}: {value}" if is_pair else f"#  - {name}"
    else:
        yield f"#{option.key}:{_shown(option)}"


def _shown(option: Setting) -> str:
    """The default; where there is none, a placeholder behind another #."""
    default = option.default
    if option.is_switch:
        return f" {str(default).lower()}"
    if default is None:
        return f"  # {option.default_text or option.kind.metavar}"
    if isinstance(default, tuple):
        return f" [{', '.join(default)}]"
    return f" {default:g}" if isinstance(default, float) else f" {default}"
