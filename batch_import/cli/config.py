"""`batch-import config`."""

import json
from collections.abc import Mapping
from typing import Any

import click

from batch_import.addresses.masking import mask
from batch_import.cli.command import Invocation, command
from batch_import.cli.exits import OK
from batch_import.cli.messages import sanitized, shortened
from batch_import.cli.options import OPTIONS, Option, OptionSources


@command(
    options=(
        "config",
        "json",
    ),
    examples=("batch-import config", "batch-import config --json"),
)
def config(invocation: Invocation) -> int:
    """Show the value of every option, and where it comes from."""
    from batch_import.configuration.credentials import VARIABLES_BY_KEY, find_location

    values, option_sources = _all_options(
        invocation["config"] if invocation.is_flag("config") else None
    )
    place = find_location(values["credentials"])
    secrets = {name: place.description if name in place.keys else None for name in VARIABLES_BY_KEY}
    if invocation["json"]:
        _print_json(values, option_sources, secrets)
        return OK
    file = sanitized(str(invocation["config"]))
    print(f"{file} is read." if invocation["config"].exists() else f"There is no {file} here.")
    _print_table(values, option_sources, secrets)
    if place.read_error:
        print(place.read_error)
    return OK


def _all_options(file: Any) -> tuple[dict[str, Any], OptionSources]:
    """Parse all options as one command, which gives each value and its source."""
    option_sources = OptionSources()
    every = click.Command("config", params=[Option(option) for option in OPTIONS.values()])
    arguments = [] if file is None else ["--config", str(file)]
    ctx = every.make_context("config", arguments, obj=option_sources)
    values = {name: ctx.params[name] for name in OPTIONS if name != "config"}
    return values, option_sources


def _print_table(
    values: Mapping[str, Any], option_sources: OptionSources, secrets: Mapping[str, str | None]
) -> None:
    from batch_import.cli.console import print_table

    lines = [
        (OPTIONS[name].key, shortened(_written(value)), sanitized(option_sources.origin(name)))
        for name, value in values.items()
    ]
    lines += [
        (name, "***" if at else "", sanitized(at or "not set")) for name, at in secrets.items()
    ]
    print_table(("option", "value", "from"), lines)


def _print_json(
    values: Mapping[str, Any], option_sources: OptionSources, secrets: Mapping[str, str | None]
) -> None:
    options = {
        OPTIONS[name].key: {"value": _plain(value), "from": mask(option_sources.origin(name))}
        for name, value in values.items()
    }
    credentials = {name: {"set": at is not None, "from": at} for name, at in secrets.items()}
    print(json.dumps({"options": options, "credentials": credentials}, indent=1))


def _written(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case list() | tuple():
            return ", ".join(map(_written, value))
        case _:
            return str(value)


def _plain(value: object) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return mask(str(value))
