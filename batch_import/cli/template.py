"""Write a configuration file.

Options that are set come first. All other options follow as comments, with their defaults.
"""

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
# batch-import config shows the values in force. Do not write credentials into this file.
"""
#: Maximum length of a comment line, in characters.
_COMMENT_WIDTH: Final = 98


def config_template(values: Mapping[str, Any] = MappingProxyType({})) -> str:
    """Returns the text of the file.

    Args:
        values: the options that are set: name of the setting → value for YAML.
    """
    options = [option for option in OPTIONS.values() if option.name != "config"]
    blocks = [_HEAD, *(_block(option, values) for option in options if option.name in values)]
    for group in Group:
        unset = [
            option for option in options if option.group is group and option.name not in values
        ]
        if unset:
            blocks.append(f"# {group}\n")
            blocks += [_block(option, values) for option in unset]
    return "\n".join(blocks)


def _block(option: Setting, values: Mapping[str, Any]) -> str:
    return "\n".join([*_option_lines(option, values), ""])


def _option_lines(option: Setting, values: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of an option: its help as a comment, then its value or default."""
    yield from textwrap.wrap(
        f"{option.help[0].upper()}{option.help[1:]}.",
        _COMMENT_WIDTH,
        initial_indent="# ",
        subsequent_indent="# ",
    )
    if option.name in values:
        yield _dump({option.key: values[option.name]})
    elif option.multiple:
        name, is_pair, value = option.value_type.metavar.partition("=")
        yield f"#{option.key}:"
        yield f"#  {name}: {value}" if is_pair else f"#  - {name}"
    else:
        yield f"#{option.key}:{_default_text(option)}"


def _dump(entry: dict[str, Any]) -> str:
    text: str = yaml.safe_dump(entry, sort_keys=False, allow_unicode=True, width=math.inf)
    return text.rstrip("\n")


def _default_text(option: Setting) -> str:
    """Returns the default with a blank before it. If there is none: a placeholder as a comment."""
    default = option.default
    if option.is_switch:
        return f" {str(default).lower()}"
    if default is None:
        return f"  # {option.default_text or option.value_type.metavar}"
    if isinstance(default, tuple):
        return f" [{', '.join(default)}]"
    return f" {default:g}" if isinstance(default, float) else f" {default}"
