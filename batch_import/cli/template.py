"""A configuration file: options that are set, and all others with their defaults, as comments."""

import math
import textwrap
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import yaml

from batch_import.cli.options import OPTIONS
from batch_import.configuration.declaration import Group, Setting

_HEAD: Final = """\
# Options of batch-import for the commands that are run in this folder. Remove the # in front of a
# key to set it. Flags and environment variables take precedence over this file;
# batch-import config shows the values in force. Credentials do not belong here.
"""
_WIDTH: Final = 98


def config_template(values: Mapping[str, Any] = MappingProxyType({})) -> str:
    """The file.

    Args:
        values: the options that are set, by the names of their settings, as YAML has them.
    """
    options = [option for option in OPTIONS.values() if option.name != "config"]
    blocks = [_HEAD, *(_block(option, values) for option in options if option.name in values)]
    for group in Group:
        others = [o for o in options if o.group is group and o.name not in values]
        blocks += [f"# {group}\n", *(_block(option, values) for option in others)] if others else []
    return "\n".join(blocks)


def _block(option: Setting, values: Mapping[str, Any]) -> str:
    return "\n".join([*_lines(option, values), ""])


def _lines(option: Setting, values: Mapping[str, Any]) -> Iterator[str]:
    yield from textwrap.wrap(
        f"{option.help[0].upper()}{option.help[1:]}.",
        _WIDTH,
        initial_indent="# ",
        subsequent_indent="# ",
    )
    if option.name in values:
        yield _written({option.key: values[option.name]})
    elif option.multiple:
        name, is_pair, value = option.value_type.metavar.partition("=")
        yield f"#{option.key}:"
        yield f"#  {name}: {value}" if is_pair else f"#  - {name}"
    else:
        yield f"#{option.key}:{_shown(option)}"


def _written(entry: dict[str, Any]) -> str:
    text: str = yaml.safe_dump(entry, sort_keys=False, allow_unicode=True, width=math.inf)
    return text.rstrip("\n")


def _shown(option: Setting) -> str:
    """The default; where there is none, a placeholder behind another #."""
    default = option.default
    if option.is_switch:
        return f" {str(default).lower()}"
    if default is None:
        return f"  # {option.default_text or option.value_type.metavar}"
    if isinstance(default, tuple):
        return f" [{', '.join(default)}]"
    return f" {default:g}" if isinstance(default, float) else f" {default}"
