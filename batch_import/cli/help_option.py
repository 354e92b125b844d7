"""`--help`."""

from typing import Any

import click


class PrintsHelp(click.Command):
    """Prints its help as all else is printed: click would not heed the console's encoding."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """The option, with a way of its own to print."""
        option = super().get_help_option(ctx)
        if option:
            option.callback = _print_help
        return option


def _print_help(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    del param
    if value and not ctx.resilient_parsing:
        print(ctx.get_help())
        ctx.exit()
