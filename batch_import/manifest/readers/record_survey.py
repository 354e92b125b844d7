"""The first pass over a JSON or YAML file with nested objects.

It collects all arrays, and samples of the objects in them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
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
    VisitsArrays,
    Walk,
    find_object_arrays,
    flatten,
)

#: Number of sampled records per array. The first record of each further shape (see `Shape`) is
#: sampled, too.
_SAMPLE: Final = 300
#: Maximum number of arrays. After that, further objects of objects are ignored, because their
#: number is not limited: if the videos are the members of one object, each of them may contain such
#: objects.
_MOST_ARRAYS: Final = 1_000
#: Fields that a record without them takes from an enclosing object.
INHERITED_FIELDS: Final = (FILENAME, REFERENCE_ID)
#: `field_with_name` with a cache, because the same keys occur in every record.
cached_named_field: Final = lru_cache(maxsize=20_000)(field_with_name)


class InheritedColumn(NamedTuple):
    """A member of an enclosing object that becomes a column of a record.

    Attributes:
        key: name of the column. It has the key of the enclosing array as prefix, `series.title`,
            unless the column is a title or an ID.
        plain: name without the prefix.
        is_title_or_id: whether it is a title or an ID, used only for a record that has none.
    """

    key: str
    plain: str
    is_title_or_id: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """The structure of an object. Most records of a manifest have the same shape.

    Attributes:
        path: path of its array.
        keys: keys of its flattened values.
        inherited: columns from enclosing objects.
        inner: paths of the arrays in it that contain objects.
    """

    path: KeyPath
    keys: tuple[str, ...]
    inherited: tuple[InheritedColumn, ...] = ()
    inner: tuple[KeyPath, ...] = ()


@dataclass
class Array:
    """The samples of one array.

    Attributes:
        first: its first record.
        sample: flattened values of the sampled records.
        count: number of its records.
    """

    first: JsonRecord
    sample: list[dict[str, str]] = field(default_factory=list)
    count: int = 0

    def columns(self) -> list[SampleColumn]:
        """Returns the sampled values, one column per key."""
        keys = dict.fromkeys(key for cells in self.sample for key in cells)
        return [
            SampleColumn(at, key, tuple(cells.get(key, "").strip() for cells in self.sample))
            for at, key in enumerate(keys)
        ]


def shape_of(found: JsonRecord, cells: Mapping[str, str]) -> Shape:
    """Returns the shape of an object, given its flattened values."""
    inner = tuple((*found.path, *path) for path, _ in find_object_arrays(found.members))
    return Shape(found.path, tuple(cells), inheritable_columns(found.around), inner)


# Cached, because the objects of an array have the same enclosing object.
@lru_cache(maxsize=16)
def inheritable_columns(around: EnclosingObject | None) -> tuple[InheritedColumn, ...]:
    """Returns the columns that a record can inherit from enclosing objects.

    A title and an ID keep their names. Every member is also available with the key of the enclosing
    array as prefix.
    """
    named: dict[InheritedColumn, None] = {}
    while around:
        named |= dict.fromkeys(
            InheritedColumn(key, key, is_title_or_id=True)
            for key in find_title_and_id_keys(around.plain)
        )
        cut = len(around.label) + 1
        named |= dict.fromkeys(
            InheritedColumn(key, key[cut:], is_title_or_id=False) for key in around.cells
        )
        around = around.outer
    return tuple(named)


def find_title_and_id_keys(members: Mapping[str, object]) -> Iterator[str]:
    """Returns the keys of titles and IDs.

    Numeric values are not used: they usually only number the enclosing objects.
    """
    return (
        k
        for k, value in members.items()
        if type(value) is str and cached_named_field(k) in INHERITED_FIELDS
    )


class Survey:
    """The result of the first pass.

    Args:
        walk: reads the file and yields its objects.
        inside: decides whether the arrays in an object are visited.

    Attributes:
        outer: members of the objects that contain arrays and are not in an array, by path.
        shapes: number of objects per shape.
        arrays: samples of each array, by path.
        siblings: shapes of records that follow another record in the same enclosing object.
    """

    def __init__(self, walk: Walk, inside: VisitsArrays) -> None:
        self.outer: dict[KeyPath, Members] = defaultdict(dict)
        self.shapes: Counter[Shape] = Counter()
        self.arrays: dict[KeyPath, Array] = {}
        self.siblings: set[Shape] = set()
        self._last: EnclosingObject | None = None
        for found in walk(inside, self.outer):
            self._note(found)

    def _note(self, found: JsonRecord | RecordBatch) -> None:
        array = self.arrays.get(found.path)
        if array is None:
            if found.path[-1:] == (ANY_KEY,) and len(self.arrays) > _MOST_ARRAYS:
                return
            first = found if isinstance(found, JsonRecord) else next(found.each())
            array = self.arrays[found.path] = Array(first)
        if isinstance(found, RecordBatch):
            self._note_batch(array, found)
            return
        array.count += 1
        cells = flatten(found.members)
        shape = shape_of(found, cells)
        # A row that cannot be read has no cells, and is no evidence for the columns.
        if cells and (shape not in self.shapes or len(array.sample) < _SAMPLE):
            array.sample.append(cells)
        self.shapes[shape] += 1
        if found.around and found.around is self._last:
            self.siblings.add(shape)
        self._last = found.around

    def _note_batch(self, array: Array, batch: RecordBatch) -> None:
        array.count += len(batch.records)
        inherited = inheritable_columns(batch.around)
        for keys, count in Counter(map(tuple, batch.records)).items():
            shape = Shape(batch.path, keys, inherited)
            if shape not in self.shapes:
                array.sample.append(flatten(next(r for r in batch.records if tuple(r) == keys)))
            self.shapes[shape] += count
            if batch.around:
                self.siblings.add(shape)
        self._last = batch.around
        if len(array.sample) < _SAMPLE:
            array.sample += map(flatten, batch.records[: _SAMPLE - len(array.sample)])

    def around(self, path: KeyPath) -> Members:
        """Returns the columns that an array inherits from objects that are not in an array."""
        inherited: Members = {}
        for length in reversed(range(len(path))):
            if path[:length] in self.outer:
                inherited = {**self.outer[path[:length]], **inherited}
        return inherited
