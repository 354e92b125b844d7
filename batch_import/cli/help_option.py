"""The option `--help`."""

from typing import Any

import click


class PrintsHelp(click.Command):
    """A command that prints its help by print(), because click ignores the console's encoding."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Returns the option `--help`, with a callback that uses print()."""
        option = super().get_help_option(ctx)
        if option:
            option.callback = _print_help
        return option


def _print_help(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    del param
    if value and not ctx.resilient_parsing:
        print(ctx.get_help())
        ctx.exit()
