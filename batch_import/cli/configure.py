"""`batch-import configure`: write a configuration file from answers to questions, or from flags.

The columns and the credentials are tested before the configuration file is written.
"""

from pathlib import Path
from typing import Any, Final

from batch_import.cli import questions
from batch_import.cli.command import FILE, Invocation, argument, command, parse_pairs
from batch_import.cli.configuration_file import read_config
from batch_import.cli.exits import OK
from batch_import.cli.messages import sanitized
from batch_import.cli.next_command import next_command
from batch_import.cli.options import OPTIONS, flag
from batch_import.configuration.declaration import settings_of
from batch_import.configuration.settings import ReadingOptions

#: File extensions of manifests, except for `.yaml`, which configuration files have.
_MANIFEST_EXTENSIONS: Final = frozenset((".csv", ".tsv", ".xlsx", ".json", ".jsonl"))


@command(
    options=(
        "config",
        *(declared.name for declared in settings_of(ReadingOptions)),
        "yes",
        "credentials",
        "store",
        "replace",
        "templates",
        "offline",
        "verbose",
        "api_base",
    ),
    arguments=[argument("manifest", "manifest whose columns to use", FILE, required=False)],
    examples=(
        "batch-import configure",
        "batch-import configure library.csv",
        "batch-import configure library.csv --yes --store file --replace",
        "batch-import configure --templates",
    ),
    writes_config=True,
)
def configure(invocation: Invocation) -> int:
    """Ask for credentials and columns, test both, and write batch-import.yaml."""
    from batch_import.cli.credential_questions import ask_for_credentials

    path = invocation["config"]
    values = _existing_values(invocation, path)
    if invocation["templates"]:
        _write_templates(path.parent)
    manifest = _ask_for_manifest(invocation)
    if manifest:
        from batch_import.cli.column_questions import ask_for_columns

        values |= ask_for_columns(invocation, manifest)
    values |= ask_for_credentials(invocation)
    _write_config(path, {name: value for name, value in values.items() if value is not None})
    _print_next_commands(invocation, manifest)
    return OK


def _existing_values(invocation: Invocation, path: Path) -> dict[str, Any]:
    """Returns the values of the existing configuration file; empty if there is no such file.

    Raises:
        UsageError: the user does not want to replace the file, or cannot be asked.
    """
    if not path.exists():
        return {}
    if not invocation["replace"]:
        questions.require_yes(
            f"Replace {sanitized(str(path))}? Its other options are kept",
            f"Give {flag('replace')} to replace it and keep its other options.",
        )
    return {name: _yaml_value(name, entry.value) for name, entry in read_config(path).items()}


def _yaml_value(name: str, value: Any) -> Any:
    """Returns a value for YAML: a list of texts `KEY=VALUE` becomes a mapping."""
    is_pairs = "=" in OPTIONS[name].value_type.metavar and isinstance(value, list)
    return parse_pairs(name, value) if is_pairs else value


def _ask_for_manifest(invocation: Invocation) -> Path | None:
    """Returns the path of the manifest. Asks for it if none was given; None means no manifest."""
    if invocation["manifest"] or invocation["templates"] or not questions.can_ask():
        manifest: Path | None = invocation["manifest"]
        return manifest
    name = questions.ask_text("Manifest (Enter for none)", "", default=_only_manifest())
    return Path(name) if name else None


def _only_manifest() -> str:
    """Returns the name of the only manifest in the working folder; empty if there is not one."""
    names = [path.name for path in Path().iterdir() if path.suffix.lower() in _MANIFEST_EXTENSIONS]
    return names[0] if len(names) == 1 else ""


def _write_templates(folder: Path) -> None:
    from batch_import.manifest.template import write_templates

    for path in write_templates(folder):
        print(f"Written: {sanitized(str(path))}")


def _write_config(path: Path, values: dict[str, Any]) -> None:
    from batch_import.cli.template import config_template
    from batch_import.files import replace_text_file

    with replace_text_file(path, "Make its folder writable, or name another file.") as file:
        file.write(config_template(values))
    print(f"Written: {sanitized(str(path))}")


def _print_next_commands(invocation: Invocation, manifest: Path | None) -> None:
    # The configuration file has the options of how the manifest is read.
    written = [declared.name for declared in settings_of(ReadingOptions)]
    path = manifest or Path("MANIFEST")
    print("Next:")
    for name, options in (("check", ()), ("run", ("--limit", "10"))):
        command = next_command(
            invocation.option_sources, name, *options, manifest=path, omitted=written
        )
        print(f"  {sanitized(command)}")
