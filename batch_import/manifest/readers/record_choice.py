"""Choose which objects of a nested file are the records: the objects with the source URLs.

A first pass over the file collects all arrays and samples of their objects (`record_survey.py`).
Outer arrays have priority over the arrays in their objects. This module must not know the syntax of
a format.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ManifestError, setting_ref
from batch_import.manifest.columns.aliases import SOURCE_URL, fold
from batch_import.manifest.columns.headings import id_strength, quality_in_name, title_strength
from batch_import.manifest.columns.source_column import may_have_source_urls
from batch_import.manifest.columns.values import CellKind, has_url
from batch_import.manifest.readers.nested_records import (
    ANY_KEY,
    JsonRecord,
    KeyPath,
    RecordBatch,
    Walk,
    flatten,
)
from batch_import.manifest.readers.record import check_header_width
from batch_import.manifest.readers.record_survey import (
    INHERITED_FIELDS,
    InheritedColumn,
    Shape,
    Survey,
    cached_named_field,
    find_title_and_id_keys,
    inheritable_columns,
    shape_of,
)

#: If less than this fraction of the objects of an outer array contains an inner array, the outer
#: array is read.
_MIN_SHARE_WITH_ARRAY: Final = 0.5
#: Minimum number of sampled objects with a URL in an object of objects whose members are records.
_MIN_URLS_OF_COLLECTION: Final = 2
#: Minimum scores (`headings.title_strength` and `id_strength`) of a title and an ID of a video.
_TITLE_STRENGTH: Final = 3
_ID_STRENGTH: Final = 5


class _ArrayScore(NamedTuple):
    """A score of how likely the objects of an array are the videos. Greater is more likely.

    Attributes:
        is_mapped: whether the objects have the member that the user mapped to the source URL.
        kind: the best kind of values in a member. The next two attributes describe this member.
        is_main: whether the name of the member is not a name of a trailer or a smaller copy.
        has_usual_name: whether the name of the member is a usual name of the source URL.
    """

    is_mapped: bool
    kind: CellKind
    is_main: bool
    has_usual_name: bool

    @property
    def level(self) -> tuple[bool, CellKind, bool]:
        """The part of the score that gives an outer array priority over an inner one."""
        return self.is_mapped, self.kind, self.is_main


class RecordChoice:
    """The arrays with the records of a file, chosen after a first pass over it.

    Args:
        name: name of the manifest, for messages.
        walk: reads the file and yields its objects.
        options: the user's decisions about how the file is read.

    Attributes:
        outer_members: the members of the objects that contain arrays and are not in an array.
        paths: paths of the arrays with the records. The others are in objects of the first array.
        notes: sentences for the user about further arrays with videos, and about renditions.

    Raises:
        ManifestError: there are no records, or several arrays are equally good.
    """

    def __init__(self, name: str, walk: Walk, options: ReadingOptions) -> None:
        self._name = name
        self._wanted_path = tuple(options.records.split(".")) if options.records else None
        #: Folded keys that the user mapped to the source URL.
        self._mapped_keys = {
            fold(key) for field, key in options.map.items() if fold(field) == fold(SOURCE_URL)
        }
        self._survey = Survey(walk, self._is_surveyed)
        self.outer_members = self._survey.outer_members
        #: A function: path of an array → the members that its records inherit from objects that
        #: are not in an array.
        self.find_members_outside_arrays = self._survey.inherited_members
        self._shapes, self._arrays = self._survey.shapes, self._survey.arrays
        self._columns = {path: array.columns() for path, array in self._arrays.items()}
        self._scores = {path: self._score(path) for path in self._arrays}
        self.paths = self._choose_paths()
        #: Shape of a record → the columns that it inherits.
        self._record_shapes = {
            shape: self._inherited_columns(shape)
            for shape in self._shapes
            if self._is_record(shape)
        }
        self.notes = tuple(filter(None, (self._note_other_arrays(), self._note_renditions())))

    # The first walk --------------------------------------------------------------------------

    def _is_surveyed(self, found: JsonRecord) -> bool:
        """Whether the first pass visits the arrays of an object.

        It does not if the object has a URL and uncertain members: then it is a record with a fault.
        """
        if self._wanted_path is not None:
            return _contains(found.path, self._wanted_path)
        return not (found.fault and has_url(flatten(found.members).values()))

    # Which arrays -----------------------------------------------------------------------------

    def _score(self, path: KeyPath) -> _ArrayScore | None:
        """Return the score of an array; None if its objects have no member for the source URL."""
        if path[-1:] == (ANY_KEY,) and not self._is_collection(path):
            return None
        columns = self._columns[path]
        mapped = [column for column in columns if self._is_mapped(column.name)]
        by_values = [column for column in columns if may_have_source_urls(column)]
        by_name = [column for column in columns if cached_named_field(column.name) == SOURCE_URL]
        if not (mapped or by_values or by_name):
            return None
        kind = max((column.kind for column in by_values), default=CellKind.BLANK)
        best = [column for column in by_values if column.kind is kind] or mapped or by_name
        return _ArrayScore(
            is_mapped=bool(mapped),
            kind=kind,
            is_main=max(quality_in_name(column.name) for column in best) >= 0,
            has_usual_name=any(cached_named_field(column.name) == SOURCE_URL for column in best),
        )

    def _is_collection(self, path: KeyPath) -> bool:
        """Whether an object of objects contains several videos. A single URL may be by chance."""
        sample = self._arrays[path].sample
        return sum(1 for cells in sample if has_url(cells.values())) >= _MIN_URLS_OF_COLLECTION

    def _is_mapped(self, key: str) -> bool:
        return fold(key) in self._mapped_keys

    def _choose_paths(self) -> list[KeyPath]:
        real_arrays = sorted((path for path in self._arrays if path[-1:] != (ANY_KEY,)), key=len)
        if self._wanted_path is not None:
            if self._wanted_path not in self._arrays:
                description = f"has no array “{'.'.join(self._wanted_path)}”"
                raise self._error(description, self._list_choices(real_arrays))
            return [self._wanted_path]
        scores = {path: score for path, score in self._scores.items() if score}
        if not scores:
            if not real_arrays:
                hint = "Write [{…}, {…}], an object a video."
                raise self._error("holds no array of objects", hint)
            return [self._only(_outermost(real_arrays))]
        best_level = max(score.level for score in scores.values())
        best = _outermost([path for path, score in scores.items() if score.level == best_level])
        candidates = _outermost([self._prefer_outer_array(path, scores) for path in best])
        ranks = {
            path: (scores[path].has_usual_name, path[-1:] != (ANY_KEY,)) for path in candidates
        }
        best_rank = max(ranks.values())
        main = self._only([path for path in candidates if ranks[path] == best_rank])
        return [main, *sorted(self._find_additional_arrays(main), key=len)]

    def _prefer_outer_array(self, path: KeyPath, scores: Mapping[KeyPath, _ArrayScore]) -> KeyPath:
        """Return an outer array with URLs, if most of its objects do not contain this array.

        Otherwise this array is returned.
        """
        for outer_path, score in scores.items():
            if _contains(outer_path, path) and score.kind >= CellKind.PAGE:
                count_with_array = sum(
                    count
                    for shape, count in self._shapes.items()
                    if shape.path == outer_path and _is_in(path, shape.inner_arrays)
                )
                if count_with_array < _MIN_SHARE_WITH_ARRAY * self._arrays[outer_path].count:
                    return outer_path
        return path

    def _find_additional_arrays(self, main: KeyPath) -> Iterator[KeyPath]:
        """Yield the arrays in objects of the main array that have no URL of their own.

        Arrays in objects with a URL contain something else, such as trailers or chapters.
        """
        arrays_beside_urls = {
            inner_array
            for shape in self._shapes
            if shape.path == main and self._has_url_member(shape)
            for inner_array in shape.inner_arrays
        }
        for path, score in self._scores.items():
            has_own_videos = _contains(main, path) and not _is_in(path, arrays_beside_urls)
            if score and score.is_main and has_own_videos:
                yield path

    def _only(self, paths: Sequence[KeyPath]) -> KeyPath:
        """Return the only path; raise an error if there are several."""
        if len(paths) > 1:
            description = "has more than one array that could be meant"
            raise self._error(description, self._list_choices(paths))
        return paths[0]

    def _list_choices(self, paths: Sequence[KeyPath]) -> str:
        names = [".".join(path) for path in paths if path]
        if not names:
            return f"Its only array is the outermost one: leave {setting_ref('records')} out."
        return f"Choose one: {', '.join(setting_ref('records', name) for name in names)}."

    def _note_other_arrays(self) -> str:
        """Return a note about arrays with videos that are not read; empty if there are none."""
        if self._wanted_path is not None:
            return ""
        chosen_scores = [score for path in self.paths if (score := self._scores[path])]
        kind = max((score.kind for score in chosen_scores), default=CellKind.PAGE)
        others = [
            path
            for path, score in self._scores.items()
            if score and path and path not in self.paths and score.kind >= max(CellKind.PAGE, kind)
        ]
        if not others:
            return ""
        listed = ", ".join(f"“{'.'.join(path)}” ({self._arrays[path].count})" for path in others)
        option = setting_ref("records", ".".join(others[0]))
        return f"Not read, though they have URLs too: {listed}. To read one: {option}"

    def _note_renditions(self) -> str:
        """Return a note if objects contain several files of one video; otherwise empty."""
        if not any(
            shape in self._survey.sibling_shapes and self._are_renditions(shape)
            for shape in self._record_shapes
        ):
            return ""
        return (
            f"Several files of one object (“{self.paths[-1][-1]}”) are one video: the original or"
            " the largest is read; if it is unclear which is the largest, they are a problem of"
            " their rows"
        )

    # Which objects of these arrays ------------------------------------------------------------

    def _has_url_member(self, shape: Shape) -> bool:
        """Whether an object has a member for the source URL, which may be blank."""
        return any(key in self._url_keys(shape.path) for key in shape.keys)

    @lru_cache(maxsize=1_000)  # noqa: B019 - this object lives only while the file is read
    def _url_keys(self, path: KeyPath) -> frozenset[str]:
        return frozenset(
            column.name
            for column in self._columns[path]
            if may_have_source_urls(column)
            or self._is_mapped(column.name)
            or cached_named_field(column.name) == SOURCE_URL
        )

    def _is_record(self, shape: Shape) -> bool:
        """Whether objects of a shape are records.

        An object of a chosen array is a record if it has a member for the source URL, or if it
        contains no chosen array.
        """
        if shape.path not in self.paths:
            return False
        return self._has_url_member(shape) or not any(
            _is_in(path, shape.inner_arrays) for path in self.paths
        )

    def has_records_inside(self, found: JsonRecord) -> bool:
        """Whether an object contains records: it is not a record itself, but encloses one."""
        if not any(_contains(found.path, path) for path in self.paths):
            return False
        is_record = self.inherited_columns(found, flatten(found.members)) is not None
        return found.path not in self.paths or not is_record

    def inherited_columns(
        self, found: JsonRecord, cells: Mapping[str, str]
    ) -> tuple[InheritedColumn, ...] | None:
        """Return the columns that a record inherits; None if the object is not a record.

        Args:
            found: the object.
            cells: its flattened members.
        """
        return self._record_shapes.get(shape_of(found, cells))

    def columns_inherited_by_batch(
        self, batch: RecordBatch, keys: tuple[str, ...]
    ) -> tuple[InheritedColumn, ...] | None:
        """Return the same as `inherited_columns`, for the objects of a batch with these keys."""
        shape = Shape(batch.path, keys, inheritable_columns(batch.enclosing))
        return self._record_shapes.get(shape)

    def _inherited_columns(self, shape: Shape) -> tuple[InheritedColumn, ...]:
        """Return the columns that records of a shape inherit.

        A title and an ID are inherited only if the record has none. All other members of enclosing
        objects are inherited.
        """
        own_fields = {cached_named_field(key) for key in shape.keys}
        keys = [column.key for column in shape.inherited if column.is_title_or_id]
        keys += find_title_and_id_keys(self.find_members_outside_arrays(shape.path))
        # The innermost title and ID are the first ones; therefore they are inserted last.
        key_by_field = {cached_named_field(key): key for key in reversed(keys)}
        used_keys = [key for field, key in key_by_field.items() if field not in own_fields]
        # A member that is used under its own name is not repeated with a prefix.
        left_out = {*shape.keys, *used_keys}
        others = [
            column
            for column in shape.inherited
            if not column.is_title_or_id
            and column.key not in left_out
            and column.plain_key not in used_keys
        ]
        return (*(InheritedColumn(key, key, is_title_or_id=True) for key in used_keys), *others)

    def is_rendition(self, found: JsonRecord, cells: Mapping[str, str]) -> bool:
        """Whether an object may be one of several files of a video.

        Such an object has no title and no ID, but an enclosing object has one.

        Args:
            found: the object.
            cells: its flattened members.
        """
        return found.enclosing is not None and self._are_renditions(shape_of(found, cells))

    @lru_cache(maxsize=10_000)  # noqa: B019 - this object lives only while the file is read
    def _are_renditions(self, shape: Shape) -> bool:
        inherits_title_or_id = any(column.is_title_or_id for column in shape.inherited)
        has_title_or_id = any(
            cached_named_field(key) in INHERITED_FIELDS
            or title_strength(key) >= _TITLE_STRENGTH
            or id_strength(key) >= _ID_STRENGTH
            for key in shape.keys
        )
        return inherits_title_or_id and not has_title_or_id

    def header(self) -> tuple[str, ...]:
        """Return the keys of all records, in the order of their first occurrence.

        Raises:
            ManifestError: the records have no keys, or too many.
        """
        names: dict[str, None] = {}
        for shape, inherited in self._record_shapes.items():
            names |= dict.fromkeys(shape.keys)
            names |= dict.fromkeys(column.key for column in inherited)
        if not names:
            first = self._arrays[self.paths[0]].first
            reason = first.fault.reason if first.fault else "its objects are empty"
            raise self._error(f"holds no video: line {first.line}: {reason}", "Check the file.")
        return check_header_width(self._name, tuple(names))

    def _error(self, description: str, hint: str) -> ManifestError:
        return ManifestError(f"The manifest {self._name} {description}.", hint)


def _contains(outer_path: KeyPath, path: KeyPath) -> bool:
    """Whether the objects of one array contain another array, at any depth."""
    return len(outer_path) < len(path) and path[: len(outer_path)] == outer_path


def _is_in(path: KeyPath, arrays: Iterable[KeyPath]) -> bool:
    """Whether an array is one of some arrays, or is in their objects."""
    return any(array == path or _contains(array, path) for array in arrays)


def _outermost(paths: Iterable[KeyPath]) -> list[KeyPath]:
    """Return the arrays that are not in objects of another of these arrays."""
    every = list(paths)
    return [path for path in every if not any(_contains(other, path) for other in every)]
