"""`batch-import config`."""

import json
from collections.abc import Mapping
from typing import Any

import click

from batch_import.addresses.masking import mask
from batch_import.cli.command import Call, command
from batch_import.cli.exits import OK
from batch_import.cli.messages import shortened, shown
from batch_import.cli.options import OPTIONS, Option, Places


@command("config", "json", examples=("batch-import config", "batch-import config --json"))
def config(call: Call) -> int:
    """Show the value of every option, and where it comes from."""
    from batch_import.configuration.credentials import NAMES, find

    values, places = _all_options(call["config"] if call.is_flag("config") else None)
    place = find(values["credentials"])
    secrets = {name: place.origin if name in place.keys else None for name in NAMES}
    if call["json"]:
        _print_json(values, places, secrets)
        return OK
    file = shown(str(call["config"]))
    print(f"{file} is read." if call["config"].exists() else f"There is no {file} here.")
    _print_table(values, places, secrets)
    if place.trouble:
        print(place.trouble)
    return OK


def _all_options(file: Any) -> tuple[dict[str, Any], Places]:
    """Every option, as a command that had all of them would find it."""
    places = Places()
    every = click.Command("config", params=[Option(option) for option in OPTIONS.values()])
    arguments = [] if file is None else ["--config", str(file)]
    ctx = every.make_context("config", arguments, obj=places)
    values = {name: ctx.params[name] for name in OPTIONS if name != "config"}
    return values, places


def _print_table(
    values: Mapping[str, Any], places: Places, secrets: Mapping[str, str | None]
) -> None:
    from batch_import.cli.console import print_table

    lines = [
        (OPTIONS[name].key, shortened(_written(value)), shown(places.origin(name)))
        for name, value in values.items()
    ]
    lines += [(name, "***" if at else "", shown(at or "not set")) for name, at in secrets.items()]
    print_table(("option", "value", "from"), lines)


def _print_json(
    values: Mapping[str, Any], places: Places, secrets: Mapping[str, str | None]
) -> None:
    options = {
        OPTIONS[name].key: {"value": _plain(value), "from": mask(places.origin(name))}
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
