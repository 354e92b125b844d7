"""The first walk through a file of objects: which arrays there are, and what is in them."""

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

#: Records of an array that tell what it holds; the first of each further shape is one too.
_SAMPLE: Final = 300
#: Arrays that a file can have before its objects of objects are left alone: in a file of many
#: videos that are objects themselves, each may have some.
_MOST_ARRAYS: Final = 1_000
LENT: Final = (FILENAME, REFERENCE_ID)
field_named: Final = lru_cache(maxsize=20_000)(named_field)


class Lent(NamedTuple):
    """What an object around a record holds, as a column of the record.

    Attributes:
        plain: its name in its own object.
        is_title: it is a title or an id, and fills that of a record that has none.
    """

    key: str
    plain: str
    is_title: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """What counts of an object; most records of a manifest have the same.

    Attributes:
        keys: of its cells.
        lent: what the objects around it hold.
        inner: paths of the arrays of objects in it.
    """

    path: Path
    keys: tuple[str, ...]
    lent: tuple[Lent, ...] = ()
    inner: tuple[Path, ...] = ()


@dataclass
class Array:
    """What the first walk found in one array."""

    first: JsonRecord
    sample: list[dict[str, str]] = field(default_factory=list)
    count: int = 0

    def columns(self) -> list[SampleColumn]:
        """What its objects hold, key by key."""
        keys = dict.fromkeys(key for cells in self.sample for key in cells)
        return [
            SampleColumn(at, key, tuple(cells.get(key, "").strip() for cells in self.sample))
            for at, key in enumerate(keys)
        ]


def shape_of(found: JsonRecord, cells: Mapping[str, str]) -> Shape:
    """The shape of an object."""
    inner = tuple((*found.path, *path) for path, _ in arrays(found.members))
    return Shape(found.path, tuple(cells), lendable(found.around), inner)


# Objects beside each other have one and the same object around them.
@lru_cache(maxsize=16)
def lendable(around: Around | None) -> tuple[Lent, ...]:
    """What the objects around a record can lend.

    A title and an id by their own names, and everything by names that say whose it is.
    """
    named: dict[Lent, None] = {}
    while around:
        named |= dict.fromkeys(Lent(key, key, is_title=True) for key in titles(around.plain))
        cut = len(around.label) + 1
        named |= dict.fromkeys(Lent(key, key[cut:], is_title=False) for key in around.cells)
        around = around.outer
    return tuple(named)


def titles(members: Mapping[str, object]) -> Iterator[str]:
    """The keys of titles and ids. Numbers are not lent so: they number the outer objects."""
    return (k for k, value in members.items() if type(value) is str and field_named(k) in LENT)


class Survey:
    """What the first walk found.

    Attributes:
        outer: the members of the objects that are in no array.
        shapes: of all objects, and how many have each.
        siblings: shapes of objects that are beside others in one array of one object.
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
        if shape not in self.shapes or len(array.sample) < _SAMPLE:
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
        """What the objects that are in no array have to lend to an array."""
        lent: Members = {}
        for length in reversed(range(len(path))):
            if path[:length] in self.outer:
                lent = {**self.outer[path[:length]], **lent}
        return lent
