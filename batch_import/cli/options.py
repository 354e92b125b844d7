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
from batch_import.configuration.declaration import Group, Setting, settings_of
from batch_import.configuration.request import ImportRequest
from batch_import.configuration.result_options import ResultOptions
from batch_import.configuration.settings import ReadingOptions, Settings
from batch_import.errors import UsageError

#: Default port of the sandbox.
SANDBOX_PORT: Final = 8765
#: Default configuration file, in the working folder.
CONFIG: Final = Path("batch-import.yaml")
FORMATS: Final = ("csv", "xlsx", "html")
#: Values of `--format`.
ALL_FORMATS: Final = (*FORMATS, "cms")
#: Options that are read only from a configuration file that the user named. A file in the working
#: folder may come from somebody else.
_NAMED_FILE_ONLY: Final = frozenset({"api_base"})
#: Largest number of jobs at once of one worker: each takes four connections of the database, and 60
#: MB of memory.
_MAX_JOBS: Final = 100
#: Largest seed of the sandbox: 63 bits, because it is stored as a signed 64-bit integer.
_LARGEST_SEED: Final = 2**63 - 1


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
        "YAML file with access-key and api-key that nobody else can read",
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
        default_text="those with a file in the credentials folder",
    ),
    Setting(
        "jobs",
        value_types.NumberType(1, _MAX_JOBS, is_integer=True),
        "jobs at once, each in a process of its own",
        Group.COMMON,
        default=2,
    ),
    Setting(
        "credentials_folder",
        value_types.FolderPathType("DIR"),
        "folder with a file NAME.yaml for each account, like the file of --credentials",
        Group.COMMON,
    ),
    _switch("json", "print JSON, for programs", Group.COMMON),
    _switch("watch", "refresh every 2 seconds until the run ends or Ctrl-C", Group.COMMON),
    _switch("verbose", "show every API call", Group.COMMON, short="v"),
    Setting(
        "format",
        value_types.NameListType("NAME,…", ALL_FORMATS, is_sequence=True),
        "which results to write",
        Group.RESULTS,
        default=FORMATS,
    ),
    Setting(
        "output",
        value_types.FilePathType("PATH"),
        "what to write: a .csv or .xlsx file by manifest, a folder by merge",
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
        default_text="asked, if they were entered",
    ),
    _switch("yes", "use the columns that are proposed, without a question", Group.COMMON),
    _switch("replace", "replace files that exist; configure keeps the other options", Group.COMMON),
    Setting(
        "include",
        value_types.TextType("PATTERN"),
        "list only paths that match, e.g. '*.mp4' or 'talks/*'",
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
    _switch("templates", "write manifest.csv and manifest.xlsx, to be filled in", Group.COMMON),
    _switch("embeds", "also request the embed page of each imported row", Group.COMMON),
    _switch(
        "offline", "do not contact the platform; what the account has is then unknown", Group.COMMON
    ),
    _switch(
        "rehearse",
        "simulate the run here, against the sandbox and its faults",
        Group.COMMON,
    ),
    Setting(
        "port",
        value_types.NumberType(0, 65_535, is_integer=True),
        "port to listen on; 0 takes a free one",
        Group.COMMON,
        default=SANDBOX_PORT,
    ),
    Setting(
        "seed",
        value_types.NumberType(0, _LARGEST_SEED, is_integer=True),
        "repeats the same faults",
        Group.ADVANCED,
        default=1,
    ),
    Setting(
        "knob",
        value_types.MappingType("NAME=VALUE"),
        "set a fault or limit of the sandbox, e.g. lost_reply=0.1; all are in docs/sandbox.md",
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
    each.name: each
    for each in (
        *_COMMAND_LINE,
        *(found for owner in (ImportRequest, ReadingOptions, Settings, ResultOptions)
          for found in settings_of(owner)),
    )
}  # fmt: skip


class _Type(click.ParamType[Any]):
    """The type of a setting as a type of click."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.name = setting.key

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the text of a value."""
        del param, ctx
        return self.setting.parse(value) if isinstance(value, str) else value

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """The placeholder of the value in the help."""
        del param, ctx
        return "|".join(self.setting.value_type.choices) or self.setting.value_type.metavar

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Complete a choice, a file or a folder."""
        del ctx, param
        if self.setting.value_type.completes:
            return [CompletionItem(incomplete, type=self.setting.value_type.completes)]
        matching = (each for each in self.setting.value_type.choices if each.startswith(incomplete))
        return [CompletionItem(each) for each in matching]


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
            help=help_of(setting),
            envvar=setting.variable or None,
            is_eager=setting.name == "config",
        )
        self.setting = setting

    def without_negative(self) -> "Option":
        """A copy for the help. `--no-…` is shown only if a job remembers the setting."""
        shown = copy(self)
        if self.setting.group is not Group.RESULTS:
            shown.secondary_opts = []
        return shown

    def handle_parse_result(
        self, ctx: click.Context, opts: Mapping[str, Any], args: list[str]
    ) -> tuple[Any, list[str]]:
        """Parse the value, and record where it comes from, because an error message says that."""
        try:
            value, rest = super().handle_parse_result(ctx, opts, args)
        finally:
            ctx.obj.note(self.setting, ctx.get_parameter_source(self.setting.name))
        if self.setting.name == "config":
            ctx.obj.read_config(ctx, value)
        return value, rest


class OptionSources:
    """Where the value of each option comes from, for messages and `batch-import config`.

    Attributes:
        config: path of the configuration file.
        manifest, job: as given on the command line; empty if they were not given.
    """

    def __init__(self) -> None:
        self.config = CONFIG
        self.manifest = self.job = ""
        self._sources: dict[str, ParameterSource | None] = {}
        self._in_file: dict[str, str] = {}

    def note(self, setting: Setting, source: ParameterSource | None) -> None:
        """Record the source of an option's value."""
        self._sources[setting.name] = source

    def read_config(self, ctx: click.Context, path: Path) -> None:
        """Read the configuration file. Its values become defaults of the command's options."""
        named = ctx.get_parameter_source("config") is not ParameterSource.DEFAULT
        is_needed = named and not getattr(ctx.command, "writes_config", False)
        if not is_needed and not path.exists():
            return
        from batch_import.cli.configuration_file import read_config

        self.config = path
        if not named and not path.is_file():  # nobody waits for a pipe that he did not name
            raise UsageError(f"{path} is not a regular file.", "Remove it, or rename it.")
        entries = read_config(path)
        for name in _NAMED_FILE_ONLY & entries.keys():
            if not named:
                raise UsageError(
                    f"{entries[name].place}: {OPTIONS[name].key} decides where your API key is"
                    " sent, so it is not taken from a file that you did not name.",
                    f"Give {flag(name)} or {OPTIONS[name].variable},"
                    f" or name the file with {flag('config', str(path))}.",
                )
        self._in_file = {name: entry.place for name, entry in entries.items()}
        ctx.default_map = {name: entry.value for name, entry in entries.items()}

    def origin(self, name: str) -> str:
        """The source of a value: `flag`, a variable's name, a file and line, or `default`."""
        match self._sources.get(name):
            case ParameterSource.COMMANDLINE:
                return "flag"
            case ParameterSource.ENVIRONMENT:
                return OPTIONS[name].variable
            case ParameterSource.DEFAULT_MAP:
                return self._in_file[name]
            case _:
                return "default"

    def command_line(self, command: str, *more: str) -> str:
        """A command line for another command with the same manifest and job, to be copied.

        Args:
            more: further options.
        """
        if command == "account":
            return "batch-import account"
        parts = ["batch-import", command, *filter(None, [self.manifest])]
        return command_line([*parts, *(["--job", self.job] if self.job else []), *more])

    def subject(self, name: str) -> str:
        """The first words of an error message about a value: the source and the option."""
        if name not in OPTIONS:
            return f"{name}: "
        match self._sources.get(name):
            case ParameterSource.ENVIRONMENT:
                return f"{OPTIONS[name].variable}: "
            case ParameterSource.DEFAULT_MAP:
                return f"{self._in_file[name]}: {OPTIONS[name].key}: "
            case _:
                return f"--{OPTIONS[name].key}: "


def help_of(setting: Setting) -> str:
    """The help text of a setting, with its default and its environment variable."""
    notes = [f"or {setting.variable}"] if setting.variable else []
    if default := default_of(setting):
        notes.append(f"default {default}")
    return f"{setting.help} ({'; '.join(notes)})" if notes else setting.help


def default_of(setting: Setting) -> str:
    """The default of a setting as the help shows it; empty if there is none to show."""
    default = setting.default
    if setting.is_switch or setting.multiple or (default is None and not setting.default_text):
        return ""
    if setting.default_text:
        return setting.default_text
    if isinstance(default, tuple):
        return ",".join(default)
    return f"{default:g}" if isinstance(default, float) else str(default)


def flag(name: str, value: str = "") -> str:
    """A setting as text of a command line: `--rate 5`."""
    key = OPTIONS[name].key if name in OPTIONS else name.replace("_", "-")
    return command_line([f"--{key}", *([value] if value else [])])
