"""`batch-import configure`: write a configuration file from answers to questions, or from flags.

Everything is read and tested before anything is written.
"""

from pathlib import Path
from typing import Any, Final

from batch_import.cli import questions
from batch_import.cli.command import FILE, Invocation, argument, command, parse_pairs
from batch_import.cli.configuration_file import read_config
from batch_import.cli.exits import OK
from batch_import.cli.messages import sanitized
from batch_import.cli.options import CONFIG, OPTIONS, flag
from batch_import.cli.quoting import command_line
from batch_import.configuration.declaration import settings_of
from batch_import.configuration.settings import ReadingOptions

#: File extensions of manifests. Those of configuration files are not included.
_MANIFEST_EXTENSIONS: Final = frozenset((".csv", ".tsv", ".xlsx", ".json", ".jsonl"))


@command(
    options=(
        "config",
        *(each.name for each in settings_of(ReadingOptions)),
        *("yes", "credentials", "store", "replace", "templates", "offline", "verbose", "api_base"),
    ),
    arguments=[argument("manifest", "the manifest to look at", FILE, required=False)],
    examples=(
        "batch-import configure",
        "batch-import configure library.csv",
        "batch-import configure library.csv --yes --store file --replace",
        "batch-import configure --templates",
    ),
    writes_config=True,
)
def configure(invocation: Invocation) -> int:
    """Test the credentials, propose the columns of a manifest, and write the configuration file."""
    from batch_import.cli.credential_questions import ask_for_credentials

    path = invocation["config"]
    values = _kept(invocation, path)
    if invocation["templates"]:
        _write_templates(path.parent)
    manifest = _manifest(invocation)
    if manifest:
        from batch_import.cli.column_questions import ask_for_columns

        values |= ask_for_columns(invocation, manifest)
    values |= ask_for_credentials(invocation)
    _write(path, {name: value for name, value in values.items() if value is not None})
    _print_next(invocation, manifest)
    return OK


def _kept(invocation: Invocation, path: Path) -> dict[str, Any]:
    """Returns the values in the existing file, after the user has agreed to replace it."""
    if not path.exists():
        return {}
    if not invocation["replace"]:
        questions.require_yes(
            f"Replace {sanitized(str(path))}? Its other options are kept",
            f"Give {flag('replace')} to replace it and keep its other options.",
        )
    found = {name: entry.value for name, entry in read_config(path).items()}
    return {name: _mapping(name, value) for name, value in found.items()}


def _mapping(name: str, value: Any) -> Any:
    """Returns pairs in the form that the file has."""
    is_pairs = "=" in OPTIONS[name].value_type.metavar and isinstance(value, list)
    return parse_pairs(name, value) if is_pairs else value


def _manifest(invocation: Invocation) -> Path | None:
    if invocation["manifest"] or invocation["templates"] or not questions.can_ask():
        manifest: Path | None = invocation["manifest"]
        return manifest
    name = questions.ask_text("Manifest (Enter for none)", "", default=_only_manifest())
    return Path(name) if name else None


def _only_manifest() -> str:
    """Returns the manifest in the working folder, if there is only one; else an empty text."""
    found = [path.name for path in Path().iterdir() if path.suffix.lower() in _MANIFEST_EXTENSIONS]
    return found[0] if len(found) == 1 else ""


def _write_templates(folder: Path) -> None:
    from batch_import.manifest.template import write_templates

    for path in write_templates(folder):
        print(f"Written: {sanitized(str(path))}")


def _write(path: Path, values: dict[str, Any]) -> None:
    from batch_import.cli.template import config_template
    from batch_import.files import replace_text_file

    with replace_text_file(path, "Make its folder writable, or name another file.") as file:
        file.write(config_template(values))
    print(f"Written: {sanitized(str(path))}")


def _print_next(invocation: Invocation, manifest: Path | None) -> None:
    more = [] if invocation["config"] == CONFIG else ["--config", str(invocation["config"])]
    name = str(manifest or "MANIFEST")
    print("Next:")
    print(f"  {sanitized(command_line(['batch-import', 'check', name, *more]))}")
    print(f"  {sanitized(command_line(['batch-import', 'run', name, *more, '--limit', '10']))}")
