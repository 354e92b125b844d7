"""The help on a terminal. It is formatted by rich-click, which only this module imports."""

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
    groups = command.group_parameters(ctx)
    panels: list[RichPanel[Any, Any]] = [
        RichOptionPanel(heading, options=[str(param.name) for param in params])
        for heading, params in groups.items()
    ]
    rich_command = RichCommand(
        name=command.name,
        params=[param for params in groups.values() for param in params],
        help=command.help,
        panels=panels,
        add_help_option=False,
    )
    examples = "".join(f"   {example}\n" for example in command.examples)
    heading = click.style("Examples:", bold=True)
    return f"{_format_help(rich_command, ctx)}\n {heading}\n\n{examples}"


def application_help(application: Application, ctx: click.Context) -> str:
    """Format the help of the command group: a panel per group of commands."""
    panels: list[RichPanel[Any, Any]] = [
        RichCommandPanel(heading, commands=list(names)) for heading, names in COMMANDS.items()
    ]
    rich_group = RichGroup(
        name=application.name,
        commands={name: click.Command(name, help=text) for name, text in HELP.items()},
        params=application.params,
        help=application.help,
        panels=panels,
        subcommand_metavar=application.subcommand_metavar,
    )
    return _format_help(rich_group, ctx)


def _format_help(command: RichCommand, ctx: click.Context) -> str:
    rich_ctx = RichContext(
        command, info_name=ctx.info_name, parent=ctx.parent, rich_help_config=_CONFIGURATION
    )
    return command.get_help(rich_ctx)
