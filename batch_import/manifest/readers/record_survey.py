"""The first pass over a nested file: it collects all arrays and samples of their objects."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from batch_import.manifest.columns.aliases import FILENAME, REFERENCE_ID, named_field
from batch_import.manifest.columns.values import SampleColumn
from batch_import.manifest.readers.nested_records import (
    KEYED,
    Around,
    Inside,
    JsonRecord,
    Members,
    Path,
    Run,
    Walk,
    arrays,
    flat,
)

#: Number of sampled records per array. The first record of each further shape is sampled too.
_SAMPLE: Final = 300
#: Maximum number of arrays before objects of objects are ignored: in a file whose videos are
#: members of an object, each of them may have arrays.
_MOST_ARRAYS: Final = 1_000
LENT: Final = (FILENAME, REFERENCE_ID)
field_named: Final = lru_cache(maxsize=20_000)(named_field)


class Lent(NamedTuple):
    """A member of an enclosing object that becomes a column of a record.

    Attributes:
        plain: its name without prefix.
        is_title: it is a title or an ID, and is used for a record that has none.
    """

    key: str
    plain: str
    is_title: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """The structure of an object. Most records of a manifest have the same shape.

    Attributes:
        keys: keys of its cells.
        lent: columns from enclosing objects.
        inner: paths of the arrays of objects in it.
    """

    path: Path
    keys: tuple[str, ...]
    lent: tuple[Lent, ...] = ()
    inner: tuple[Path, ...] = ()


@dataclass
class Array:
    """The samples of one array."""

    first: JsonRecord
    sample: list[dict[str, str]] = field(default_factory=list)
    count: int = 0

    def columns(self) -> list[SampleColumn]:
        """The values of its objects, per key."""
        keys = dict.fromkeys(key for cells in self.sample for key in cells)
        return [
            SampleColumn(at, key, tuple(cells.get(key, "").strip() for cells in self.sample))
            for at, key in enumerate(keys)
        ]


def shape_of(found: JsonRecord, cells: Mapping[str, str]) -> Shape:
    """Determine the shape of an object."""
    inner = tuple((*found.path, *path) for path, _ in arrays(found.members))
    return Shape(found.path, tuple(cells), lendable(found.around), inner)


# Cached, because the objects of an array have the same enclosing object.
@lru_cache(maxsize=16)
def lendable(around: Around | None) -> tuple[Lent, ...]:
    """The columns that a record can get from enclosing objects.

    A title and an ID keep their names. Every member is also available with a prefix.
    """
    named: dict[Lent, None] = {}
    while around:
        named |= dict.fromkeys(Lent(key, key, is_title=True) for key in titles(around.plain))
        cut = len(around.label) + 1
        named |= dict.fromkeys(Lent(key, key[cut:], is_title=False) for key in around.cells)
        around = around.outer
    return tuple(named)


def titles(members: Mapping[str, object]) -> Iterator[str]:
    """The keys of titles and IDs. Numbers are not used, because they count the outer objects."""
    return (k for k, value in members.items() if type(value) is str and field_named(k) in LENT)


class Survey:
    """The result of the first pass.

    Attributes:
        outer: the members of objects that are not in an array.
        shapes: number of objects per shape.
        siblings: shapes of objects that share an array of one object with others.
    """

    def __init__(self, walk: Walk, inside: Inside) -> None:
        self.outer: dict[Path, Members] = defaultdict(dict)
        self.shapes: Counter[Shape] = Counter()
        self.arrays: dict[Path, Array] = {}
        self.siblings: set[Shape] = set()
        self._last: Around | None = None
        for found in walk(inside, self.outer):
            self._note(found)

    def _note(self, found: JsonRecord | Run) -> None:
        array = self.arrays.get(found.path)
        if array is None:
            if found.path[-1:] == (KEYED,) and len(self.arrays) > _MOST_ARRAYS:
                return
            first = found if isinstance(found, JsonRecord) else next(found.each())
            array = self.arrays[found.path] = Array(first)
        if isinstance(found, Run):
            self._note_run(array, found)
            return
        array.count += 1
        cells = flat(found.members)
        shape = shape_of(found, cells)
        # A row that cannot be read has no cells, and is no evidence for the columns.
        if cells and (shape not in self.shapes or len(array.sample) < _SAMPLE):
            array.sample.append(cells)
        self.shapes[shape] += 1
        if found.around and found.around is self._last:
            self.siblings.add(shape)
        self._last = found.around

    def _note_run(self, array: Array, run: Run) -> None:
        array.count += len(run.records)
        lent = lendable(run.around)
        for keys, count in Counter(map(tuple, run.records)).items():
            shape = Shape(run.path, keys, lent)
            if shape not in self.shapes:
                array.sample.append(flat(next(r for r in run.records if tuple(r) == keys)))
            self.shapes[shape] += count
            if run.around:
                self.siblings.add(shape)
        self._last = run.around
        if len(array.sample) < _SAMPLE:
            array.sample += map(flat, run.records[: _SAMPLE - len(array.sample)])

    def around(self, path: Path) -> Members:
        """The columns that an array gets from objects that are not in an array."""
        lent: Members = {}
        for length in reversed(range(len(path))):
            if path[:length] in self.outer:
                lent = {**self.outer[path[:length]], **lent}
        return lent
