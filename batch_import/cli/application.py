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
Import a manifest of videos into Viostream. Every row becomes exactly one video; running the same
command again finishes the work.

Options can be set in batch-import.yaml; --no-OPTION turns a switch off that is on there.
Credentials come from VIOSTREAM_ACCESS_KEY and VIOSTREAM_API_KEY, from --credentials, or from the
system's keyring.

Exit codes: 0 every row is imported (with --limit, --first or --only: every row that was selected),
1 finished but some of these rows are not, 2 wrong usage or unreadable manifest or state, 3 the
platform refuses or cannot be reached, 130 interrupted.
"""


class Application(PrintsHelp, click.Group):
    """The group of all commands.

    Attributes:
        option_sources: where each option's value comes from; None before a command is found.
    """

    option_sources: "OptionSources | None" = None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, in the order of the help."""
        del ctx
        return list(HELP)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None if there is no command of this name."""
        del ctx
        return load(cmd_name) if cmd_name in HELP else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of a command line."""
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


def load(name: str) -> "Command":
    """Import the module of a command, and return the command."""
    found: Command = getattr(importlib.import_module(f"batch_import.cli.{name}"), name)
    return found


def users_of(option: str) -> Iterator[str]:
    """Yield the names of the commands that have an option."""
    yield from (name for name in HELP if option in load(name).options)


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
