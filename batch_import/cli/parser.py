"""The command line → the command to run, and the value of each of its options.

Made from two tables: the options, and the commands here. This file must not know what a command
does.
"""

import argparse
import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from batch_import import __version__
from batch_import.cli.options import OPTIONS, Option

_BY_NAME: Final = {option.name: option for option in OPTIONS}

_READING: Final = ("job", "map", "default", "sheet", "records", "columns")
_CHECKING: Final = (*_READING, "api-base", "strict", "preflight", "rate")
_RESULTS: Final = ("player-key", "embed", "embed-titles", "results-columns")
_IMPORTING: Final = (
    *_CHECKING,
    *("embed-base", "workers", "poll-interval", "max-wait", "max-in-flight", "settle"),
    *("when-unsure", "give-up-after", "refresh", *_RESULTS, "aspect-from-detail", "verbose"),
    *("limit", "only", "until", "notify"),
)


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        function: what runs it: a module of this room, and a function in it.
        positional: what it takes besides options.
        options: by name.
    """

    name: str
    function: str
    help: str
    positional: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


COMMANDS: Final = (
    Command(
        "demo",
        "stand_in.demo",
        "import a sample manifest into the embedded platform",
        options=("verbose",),
    ),
    Command("init", "commands.init", "write template manifests to be filled in", ("folder",)),
    Command("account", "commands.account", "test the credentials", options=("api-base", "verbose")),
    Command(
        "check",
        "commands.check",
        "validate a manifest; nothing is sent",
        ("manifest",),
        (*_CHECKING, "json"),
    ),
    Command("run", "importing.run", "import a manifest, or resume", ("manifest",), _IMPORTING),
    Command(
        "retry", "importing.retry", "send failed rows again, then run", ("manifest",), _IMPORTING
    ),
    Command(
        "status",
        "commands.status",
        "show how many rows are where",
        ("manifest",),
        ("job", "json"),
    ),
    Command(
        "report",
        "commands.report",
        "write the results again from the state",
        ("manifest",),
        ("job", "format", *_RESULTS),
    ),
    Command(
        "sandbox",
        "stand_in.sandbox",
        "run the embedded platform until Ctrl-C",
        options=("port", "seed", "knob", "knobs", "data", "verbose"),
    ),
)

_POSITIONAL: Final[dict[str, dict[str, Any]]] = {
    "manifest": {
        "type": Path,
        "help": "a row a video: CSV, TSV, XLSX, JSON, JSON Lines, YAML, or - for standard input",
    },
    "folder": {"type": Path, "nargs": "?", "default": Path(), "help": "default: this one"},
}


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read a command line.

    Returns:
        `command`: the function to call with all of this; and a value for each of its options and
        positional arguments.

    Raises:
        SystemExit: `--help`, `--version`, or a command line that is none; said already.
    """
    arguments = parser().parse_args(argv)
    chosen: Command = arguments.chosen
    for name in chosen.options:
        option = _BY_NAME[name]
        if not hasattr(arguments, option.attribute):
            setattr(arguments, option.attribute, _default(option))
    arguments.command = _function(chosen)
    return arguments


def _default(option: Option) -> Any:
    return [] if option.kind == "list" else option.default


def _function(command: Command) -> Callable[[argparse.Namespace], int]:
    module, _, name = command.function.partition(".")
    found: Callable[[argparse.Namespace], int] = getattr(
        importlib.import_module(f"batch_import.cli.{module}"), name
    )
    return found


def parser() -> argparse.ArgumentParser:
    """What argparse makes of the tables."""
    whole = argparse.ArgumentParser(
        prog="batch-import",
        description="Import a manifest of videos into Viostream. Every row becomes exactly one"
        " video; running the same command again finishes the work.",
        epilog="Credentials come from VIOSTREAM_ACCESS_KEY and VIOSTREAM_API_KEY. Exit codes:"
        " 0 every row is imported, 1 finished but rows are not, 2 wrong usage or unreadable"
        " manifest or state, 3 the platform refuses or cannot be reached, 130 interrupted.",
    )
    whole.add_argument("--version", action="version", version=f"batch-import {__version__}")
    commands = whole.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        text = f"{command.help[0].upper()}{command.help[1:]}."
        sub = commands.add_parser(command.name, help=command.help, description=text)
        sub.set_defaults(chosen=command)
        for name in command.positional:
            sub.add_argument(name, metavar=name.upper(), **_POSITIONAL[name])
        for name in command.options:
            _add(sub, _BY_NAME[name])
    return whole


def _add(to: argparse.ArgumentParser, option: Option) -> None:
    """Add a flag. What is not given leaves no trace: its value may stand elsewhere."""
    flags = [f"-{option.short}"] if option.short else []
    flags.append(f"--{option.name}")
    common: dict[str, Any] = {"dest": option.attribute, "default": argparse.SUPPRESS}
    common["help"] = _help(option)
    if option.kind == "flag":
        to.add_argument(*flags, action="store_true", **common)
    elif option.kind == "switch":
        to.add_argument(*flags, action=argparse.BooleanOptionalAction, **common)
    else:
        how: dict[str, Any] = {"action": "append"} if option.kind == "list" else {}
        if option.choices:
            how["choices"] = option.choices
        to.add_argument(*flags, type=option.parse, metavar=option.metavar, **how, **common)


def _help(option: Option) -> str:
    told = isinstance(option.default, str | float | int) and option.kind == "value"
    default = f"{option.default:g}" if isinstance(option.default, float) else option.default
    return f"{option.help} (default {default})" if told else option.help
