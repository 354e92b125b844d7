"""Questions of `batch-import configure` about the manifest: which column is which field."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batch_import.cli import questions
from batch_import.cli.command import Invocation
from batch_import.cli.console import warn
from batch_import.cli.messages import sanitized, shortened, with_option_names
from batch_import.cli.options import flag
from batch_import.configuration.declaration import settings_of
from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ColumnUnclear, ManifestError, UsageError
from batch_import.manifest.columns.aliases import SOURCE_URL
from batch_import.manifest.columns.mapping import GENERATED

if TYPE_CHECKING:
    from batch_import.workflows.proposal import (
        ColumnSample,
        FieldProposal,
        ManifestSample,
        Proposal,
    )


def ask_for_columns(invocation: Invocation, manifest: Path) -> dict[str, Any]:
    """Ask how a manifest is read; returns the options for the configuration file.

    Columns named in the existing file are ignored, because another manifest has other columns.

    Raises:
        ManifestError: the manifest cannot be read, or its columns are unclear and nobody can be
            asked.
        UsageError: an answer is missing and nobody can be asked.
    """
    from batch_import.workflows.proposal import ManifestSample

    reading = invocation.reading()
    if not invocation.is_flag("map"):
        reading = replace(reading, map={})
    proposal, agreed = _agreed(manifest, reading, accept=invocation["yes"])
    columns = _columns(proposal, agreed.map)
    # Read as the next command will read it.
    written = replace(agreed, map=columns)
    if ManifestSample(manifest, written).propose(written).values != proposal.values:
        raise ManifestError(
            "The manifest is read from other columns if its columns are chosen by these names:"
            f" {sanitized(', '.join(filter(None, columns.values())))}.",
            "Give each column of the manifest a name of its own.",
        )
    return {**_given(invocation, agreed), "map": columns}


def _agreed(
    manifest: Path, reading: ReadingOptions, *, accept: bool
) -> "tuple[Proposal, ReadingOptions]":
    """Propose columns and ask until everything is decided.

    Each answer may change how the file is read.
    """
    from batch_import.workflows.proposal import ManifestSample

    while True:
        sample = ManifestSample(manifest, reading)
        try:
            proposal = sample.propose(reading)
        except ColumnUnclear as unclear:
            reading = _named_by_user(sample, reading, unclear)
            continue
        if proposal.needs_base_url and not reading.base_url:
            reading = _with_base_url(reading, proposal.fields[0])
        elif proposal.needs_extension and not reading.default:
            reading = _with_extension(reading, proposal.fields[0])
        elif _accepts(proposal, accept=accept):
            return proposal, reading
        else:
            reading = _with_other_columns(sample, proposal, reading)


def _accepts(proposal: "Proposal", *, accept: bool) -> bool:
    _print(proposal)
    return accept or questions.ask_yes_or_no(
        "Use these columns?",
        f"Give {flag('yes')} to use them; {flag('map')} FIELD=COLUMN chooses others.",
        default=True,
    )


def _named_by_user(
    sample: "ManifestSample", reading: ReadingOptions, unclear: ColumnUnclear
) -> ReadingOptions:
    """Ask for a column that is unclear.

    Raises:
        ColumnUnclear: nobody can be asked. The error names the flags to use.
    """
    if not questions.can_ask():
        raise unclear
    warn(sanitized(unclear.message))
    labels = unclear.labels or [column.label for column in sample.columns]
    columns = [column for column in sample.columns if column.label in labels]
    _print_columns(columns)
    return _mapped(reading, unclear.field, _ask(columns, unclear.field, None))


def _with_other_columns(
    sample: "ManifestSample", proposal: "Proposal", reading: ReadingOptions
) -> ReadingOptions:
    _print_columns(sample.columns)
    print("Answer with the number or the name of a column.")
    for field in proposal.fields:
        label = _ask(sample.columns, field.field, field.label)
        if label != field.label:
            reading = _mapped(reading, field.field, label)
    return reading


def _ask(columns: "Sequence[ColumnSample]", field: str, default: str | None) -> str:
    """Ask for the column of a field, until its cells fit or the user insists.

    Args:
        default: label of the column that Enter chooses; empty for no column, None for no default.

    Returns:
        The label of the column; empty for no column.
    """
    labels = ["", *(column.label for column in columns)]
    generated = GENERATED.get(field, "")
    question = f"Column of {field}{f' (0: {generated})' if generated else ''}"
    number = None if default is None else labels.index(default)
    first = 0 if generated else 1
    names = {at: sanitized(label) for at, label in enumerate(labels) if at >= first}
    while True:
        chosen = questions.ask_number_or_name(question, names, default=number)
        if not chosen or _fits(columns[chosen - 1], field):
            return labels[chosen]


def _fits(column: "ColumnSample", field: str) -> bool:
    """Say which cells do not fit; ask whether to use a column whose cells are no URLs."""
    for exception in column.exceptions(field):
        print(sanitized(f"“{column.label}”: {exception}"))
    return (
        field != SOURCE_URL
        or column.is_addressed
        or questions.ask_yes_or_no("Use it all the same?", "", default=False)
    )


def _mapped(reading: ReadingOptions, field: str, label: str) -> ReadingOptions:
    return replace(reading, map={**reading.map, field: label})


def _with_base_url(reading: ReadingOptions, source: "FieldProposal") -> ReadingOptions:
    """Ask for the URL of the folder with the files that the column of the URLs names."""
    while True:
        entered = questions.ask_text(
            f"“{sanitized(source.label)}” names files, e.g. {sanitized(source.values[0])}."
            " URL of their folder",
            f"Give it with {flag('base_url')} https://HOST/FOLDER/.",
        )
        try:
            return replace(reading, base_url=entered)
        except UsageError as refused:
            warn(sanitized(refused.message))


def _with_extension(reading: ReadingOptions, source: "FieldProposal") -> ReadingOptions:
    entered = questions.ask_text(
        f"No column tells the extension, nor does {sanitized(source.values[0])}. Extension",
        f"Give it with {flag('default', 'extension=mp4')}, or name its column with {flag('map')}.",
        default="mp4",
    )
    return replace(reading, default={"extension": entered})


def _given(invocation: Invocation, reading: ReadingOptions) -> dict[str, Any]:
    """Returns the options that were set by a flag or an answer, in the form of the file."""
    names = [each.name for each in settings_of(ReadingOptions)]
    values = {name: getattr(reading, name) for name in names if name != "map"}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if value and (invocation.is_flag(name) or not invocation.is_given(name))
    }


def _columns(proposal: "Proposal", answers: Mapping[str, str]) -> dict[str, str]:
    """Returns the column of each field: one that was found, or an empty text for none."""
    none = {field: "" for field, label in answers.items() if not label}
    return {**none, **proposal.columns}


def _print(proposal: "Proposal") -> None:
    print(f"Read as {sanitized(proposal.form)}:")
    for field in proposal.fields:
        print(f"  {field.field:<12} ← {sanitized(field.source)}")
        for text in (*field.exceptions, *field.values):
            print(f"{'':<17}{shortened(text)}")
    for note in proposal.notes:
        print(sanitized(with_option_names(note)))


def _print_columns(columns: "Sequence[ColumnSample]") -> None:
    """Print the columns that can be chosen by their numbers or names."""
    for number, column in enumerate(columns, 1):
        # Values may have commas in them.
        values = " | ".join(shortened(value, 40) for value in column.values)
        print(f"  {number:>3}  {shortened(column.label, 40)}: {values or '(blank)'}")
