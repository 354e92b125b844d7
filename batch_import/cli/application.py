"""The command group `batch-import`. The module of a command is imported when it is used."""

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import click

from batch_import import __version__
from batch_import.cli.help_option import PrintsHelp
from batch_import.cli.names import COMMANDS, HELP

if TYPE_CHECKING:
    from batch_import.cli.command import Command
    from batch_import.cli.options import OptionSources

_HELP: Final = """\
Import a manifest of videos into Viostream. Every row becomes exactly one video. If a run is
interrupted, run the same command again: it continues and finishes the work.

Options can be set in batch-import.yaml. --no-OPTION turns off a switch that this file turns on.
Credentials are read from VIOSTREAM_ACCESS_KEY and VIOSTREAM_API_KEY, from the file of
--credentials, or from the system's keyring.

Exit codes: 0 every row is imported (with --limit, --first or --only: every selected row; without
the rows of --exclude), 1 the command finished, but some of these rows are not imported, 2 wrong
usage, or the manifest or the job database cannot be read, 3 the platform refuses requests or cannot
be reached, 130 interrupted.
"""


class Application(PrintsHelp, click.Group):
    """The group of all commands.

    Attributes:
        option_sources: the source of each option's value; None before the command line is parsed.
    """

    option_sources: "OptionSources | None" = None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names of all commands, in the order of the help."""
        del ctx
        return list(HELP)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command. Returns None if there is no command with this name."""
        del ctx
        return load_command(cmd_name) if cmd_name in HELP else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of a command line. Returns its name, the command, and its arguments."""
        from batch_import.cli.options import OptionSources

        self.option_sources = ctx.obj = OptionSources()
        if args and not args[0].startswith("-") and args[0] not in HELP:
            raise click.NoSuchCommand(args[0], possibilities=HELP, ctx=ctx)
        return super().resolve_command(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        """Format the help: with colours and frames on a terminal, otherwise as plain text."""
        from batch_import.cli.console import has_colour

        if has_colour():
            from batch_import.cli.help import application_help

            return application_help(self, ctx)
        return super().get_help(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands under their headings."""
        del ctx
        width = max(map(len, HELP))
        for heading, commands in COMMANDS.items():
            with formatter.section(heading):
                formatter.write_dl([(f"{name:<{width}}", text) for name, text in commands.items()])


def load_command(name: str) -> "Command":
    """Import the module of a command, and return the command."""
    command: Command = getattr(importlib.import_module(f"batch_import.cli.{name}"), name)
    return command


def commands_with_option(option: str) -> Iterator[str]:
    """Yield the names of the commands that have an option.

    Args:
        option: name of the setting.
    """
    for name in HELP:
        if option in load_command(name).options:
            yield name


def make_application() -> Application:
    """Build the command group."""
    return Application(
        "batch-import",
        help=_HELP,
        params=[
            click.Option(["--version"], is_flag=True, is_eager=True, expose_value=False,
                         callback=_show_version, help="Show the version and exit."),
        ],
        subcommand_metavar="COMMAND …",
        no_args_is_help=False,
    )  # fmt: skip


def _show_version(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    del param
    if value and not ctx.resilient_parsing:
        print(f"batch-import {__version__}")
        ctx.exit()
