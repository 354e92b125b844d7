"""The help on a terminal, formatted by rich-click, which is imported only for it."""

from typing import Any

import click
from rich_click import (
    RichCommand,
    RichCommandPanel,
    RichContext,
    RichGroup,
    RichHelpConfiguration,
    RichOptionPanel,
    RichPanel,
)

from batch_import.cli.application import Application
from batch_import.cli.command import Command
from batch_import.cli.names import COMMANDS, HELP

_CONFIGURATION = RichHelpConfiguration(text_markup=None, max_width=110)


def command_help(command: Command, ctx: click.Context) -> str:
    """Format the help of one command: a panel per group of options, and one of examples."""
    groups = command.grouped(ctx)
    panels: list[RichPanel[Any, Any]] = [
        RichOptionPanel(name, options=[str(param.name) for param in params])
        for name, params in groups.items()
    ]
    rich = RichCommand(
        name=command.name,
        params=[param for params in groups.values() for param in params],
        help=command.help,
        panels=panels,
        add_help_option=False,
    )
    examples = "".join(f"   {example}\n" for example in command.examples)
    return f"{_help(rich, ctx)}\n {click.style('Examples:', bold=True)}\n\n{examples}"


def application_help(application: Application, ctx: click.Context) -> str:
    """Format the help of the command group: a panel per group of commands."""
    panels: list[RichPanel[Any, Any]] = [
        RichCommandPanel(name, commands=list(names)) for name, names in COMMANDS.items()
    ]
    rich = RichGroup(
        name=application.name,
        commands={name: click.Command(name, help=text) for name, text in HELP.items()},
        params=application.params,
        help=application.help,
        panels=panels,
        subcommand_metavar=application.subcommand_metavar,
    )
    return _help(rich, ctx)


def _help(rich: RichCommand, ctx: click.Context) -> str:
    shown = RichContext(
        rich, info_name=ctx.info_name, parent=ctx.parent, rich_help_config=_CONFIGURATION
    )
    return rich.get_help(shown)
