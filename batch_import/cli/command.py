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

_ARGUMENTS: Final = "Arguments"
#: Options that several commands share.
READING: Final = (
    *("config", "job", "state", "map", "default", "sheet", "records", "columns", "signing"),
    *("encoding", "base_url", "allow"),
)
RESULTS: Final = ("player_key", "embed", "embed_titles", "results_columns", "group_by")
IMPORT: Final = (
    *READING,
    *(
        "credentials",
        "limit",
        "first",
        "only",
        "until",
        "standby",
        "notify",
        "verbose",
        "strict",
        "preflight",
    ),
    *("same_videos", "allow_removals"),
    *("rate", "workers", "poll_interval", "max_in_flight", "max_wait"),
    *RESULTS,
    *(
        "aspect_from_detail",
        "refresh",
        "link_life",
        "settle",
        "when_unsure",
        "adopt",
        "give_up_after",
    ),
    *("lease", "log_max", "api_base", "embed_base"),
)


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


def argument(name: str, help: str, type: Any = str, **more: Any) -> click.Argument:  # noqa: A002
    """An argument of a command; `more` as for `click.Argument`."""
    return click.Argument([name], type=type, help=help, **more)


def manifest() -> click.Argument:
    """The argument MANIFEST."""
    return argument(
        "manifest",
        "one row per video: CSV, TSV, XLSX, JSON, JSON Lines, YAML, or - for standard input",
        FILE,
    )


class Invocation:
    """The arguments and option values of one invocation of a command."""

    def __init__(self, ctx: click.Context) -> None:
        self._ctx = ctx
        self.option_sources: OptionSources = ctx.obj

    def __getitem__(self, name: str) -> Any:
        return self._ctx.params[name]

    def is_given(self, name: str) -> bool:
        """Whether an option has a value from a flag, a variable or the configuration file."""
        source = self._ctx.get_parameter_source(name)
        return source not in (None, ParameterSource.DEFAULT)

    def is_flag(self, name: str) -> bool:
        """Whether an option was given on the command line."""
        return self._ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE

    def values(self, owner: type[Any]) -> dict[str, Any]:
        """The settings of a dataclass that are not left at their default, by name."""
        names = [each.name for each in settings_of(owner)]
        return {name: self._ctx.params[name] for name in names if self.is_given(name)}

    def settings(self) -> Settings:
        """The settings of an import."""
        given = self.values(Settings)
        if "only" in given:
            given["only"] = tuple(chain.from_iterable(given["only"]))
        return Settings(**given)

    def reading(self) -> ReadingOptions:
        """How the manifest is read."""
        given = self.values(ReadingOptions)
        for name in ("map", "default"):
            if name in given:
                in_file = (self._ctx.default_map or {}).get(name, ())
                given[name] = {**pairs(name, in_file), **pairs(name, given[name])}
        if "allow" in given:
            given["allow"] = tuple(chain.from_iterable(given["allow"]))
        return ReadingOptions(**given)

    def request(self, *, retry_failed: bool = False) -> ImportRequest:
        """The manifest, its job folder, and all settings as one value."""
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
        """URL of the database.

        Raises:
            UsageError: none is named.
        """
        url: str = self["state"] or ""
        if not url:
            raise UsageError("No database is named.", f"Name one with {setting_ref('state')}.")
        return url

    def existing_job(self) -> Job:
        """The job of the manifest, or of the rows of a corrected `failed.csv`.

        Raises:
            ManifestError: there is neither a job nor a manifest of this name.
            StateError: the job of the rows is not found.
        """
        from batch_import.state.location import exists
        from batch_import.workflows.original_job import with_original_job

        path = self["manifest"]
        request = ImportRequest(path, folder=self["job"], state=self["state"] or "")
        # Any other file that cannot be read is no matter here: its name tells the job.
        with suppress(ManifestError):
            request = with_original_job(request)
        job = request.job
        if not path.exists() and str(path) != "-" and not exists(job):
            where = f"in {job.folder}" if not job.database else "in the database"
            raise ManifestError(
                f"{path}: no such file, and no job for it {where}.",
                f"Check the name, or name the job folder with {setting_ref('job')}.",
            )
        return job

    def load_credentials(self) -> Credentials:
        """The first credentials that are found.

        The order is: the file of --credentials, the environment, the file of a configuration file,
        the keyring.

        Raises:
            UsageError: there are none, or they are not valid.
        """
        from batch_import.configuration.credentials import load_credentials

        return load_credentials(self["credentials"], is_explicit=self.is_flag("credentials"))


class Command(PrintsHelp):
    """A command whose help has groups of options and examples.

    Attributes:
        writes_config: the configuration file that is named need not exist.
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
        """Run the command; its function takes all values from the context."""
        invocation = Invocation(ctx)
        option_sources: OptionSources = ctx.obj
        option_sources.manifest = str(ctx.params.get("manifest") or "")
        option_sources.job = (
            str(invocation["job"]) if "job" in self.options and invocation.is_flag("job") else ""
        )
        if ctx.params.get("verbose"):
            from batch_import.cli.call_lines import show_calls

            show_calls()
        return self._function(invocation)

    def grouped(self, ctx: click.Context) -> dict[str, list[click.Parameter]]:
        """Group the parameters under the headings of the help."""
        found: dict[str, list[click.Parameter]] = {_ARGUMENTS: []}
        found |= {str(group): [] for group in Group}
        for param in self.get_params(ctx):
            if isinstance(param, Option):
                found[str(param.setting.group)].append(param.without_negative())
            else:
                is_argument = isinstance(param, click.Argument)
                found[_ARGUMENTS if is_argument else str(Group.COMMON)].append(param)
        return {name: params for name, params in found.items() if params}

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
        for name, params in self.grouped(ctx).items():
            records = [param.get_help_record(ctx) for param in params]
            with formatter.section(name if name == _ARGUMENTS else f"{name} options"):
                formatter.write_dl([record for record in records if record])
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{example}\n")


def command(
    *,
    options: Sequence[str] = (),
    arguments: Sequence[click.Argument] = (),
    examples: Sequence[str] = (),
    writes_config: bool = False,
) -> Callable[[Callable[[Invocation], int]], Command]:
    """Make a command of a function. The command has the function's name.

    Args:
        options: names of settings, in the order of the help.
        examples: command lines that the help shows.
        writes_config: as in `Command`.
    """
    return lambda function: Command(
        function, options, arguments, examples, writes_config=writes_config
    )


def pairs(setting: str, texts: Sequence[str]) -> dict[str, str]:
    """Parse texts of the form `KEY=VALUE`.

    Raises:
        UsageError: two texts have the same key.
    """
    found: dict[str, str] = {}
    for text in texts:
        key, _, value = text.partition("=")
        if key in found:
            raise UsageError(
                f"{key} is given twice: “{found[key]}” and “{value}”.",
                "Remove one of the two.",
                setting=setting,
            )
        found[key] = value
    return found
