"""How a manifest would be read: the column of each field, with the values of its first rows.

This module must not know who confirms the proposal, nor where the answer is stored.
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

#: Number of values of a column that are shown: enough to see what it contains.
_SHOWN_VALUES: Final = 3
_ANY_BASE: Final = "https://host/"


@dataclass(frozen=True, slots=True)
class ColumnSample:
    """A column of the manifest.

    Attributes:
        label: its name in the setting `map`: the heading, or the position if that is ambiguous.
        values: some of its cells that are not blank.
        gaps: how many of its first cells are blank; empty if none is.
        misfits: how many cells are not source URLs, with an example; empty if all are.
        is_addressed: whether most of its filled cells are URLs or names of videos.
    """

    label: str
    values: tuple[str, ...]
    gaps: str
    misfits: str
    is_addressed: bool

    def exceptions(self, field: str) -> tuple[str, ...]:
        """What is to be said of its cells if it is the column of a field."""
        return tuple(filter(None, (self.gaps, self.misfits if field == SOURCE_URL else "")))


@dataclass(frozen=True, slots=True)
class FieldProposal:
    """Where the values of a field come from.

    Attributes:
        label: label of its column; empty if it has none.
        source: the column or the rule, as a text.
        values: the values of the first rows that can be sent, as they would be sent.
        exceptions: how many cells of the column are blank, or do not fit.
    """

    field: str
    label: str
    source: str
    values: tuple[str, ...]
    exceptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """How a manifest would be read.

    Attributes:
        form: description of the file's format.
        notes: what was found and is not used, one line each.
    """

    form: str
    fields: tuple[FieldProposal, ...]
    notes: tuple[str, ...]

    @property
    def columns(self) -> dict[str, str]:
        """The columns for the setting `map`, by field."""
        return {each.field: each.label for each in self.fields if each.label}

    @property
    def values(self) -> dict[str, tuple[str, ...]]:
        """The values of the first rows, by field."""
        return {each.field: each.values for each in self.fields}

    @property
    def needs_base_url(self) -> bool:
        """Whether the manifest has file names, and the base URL is not known."""
        addresses = [value for value in self.values.get(SOURCE_URL, ()) if value]
        return bool(addresses) and all(
            resolve_file_name(_ANY_BASE, each) != each for each in addresses
        )

    @property
    def needs_extension(self) -> bool:
        """Whether neither a column nor the URLs show the file extensions."""
        return bool(self.fields) and not any(self.values[EXTENSION])


class ManifestSample:
    """The first rows of a manifest, for proposals.

    Raises:
        ManifestError: it cannot be read.
        UsageError: an option does not fit the file.

    Attributes:
        columns: all columns, in their order.
    """

    def __init__(self, path: Path, reading: ReadingOptions) -> None:
        self._manifest = open_manifest(path, reading)
        self._rows = first_chunk_with_url(self._manifest.chunks())
        candidates = Candidates(sample_columns(self._manifest.header, self._rows))
        self.columns = tuple(
            ColumnSample(
                candidates.label(column),
                tuple(islice(column.filled, _SHOWN_VALUES)),
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
        validator = Validator(
            mapping, header, now=time.time(), base_url=reading.base_url, allowed=reading.allow
        )
        rows: Sequence[ManifestRow] = ()
        if self._rows is not None:
            rows, _ = validator.check(self._rows)
        values = _values(rows)
        fields = (
            FieldProposal(
                field,
                "" if position is None else self.columns[position].label,
                source,
                values[field],
                () if position is None else self.columns[position].exceptions(field),
            )
            for (field, source), position in zip(
                mapping.describe(header), mapping.positions, strict=True
            )
        )
        restricted = RestrictedRows(header, mapping.extras)
        if self._rows is not None:
            restricted.add(self._rows.frame)
        shown = restricted.notes(is_sample=True)
        notes = (*self._manifest.notes, *mapping.notes, *shown)
        return Proposal(self._manifest.format_description, tuple(fields), notes)


def _values(rows: Sequence[ManifestRow]) -> Mapping[str, tuple[str, ...]]:
    """Returns the values of the first rows by field; of rows that can be sent, if there are any."""
    sendable = list(islice((row for row in rows if not row.error), _SHOWN_VALUES))
    first = sendable or list(islice(rows, _SHOWN_VALUES))
    parts = [(row.source_url, row.filename, row.extension, row.reference_id) for row in first]
    columns = zip(*parts, strict=True) if parts else [()] * len(FIELDS)
    return dict(zip(FIELDS, columns, strict=True))
