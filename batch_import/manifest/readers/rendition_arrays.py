"""Decide which arrays of a nested file contain the renditions of a video. No I/O.

A rendition is one of several files of the same video. An export often has the renditions of each
video in an array inside the object of the video, and each rendition has an ID of its own. If they
were read as videos, one video would be imported several times.
"""

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from itertools import chain
from typing import Final

from batch_import.manifest.columns.aliases import field_of
from batch_import.manifest.columns.headings import (
    id_strength,
    last_part,
    split_words,
    title_strength,
)
from batch_import.manifest.columns.rendition_names import rendition_of
from batch_import.manifest.columns.values import CellKind
from batch_import.manifest.readers.nested_records import ANY_KEY, KeyPath
from batch_import.manifest.readers.record_survey import INHERITED_FIELDS, Survey, cached_named_field
from batch_import.manifest.readers.renditions import file_kind, is_original, picture_size

#: Minimum scores (`headings.title_strength` and `id_strength`) of a title and an ID of a video.
_TITLE_STRENGTH: Final = 3
_ID_STRENGTH: Final = 5
#: If at least this fraction of the videos has a property, nearly all videos have it.
_NEARLY_ALL: Final = 0.8
#: If more than this fraction of the videos has a property, most videos have it.
_MOST: Final = 0.5
#: Words in the names of arrays of renditions.
_ARRAY_WORDS: Final = frozenset(
    """
    asset assets copies derivatives download downloads encodings file files flavor flavors flavour
    flavours formats outputs profiles qualities renditions source sources streams transcodes
    transcodings variants versions
    """.split()
)
#: Folded names of members with the duration of a file.
_DURATION_NAMES: Final = frozenset(
    {"duration", "durationms", "durationseconds", "length", "msduration", "runtime"}
)
#: Durations of renditions of one video differ by less than this fraction.
_DURATION_TOLERANCE: Final = 0.05


class ArrayKind(Enum):
    """What the objects of an array are."""

    #: Videos of their own.
    VIDEOS = auto()
    #: Renditions of the video that encloses them.
    RENDITIONS = auto()
    #: Probably renditions: they have no title, no ID and no size of their own.
    FILES_WITHOUT_NAMES = auto()
    #: Either videos or renditions. The user decides.
    UNCLEAR = auto()


class RenditionArrays:
    """The kinds of all arrays of a file.

    Args:
        survey: the first pass over the file.
    """

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._kinds = {path: self._find_kind(path) for path in survey.arrays}

    def kind(self, path: KeyPath) -> ArrayKind:
        """Return the kind of an array."""
        return self._kinds[path]

    def parent(self, path: KeyPath) -> KeyPath | None:
        """Return the array whose objects contain an array; None if it is in no other array."""
        for length in range(len(path) - 1, -1, -1):
            if path[:length] in self._survey.arrays:
                return path[:length]
        return None

    def arrays_inside(self, parent: KeyPath, kinds: Sequence[ArrayKind]) -> list[KeyPath]:
        """Return the arrays of some kinds in the objects of an array."""
        return [
            path
            for path, kind in self._kinds.items()
            if kind in kinds and self.parent(path) == parent
        ]

    def have_different_durations(self, path: KeyPath) -> bool:
        """Whether the files of most objects have different durations: then they are videos."""
        groups = self._survey.arrays[path].sibling_groups()
        durations = [list(filter(None, map(_duration, group))) for group in groups]
        several = [group for group in durations if len(group) > 1]
        different = [
            group for group in several if max(group) - min(group) > _DURATION_TOLERANCE * max(group)
        ]
        return len(different) > _MOST * len(several)

    def _find_kind(self, path: KeyPath) -> ArrayKind:
        if path[-1:] == (ANY_KEY,) or not self._is_in_named_objects(path):
            return ArrayKind.VIDEOS
        if self.have_different_durations(path):
            return ArrayKind.VIDEOS
        groups = self._survey.arrays[path].sibling_groups()
        names = {name for cells in chain(*groups) for name in cells}
        has_titles = any(is_title_name(name) and _are_titles(name, groups) for name in names)
        if _are_different_versions(groups):
            if has_titles:
                return ArrayKind.UNCLEAR if _have_one_original(groups) else ArrayKind.VIDEOS
            return (
                ArrayKind.RENDITIONS if _have_further_evidence(path, groups) else ArrayKind.UNCLEAR
            )
        has_ids = any(is_id_name(name) for name in names)
        return ArrayKind.VIDEOS if has_titles or has_ids else ArrayKind.FILES_WITHOUT_NAMES

    def _is_in_named_objects(self, path: KeyPath) -> bool:
        """Whether the objects that contain an array have a title or an ID."""
        parent = self.parent(path)
        if parent is None:
            return False
        prefix = enclosing_prefix(parent)
        return any(
            column.key.startswith(prefix) and field_of(column.plain_key) in INHERITED_FIELDS
            for shape in self._survey.shapes
            if shape.path == path
            for column in shape.inherited
        )


def enclosing_prefix(path: KeyPath) -> str:
    """Return the prefix of the columns that a record inherits from an object of an array."""
    return f"{path[-1] if path else 'parent'}."


def is_title_name(name: str) -> bool:
    """Whether a member has the title of a video, by its name."""
    return cached_named_field(name) == INHERITED_FIELDS[0] or title_strength(name) >= (
        _TITLE_STRENGTH
    )


def is_id_name(name: str) -> bool:
    """Whether a member has the ID of a video, by its name."""
    return cached_named_field(name) == INHERITED_FIELDS[1] or id_strength(name) >= _ID_STRENGTH


#: The files of each object that contains the array: group → file → key → text.
_Groups = Sequence[Sequence[Mapping[str, str]]]


def _are_titles(name: str, groups: _Groups) -> bool:
    """Whether a member distinguishes videos, and not only versions such as `720p` and `low.mp4`."""
    values = [value for cells in chain(*groups) if (value := cells.get(name, "").strip())]
    if all(map(_is_version_name, values)):
        return False
    # If only one object contains files, the values cannot be compared with those of other objects.
    parent_count = sum(1 for group in groups if any(cells.get(name) for cells in group))
    return parent_count == 1 or len(set(values)) > _MOST * len(values)


def _is_version_name(value: str) -> bool:
    """Whether a text, without its extension, consists only of words of renditions."""
    rendition = rendition_of(value.rpartition(".")[0] or value)
    return rendition is not None and not rendition.stem


def _duration(cells: Mapping[str, str]) -> float:
    """Return the duration of a file, in the unit of the manifest; 0 if it is not known."""
    for name, cell in cells.items():
        folded_name = "".join(split_words(last_part(name)))
        if folded_name in _DURATION_NAMES and cell.replace(".", "", 1).isdecimal():
            return float(cell)
    return 0.0


def _are_different_versions(groups: _Groups) -> bool:
    """Whether the files of nearly all objects differ in size, or one of them is the original."""
    sizes = [
        [size for cells in group if _is_file(cells) and any(size := picture_size(cells))]
        for group in groups
    ]
    several = [group for group in sizes if len(group) > 1]
    if not several:
        # No object has two sizes to compare. Then one known size is enough.
        return any(any(group) for group in sizes) or any(map(is_original, chain(*groups)))
    distinct_count = sum(1 for group in several if len(set(group)) == len(group))
    return distinct_count >= _NEARLY_ALL * len(several) or _have_one_original(groups)


def _have_one_original(groups: _Groups) -> bool:
    """Whether most objects with several files have exactly one that is marked as the original."""
    several = [group for group in groups if len(group) > 1]
    count = sum(1 for group in several if sum(map(is_original, group)) == 1)
    return count > _MOST * len(several)


def _is_file(cells: Mapping[str, str]) -> bool:
    return file_kind(cells) in (CellKind.PAGE, CellKind.VIDEO)


def _have_further_evidence(path: KeyPath, groups: _Groups) -> bool:
    """Whether something other than the sizes shows that the files are versions of one video."""
    has_streams = any(
        CellKind.STREAM in kinds and CellKind.VIDEO in kinds
        for kinds in ([file_kind(cells) for cells in group] for group in groups)
    )
    is_array_of_files = not _ARRAY_WORDS.isdisjoint(split_words(path[-1])) if path else False
    return has_streams or is_array_of_files or _have_one_original(groups)
