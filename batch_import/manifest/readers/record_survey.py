"""The first pass over a JSON or YAML file with nested objects: its arrays, and samples of them.

`record_choice.py` then chooses the array with the records. A title and an ID of an enclosing object
are inherited by the records in it, which have none of their own.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from batch_import.manifest.columns.aliases import FILENAME, REFERENCE_ID, field_with_name
from batch_import.manifest.columns.values import SampleColumn
from batch_import.manifest.readers.nested_records import (
    ANY_KEY,
    EnclosingObject,
    JsonRecord,
    KeyPath,
    Members,
    RecordBatch,
    ShouldVisitArrays,
    Walk,
    find_object_arrays,
    flatten,
)

#: Number of sampled records per array. The first record of each further shape (see `Shape`) is
#: sampled, too.
_SAMPLE_RECORDS: Final = 300
#: Maximum number of arrays and objects of objects. If there are more, new objects of objects are
#: ignored. There may be very many: if the videos are the members of one object, each video may
#: contain an object of objects.
_MAX_ARRAYS: Final = 1_000
#: Fields that a record without them takes from an enclosing object.
INHERITED_FIELDS: Final = (FILENAME, REFERENCE_ID)
#: `field_with_name` with a cache, because the same keys occur in every record.
cached_named_field: Final = lru_cache(maxsize=20_000)(field_with_name)


class InheritedColumn(NamedTuple):
    """A member of an enclosing object that becomes a column of a record.

    Attributes:
        key: name of the column. It has the key of the enclosing array as prefix, `series.title`,
            unless `is_title_or_id`.
        plain_key: name without the prefix.
        is_title_or_id: whether the column is the title or the ID of a record that has none.
    """

    key: str
    plain_key: str
    is_title_or_id: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """The structure of an object. Most records of a manifest have the same shape.

    Attributes:
        path: path of its array.
        keys: keys of its flattened values.
        inherited: columns that it can inherit from enclosing objects.
        inner_arrays: paths of the arrays in it that contain objects.
    """

    path: KeyPath
    keys: tuple[str, ...]
    inherited: tuple[InheritedColumn, ...] = ()
    inner_arrays: tuple[KeyPath, ...] = ()


@dataclass
class Array:
    """The samples of one array.

    Attributes:
        first: its first record.
        sample: flattened values of the sampled records.
        parents: for each sampled record, the index of its enclosing object.
        count: number of its records.
    """

    first: JsonRecord
    sample: list[dict[str, str]] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    count: int = 0
    _parent_count: int = 0
    _last_parent: EnclosingObject | None = None

    def add_samples(
        self, enclosing: EnclosingObject | None, samples: Iterable[dict[str, str]]
    ) -> None:
        """Add sampled records of one enclosing object."""
        if enclosing is not self._last_parent:
            self._parent_count += 1
            self._last_parent = enclosing
        for cells in samples:
            self.sample.append(cells)
            self.parents.append(self._parent_count)

    def sibling_groups(self) -> list[list[dict[str, str]]]:
        """Return the sampled records, grouped by their enclosing object."""
        groups: dict[int, list[dict[str, str]]] = defaultdict(list)
        for parent, cells in zip(self.parents, self.sample, strict=True):
            # The first record of a shape may have been sampled twice.
            if cells not in groups[parent]:
                groups[parent].append(cells)
        return list(groups.values())

    def columns(self) -> list[SampleColumn]:
        """Return the sampled values, one column per key."""
        keys = dict.fromkeys(key for cells in self.sample for key in cells)
        return [
            SampleColumn(position, key, tuple(cells.get(key, "").strip() for cells in self.sample))
            for position, key in enumerate(keys)
        ]


def shape_of(found: JsonRecord, cells: Mapping[str, str]) -> Shape:
    """Return the shape of an object.

    Args:
        found: the object.
        cells: its flattened members.
    """
    inner_arrays = tuple((*found.path, *path) for path, _ in find_object_arrays(found.members))
    return Shape(found.path, tuple(cells), inheritable_columns(found.enclosing), inner_arrays)


# Cached, because the objects of an array have the same enclosing object.
@lru_cache(maxsize=16)
def inheritable_columns(enclosing: EnclosingObject | None) -> tuple[InheritedColumn, ...]:
    """Return the columns that a record can inherit from enclosing objects, the innermost first.

    A title and an ID keep their names. Every member is also available with the key of the enclosing
    array as prefix.
    """
    # A dict, because a title or an ID of the same name in an outer object is not repeated.
    columns: dict[InheritedColumn, None] = {}
    while enclosing:
        for key in find_title_and_id_keys(enclosing.plain):
            columns[InheritedColumn(key, key, is_title_or_id=True)] = None
        prefix = f"{enclosing.label}."
        for key in enclosing.cells:
            plain_key = key.removeprefix(prefix)
            columns[InheritedColumn(key, plain_key, is_title_or_id=False)] = None
        enclosing = enclosing.outer
    return tuple(columns)


def find_title_and_id_keys(members: Mapping[str, object]) -> list[str]:
    """Return the keys of the members that are titles or IDs.

    Numbers are left out, because they usually only number the enclosing objects.
    """
    return [
        key
        for key, value in members.items()
        if type(value) is str and cached_named_field(key) in INHERITED_FIELDS
    ]


class Survey:
    """The result of the first pass, which the constructor makes.

    Args:
        walk: reads the file and yields its objects.
        should_visit_arrays: decides whether the arrays in an object are visited.

    Attributes:
        outer_members: members of the objects that contain arrays and are not in an array, by path.
        shapes: number of objects per shape.
        arrays: samples of each array, by path.
        sibling_shapes: shapes of the records that follow another record in the same enclosing
            object.
    """

    def __init__(self, walk: Walk, should_visit_arrays: ShouldVisitArrays) -> None:
        self.outer_members: dict[KeyPath, Members] = defaultdict(dict)
        self.shapes: Counter[Shape] = Counter()
        self.arrays: dict[KeyPath, Array] = {}
        self.sibling_shapes: set[Shape] = set()
        self._last_enclosing: EnclosingObject | None = None
        for found in walk(should_visit_arrays, self.outer_members):
            self._note(found)

    def _note(self, found: JsonRecord | RecordBatch) -> None:
        array = self.arrays.get(found.path)
        if array is None:
            if found.path[-1:] == (ANY_KEY,) and len(self.arrays) > _MAX_ARRAYS:
                return
            first = found if isinstance(found, JsonRecord) else next(found.each())
            array = self.arrays[found.path] = Array(first)
        if isinstance(found, RecordBatch):
            self._note_batch(array, found)
            return
        array.count += 1
        cells = flatten(found.members)
        shape = shape_of(found, cells)
        needs_sample = shape not in self.shapes or len(array.sample) < _SAMPLE_RECORDS
        # A row that cannot be read has no cells, and shows nothing about the columns.
        if needs_sample and cells:
            array.add_samples(found.enclosing, [cells])
        self.shapes[shape] += 1
        if found.enclosing and found.enclosing is self._last_enclosing:
            self.sibling_shapes.add(shape)
        self._last_enclosing = found.enclosing

    def _note_batch(self, array: Array, batch: RecordBatch) -> None:
        array.count += len(batch.records)
        inherited = inheritable_columns(batch.enclosing)
        for keys, count in Counter(map(tuple, batch.records)).items():
            shape = Shape(batch.path, keys, inherited)
            if shape not in self.shapes:
                first = next(members for members in batch.records if tuple(members) == keys)
                array.add_samples(batch.enclosing, [flatten(first)])
            self.shapes[shape] += count
            if batch.enclosing:
                self.sibling_shapes.add(shape)
        self._last_enclosing = batch.enclosing
        if len(array.sample) < _SAMPLE_RECORDS:
            records = batch.records[: _SAMPLE_RECORDS - len(array.sample)]
            array.add_samples(batch.enclosing, map(flatten, records))

    def inherited_members(self, path: KeyPath) -> Members:
        """Return the members that an array inherits from objects that are not in an array.

        If several of these objects have the same key, the innermost has priority.
        """
        inherited: Members = {}
        for length in range(len(path)):
            inherited |= self.outer_members.get(path[:length], {})
        return inherited
