"""Choose which objects of a nested file are the records: the objects with the source URLs.

A first pass over the file collects all arrays and samples of their objects (`record_survey.py`).
Outer arrays have priority over the arrays in their objects. This module must not know the syntax of
a format.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import chain

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ManifestError, setting_ref
from batch_import.manifest.columns.aliases import SOURCE_URL, fold
from batch_import.manifest.columns.values import has_url
from batch_import.manifest.readers.array_choice import ArrayChoice, contains, is_in
from batch_import.manifest.readers.missing_pages import missing_pages
from batch_import.manifest.readers.nested_records import (
    JsonRecord,
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
from batch_import.manifest.readers.rendition_arrays import (
    enclosing_prefix,
    is_id_name,
    is_title_name,
)
from batch_import.models import Problem


class RecordChoice:
    """The arrays with the records of a file, chosen after a first pass over it.

    Args:
        name: name of the manifest, for messages.
        walk: reads the file and yields its objects.
        options: the user's decisions about how the file is read.

    Attributes:
        outer_members: the members of the objects that contain arrays and are not in an array.
        paths: paths of the arrays with the records. The others are in objects of the first array,
            unless there is a `video_path`.
        video_path: path of the array with the videos, if the records are renditions of them: then
            each video is one row. None if the records are the videos.
        notes: sentences for the user about further arrays with videos, and about renditions.
        problems: the problem that the file is only one page of a list; empty if it is not.

    Raises:
        ManifestError: there are no records, or several arrays are equally good.
    """

    def __init__(self, name: str, walk: Walk, options: ReadingOptions) -> None:
        self._name = name
        self._wanted_path = tuple(options.records.split(".")) if options.records else None
        mapped_keys = {
            fold(key) for field, key in options.map.items() if fold(field) == fold(SOURCE_URL)
        }
        self._survey = Survey(walk, self._is_surveyed)
        self.outer_members = self._survey.outer_members
        #: A function: path of an array → the members that its records inherit from objects that
        #: are not in an array.
        self.find_members_outside_arrays = self._survey.inherited_members
        self._shapes, self._arrays = self._survey.shapes, self._survey.arrays
        self._choice = ArrayChoice(name, self._survey, self._wanted_path, mapped_keys)
        self.paths, self.video_path = self._choice.paths, self._choice.video_path
        #: Shape of a record → the columns that it inherits.
        self._record_shapes = {
            shape: self._inherited_columns(shape)
            for shape in self._shapes
            if self._is_record(shape)
        }
        self.notes = tuple(filter(None, (self._choice.note, self._note_renditions())))
        self.problems = tuple(self._missing_pages())

    def _is_surveyed(self, found: JsonRecord) -> bool:
        """Whether the first pass visits the arrays of an object.

        It does not if the object has a URL and a fault, because such an object is a record whose
        members are uncertain (`JsonRecord.fault`).
        """
        if self._wanted_path is not None and found.path != self._wanted_path:
            return contains(found.path, self._wanted_path)
        return not (found.fault and has_url(flatten(found.members).values()))

    def _missing_pages(self) -> Iterator[Problem]:
        """Yield a problem if the outermost array with the records lacks other pages."""
        path = self.paths[0]
        lengths = range(len(path) + 1)
        length = next(length for length in lengths if path[:length] in self._arrays)
        enclosing_objects = [self.outer_members.get(path[:outer], {}) for outer in range(length)]
        yield from missing_pages(enclosing_objects, self._arrays[path[:length]].count)

    def _note_renditions(self) -> str:
        """Return a note if objects contain several files of one video; otherwise empty."""
        if not any(
            shape in self._survey.sibling_shapes and self._are_renditions(shape)
            for shape in self._record_shapes
        ):
            return ""
        if self.video_path is not None:
            names = " and ".join(f"“{path[-1]}”" for path in self.paths)
            return (
                f"The files at {names} are versions of one video each: the original is read, or the"
                " largest that can be used. To read each file as a video:"
                f" {setting_ref('records', '.'.join(self.paths[0]))}"
            )
        return (
            f"Several files of one object (“{self.paths[-1][-1]}”) are one video: the original or"
            " the largest is read; if it is unclear which is the largest, they are a problem of"
            " their rows"
        )

    def _is_record(self, shape: Shape) -> bool:
        """Whether objects of a shape are records.

        An object of a chosen array is a record if it has a member for the source URL, or if it
        contains no chosen array.
        """
        if shape.path not in self.paths:
            return False
        return self._choice.has_url_member(shape) or not any(
            is_in(path, shape.inner_arrays) for path in self.paths
        )

    def has_records_inside(self, found: JsonRecord) -> bool:
        """Whether an object contains an array of records, and is not a record itself."""
        if not any(contains(found.path, path) for path in self.paths):
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

    def columns_of_video(self) -> tuple[InheritedColumn, ...]:
        """Return the columns that the renditions inherit from their videos."""
        return tuple(dict.fromkeys(chain(*self._record_shapes.values())))

    def columns_inherited_by_batch(
        self, batch: RecordBatch, keys: tuple[str, ...]
    ) -> tuple[InheritedColumn, ...] | None:
        """Return the columns that the objects of a batch with these keys inherit.

        None if these objects are not records.
        """
        shape = Shape(batch.path, keys, inheritable_columns(batch.enclosing))
        return self._record_shapes.get(shape)

    def _inherited_columns(self, shape: Shape) -> tuple[InheritedColumn, ...]:
        """Return the columns that records of a shape inherit.

        A title and an ID are inherited only if the record has none. All other members of enclosing
        objects are inherited.
        """
        own_fields = {cached_named_field(key) for key in self._own_keys(shape)}
        keys = [column.key for column in shape.inherited if column.is_title_or_id]
        if self.video_path is not None:
            # The title and ID of the video are used even if they are numbers. Numbers in other
            # enclosing objects are not used, because they usually only number these objects.
            prefix = enclosing_prefix(self.video_path)
            keys[:0] = [
                column.plain_key
                for column in shape.inherited
                if column.key == prefix + column.plain_key
                and cached_named_field(column.plain_key) in INHERITED_FIELDS
            ]
        keys += find_title_and_id_keys(self.find_members_outside_arrays(shape.path))
        # The innermost titles and IDs are first in `keys`. In reversed order they are inserted
        # last, and replace those of outer objects.
        key_by_field = {cached_named_field(key): key for key in reversed(keys)}
        used_keys = [key for field, key in key_by_field.items() if field not in own_fields]
        # A member that is used under its own name is not repeated with a prefix.
        left_out = {*self._own_keys(shape), *used_keys}
        others = [
            column
            for column in shape.inherited
            if not column.is_title_or_id
            and column.key not in left_out
            and column.plain_key not in used_keys
        ]
        return (*(InheritedColumn(key, key, is_title_or_id=True) for key in used_keys), *others)

    def _own_keys(self, shape: Shape) -> list[str]:
        """Return the keys of a record that become columns.

        The titles and IDs of renditions are left out, because they are not those of the video.
        """
        return [
            key
            for key in shape.keys
            if self.video_path is None or not (is_title_name(key) or is_id_name(key))
        ]

    def is_rendition(self, found: JsonRecord, cells: Mapping[str, str]) -> bool:
        """Whether an object may be one of several files of a video.

        Args:
            found: the object.
            cells: its flattened members.
        """
        return found.enclosing is not None and self._are_renditions(shape_of(found, cells))

    @lru_cache(maxsize=10_000)  # noqa: B019 - this object lives only while the file is read
    def _are_renditions(self, shape: Shape) -> bool:
        if self.video_path is not None:
            return True
        if self._choice.have_different_durations(shape.path):
            return False
        inherits_title_or_id = any(column.is_title_or_id for column in shape.inherited)
        return inherits_title_or_id and not any(
            is_title_name(key) or is_id_name(key) for key in shape.keys
        )

    def header(self) -> tuple[str, ...]:
        """Return the keys of all records, in the order of their first occurrence.

        Raises:
            ManifestError: the records have no keys, or too many.
        """
        names: dict[str, None] = {}
        for shape, inherited in self._record_shapes.items():
            names |= dict.fromkeys(self._own_keys(shape))
            names |= dict.fromkeys(column.key for column in inherited)
        if not names:
            first = self._arrays[self.paths[0]].first
            reason = first.fault.reason if first.fault else "its objects are empty"
            raise self._error(f"holds no video: line {first.line}: {reason}", "Check the file.")
        return check_header_width(self._name, tuple(names))

    def _error(self, description: str, hint: str) -> ManifestError:
        return ManifestError(f"The manifest {self._name} {description}.", hint)
