"""Map the columns of a manifest to the fields of the platform, by the header and the first rows.

`source_column.py` finds the column of source URLs, `text_columns.py` those of titles and IDs. The
user's decisions (`overrides`) have priority. This module must not know files.
"""

import re
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Pairs
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
    alike_titles,
    choose_id,
    choose_title,
    notes_about_unused_ids,
)
from batch_import.manifest.columns.values import SampleColumn, has_url
from batch_import.manifest.extensions import extension_of
from batch_import.manifest.read import Chunk

#: Field without a column → where its value comes from.
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
        filename, extension, reference_id: None if the manifest has no such column.
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
    defaults: Pairs[str, str] = field(default_factory=dict)
    evidence: Pairs[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def positions(self) -> tuple[int, int | None, int | None, int | None]:
        """The position of each field's column, in the order of `FIELDS`."""
        return self.source_url, self.filename, self.extension, self.reference_id

    def describe(self, header: tuple[str, ...]) -> list[tuple[str, str]]:
        """Describe for each field its column and the reason, or how its value is generated."""
        return [
            (field, self._source(field, position, header))
            for field, position in zip(FIELDS, self.positions, strict=True)
        ]

    def _source(self, field: str, position: int | None, header: tuple[str, ...]) -> str:
        default = self.defaults.get(field)
        if field == EXTENSION and default is not None:
            column = "" if position is None else f"{heading_of(header[position], position)}, "
            return f"{column}{GENERATED[field]}; “{default}” where that tells none"
        if position is None:
            return GENERATED[field] if default is None else f"“{default}” in every row"
        name = heading_of(header[position], position)
        if field in self.evidence and header[position].strip():
            name = f"“{name}”"
        if (count := header.count(header[position])) > 1 and header[position].strip():
            name += f" (column {position + 1}; {count} have this name)"
        if field in self.evidence:
            name += f": {self.evidence[field]}"
        return name if default is None else f"{name}; “{default}” where that is blank"

    def cells(self, chunk: Chunk) -> list[list[str]]:
        """The cells of each field, in the order of `FIELDS`; blank if it has no column."""
        return [
            self._cells(chunk, field, position)
            for field, position in zip(FIELDS, self.positions, strict=True)
        ]

    def _cells(self, chunk: Chunk, field: str, position: int | None) -> list[str]:
        # A blank extension is first taken from the URL, and only then from the default.
        default = "" if field == EXTENSION else self.defaults.get(field, "")
        if position is not None:
            column: list[str] = chunk.frame[position].tolist()
            return [cell if cell.strip() else default for cell in column] if default else column
        if field == FILENAME and not default:
            return [_title_in(url.strip()) for url in chunk.frame[self.source_url]]
        return [default] * len(chunk.lines)


def first_chunk_with_url(chunks: Iterable[Chunk]) -> Chunk | None:
    """The chunk that is used to recognize the columns: the first one that has a URL.

    Later rows need not be looked at here, because each row is validated: a cell that does not fit
    its field is a problem of its row, and so is a duplicate ID.
    """
    first = None
    for chunk in chunks:
        first = chunk if first is None else first
        if any(has_url(chunk.frame[position]) for position in chunk.frame.columns):
            return chunk
    return first


def map_columns(
    header: tuple[str, ...],
    sample: Chunk | None,
    overrides: Pairs[str, str],
    defaults: Pairs[str, str] | None = None,
) -> ColumnMapping:
    """Find the column of each field.

    Args:
        header: the column names of the manifest.
        sample: the first rows, whose values are used to recognize the columns.
        overrides: field → column, from the setting `map`. It has priority. An empty column name
            means that the field has no column.
        defaults: field → value for blank cells.

    Raises:
        UsageError: an override or a default names an unknown field or a field twice, or an
            override an unknown column.
        ManifestError: a required column is missing, or several columns are equally good.
    """
    filled = _defaults(defaults or {})
    candidates = Candidates(sample_columns(header, sample))
    given = _by_field(overrides, "map")
    none = {name for name, column in given.items() if not column.strip()}
    if SOURCE_URL in none:
        raise UsageError(
            f"{SOURCE_URL} needs a column.",
            f"The manifest has: {join_column_names(header)}.",
            setting="map",
        )
    for name, column in given.items():
        if name not in none:
            candidates.take(name, ColumnChoice(_named(header, column)))
    if SOURCE_URL not in given:
        candidates.take(SOURCE_URL, choose_source(candidates))
    for name, choose in _CHOOSERS.items():
        if name not in given:
            candidates.take(name, choose(candidates))
    return _mapping(candidates, filled, given)


def _choose_extension(candidates: Candidates) -> ColumnChoice | None:
    return candidates.own(EXTENSION) or candidates.known(EXTENSION)


_CHOOSERS: Final = {
    EXTENSION: _choose_extension,
    FILENAME: choose_title,
    REFERENCE_ID: choose_id,
}


def sample_columns(header: Sequence[str], sample: Chunk | None) -> list[SampleColumn]:
    """The columns of a manifest with the cells of its first rows."""
    columns = []
    for position, name in enumerate(header):
        cells = () if sample is None else sample.frame[position]
        columns.append(SampleColumn(position, name, tuple(cell.strip() for cell in cells)))
    return columns


def _mapping(
    candidates: Candidates, defaults: Pairs[str, str], given: Pairs[str, str]
) -> ColumnMapping:
    taken = candidates.taken
    positions = {name: choice.position for name, choice in taken.items()}
    notes = notes_about_other_videos(candidates, taken[SOURCE_URL].position)
    if REFERENCE_ID not in given:
        notes += notes_about_unused_ids(candidates)
    if FILENAME not in positions and FILENAME not in defaults:
        source = candidates.columns[positions[SOURCE_URL]]
        notes += alike_titles(candidates, [_title_in(url) for url in source.filled])
    used = set(positions.values())
    return ColumnMapping(
        positions[SOURCE_URL],
        positions.get(FILENAME),
        positions.get(EXTENSION),
        positions.get(REFERENCE_ID),
        tuple(c.position for c in candidates.columns if c.position not in used),
        defaults,
        {name: choice.evidence for name, choice in taken.items() if choice.evidence},
        tuple(notes),
    )


def _named(header: Sequence[str], column: str) -> int:
    """Find the column of an override by its exact name, its folded name, or as `column 3`."""
    exact = [position for position, name in enumerate(header) if name == column]
    wanted = fold(column)
    found = exact or [at for at, name in enumerate(header) if fold(name) == wanted]
    if found:
        return found[0]
    place = COLUMN_BY_NUMBER.fullmatch(column.strip())
    if place and 0 < int(place[1]) <= len(header):
        return int(place[1]) - 1
    raise UsageError(
        f"“{column}” is not a column of the manifest.",
        did_you_mean(column, header) or f"It has: {join_column_names(header)}.",
        setting="map",
    )


def _by_field(given: Pairs[str, str], setting: str) -> dict[str, str]:
    """The values of a setting by the field's own name, which the user may write otherwise."""
    found: dict[str, str] = {}
    for name, value in given.items():
        field = _field(name, setting)
        if field in found:
            raise UsageError(
                f"{field} is given twice: “{found[field]}” and “{value}”.",
                "Remove one of the two.",
                setting=setting,
            )
        found[field] = value
    return found


def _field(name: str, setting: str) -> str:
    for known in FIELDS:
        if fold(known) == fold(name):
            return known
    raise UsageError(
        f"“{name}” is not a field.",
        did_you_mean(name, FIELDS) or f"The fields are {join_names(FIELDS)}.",
        setting=setting,
    )


def _defaults(given: Pairs[str, str]) -> dict[str, str]:
    defaults = _by_field(given, "default")
    for name in (SOURCE_URL, REFERENCE_ID):
        if name in defaults:
            raise UsageError(
                f"{name} cannot have a default: it differs from row to row.", setting="default"
            )
    return defaults


def _title_in(url: str) -> str:
    """The file name in a URL, without its extension."""
    path = re.split("[?#]", url)[0].partition("://")[2].partition("/")[2]
    name = unquote(path.rpartition("/")[2])
    extension = extension_of(url)
    return name[: -len(extension) - 1] if extension else name
