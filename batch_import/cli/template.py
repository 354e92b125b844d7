"""Write a configuration file with the options that are set."""

import math
import textwrap
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import yaml

from batch_import.cli.options import OPTIONS
from batch_import.configuration.declaration import DOCUMENTATION_URL, Setting

_HEAD: Final = f"""\
# Options of batch-import for the commands that are run in this folder, for example:
#rate: 20
# `batch-import config` lists all options and their values. What they mean:
# {DOCUMENTATION_URL}/reference/options.md
# Flags and environment variables take precedence over this file. Do not write credentials into it.
"""
#: Maximum length of a comment line, in characters.
_COMMENT_WIDTH: Final = 98


def config_template(values: Mapping[str, Any] = MappingProxyType({})) -> str:
    """Returns the text of the file.

    Args:
        values: the options that are set: name of the setting → value for YAML.
    """
    options = [option for option in OPTIONS.values() if option.name in values]
    return "\n".join([_HEAD, *(_block(option, values) for option in options)])


def _block(option: Setting, values: Mapping[str, Any]) -> str:
    return "\n".join([*_option_lines(option, values), ""])


def _option_lines(option: Setting, values: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of an option: its help as a comment, then its value."""
    yield from textwrap.wrap(
        f"{option.help[0].upper()}{option.help[1:]}.",
        _COMMENT_WIDTH,
        initial_indent="# ",
        subsequent_indent="# ",
    )
    entry = {option.key: values[option.name]}
    yield yaml.safe_dump(entry, sort_keys=False, allow_unicode=True, width=math.inf).rstrip("\n")
