"""The header's names → fields of the platform. This file must not know files or rules of rows.

Names come from manifests and exports that people publish: the aliases stand here most frequent
first. Names mislead (a `video_id` that holds URLs), so values of the first rows are looked at.
"""

import difflib
import re
from collections.abc import Iterable
from collections.abc import Mapping as Pairs
from dataclasses import dataclass, field
from urllib.parse import unquote

from batch_import.errors import ManifestError, UsageError, named
from batch_import.manifest.columns.aliases import (
    ALIASES,
    EXTENSION,
    FIELDS,
    FILENAME,
    REFERENCE_ID,
    SOURCE_URL,
    fold,
)
from batch_import.manifest.extensions import extension_of
from batch_import.manifest.read import Chunk

_MADE = {
    FILENAME: "taken from the file's name in the URL",
    EXTENSION: "taken from the end of the URL",
    REFERENCE_ID: "made from the URL",
}

_URL = re.compile(r"https?://", re.IGNORECASE)
#: Enough to show the idea; all of them would hide the hint behind them.
_NAMES_SHOWN = 8
_LONGEST_NAME = 40

#: How well the values of a column suit as sourceUrl.
_OTHER, _URLS, _VIDEOS = range(3)


@dataclass(frozen=True, slots=True)
class Mapping:
    """Positions of the fields' columns in the header, from 0.

    Attributes:
        filename, extension, reference_id: None where the manifest has no such column.
        extras: positions of all other columns.
        defaults: field → what fills its blank cells, or its missing column.
    """

    source_url: int
    filename: int | None
    extension: int | None
    reference_id: int | None
    extras: tuple[int, ...]
    defaults: Pairs[str, str] = field(default_factory=dict)

    @property
    def positions(self) -> tuple[int, int | None, int | None, int | None]:
        """Of all fields, in the order of `FIELDS`."""
        return self.source_url, self.filename, self.extension, self.reference_id

    def describe(self, header: tuple[str, ...]) -> list[tuple[str, str]]:
        """Say for each field which column it is, or how its value is made."""
        return [
            (field, self._source(field, position, header))
            for field, position in zip(FIELDS, self.positions, strict=True)
        ]

    def _source(self, field: str, position: int | None, header: tuple[str, ...]) -> str:
        default = self.defaults.get(field)
        if field == EXTENSION and default is not None:
            column = "" if position is None else f"{header[position]}, "
            return f"{column}{_MADE[field]}; “{default}” where that tells none"
        if position is None:
            return _MADE[field] if default is None else f"“{default}” in every row"
        name = header[position]
        if header.count(name) > 1:
            name += f" (column {position + 1}; {header.count(name)} have this name)"
        return name if default is None else f"{name}; “{default}” where that is blank"

    def cells(self, chunk: Chunk) -> list[list[str]]:
        """The columns of the fields, in the order of `FIELDS`; blank where there is none."""
        return [
            self._cells(chunk, field, position)
            for field, position in zip(FIELDS, self.positions, strict=True)
        ]

    def _cells(self, chunk: Chunk, field: str, position: int | None) -> list[str]:
        # An extension has a second source before its default: the address.
        default = "" if field == EXTENSION else self.defaults.get(field, "")
        if position is not None:
            column: list[str] = chunk.frame[position].tolist()
            return [cell if cell.strip() else default for cell in column] if default else column
        if field == FILENAME and not default:
            return [_title_in(url.strip()) for url in chunk.frame[self.source_url]]
        return [default] * len(chunk.lines)


def map_columns(
    header: tuple[str, ...],
    sample: Chunk | None,
    overrides: Pairs[str, str],
    defaults: Pairs[str, str] | None = None,
) -> Mapping:
    """Find the column of each field.

    Args:
        header: the names as they stand in the manifest.
        sample: the first rows, to tell columns with like names apart.
        overrides: field → column, as the user wants it; stronger than any name.
        defaults: field → what fills its gaps.

    Raises:
        UsageError: an override or a default names no field, or an override no column.
        ManifestError: a needed column is missing, or more than one could be meant.
    """
    return _Search(header, sample).run(overrides, _defaults(defaults or {}))


class _Search:
    """One header, and which of its columns are taken so far."""

    def __init__(self, header: tuple[str, ...], sample: Chunk | None) -> None:
        self.header = header
        self.sample = sample
        self.folded = [fold(name) for name in header]
        self.taken: dict[str, int] = {}

    def run(self, overrides: Pairs[str, str], defaults: Pairs[str, str]) -> Mapping:
        for name, column in overrides.items():
            self.taken[_field(name, "map")] = self._named(column)
        for name in FIELDS:
            self._take(name, self._only(name, self._at(fold(name))))
        self._take(SOURCE_URL, self._source_url())
        for name in (FILENAME, EXTENSION, REFERENCE_ID):
            self._take(name, self._first_alias(name))
        source_url = self._needed(SOURCE_URL)
        # A list of addresses has no column that could have been meant for titles.
        if FILENAME not in defaults and len(self.header) > 1:
            self._needed(FILENAME)
        used = set(self.taken.values())
        return Mapping(
            source_url,
            self.taken.get(FILENAME),
            self.taken.get(EXTENSION),
            self.taken.get(REFERENCE_ID),
            tuple(position for position in range(len(self.header)) if position not in used),
            defaults,
        )

    def _take(self, field: str, position: int | None) -> None:
        if position is not None:
            self.taken.setdefault(field, position)

    def _at(self, folded: str) -> list[int]:
        """Where a name stands, but for columns that another field has."""
        used = set(self.taken.values())
        return [
            position
            for position, name in enumerate(self.folded)
            if name == folded and position not in used
        ]

    def _only(self, field: str, positions: list[int]) -> int | None:
        """One column, or none. Of several with the same name it is the first.

        Raises:
            ManifestError: there are several with different names.
        """
        if field in self.taken or not positions:
            return None
        if len({self.folded[position] for position in positions}) > 1:
            raise self._ambiguous(field, positions)
        return min(positions)

    def _named(self, column: str) -> int:
        """The column that an override means: by its exact name, else by its folded one."""
        exact = [position for position, name in enumerate(self.header) if name == column]
        wanted = fold(column)
        found = exact or [at for at, name in enumerate(self.folded) if name == wanted]
        if not found:
            raise UsageError(
                f"“{column}” is not a column of the manifest.",
                _did_you_mean(column, self.header) or f"It has: {_list(self.header)}.",
                setting="map",
            )
        return found[0]

    def _source_url(self) -> int | None:
        if SOURCE_URL in self.taken:
            return None
        candidates = [at for alias in ALIASES[SOURCE_URL] for at in self._at(fold(alias))]
        if not candidates:
            return None
        suits = {position: self._suits(position) for position in candidates}
        best = max(suits.values())
        return self._only(SOURCE_URL, [at for at in candidates if suits[at] == best])

    def _first_alias(self, field: str) -> int | None:
        for alias in ALIASES[field]:
            positions = [at for at in self._at(fold(alias)) if self._suits(at) == _OTHER]
            if positions:
                return self._only(field, positions)
        return None

    def _suits(self, position: int) -> int:
        """Judge a column by its values that are not blank."""
        if self.sample is None:
            return _OTHER
        values = [cell for cell in self.sample.frame[position].str.strip() if cell]
        urls = [cell for cell in values if _URL.match(cell)]
        if len(urls) * 2 <= len(values):
            return _OTHER
        videos = sum(1 for url in urls if extension_of(url))
        return _VIDEOS if videos * 2 > len(values) else _URLS

    def _needed(self, field: str) -> int:
        if field in self.taken:
            return self.taken[field]
        accepted = (field, *ALIASES[field])
        near = _near(self.header, accepted)
        if field == SOURCE_URL:
            near = self._addresses() or near
        if near:
            hint = f"Is it {_list(near)}? Then add {named('map', f'{field}={near[0]}')}."
        else:
            choose = named("map", f"{field}=COLUMN")
            hint = f"It has: {_list(self.header)}. Name the right one with {choose}."
        raise ManifestError(
            f"The manifest has no column for {field}; it may be called {_list(accepted)}.", hint
        )

    def _addresses(self) -> list[str]:
        """Names of the columns that hold URLs of videos, or else any."""
        suits = [self._suits(position) for position in range(len(self.header))]
        best = max(suits)
        return [
            name for name, suit in zip(self.header, suits, strict=True) if suit == best > _OTHER
        ]

    def _ambiguous(self, field: str, positions: list[int]) -> ManifestError:
        names = list(dict.fromkeys(self.header[position] for position in positions))
        return ManifestError(
            f"More than one column could be {field}: {_list(names)}.",
            f"Choose with {named('map', f'{field}={names[0]}')}.",
        )


def _field(name: str, setting: str) -> str:
    for known in FIELDS:
        if fold(known) == fold(name):
            return known
    raise UsageError(
        f"“{name}” is not a field.",
        _did_you_mean(name, FIELDS) or f"The fields are {_list(FIELDS)}.",
        setting=setting,
    )


def _near(header: tuple[str, ...], accepted: tuple[str, ...]) -> list[str]:
    """Names of the header that look like an accepted one."""
    names = [fold(name) for name in accepted]
    return [name for name in header if difflib.get_close_matches(fold(name), names, 1, 0.7)]


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    by_folded = {fold(name): name for name in known}
    near = difflib.get_close_matches(fold(word), list(by_folded), 1)
    return f"Did you mean “{by_folded[near[0]]}”?" if near else ""


def _defaults(given: Pairs[str, str]) -> dict[str, str]:
    defaults = {_field(name, "default"): value for name, value in given.items()}
    for name in (SOURCE_URL, REFERENCE_ID):
        if name in defaults:
            raise UsageError(
                f"{name} cannot have a default: it differs from row to row.", setting="default"
            )
    return defaults


def _title_in(url: str) -> str:
    """What a file is called in its URL, but for the extension."""
    path = re.split("[?#]", url)[0].partition("://")[2].partition("/")[2]
    name = unquote(path.rpartition("/")[2])
    extension = extension_of(url)
    return name[: -len(extension) - 1] if extension else name


def _list(names: Iterable[str]) -> str:
    """As many names as can be taken in, and no more of each."""
    every = [name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…" for name in names]
    more = f", and {len(every) - _NAMES_SHOWN} more" if len(every) > _NAMES_SHOWN else ""
    return ", ".join(f"“{name}”" for name in every[:_NAMES_SHOWN]) + more
