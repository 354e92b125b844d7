"""`batch-import config`."""

import json
from collections.abc import Mapping
from pathlib import Path
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
        invocation["config"] if invocation.is_on_command_line("config") else None
    )
    location = find_location(values["credentials"])
    locations_by_key = {
        name: location.description if name in location.keys else None for name in VARIABLES_BY_KEY
    }
    if invocation["json"]:
        _print_json(values, option_sources, locations_by_key)
        return OK
    file = sanitized(str(invocation["config"]))
    has_file = invocation["config"].exists()
    print(f"Configuration file: {file}." if has_file else f"There is no {file} here.")
    _print_table(values, option_sources, locations_by_key)
    if location.read_error:
        print(location.read_error)
    return OK


def _all_options(config_file: Path | None) -> tuple[dict[str, Any], OptionSources]:
    """Parse every option of the program. Returns the values by setting, and their sources.

    Args:
        config_file: the file of `--config`; None if the option is not given.
    """
    option_sources = OptionSources()
    command = click.Command("config", params=[Option(option) for option in OPTIONS.values()])
    arguments = [] if config_file is None else ["--config", str(config_file)]
    ctx = command.make_context("config", arguments, obj=option_sources)
    values = {name: ctx.params[name] for name in OPTIONS if name != "config"}
    return values, option_sources


def _print_table(
    values: Mapping[str, Any],
    option_sources: OptionSources,
    locations_by_key: Mapping[str, str | None],
) -> None:
    from batch_import.cli.console import print_table

    rows = [
        (OPTIONS[name].key, shortened(_text(value)), sanitized(option_sources.describe(name)))
        for name, value in values.items()
    ]
    for name, location in locations_by_key.items():
        rows.append((name, "***" if location else "", sanitized(location or "not set")))
    print_table(("option", "value", "from"), rows)


def _print_json(
    values: Mapping[str, Any],
    option_sources: OptionSources,
    locations_by_key: Mapping[str, str | None],
) -> None:
    """Print JSON. docs/generate/json_keys.yaml documents the keys."""
    options = {
        OPTIONS[name].key: {
            "value": _json_value(value),
            "from": mask(option_sources.describe(name)),
        }
        for name, value in values.items()
    }
    credentials = {
        name: {"set": location is not None, "from": location}
        for name, location in locations_by_key.items()
    }
    print(json.dumps({"options": options, "credentials": credentials}, indent=1))


def _text(value: object) -> str:
    """Format a value of an option for the table."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case list() | tuple():
            return ", ".join(map(_text, value))
        case _:
            return str(value)


def _json_value(value: object) -> object:
    """Returns a value of an option as a JSON value. Secrets are masked."""
    match value:
        case None | bool() | int() | float():
            return value
        case list() | tuple():
            return [_json_value(item) for item in value]
        case _:
            return mask(str(value))
