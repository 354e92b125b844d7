"""Map the columns of a manifest to the fields of the platform, by the header and the first rows.

`source_column.py` finds the column of source URLs, `text_columns.py` the columns of titles and IDs.
The user's decisions (`overrides`) have priority. This module must not know files.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from batch_import.errors import UsageError
from batch_import.manifest.columns.aliases import (
    EXTENSION,
    FIELDS,
    FILENAME,
    REFERENCE_ID,
    SOURCE_URL,
    fold,
)
from batch_import.manifest.columns.candidates import (
    COLUMN_BY_NUMBER,
    Candidates,
    ColumnChoice,
    did_you_mean,
    heading_of,
    join_column_names,
    join_names,
)
from batch_import.manifest.columns.source_column import choose_source, notes_about_other_videos
from batch_import.manifest.columns.text_columns import (
    choose_id,
    choose_title,
    notes_about_equal_titles,
    notes_about_unused_ids,
)
from batch_import.manifest.columns.values import SampleColumn, has_url, may_be_heading
from batch_import.manifest.extensions import extension_of
from batch_import.manifest.read import Chunk

#: Field without a column → description of where its value comes from, for the user.
GENERATED: Final = {
    FILENAME: "taken from the file's name in the URL",
    EXTENSION: "taken from the end of the URL",
    REFERENCE_ID: "made from the URL",
}


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """The column of each field, as position in the header, from 0.

    Attributes:
        source_url: position of the column of source URLs.
        filename, extension, reference_id: positions of these columns; None if the manifest has no
            such column.
        extras: positions of all other columns.
        defaults: field → value for blank cells, or for a missing column.
        evidence: field → why its column was chosen, if its name is not the reason.
        notes: sentences about columns that are not used.
    """

    source_url: int
    filename: int | None
    extension: int | None
    reference_id: int | None
    extras: tuple[int, ...]
    defaults: Mapping[str, str] = field(default_factory=dict)
    evidence: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def positions(self) -> tuple[int, int | None, int | None, int | None]:
        """The position of each field's column, in the order of `FIELDS`."""
        return self.source_url, self.filename, self.extension, self.reference_id

    @property
    def restriction_positions(self) -> tuple[int, ...]:
        """The positions of the columns that may say that a row is not wanted.

        People write such remarks into the title, too.
        """
        return self.extras if self.filename is None else (*self.extras, self.filename)

    def describe(self, header: tuple[str, ...]) -> list[tuple[str, str]]:
        """Return field and description, for the user.

        The description is of the field's column and the reason for it, or of how the value of the
        field is generated.
        """
        return [
            (field, self._describe_field(field, position, header))
            for field, position in zip(FIELDS, self.positions, strict=True)
        ]

    def _describe_field(self, field: str, position: int | None, header: tuple[str, ...]) -> str:
        default = self.defaults.get(field)
        if field == EXTENSION and default is not None:
            # An extension comes from the cell, or else from the URL, or else from the default.
            column = "" if position is None else f"{heading_of(header[position], position)}, "
            return f"{column}{GENERATED[field]}; “{default}” if it has no accepted extension"
        if position is None:
            return GENERATED[field] if default is None else f"“{default}” in every row"
        name = heading_of(header[position], position)
        if field in self.evidence and header[position].strip():
            name = f"“{name}”"  # separates the name from the evidence after it
        count = header.count(header[position])
        if count > 1 and header[position].strip():
            name += f" (column {position + 1}; {count} have this name)"
        if field in self.evidence:
            name += f": {self.evidence[field]}"
        return name if default is None else f"{name}; “{default}” where that is blank"

    def cells(self, chunk: Chunk) -> list[list[str]]:
        """Return the cells of each field, in the order of `FIELDS`.

        A blank cell, and a cell of a field without a column, has the default value of the field. A
        title without a column and a default is taken from the URL.
        """
        return [
            self._cells_of_field(chunk, field, position)
            for field, position in zip(FIELDS, self.positions, strict=True)
        ]

    def _cells_of_field(self, chunk: Chunk, field: str, position: int | None) -> list[str]:
        # A blank extension is first taken from the URL, and only then from the default.
        default = "" if field == EXTENSION else self.defaults.get(field, "")
        if position is not None:
            column: list[str] = chunk.frame[position].tolist()
            return [cell if cell.strip() else default for cell in column] if default else column
        if field == FILENAME and not default:
            return [_title_in(url.strip()) for url in chunk.frame[self.source_url]]
        return [default] * len(chunk.lines)


def first_chunk_with_url(chunks: Iterable[Chunk]) -> Chunk | None:
    """Return the chunk that is used to recognize the columns: the first chunk that has a URL.

    Later chunks are not needed, because each row is validated: a cell that does not fit its field
    is a problem of its row, and so is a duplicate ID.

    Returns:
        The first chunk if no chunk has a URL; None if there are no chunks.
    """
    first_chunk = None
    for chunk in chunks:
        if first_chunk is None:
            first_chunk = chunk
        if any(has_url(chunk.frame[position]) for position in chunk.frame.columns):
            return chunk
    return first_chunk


def map_columns(
    header: tuple[str, ...],
    sample: Chunk | None,
    overrides: Mapping[str, str],
    defaults: Mapping[str, str] | None = None,
) -> ColumnMapping:
    """Find the column of each field.

    Args:
        header: the column names of the manifest.
        sample: the first rows, whose values are used to recognize the columns.
        overrides: field → column, from the setting `map`. It has priority. An empty column name
            means that the field has no column.
        defaults: field → value for blank cells.

    Raises:
        UsageError: an override or a default names an unknown field, or a field twice; or an
            override names an unknown column.
        ManifestError: a required column is missing, or several columns are equally good.
    """
    default_values = _check_defaults(defaults or {})
    candidates = Candidates(sample_columns(header, sample))
    column_names = _by_field(overrides, "map")
    if SOURCE_URL in column_names and not column_names[SOURCE_URL].strip():
        raise UsageError(
            f"{SOURCE_URL} needs a column.",
            f"The manifest has: {join_column_names(header)}.",
            setting="map",
        )
    for name, column_name in column_names.items():
        if column_name.strip():
            candidates.take(name, ColumnChoice(_find_column(header, column_name)))
    if SOURCE_URL not in column_names:
        candidates.take(SOURCE_URL, choose_source(candidates))
    for name, choose in _CHOOSERS.items():
        if name not in column_names:
            candidates.take(name, choose(candidates))
    return _mapping(candidates, default_values, column_names)


def _choose_extension(candidates: Candidates) -> ColumnChoice | None:
    """Choose the column `extension`, or else a column with another usual name, such as `ext`."""
    return candidates.choose_by_field_name(EXTENSION) or candidates.choose_by_usual_name(EXTENSION)


#: Field → function that chooses its column, in the order in which they are called.
_CHOOSERS: Final = {
    EXTENSION: _choose_extension,
    FILENAME: choose_title,
    REFERENCE_ID: choose_id,
}


def sample_columns(header: Sequence[str], sample: Chunk | None) -> list[SampleColumn]:
    """Return the columns of a manifest with the cells of its first rows.

    Rows that may be headings are left out, because they say nothing about the values of a column.
    """
    cells: list[list[str]] = [[] for _ in header]
    if sample is not None:
        cells = [[cell.strip() for cell in sample.frame[position]] for position in sample.frame]
    rows = [row for row in zip(*cells, strict=True) if not may_be_heading(row)]
    columns = list(zip(*rows, strict=True)) or cells
    return [
        SampleColumn(position, name, tuple(column))
        for position, (name, column) in enumerate(zip(header, columns, strict=True))
    ]


def _mapping(
    candidates: Candidates, defaults: Mapping[str, str], overrides: Mapping[str, str]
) -> ColumnMapping:
    choices = candidates.taken
    positions = {name: choice.position for name, choice in choices.items()}
    notes = notes_about_other_videos(candidates, positions[SOURCE_URL])
    if REFERENCE_ID not in overrides:
        notes += notes_about_unused_ids(candidates)
    if FILENAME not in positions and FILENAME not in defaults:
        source = candidates.columns[positions[SOURCE_URL]]
        notes += notes_about_equal_titles(
            candidates, [_title_in(url) for url in source.filled_cells]
        )
    return ColumnMapping(
        positions[SOURCE_URL],
        positions.get(FILENAME),
        positions.get(EXTENSION),
        positions.get(REFERENCE_ID),
        tuple(column.position for column in candidates.free_columns),
        defaults,
        {name: choice.evidence for name, choice in choices.items() if choice.evidence},
        tuple(notes),
    )


def _find_column(header: Sequence[str], column_name: str) -> int:
    """Find the column of an override by its exact name, its folded name, or as `column 3`."""
    if column_name in header:
        return header.index(column_name)
    for position, name in enumerate(header):
        if fold(name) == fold(column_name):
            return position
    by_number = COLUMN_BY_NUMBER.fullmatch(column_name.strip())
    if by_number and 0 < int(by_number[1]) <= len(header):
        return int(by_number[1]) - 1
    raise UsageError(
        f"“{column_name}” is not a column of the manifest.",
        did_you_mean(column_name, header) or f"It has: {join_column_names(header)}.",
        setting="map",
    )


def _by_field(values: Mapping[str, str], setting: str) -> dict[str, str]:
    """Return the values of a setting, with the fields' own names as keys.

    Users may write `source_url` for `sourceUrl`.

    Raises:
        UsageError: a field is unknown, or is named twice.
    """
    by_field: dict[str, str] = {}
    for name, value in values.items():
        own_name = _find_field(name, setting)
        if own_name in by_field:
            raise UsageError(
                f"{own_name} is given twice: “{by_field[own_name]}” and “{value}”.",
                "Remove one of the two.",
                setting=setting,
            )
        by_field[own_name] = value
    return by_field


def _find_field(name: str, setting: str) -> str:
    for own_name in FIELDS:
        if fold(own_name) == fold(name):
            return own_name
    raise UsageError(
        f"“{name}” is not a field.",
        did_you_mean(name, FIELDS) or f"The fields are {join_names(FIELDS)}.",
        setting=setting,
    )


def _check_defaults(defaults: Mapping[str, str]) -> dict[str, str]:
    """Return the defaults, with the fields' own names as keys.

    Raises:
        UsageError: a field is unknown, is named twice, or cannot have a default.
    """
    by_field = _by_field(defaults, "default")
    for name in (SOURCE_URL, REFERENCE_ID):
        if name in by_field:
            raise UsageError(
                f"{name} cannot have a default: it differs from row to row.", setting="default"
            )
    return by_field


def _title_in(url: str) -> str:
    """Return the file name in a URL, without its extension."""
    path = re.split("[?#]", url)[0].partition("://")[2].partition("/")[2]
    file_name = unquote(path.rpartition("/")[2])
    extension = extension_of(url)
    return file_name[: -len(extension) - 1] if extension else file_name
