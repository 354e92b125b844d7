"""The commands, and the options of the table of settings."""

from collections.abc import Iterator
from typing import Any

import click

from batch_import.cli.application import commands_with_option, load_command
from batch_import.cli.names import COMMANDS
from batch_import.cli.options import OPTIONS, default_text
from batch_import.configuration.value_types import NumberType
from generate.markdown import block, literal, plain, sentence


def commands() -> str:
    """Every command: its arguments, options and examples."""
    return "\n\n".join(_command_groups())


def _command_groups() -> Iterator[str]:
    yield "```{program} batch-import\n```"
    for heading, names in COMMANDS.items():
        yield f"## {heading}"
        for name in names:
            yield from _command(name)


def _command(name: str) -> Iterator[str]:
    found = load_command(name)
    ctx = click.Context(found, info_name=f"batch-import {name}")
    usage = " ".join([f"batch-import {name}", *found.collect_usage_pieces(ctx)])
    yield f"### {name}"
    yield str(found.help)
    yield block(usage, "text")
    for heading, params in found.group_parameters(ctx).items():
        arguments = [param for param in params if isinstance(param, click.Argument)]
        options = [param.name for param in params if param.name in OPTIONS]
        if arguments:
            yield "\n\n".join(map(_argument, arguments))
        if options:
            links = " · ".join(f"{{option}}`--{OPTIONS[str(each)].key}`" for each in options)
            yield f"{heading} options\n: {links}"
    if found.examples:
        yield "Examples:"
        yield block("\n".join(found.examples), "text")


def _argument(argument: click.Argument) -> str:
    help_text = str(argument.help)
    return f"`{argument.human_readable_name.upper()}`\n: {plain(sentence(help_text))}"


def options() -> str:
    """Every option, by the groups of the help."""
    return "\n\n".join(_option_groups())


def _option_groups() -> Iterator[str]:
    yield "```{program} batch-import\n```"
    groups = dict.fromkeys(str(each.group) for each in OPTIONS.values())
    for group in groups:
        yield f"## {group}"
        yield from (_option(each) for each in OPTIONS.values() if str(each.group) == group)


def _option(option: Any) -> str:
    takes = "|".join(option.value_type.choices) or option.value_type.metavar
    names = [f"-{option.short}"] if option.short else []
    names.append(f"--{option.key} {takes}".strip())
    links = ", ".join(f"[{name}](commands.md#{name})" for name in commands_with_option(option.name))
    facts = [
        f"Default: {literal(default)}." if (default := default_text(option)) else "",
        f"Range: {_range(option.value_type)}." if isinstance(option.value_type, NumberType) else "",
        "It may be given several times." if option.multiple else "",
        f"Environment variable: `{option.variable}`." if option.variable else "",
        f"Commands: {links}.",
    ]
    text = "\n\n".join([plain(sentence(option.help)), " ".join(filter(None, facts))])
    return f"````{{option}} {', '.join(names)}\n\n{text}\n````"


def _range(number: NumberType) -> str:
    return f"{number.minimum:,g} to {number.maximum:,.0f}"
