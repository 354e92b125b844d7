"""The class of all commands: options, help, and the values of one invocation."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from batch_import.cli.help_option import PrintsHelp
from batch_import.cli.names import HELP
from batch_import.cli.options import OPTIONS, Option, OptionSources
from batch_import.configuration.credentials import Credentials
from batch_import.configuration.declaration import Group, settings_of
from batch_import.configuration.request import ImportRequest
from batch_import.configuration.result_options import ResultOptions
from batch_import.configuration.settings import ReadingOptions, Settings
from batch_import.errors import ManifestError, UsageError, setting_ref
from batch_import.job import Job

#: Heading of the arguments in the help.
_ARGUMENTS: Final = "Arguments"
#: Names of the options of how a manifest is read, for all commands that read a manifest.
READING: Final = (
    "config", "job", "state", "map", "default", "sheet", "records", "columns", "signing",
    "encoding", "base_url", "allow",
)  # fmt: skip
#: Names of the options of how results look, for all commands that write results.
RESULTS: Final = ("player_key", "embed", "embed_titles", "results_columns", "group_by")
#: Names of the options of `run` and `retry`.
IMPORT: Final = (
    *READING,
    "credentials", "limit", "first", "only", "exclude", "until", "standby", "notify", "verbose",
    "strict", "preflight", "same_videos", "allow_removals", "rate", "workers", "poll_interval",
    "max_in_flight", "max_wait",
    *RESULTS,
    "aspect_from_detail", "refresh", "link_life", "settle", "when_unsure", "adopt",
    "give_up_after", "lease", "log_max", "api_base", "embed_base",
)  # fmt: skip


class _FileType(click.ParamType[Path]):
    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        del param, ctx
        return Path(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        del ctx, param
        return [CompletionItem(incomplete, type=self.name)]


class _FolderType(_FileType):
    name = "dir"


FILE: Final = _FileType()
FOLDER: Final = _FolderType()


def argument(name: str, help: str, type: Any = str, **attributes: Any) -> click.Argument:  # noqa: A002
    """Create an argument of a command; `attributes` are passed to `click.Argument`."""
    return click.Argument([name], type=type, help=help, **attributes)


def manifest_argument() -> click.Argument:
    """Create the argument MANIFEST."""
    return argument(
        "manifest",
        "one row per video: CSV, TSV, XLSX, JSON, JSON Lines, YAML, or - for standard input",
        FILE,
    )


class Invocation:
    """The arguments and option values of one invocation of a command.

    `invocation["rate"]` is the value of an argument or option, by the name of its setting.
    """

    def __init__(self, ctx: click.Context) -> None:
        self._ctx = ctx
        self.option_sources: OptionSources = ctx.obj

    def __getitem__(self, name: str) -> Any:
        return self._ctx.params[name]

    def is_given(self, name: str) -> bool:
        """Whether a value was given for an option, even if it is equal to the default.

        It may be given by a flag, by an environment variable or in the configuration file.
        """
        source = self._ctx.get_parameter_source(name)
        return source not in (None, ParameterSource.DEFAULT)

    def is_on_command_line(self, name: str) -> bool:
        """Whether an option was given on the command line."""
        return self._ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE

    def values(self, owner: type[Any]) -> dict[str, Any]:
        """Returns the settings of a dataclass for which a value was given, by name."""
        names = [declared.name for declared in settings_of(owner)]
        return {name: self._ctx.params[name] for name in names if self.is_given(name)}

    def settings(self) -> Settings:
        """Returns the settings of the import.

        Raises:
            UsageError: values of two options cannot be combined.
        """
        values = self.values(Settings)
        for name in ("only", "exclude"):
            if name in values:
                values[name] = tuple(chain.from_iterable(values[name]))
        return Settings(**values)

    def reading(self) -> ReadingOptions:
        """Returns the options of how the manifest is read.

        Pairs of a flag, such as `--map FIELD=COLUMN`, are added to the pairs of the configuration
        file, and replace them for the same key.
        """
        values = self.values(ReadingOptions)
        for name in ("map", "default"):
            if name in values:
                file_pairs = (self._ctx.default_map or {}).get(name, ())
                values[name] = {**parse_pairs(name, file_pairs), **parse_pairs(name, values[name])}
        if "allow" in values:
            values["allow"] = tuple(chain.from_iterable(values["allow"]))
        return ReadingOptions(**values)

    def request(self, *, retry_failed: bool = False) -> ImportRequest:
        """Returns the manifest, its job folder, and all settings as one value."""
        return ImportRequest(
            self["manifest"],
            folder=self._ctx.params.get("job"),
            state=self._ctx.params.get("state") or "",
            standby=bool(self._ctx.params.get("standby")),
            reading=self.reading(),
            settings=self.settings(),
            results=self.values(ResultOptions),
            retry_failed=retry_failed,
            notify=self._ctx.params.get("notify"),
        )

    def database(self) -> str:
        """Returns the URL of the database.

        Raises:
            UsageError: no database is named.
        """
        url: str = self["state"] or ""
        if not url:
            raise UsageError("No database is named.", f"Name one with {setting_ref('state')}.")
        return url

    def existing_job(self) -> Job:
        """Returns the job of the manifest, or of the rows of a corrected `failed.csv`.

        Raises:
            ManifestError: there is neither a job nor a manifest with this name.
            StateError: the job of the rows of a `failed.csv` is not found.
        """
        from batch_import.state.location import exists
        from batch_import.workflows.original_job import find_original_job

        path = self["manifest"]
        request = ImportRequest(path, folder=self["job"], state=self["state"] or "")
        # If the manifest cannot be read, the job is found by the name of the manifest.
        with suppress(ManifestError):
            request = find_original_job(request)
        job = request.job
        if not path.exists() and str(path) != "-" and not exists(job):
            place = f"in {job.folder}" if not job.database else "in the database"
            raise ManifestError(
                f"{path}: no such file, and no job for it {place}.",
                f"Check the name, or name the job folder with {setting_ref('job')}.",
            )
        return job

    def load_credentials(self) -> Credentials:
        """Returns the credentials, from the first of the locations that has a key.

        `credentials.py` lists the locations in their order.

        Raises:
            UsageError: there are no credentials, or they are not valid.
        """
        from batch_import.configuration.credentials import load_credentials

        return load_credentials(
            self["credentials"], is_explicit=self.is_on_command_line("credentials")
        )


class Command(PrintsHelp):
    """A command whose help has groups of options and examples.

    Args:
        function: runs the command, and returns the exit code. The command has its name.
        options: names of settings, in the order of the help.
        arguments: arguments, in their order on the command line.
        examples: command lines that the help shows.
        writes_config: whether the command writes the configuration file, so that the file of
            `--config` need not exist.
    """

    def __init__(
        self,
        function: Callable[[Invocation], int],
        options: Sequence[str],
        arguments: Sequence[click.Argument],
        examples: Sequence[str],
        *,
        writes_config: bool = False,
    ) -> None:
        params: list[click.Parameter] = [*arguments, *(Option(OPTIONS[name]) for name in options)]
        super().__init__(
            function.__name__,
            params=params,
            help=HELP[function.__name__],
        )
        self._function = function
        self.examples = tuple(examples)
        self.writes_config = writes_config
        self.options = tuple(options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the function of the command with the values of the context. Returns the exit code."""
        invocation = Invocation(ctx)
        option_sources: OptionSources = ctx.obj
        # Messages contain command lines to copy, with the same manifest.
        option_sources.manifest = str(ctx.params.get("manifest") or "")
        if ctx.params.get("verbose"):
            from batch_import.cli.call_lines import show_requests

            show_requests()
        return self._function(invocation)

    def group_parameters(self, ctx: click.Context) -> dict[str, list[click.Parameter]]:
        """Returns the parameters by their heading in the help.

        Headings without parameters are left out.
        """
        groups: dict[str, list[click.Parameter]] = {_ARGUMENTS: []}
        groups |= {str(group): [] for group in Group}
        for param in self.get_params(ctx):
            if isinstance(param, Option):
                groups[str(param.setting.group)].append(param.copy_for_help())
            elif isinstance(param, click.Argument):
                groups[_ARGUMENTS].append(param)
            else:  # --help
                groups[str(Group.COMMON)].append(param)
        return {heading: params for heading, params in groups.items() if params}

    def get_help(self, ctx: click.Context) -> str:
        """Format the help: with colours and frames on a terminal, otherwise as plain text."""
        from batch_import.cli.console import has_colour

        if has_colour():
            from batch_import.cli.help import command_help

            return command_help(self, ctx)
        return super().get_help(ctx)

    def format_arguments(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Do nothing: `format_options` writes the arguments as its first group."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, group by group, and the examples."""
        for heading, params in self.group_parameters(ctx).items():
            records = [param.get_help_record(ctx) for param in params]
            with formatter.section(heading if heading == _ARGUMENTS else f"{heading} options"):
                formatter.write_dl([record for record in records if record])
        if self.examples:
            with formatter.section("Examples"):
                indent = " " * formatter.current_indent
                for example in self.examples:
                    formatter.write(f"{indent}{example}\n")


def command(
    *,
    options: Sequence[str] = (),
    arguments: Sequence[click.Argument] = (),
    examples: Sequence[str] = (),
    writes_config: bool = False,
) -> Callable[[Callable[[Invocation], int]], Command]:
    """Returns a decorator that turns a function into a command with the function's name.

    Args:
        options, arguments, examples, writes_config: as in `Command`.
    """
    return lambda function: Command(
        function, options, arguments, examples, writes_config=writes_config
    )


def parse_pairs(setting: str, texts: Sequence[str]) -> dict[str, str]:
    """Parse texts of the form `KEY=VALUE`. Returns the values by their keys.

    Args:
        setting: name of the setting, for the error message.

    Raises:
        UsageError: two texts have the same key.
    """
    values: dict[str, str] = {}
    for text in texts:
        key, _, value = text.partition("=")
        if key in values:
            raise UsageError(
                f"{key} is given twice: “{values[key]}” and “{value}”.",
                "Remove one of the two.",
                setting=setting,
            )
        values[key] = value
    return values
