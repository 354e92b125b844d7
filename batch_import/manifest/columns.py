"""The header's names → fields of the platform. This file must not know files or rules of rows.

Names come from manifests and exports that people publish: the aliases stand here most frequent
first. Names mislead (a `video_id` that holds URLs), so values of the first rows are looked at.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from batch_import.errors import ManifestError, UsageError
from batch_import.manifest.extensions import extension_of
from batch_import.manifest.read import Chunk

#: As the platform calls them (guide, step 1).
FIELDS = ("sourceUrl", "filename", "extension", "referenceId")
_SOURCE_URL, _FILENAME, _EXTENSION, _REFERENCE_ID = FIELDS

#: Beside the field's own name. Compared folded.
_ALIASES: dict[str, tuple[str, ...]] = {
    _SOURCE_URL: (
        "url",
        "link",
        "links",
        "video_url",
        "youtube_url",
        "uri",
        "video_uri",
        "manifest_uri",
        "contentUrl",
        "object_location",
        "file",
        "filename",
        "filePath",
        "src",
        "source",
        "service_file",
        "desktop_mp4 URL",
        "file_location",
        "webpage_url",
        "stream_url",
        "downloadablelink",
        "public_url",
        "video",
        "path",
        "视频链接",
        "影片連結",
        "Видео",
    ),
    _FILENAME: (
        "title",
        "name",
        "video_title",
        "headline",
        "event_title",
        "Titel",
        "TituloVideo",
        "タイトル",
        "标题",
    ),
    _EXTENSION: ("ext", "file_extension"),
    _REFERENCE_ID: (
        "id",
        "video_id",
        "media_id",
        "objectid",
        "key",
        "sku",
        "guid",
        "identifier",
        "source_identifier",
        "pid",
        "asset_id",
        "slug",
        "vid",
    ),
}

_MADE = {
    _EXTENSION: "taken from the end of the URL",
    _REFERENCE_ID: "made from the URL",
}

_URL = re.compile(r"https?://", re.IGNORECASE)
#: Enough to show the idea; all of them would hide the hint behind them.
_NAMES_SHOWN = 8
_IGNORED = re.compile(r"[\s_-]+")

#: How well the values of a column suit as sourceUrl.
_OTHER, _URLS, _VIDEOS = range(3)


@dataclass(frozen=True, slots=True)
class Mapping:
    """Positions of the fields' columns in the header, from 0.

    Attributes:
        extension, reference_id: None where the manifest has no such column.
        extras: positions of all other columns.
    """

    source_url: int
    filename: int
    extension: int | None
    reference_id: int | None
    extras: tuple[int, ...]

    @property
    def positions(self) -> tuple[int, int, int | None, int | None]:
        """Of all fields, in the order of `FIELDS`."""
        return self.source_url, self.filename, self.extension, self.reference_id

    def describe(self, header: tuple[str, ...]) -> list[tuple[str, str]]:
        """Say for each field which column it is, or how its value is made."""
        return [
            (field, _MADE[field] if position is None else header[position])
            for field, position in zip(FIELDS, self.positions, strict=True)
        ]


def map_columns(
    header: tuple[str, ...], sample: Chunk | None, overrides: dict[str, str]
) -> Mapping:
    """Find the column of each field.

    Args:
        header: the names as they stand in the manifest.
        sample: the first rows, to tell columns with like names apart.
        overrides: field → column, as the user wants it; stronger than any name.

    Raises:
        UsageError: an override names no field or no column.
        ManifestError: a needed column is missing, or more than one could be meant.
    """
    return _Search(header, sample).run(overrides)


class _Search:
    """One header, and which of its columns are taken so far."""

    def __init__(self, header: tuple[str, ...], sample: Chunk | None) -> None:
        self.header = header
        self.sample = sample
        self.folded = [_fold(name) for name in header]
        self.taken: dict[str, int] = {}

    def run(self, overrides: dict[str, str]) -> Mapping:
        for field, column in overrides.items():
            self.taken[_field(field)] = self._named(column)
        for field in FIELDS:
            self._take(field, self._only(field, self._at(_fold(field))))
        self._take(_SOURCE_URL, self._source_url())
        for field in (_FILENAME, _EXTENSION, _REFERENCE_ID):
            self._take(field, self._first_alias(field))
        used = set(self.taken.values())
        return Mapping(
            self._needed(_SOURCE_URL),
            self._needed(_FILENAME),
            self.taken.get(_EXTENSION),
            self.taken.get(_REFERENCE_ID),
            tuple(position for position in range(len(self.header)) if position not in used),
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
        """One column, or none; several of the same name are the user's to tell apart."""
        if field in self.taken or not positions:
            return None
        if len(positions) > 1:
            raise self._ambiguous(field, positions)
        return positions[0]

    def _named(self, column: str) -> int:
        """The column that an override means: by its exact name, else by its folded one."""
        exact = [position for position, name in enumerate(self.header) if name == column]
        wanted = _fold(column)
        found = exact or [at for at, name in enumerate(self.folded) if name == wanted]
        if not found:
            raise UsageError(
                f"The manifest has no column “{column}”.",
                _did_you_mean(column, self.header) or f"It has: {_list(self.header)}.",
            )
        if len(found) > 1:
            raise ManifestError(
                f"The manifest has {len(found)} columns “{column}”.", "Rename all but one."
            )
        return found[0]

    def _source_url(self) -> int | None:
        if _SOURCE_URL in self.taken:
            return None
        candidates = [at for alias in _ALIASES[_SOURCE_URL] for at in self._at(_fold(alias))]
        if not candidates:
            return None
        suits = {position: self._suits(position) for position in candidates}
        best = max(suits.values())
        return self._only(_SOURCE_URL, [at for at in candidates if suits[at] == best])

    def _first_alias(self, field: str) -> int | None:
        for alias in _ALIASES[field]:
            positions = [at for at in self._at(_fold(alias)) if self._suits(at) == _OTHER]
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
        accepted = (field, *_ALIASES[field])
        near = _near(self.header, accepted)
        if any(_URL.match(name.strip()) for name in self.header):
            hint = "The first line seems to be a row: put the names of the columns above it."
        elif near:
            hint = f"Is it {_list(near)}? Then add --map {field}={_quoted(near[0])}."
        else:
            hint = f"It has: {_list(self.header)}. Name the right one with --map {field}=COLUMN."
        others = ", and others" if len(accepted) > _NAMES_SHOWN else ""
        raise ManifestError(
            f"The manifest has no column for {field}; it may be called"
            f" {_list(accepted[:_NAMES_SHOWN])}{others}.",
            hint,
        )

    def _ambiguous(self, field: str, positions: list[int]) -> ManifestError:
        names = [self.header[position] for position in positions]
        if len(set(names)) < len(names):
            return ManifestError(
                f"The manifest has more than one column {_list(dict.fromkeys(names))} for {field}.",
                "Rename all but one.",
            )
        return ManifestError(
            f"More than one column could be {field}: {_list(names)}.",
            f"Choose with --map {field}={_quoted(names[0])}.",
        )


def _fold(name: str) -> str:
    """What is left of a name when case, spaces, `_`, `-` and forms of letters do not count."""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", name)).casefold()


def _field(name: str) -> str:
    for field in FIELDS:
        if _fold(field) == _fold(name):
            return field
    raise UsageError(
        f"There is no field “{name}”.",
        _did_you_mean(name, FIELDS) or f"The fields are {_list(FIELDS)}.",
    )


def _near(header: tuple[str, ...], accepted: tuple[str, ...]) -> list[str]:
    """Names of the header that look like an accepted one."""
    names = [_fold(name) for name in accepted]
    return [name for name in header if difflib.get_close_matches(_fold(name), names, 1, 0.7)]


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    by_folded = {_fold(name): name for name in known}
    near = difflib.get_close_matches(_fold(word), list(by_folded), 1)
    return f"Did you mean “{by_folded[near[0]]}”?" if near else ""


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)


def _quoted(name: str) -> str:
    """Fit to be pasted into a shell."""
    return '"' + re.sub(r'([\\"$`])', r"\\\1", name) + '"'
