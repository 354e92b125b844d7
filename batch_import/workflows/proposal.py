"""Propose how a manifest is read: the column of each field, with the values of its first rows.

This module must not know who confirms the proposal, nor where the columns are stored.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from batch_import.configuration.settings import ReadingOptions
from batch_import.manifest.base_url import resolve_file_name
from batch_import.manifest.columns.aliases import EXTENSION, FIELDS, SOURCE_URL
from batch_import.manifest.columns.candidates import Candidates
from batch_import.manifest.columns.mapping import first_chunk_with_url, map_columns, sample_columns
from batch_import.manifest.columns.restricted_rows import RestrictedRows
from batch_import.manifest.read import open_manifest
from batch_import.manifest.validate import Validator
from batch_import.models import ManifestRow

#: Number of values of a column that are shown. Three values are enough to recognize a column.
_SHOWN_VALUES: Final = 3
#: A base URL with which file names are distinguished from URLs: it changes only file names.
_EXAMPLE_BASE_URL: Final = "https://host/"


@dataclass(frozen=True, slots=True)
class ColumnSample:
    """A column of the manifest.

    Attributes:
        label: text by which the setting `map` names the column: its heading, or its position if
            several columns have this heading.
        values: the first few cells that are not blank.
        blank_note: a text that says how many of its first cells are blank; empty if none are.
        not_url_note: a text that says how many of its cells are not source URLs, with an example;
            empty if all are.
        is_addressed: whether most of its cells that are not blank are URLs or file names of videos.
    """

    label: str
    values: tuple[str, ...]
    blank_note: str
    not_url_note: str
    is_addressed: bool

    def notes(self, field: str) -> tuple[str, ...]:
        """Returns the notes that the user should see if this is the column of a field."""
        notes = (self.blank_note, self.not_url_note if field == SOURCE_URL else "")
        return tuple(note for note in notes if note)


@dataclass(frozen=True, slots=True)
class FieldProposal:
    """The proposed column of a field.

    Attributes:
        field: `sourceUrl`, `filename`, `extension` or `referenceId`.
        label: label of the column; empty if the field has no column.
        origin: description of the column, or of the rule that makes the values.
        values: the values of the first rows that can be sent, as they would be sent.
        notes: how many cells of the column are blank or not URLs.
    """

    field: str
    label: str
    origin: str
    values: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """The proposed columns of all fields.

    Attributes:
        format_description: the file format, as a text for the user.
        notes: sentences about parts of the manifest that the import does not use.
    """

    format_description: str
    fields: tuple[FieldProposal, ...]
    notes: tuple[str, ...]

    @property
    def columns(self) -> dict[str, str]:
        """The labels of the columns for the setting `map`, by field."""
        return {proposed.field: proposed.label for proposed in self.fields if proposed.label}

    @property
    def values(self) -> dict[str, tuple[str, ...]]:
        """The values of the first rows, by field."""
        return {proposed.field: proposed.values for proposed in self.fields}

    @property
    def needs_base_url(self) -> bool:
        """Whether the column of the URLs has only file names, so that a base URL is needed."""
        values = [value for value in self.values.get(SOURCE_URL, ()) if value]
        return bool(values) and all(
            resolve_file_name(_EXAMPLE_BASE_URL, value) != value for value in values
        )

    @property
    def needs_extension(self) -> bool:
        """Whether neither a column nor the URLs show the file extensions."""
        return bool(self.fields) and not any(self.values[EXTENSION])


class ManifestSample:
    """The first rows of a manifest, for proposals.

    Raises:
        ManifestError: the manifest cannot be read.
        UsageError: an option does not fit the file.

    Attributes:
        columns: all columns, in the order of the file.
    """

    def __init__(self, path: Path, reading: ReadingOptions) -> None:
        self._manifest = open_manifest(path, reading)
        self._rows = first_chunk_with_url(self._manifest.chunks())
        candidates = Candidates(sample_columns(self._manifest.header, self._rows))
        self.columns = tuple(
            ColumnSample(
                candidates.label(column),
                tuple(islice(column.filled_cells, _SHOWN_VALUES)),
                column.about_gaps(),
                column.about_misfits(),
                column.has_urls_or_paths,
            )
            for column in candidates.columns
        )

    def propose(self, reading: ReadingOptions) -> Proposal:
        """Propose the column of each field.

        Raises:
            ColumnUnclear: several columns are possible, or none.
            UsageError: a column or field that the user named does not exist.
        """
        header = self._manifest.header
        mapping = map_columns(header, self._rows, reading.map, reading.default)
        now = time.time()
        validator = Validator(
            mapping, header, now=now, base_url=reading.base_url, allowed=reading.allow
        )
        rows: Sequence[ManifestRow] = ()
        restricted_rows = RestrictedRows(header, mapping.restriction_positions, now)
        if self._rows is not None:
            rows, _ = validator.check(self._rows)
            restricted_rows.add(self._rows.frame, self._rows.lines, rows.errors)
        values = _values(rows)
        fields = []
        for (field, origin), position in zip(
            mapping.describe(header), mapping.positions, strict=True
        ):
            if position is None:
                fields.append(FieldProposal(field, "", origin, values[field]))
                continue
            column = self.columns[position]
            fields.append(
                FieldProposal(field, column.label, origin, values[field], column.notes(field))
            )
        sample_notes = restricted_rows.notes(is_sample=True)
        all_notes = (*self._manifest.notes, *mapping.notes, *sample_notes)
        return Proposal(self._manifest.format_description, tuple(fields), all_notes)


def _values(rows: Sequence[ManifestRow]) -> Mapping[str, tuple[str, ...]]:
    """Returns the values of the first rows by field.

    If no row can be sent, the values of the first rows are returned although they have errors.
    """
    sendable = list(islice((row for row in rows if not row.error), _SHOWN_VALUES))
    shown = sendable or list(islice(rows, _SHOWN_VALUES))
    values = [(row.source_url, row.filename, row.extension, row.reference_id) for row in shown]
    if not values:
        return dict.fromkeys(FIELDS, ())
    return dict(zip(FIELDS, zip(*values, strict=True), strict=True))
