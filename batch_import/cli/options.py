"""The options of all commands: every setting, and the options that only the command line has.

`Option` turns a setting into an option of click. This module must not know the commands.
"""

from collections.abc import Mapping
from copy import copy
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from batch_import.cli.quoting import command_line
from batch_import.configuration import listing_values, value_types
from batch_import.configuration.credentials import checked_account_name
from batch_import.configuration.declaration import DOCUMENTATION_URL, Group, Setting, settings_of
from batch_import.configuration.request import ImportRequest
from batch_import.configuration.result_options import ResultOptions
from batch_import.configuration.settings import ReadingOptions, Settings
from batch_import.errors import UsageError

#: Default port of the sandbox.
SANDBOX_PORT: Final = 8765
#: Default configuration file, in the working folder.
CONFIG: Final = Path("batch-import.yaml")
#: Default of `--format`: the formats of results that each run writes.
FORMATS: Final = ("csv", "xlsx", "html")
#: Values of `--format`.
ALL_FORMATS: Final = (*FORMATS, "cms")
#: Options that are read only from a configuration file that the user named with `--config`. The
#: default file in the working folder may come from somebody else.
_NAMED_FILE_ONLY: Final = frozenset({"api_base"})
#: Maximum number of jobs that one worker runs at the same time: each needs four connections to the
#: database, and 60 MB of memory.
_MAX_JOBS: Final = 100
#: Maximum seed of the sandbox: it is stored as a signed 64-bit integer.
_MAX_SEED: Final = 2**63 - 1


def _switch(name: str, help: str, group: Group, short: str = "") -> Setting:  # noqa: A002
    return Setting(name, value_types.SwitchType(), help, group, default=False, short=short)


#: Options that only the command line has; the Python API has no such setting.
_COMMAND_LINE: Final = (
    Setting(
        "config", value_types.FilePathType(), "YAML file of options", Group.COMMON, default=CONFIG
    ),
    Setting(
        "credentials",
        value_types.FilePathType(),
        "YAML file with access-key and api-key; other users must not be able to read it",
        Group.COMMON,
    ),
    Setting(
        "account",
        value_types.TextType("NAME", checked_account_name),
        "name of the account; workers find its credentials by this name",
        Group.COMMON,
    ),
    Setting(
        "at",
        value_types.TimestampType(),
        "do not start before this time, e.g. 22:00 or 2026-12-01T22:00",
        Group.COMMON,
        default_text="as soon as a worker is free",
    ),
    Setting(
        "accounts",
        value_types.NameListType("NAME,…", is_sequence=True),
        "accounts whose jobs this worker takes",
        Group.COMMON,
        default_text="the accounts with a file in the credentials folder",
    ),
    Setting(
        "jobs",
        value_types.NumberType(1, _MAX_JOBS, is_integer=True),
        "maximum number of jobs at the same time, each in a separate process",
        Group.COMMON,
        default=2,
    ),
    Setting(
        "credentials_folder",
        value_types.FolderPathType("DIR"),
        "folder with a file NAME.yaml for each account, with the keys of the account",
        Group.COMMON,
    ),
    _switch("json", "print JSON, for programs", Group.COMMON),
    _switch("watch", "update the output every 2 seconds until the run ends", Group.COMMON),
    _switch("verbose", "show every API request", Group.COMMON, short="v"),
    Setting(
        "format",
        value_types.NameListType("NAME,…", ALL_FORMATS, is_sequence=True),
        "formats of the results to write",
        Group.RESULTS,
        default=FORMATS,
    ),
    Setting(
        "output",
        value_types.FilePathType("PATH"),
        "path to write to: for manifest a .csv or .xlsx file, for merge a folder",
        Group.COMMON,
        short="o",
    ),
    Setting(
        "fix",
        value_types.FilePathType(),
        "write the manifest as CSV with all safe corrections, for review",
        Group.READING,
    ),
    Setting(
        "store",
        value_types.ChoiceType(("keyring", "file", "no")),
        "where to keep the credentials: in the system's keyring, in credentials.yaml beside the"
        " configuration file, or not at all",
        Group.COMMON,
        default_text="a question, if they were entered",
    ),
    _switch("yes", "use the proposed columns without a question", Group.COMMON),
    _switch(
        "replace",
        "replace existing files; configure keeps the other options of its file",
        Group.COMMON,
    ),
    Setting(
        "include",
        value_types.TextType("PATTERN"),
        "list only paths that match this pattern, e.g. '*.mp4' or 'talks/*'",
        Group.COMMON,
        multiple=True,
    ),
    Setting(
        "since",
        listing_values.DateType(),
        "list only videos that were changed or published since this date, e.g. 2026-01-31",
        Group.COMMON,
    ),
    Setting(
        "min_size",
        listing_values.FileSizeType(),
        "list only files of at least this size, e.g. 10MB",
        Group.COMMON,
    ),
    _switch("templates", "write manifest.csv and manifest.xlsx to fill in", Group.COMMON),
    _switch("embeds", "also request the embed page of each imported row", Group.COMMON),
    _switch("offline", "do not contact the platform", Group.COMMON),
    _switch(
        "rehearse",
        "simulate the run on this machine, against the sandbox and its faults",
        Group.COMMON,
    ),
    Setting(
        "port",
        value_types.NumberType(0, 65_535, is_integer=True),
        "port to listen on; 0 means a free port",
        Group.COMMON,
        default=SANDBOX_PORT,
    ),
    Setting(
        "seed",
        value_types.NumberType(0, _MAX_SEED, is_integer=True),
        "seed of the random faults: the same seed repeats the same faults",
        Group.ADVANCED,
        default=1,
    ),
    Setting(
        "knob",
        value_types.MappingType("NAME=VALUE"),
        "set a fault or limit of the sandbox, e.g. lost_reply=0.1; all names:"
        f" {DOCUMENTATION_URL}/sandbox.md",
        Group.ADVANCED,
        multiple=True,
    ),
    Setting("knobs", value_types.FilePathType(), "YAML file of knobs", Group.ADVANCED),
    Setting(
        "data", value_types.FilePathType(), "keep the sandbox's videos in this file", Group.ADVANCED
    ),
)

#: Every option, by the name of its setting.
OPTIONS: Final[Mapping[str, Setting]] = {
    option.name: option
    for option in (
        *_COMMAND_LINE,
        *settings_of(ImportRequest),
        *settings_of(ReadingOptions),
        *settings_of(Settings),
        *settings_of(ResultOptions),
    )
}


class _Type(click.ParamType[Any]):
    """The type of a setting as a type of click."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.name = setting.key

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the text of a value. A default that is not a text is returned unchanged."""
        del param, ctx
        return self.setting.parse(value) if isinstance(value, str) else value

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Returns the placeholder of the value in the help."""
        del param, ctx
        return "|".join(self.setting.value_type.choices) or self.setting.value_type.metavar

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Complete a choice, or the name of a file or folder."""
        del ctx, param
        value_type = self.setting.value_type
        if value_type.completes:
            return [CompletionItem(incomplete, type=value_type.completes)]
        choices = [choice for choice in value_type.choices if choice.startswith(incomplete)]
        return [CompletionItem(choice) for choice in choices]


class Option(click.Option):
    """A setting as an option of click."""

    def __init__(self, setting: Setting) -> None:
        flag = f"--{setting.key}"
        names = [setting.name, f"{flag}/--no-{setting.key}" if setting.is_switch else flag]
        if setting.short:
            names.insert(1, f"-{setting.short}")
        super().__init__(
            names,
            type=None if setting.is_switch else _Type(setting),
            is_flag=setting.is_switch,
            multiple=setting.multiple,
            default=None if setting.multiple else setting.default,
            help=help_text(setting),
            envvar=setting.variable or None,
            is_eager=setting.name == "config",
        )
        self.setting = setting

    def copy_for_help(self) -> "Option":
        """Returns a copy for the help, which shows `--no-…` only for settings of results.

        A job remembers these settings, so that the user needs `--no-…` to turn one off.
        """
        option = copy(self)
        if self.setting.group is not Group.RESULTS:
            option.secondary_opts = []
        return option

    def handle_parse_result(
        self, ctx: click.Context, opts: Mapping[str, Any], args: list[str]
    ) -> tuple[Any, list[str]]:
        """Parse the value, and record its source, which error messages name."""
        try:
            value, rest = super().handle_parse_result(ctx, opts, args)
        finally:
            source = ctx.get_parameter_source(self.setting.name)
            ctx.obj.record_source(self.setting, source, opts.get(self.setting.name))
        if self.setting.name == "config":
            ctx.obj.read_config(ctx, value)
        return value, rest


class OptionSources:
    """The source of each option's value, for messages and `batch-import config`.

    Attributes:
        config: path of the configuration file.
        manifest: the argument MANIFEST; empty if there is none.
        flags: name of a setting → its flags with their values, as texts of a command line.
    """

    def __init__(self) -> None:
        self.config = CONFIG
        self.manifest = ""
        self.flags: dict[str, list[str]] = {}
        self._sources: dict[str, ParameterSource | None] = {}
        #: Name of a setting → its file and line, for values of the configuration file.
        self._positions: dict[str, str] = {}

    def record_source(
        self, setting: Setting, source: ParameterSource | None, given: object = None
    ) -> None:
        """Record the source of an option's value.

        Args:
            given: the text of the flag, a list of texts if the flag can be repeated, or a Boolean
                for a switch; None if the flag was not given.
        """
        self._sources[setting.name] = source
        if isinstance(given, bool):
            self.flags[setting.name] = [f"--{'' if given else 'no-'}{setting.key}"]
        elif given is not None:
            texts = given if isinstance(given, list | tuple) else (given,)
            self.flags[setting.name] = [
                part for text in texts for part in (f"--{setting.key}", str(text))
            ]

    def read_config(self, ctx: click.Context, path: Path) -> None:
        """Read the configuration file. Its values become defaults of the command's options.

        Raises:
            UsageError: the file cannot be read, a value is not valid, or an option may not be set
                in a file that the user did not name.
        """
        is_named = ctx.get_parameter_source("config") is not ParameterSource.DEFAULT
        must_exist = is_named and not getattr(ctx.command, "writes_config", False)
        if not must_exist and not path.exists():
            return
        from batch_import.cli.configuration_file import read_config

        self.config = path
        if not is_named and not path.is_file():  # reading a named pipe could wait for ever
            raise UsageError(f"{path} is not a regular file.", "Remove it, or rename it.")
        entries = read_config(path)
        for name in _NAMED_FILE_ONLY & entries.keys():
            if not is_named:
                raise UsageError(
                    f"{entries[name].position}: {OPTIONS[name].key} decides where your API key is"
                    " sent, so it is not taken from a file that you did not name.",
                    f"Give {flag(name)} or {OPTIONS[name].variable},"
                    f" or name the file with {flag('config', str(path))}.",
                )
        self._positions = {name: entry.position for name, entry in entries.items()}
        ctx.default_map = {name: entry.value for name, entry in entries.items()}

    def describe(self, name: str) -> str:
        """Returns the source of a value: `flag`, a variable, a file and line, or `default`."""
        match self._sources.get(name):
            case ParameterSource.COMMANDLINE:
                return "flag"
            case ParameterSource.ENVIRONMENT:
                return OPTIONS[name].variable
            case ParameterSource.DEFAULT_MAP:
                return self._positions[name]
            case _:
                return "default"

    def subject(self, name: str) -> str:
        """Returns the start of an error message about a value: the source and the option."""
        if name not in OPTIONS:
            return f"{name}: "
        match self._sources.get(name):
            case ParameterSource.ENVIRONMENT:
                return f"{OPTIONS[name].variable}: "
            case ParameterSource.DEFAULT_MAP:
                return f"{self._positions[name]}: {OPTIONS[name].key}: "
            case _:
                return f"--{OPTIONS[name].key}: "


def help_text(setting: Setting) -> str:
    """Returns the help text of a setting, with its environment variable and its default."""
    notes = []
    if setting.variable:
        notes.append(f"or {setting.variable}")
    default = default_text(setting)
    if default:
        notes.append(f"default: {default}")
    return f"{setting.help} ({'; '.join(notes)})" if notes else setting.help


def default_text(setting: Setting) -> str:
    """Returns the default of a setting as the help shows it; empty if the help shows none."""
    default = setting.default
    if setting.is_switch or setting.multiple:
        return ""
    if setting.default_text:
        return setting.default_text
    if default is None:
        return ""
    if isinstance(default, tuple):
        return ",".join(default)
    return f"{default:g}" if isinstance(default, float) else str(default)


def flag(name: str, value: str = "") -> str:
    """Returns a setting as text of a command line: `--rate 5`."""
    key = OPTIONS[name].key if name in OPTIONS else name.replace("_", "-")
    return command_line([f"--{key}", *([value] if value else [])])
