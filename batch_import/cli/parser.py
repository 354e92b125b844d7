"""The command line → the command to run, and the value of each of its options.

Made from two tables: the options, and the commands here. This file must not know what a command
does.
"""

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from batch_import import __version__
from batch_import.cli.config import in_force, read_config
from batch_import.cli.options import OPTIONS, Option
from batch_import.cli.words import did_you_mean
from batch_import.errors import UsageError

_BY_NAME: Final = {option.name: option for option in OPTIONS}

_READING: Final = ("config", "job", "map", "default", "sheet", "records", "columns")
_CHECKING: Final = (*_READING, "api-base", "strict", "preflight", "rate")
_RESULTS: Final = ("player-key", "embed", "embed-titles", "results-columns")
_IMPORTING: Final = (
    "credentials",
    *_CHECKING,
    *("embed-base", "workers", "poll-interval", "max-wait", "max-in-flight", "settle"),
    *(
        "when-unsure",
        "give-up-after",
        "refresh",
        *_RESULTS,
        "aspect-from-detail",
        "log-max",
        "verbose",
    ),
    *("limit", "only", "until", "notify"),
)


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        function: what runs it: a module of this room, and a function in it.
        positional: what it takes besides options.
        options: by name. One with `config` among them reads the configuration file.
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
    Command(
        "init",
        "commands.init",
        "write template manifests to be filled in, and one of a configuration file",
        ("folder",),
    ),
    Command(
        "config",
        "commands.config",
        "show the value of every option, and where it comes from",
        options=("config", "json"),
    ),
    Command(
        "account",
        "commands.account",
        "test the credentials",
        options=("config", "credentials", "api-base", "verbose"),
    ),
    Command(
        "check",
        "commands.check",
        "validate a manifest; nothing is sent",
        ("manifest",),
        (*_CHECKING, "json"),
    ),
    Command(
        "plan",
        "planning.plan",
        "forecast a run, and rehearse it; nothing is sent",
        ("manifest",),
        (
            *("credentials", *_READING, "api-base", "preflight", "rate", "workers"),
            *("poll-interval", "max-in-flight", "offline", "rehearse", "knob", "knobs", "seed"),
            *("log-max", "json", "verbose"),
        ),
    ),
    Command("run", "importing.run", "import a manifest, or resume", ("manifest",), _IMPORTING),
    Command(
        "retry", "importing.retry", "send failed rows again, then run", ("manifest",), _IMPORTING
    ),
    Command(
        "status",
        "watching.status",
        "show how far a job is, and what is wrong; or the history of one row",
        ("manifest", "row"),
        ("config", "job", "json", "watch"),
    ),
    Command("jobs", "watching.jobs", "list all jobs of a folder", ("jobs",), ("config", "json")),
    Command(
        "report",
        "commands.report",
        "write the results again from the state",
        ("manifest",),
        ("config", "job", "format", *_RESULTS),
    ),
    Command(
        "verify",
        "verifying.verify",
        "compare each row with what the account really holds",
        ("manifest",),
        (
            *("config", "credentials", "job", "embeds", "api-base", "embed-base", "rate"),
            *("json", "log-max", "verbose"),
        ),
    ),
    Command(
        "sandbox",
        "stand_in.sandbox",
        "run the embedded platform until Ctrl-C",
        options=("config", "port", "seed", "knob", "knobs", "data", "verbose"),
    ),
    Command(
        "completion",
        "completion.completion",
        "print what completes commands and options in a shell",
        ("shell",),
    ),
)

POSITIONAL: Final[dict[str, dict[str, Any]]] = {
    "manifest": {
        "type": Path,
        "help": "a row a video: CSV, TSV, XLSX, JSON, JSON Lines, YAML, or - for standard input",
    },
    "row": {
        "nargs": "?",
        "help": "a row's line or reference ID; line:N or id:ID where it may be either",
    },
    "jobs": {
        "type": Path,
        "nargs": "?",
        "metavar": "FOLDER",
        "help": "default: output/",
    },
    "folder": {"type": Path, "nargs": "?", "default": Path(), "help": "default: this one"},
    "shell": {"choices": ("bash", "zsh", "fish", "powershell", "tcsh"), "help": "which shell"},
}


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read a command line.

    Returns:
        `command`: the function to call with all of this; a value for each of its options and
        positional arguments; `told`, the same by the options' names, with their origins; and
        `in_file`, all that the configuration file says.

    Raises:
        SystemExit: `--help` or `--version`; said already.
        UsageError: a command line, environment or configuration file that is none.
    """
    given = sys.argv[1:] if argv is None else argv
    _refuse_unknown_command(given)
    arguments, others = parser().parse_known_args(given)
    chosen: Command = arguments.chosen
    if others:
        raise _unknown_argument(chosen, others)
    flags = dict(vars(arguments))
    arguments.in_file = read_config(flags.get("config")) if "config" in chosen.options else {}
    options = [_BY_NAME[name] for name in chosen.options]
    arguments.told = in_force(options, flags, arguments.in_file)
    for name, told in arguments.told.items():
        setattr(arguments, _BY_NAME[name].attribute, told.value)
    arguments.command = _function(chosen)
    return arguments


def _refuse_unknown_command(given: Sequence[str]) -> None:
    names = [command.name for command in COMMANDS]
    if given and not given[0].startswith("-") and given[0] not in names:
        raise UsageError(
            f"{given[0]!r} is no command.",
            did_you_mean(given[0].lower(), names) or "See: batch-import --help",
        )


def _unknown_argument(command: Command, others: Sequence[str]) -> UsageError:
    """The error for what argparse left over: unknown flags, their values, words too many."""
    word = next((text for text in others if text.startswith("-")), others[0]).partition("=")[0]
    see = f"See: batch-import {command.name} --help"
    if not word.startswith("-"):
        return UsageError(f"{command.name} does not take {word!r} as well.", see)
    name = word.removeprefix("--")
    having = [other.name for other in COMMANDS if name in other.options]
    if having:
        return UsageError(f"{word} is an option of {', '.join(having)}, not {command.name}.", see)
    hint = did_you_mean(word, [f"--{name}" for name in command.options])
    return UsageError(f"{command.name} has no {word}.", hint or see)


def _function(command: Command) -> Callable[[argparse.Namespace], int]:
    module, _, name = command.function.partition(".")
    found: Callable[[argparse.Namespace], int] = getattr(
        importlib.import_module(f"batch_import.cli.{module}"), name
    )
    return found


class _Parser(argparse.ArgumentParser):
    """Argparse, whose errors are one line like all others."""

    def error(self, message: str) -> NoReturn:
        """Refuse a command line."""
        raise UsageError(f"{message.removeprefix('argument ')}.", f"See: {self.prog} --help")


def parser(seen: Callable[[argparse.Action], None] = lambda _: None) -> argparse.ArgumentParser:
    """What argparse makes of the tables.

    Args:
        seen: is called with each argument and flag.
    """
    whole = _Parser(
        prog="batch-import",
        description="Import a manifest of videos into Viostream. Every row becomes exactly one"
        " video; running the same command again finishes the work.",
        epilog="Options may stand in batch-import.yaml. Credentials come from VIOSTREAM_ACCESS_KEY"
        " and VIOSTREAM_API_KEY, from --credentials, or from the system's keyring. Exit codes:"
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
            seen(sub.add_argument(name, **{"metavar": name.upper(), **POSITIONAL[name]}))
        for name in command.options:
            seen(_add(sub, _BY_NAME[name]))
    return whole


def _add(to: argparse.ArgumentParser, option: Option) -> argparse.Action:
    """Add a flag. What is not given leaves no trace: its value may stand elsewhere."""
    flags = [f"-{option.short}"] if option.short else []
    flags.append(f"--{option.name}")
    common: dict[str, Any] = {"dest": option.attribute, "default": argparse.SUPPRESS}
    common["help"] = _help(option)
    if option.kind in ("flag", "switch"):
        return to.add_argument(*flags, action=argparse.BooleanOptionalAction, **common)
    how: dict[str, Any] = {"action": "append"} if option.kind == "list" else {}
    if option.choices:
        how["choices"] = option.choices
    return to.add_argument(*flags, type=option.read, metavar=option.metavar, **how, **common)


def _help(option: Option) -> str:
    told = isinstance(option.default, str | float | int) and option.kind == "value"
    default = f"{option.default:g}" if isinstance(option.default, float) else option.default
    return f"{option.help} (default {default})" if told else option.help
