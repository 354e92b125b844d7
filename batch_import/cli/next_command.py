"""Command lines for users to copy, which continue the work of the current command."""

from collections.abc import Collection
from pathlib import Path
from typing import Final

from batch_import.cli.application import load_command
from batch_import.cli.command import READING
from batch_import.cli.options import OptionSources
from batch_import.cli.quoting import command_line
from batch_import.job import Job

#: Names of the options that a command for the same manifest and the same account must have. If the
#: current command has them as flags, they are repeated. Options in the configuration file and in
#: environment variables need not be repeated, because they apply to every command.
_REPEATED_OPTIONS: Final = (*READING, "credentials", "api_base", "embed_base")
#: Options that describe the format of the manifest's file. A CSV file that this program has written
#: needs none of them.
_FORMAT_OPTIONS: Final = frozenset(("sheet", "records", "columns", "encoding", "base_url"))


def next_command(
    option_sources: OptionSources,
    command: str,
    *options: str,
    manifest: Path | None = None,
    omitted: Collection[str] = (),
) -> str:
    """Returns a command line that repeats the manifest and some flags of the current command.

    The repeated flags are those that decide how the manifest is read, which job it has, and which
    account is used. Flags that the new command does not have are left out.

    Args:
        option_sources: the command line of the current command.
        command: name of the new command.
        options: further options, as texts of a command line.
        manifest: path of another manifest; None means the manifest of the current command.
        omitted: names of settings whose flags are not repeated.
    """
    target = load_command(command)
    parts = ["batch-import", command]
    if any(parameter.name == "manifest" for parameter in target.params):
        parts += filter(None, [str(manifest or option_sources.manifest)])
    for name in _REPEATED_OPTIONS:
        if name in target.options and name not in omitted:
            parts += option_sources.flags.get(name, ())
    return command_line([*parts, *options])


def correction_command(option_sources: OptionSources, manifest: Path) -> str:
    """Returns the command line that makes all safe corrections in a copy of the manifest."""
    return next_command(option_sources, "check", "--fix", f"{manifest.stem}-corrected.csv")


def command_for_copy(option_sources: OptionSources, copy: Path, job: Job) -> str:
    """Returns the command line that runs a corrected copy of the manifest in the same job."""
    return next_command(
        option_sources,
        "run",
        "--job",
        str(job.folder),
        manifest=copy,
        omitted=_FORMAT_OPTIONS | {"job"},
    )
