"""The questions of `batch-import configure` about the manifest: the column of each field."""

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
    from collections.abc import Sequence

    from batch_import.workflows.proposal import (
        ColumnSample,
        FieldProposal,
        ManifestSample,
        Proposal,
    )


def ask_for_columns(invocation: Invocation, manifest: Path) -> dict[str, Any]:
    """Ask how a manifest is read.

    Columns that the existing configuration file names are ignored, because the manifest may have
    other columns.

    Returns:
        The values for the configuration file, by the names of their settings.

    Raises:
        ManifestError: the manifest cannot be read, or its columns are unclear and there is no
            terminal.
        UsageError: a question must be answered and there is no terminal.
    """
    from batch_import.workflows.proposal import ManifestSample

    reading = invocation.reading()
    if not invocation.is_on_command_line("map"):
        reading = replace(reading, map={})
    proposal, reading = _ask_until_accepted(manifest, reading, accepts_all=invocation["yes"])
    without_column = dict.fromkeys((field for field, label in reading.map.items() if not label), "")
    columns = {**without_column, **proposal.columns}
    # Read the manifest once more, as the next command will read it with the configuration file.
    next_reading = replace(reading, map=columns)
    if ManifestSample(manifest, next_reading).propose(next_reading).values != proposal.values:
        raise ManifestError(
            "The manifest is read from other columns if its columns are chosen by these names:"
            f" {sanitized(', '.join(filter(None, columns.values())))}.",
            "Give each column of the manifest a name of its own.",
        )
    return {**_values_to_write(invocation, reading), "map": columns}


def _ask_until_accepted(
    manifest: Path, reading: ReadingOptions, *, accepts_all: bool
) -> "tuple[Proposal, ReadingOptions]":
    """Propose columns, and ask until the user accepts them.

    After each answer, the manifest is read again, because the answer may change how it is read.

    Args:
        accepts_all: whether to accept the proposed columns without a question.

    Returns:
        The accepted proposal, and the options with the answers.
    """
    from batch_import.workflows.proposal import ManifestSample

    while True:
        sample = ManifestSample(manifest, reading)
        try:
            proposal = sample.propose(reading)
        except ColumnUnclear as unclear:
            reading = _ask_for_unclear_column(sample, reading, unclear)
            continue
        url_field = proposal.fields[0]
        if proposal.needs_base_url and not reading.base_url:
            reading = _ask_for_base_url(reading, url_field)
        elif proposal.needs_extension and not reading.default:
            reading = _ask_for_extension(reading, proposal)
        elif _is_accepted(proposal, accepts_all=accepts_all):
            return proposal, reading
        else:
            reading = _ask_for_all_columns(sample, proposal, reading)


def _is_accepted(proposal: "Proposal", *, accepts_all: bool) -> bool:
    """Print the proposal, and ask whether to use it."""
    _print_proposal(proposal)
    return accepts_all or questions.ask_yes_or_no(
        "Use these columns?",
        f"Give {flag('yes')} to use them, or {flag('map')} FIELD=COLUMN to use other columns.",
        default=True,
    )


def _ask_for_unclear_column(
    sample: "ManifestSample", reading: ReadingOptions, unclear: ColumnUnclear
) -> ReadingOptions:
    """Ask for the column of a field for which several columns are possible, or none.

    Raises:
        ColumnUnclear: there is no terminal. The error names the flags to use.
    """
    if not questions.can_ask():
        raise unclear
    warn(sanitized(unclear.message))
    labels = unclear.labels or [column.label for column in sample.columns]
    columns = [column for column in sample.columns if column.label in labels]
    _print_columns(columns)
    return _with_column(reading, unclear.field, _ask_for_column(columns, unclear.field, None))


def _ask_for_all_columns(
    sample: "ManifestSample", proposal: "Proposal", reading: ReadingOptions
) -> ReadingOptions:
    """Ask for the column of each field. The proposed column is the default."""
    _print_columns(sample.columns)
    print("Answer with the number or the name of a column.")
    for proposed in proposal.fields:
        label = _ask_for_column(sample.columns, proposed.field, proposed.label)
        if label != proposed.label:
            reading = _with_column(reading, proposed.field, label)
    return reading


def _ask_for_column(columns: "Sequence[ColumnSample]", field: str, default: str | None) -> str:
    """Ask for the column of a field. If its cells are no URLs, the user must confirm the column.

    Args:
        default: label of the column that Enter chooses; empty means no column, None means that
            there is no default.

    Returns:
        The label of the column; empty if the field has no column.
    """
    labels = ["", *(column.label for column in columns)]
    generated = GENERATED.get(field, "")
    question = f"Column of {field}{f' (0: {generated})' if generated else ''}"
    default_number = None if default is None else labels.index(default)
    first_number = 0 if generated else 1
    names = {
        number: sanitized(label) for number, label in enumerate(labels) if number >= first_number
    }
    while True:
        number = questions.ask_number_or_name(question, names, default=default_number)
        if number == 0 or _is_confirmed(columns[number - 1], field):
            return labels[number]


def _is_confirmed(column: "ColumnSample", field: str) -> bool:
    """Print notes about a column. Ask for confirmation if it is for URLs and has no URLs."""
    for note in column.notes(field):
        print(sanitized(f"“{column.label}”: {note}"))
    if field != SOURCE_URL or column.is_addressed:
        return True
    return questions.ask_yes_or_no("Use it nevertheless?", "", default=False)


def _with_column(reading: ReadingOptions, field: str, label: str) -> ReadingOptions:
    return replace(reading, map={**reading.map, field: label})


def _ask_for_base_url(reading: ReadingOptions, url_field: "FieldProposal") -> ReadingOptions:
    """Ask for the URL of the folder to which the file names in the column of URLs belong."""
    label, example = sanitized(url_field.label), sanitized(url_field.values[0])
    reason = f"The column “{label}” has file names, such as {example}: their folder is needed."
    while True:
        answer = questions.ask_text(
            "URL of their folder",
            f"Give it with {flag('base_url')} https://HOST/FOLDER/.",
            reason=reason,
        )
        try:
            return replace(reading, base_url=answer)
        except UsageError as refused:
            warn(sanitized(refused.message))


def _ask_for_extension(reading: ReadingOptions, proposal: "Proposal") -> ReadingOptions:
    """Ask for the extension of all files, after the proposed columns were shown."""
    if questions.can_ask():
        _print_proposal(proposal)
    example = sanitized(proposal.fields[0].values[0])
    answer = questions.ask_text(
        "Extension of all files",
        f"Give it with {flag('default', 'extension=mp4')}, or name its column with {flag('map')}.",
        reason=f"No column has the file extension, and the end of {example} is not an extension"
        " that the platform accepts.",
        default="mp4",
    )
    return replace(reading, default={"extension": answer})


def _values_to_write(invocation: Invocation, reading: ReadingOptions) -> dict[str, Any]:
    """Returns the options that were set by a flag or an answer, except for the columns.

    Options of the existing file and of environment variables are left out.
    """
    values = {}
    for declared in settings_of(ReadingOptions):
        name = declared.name
        value = getattr(reading, name)
        # A value that was not given at all is an answer.
        is_new = invocation.is_on_command_line(name) or not invocation.is_given(name)
        if name != "map" and value and is_new:
            values[name] = list(value) if isinstance(value, tuple) else value
    return values


def _print_proposal(proposal: "Proposal") -> None:
    print(f"Read as {sanitized(proposal.format_description)}:")
    for proposed in proposal.fields:
        print(f"  {proposed.field:<12} ← {sanitized(proposed.origin)}")
        for text in (*proposed.notes, *proposed.values):
            print(f"{'':<17}{shortened(text)}")
    for note in proposal.notes:
        print(sanitized(with_option_names(note)))


def _print_columns(columns: "Sequence[ColumnSample]") -> None:
    """Print the columns with their numbers and first values."""
    for number, column in enumerate(columns, 1):
        # The separator is not a comma, because values may contain commas.
        values = " | ".join(shortened(value, 40) for value in column.values)
        print(f"  {number:>3}  {shortened(column.label, 40)}: {values or '(blank)'}")
