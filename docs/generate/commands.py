"""Generates the reference of the commands, and of the options in the program's option table."""

from collections.abc import Iterator
from typing import Any

import click

from batch_import.cli.application import commands_with_option, load_command
from batch_import.cli.names import COMMANDS
from batch_import.cli.options import OPTIONS, default_text
from batch_import.configuration.value_types import NumberType
from generate.markdown import block, literal, plain, sentence


def commands() -> str:
    """Return the Markdown of every command: its arguments, options and examples."""
    return "\n\n".join(_command_groups())


def _command_groups() -> Iterator[str]:
    yield "```{program} batch-import\n```"
    for heading, names in COMMANDS.items():
        yield f"## {heading}"
        for name in names:
            yield from _command(name)


def _command(name: str) -> Iterator[str]:
    command = load_command(name)
    ctx = click.Context(command, info_name=f"batch-import {name}")
    usage = " ".join([f"batch-import {name}", *command.collect_usage_pieces(ctx)])
    yield f"### {name}"
    yield str(command.help)
    yield block(usage, "text")
    for heading, params in command.group_parameters(ctx).items():
        arguments = [param for param in params if isinstance(param, click.Argument)]
        option_names = [param.name for param in params if param.name in OPTIONS]
        if arguments:
            yield "\n\n".join(map(_argument, arguments))
        if option_names:
            links = " · ".join(f"{{option}}`--{OPTIONS[str(name)].key}`" for name in option_names)
            yield f"{heading} options\n: {links}"
    if command.examples:
        yield "Examples:"
        yield block("\n".join(command.examples), "text")


def _argument(argument: click.Argument) -> str:
    help_text = str(argument.help)
    return f"`{argument.human_readable_name.upper()}`\n: {plain(sentence(help_text))}"


def options() -> str:
    """Return the Markdown of every option, in the groups of the help."""
    return "\n\n".join(_option_groups())


def _option_groups() -> Iterator[str]:
    yield "```{program} batch-import\n```"
    groups = dict.fromkeys(str(option.group) for option in OPTIONS.values())
    for group in groups:
        yield f"## {group}"
        yield from (_option(option) for option in OPTIONS.values() if str(option.group) == group)


def _option(option: Any) -> str:
    value_text = "|".join(option.value_type.choices) or option.value_type.metavar
    names = [f"-{option.short}"] if option.short else []
    names.append(f"--{option.key} {value_text}".strip())
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
