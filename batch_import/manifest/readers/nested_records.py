"""Objects in arrays → records: what JSON and YAML have in common.

Each object of an array is a record. Where arrays stand in objects of arrays (`feed[].items[]`),
the outermost objects that have an address are the records; the objects around them lend a title
and an ID to those that have none. This file must not know how either format is written.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, Protocol

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ManifestError, named
from batch_import.manifest.columns.aliases import FILENAME, REFERENCE_ID, SOURCE_URL, field_of, fold
from batch_import.manifest.readers.record import Content, Fault, Record, in_blocks, limited

#: Keys that lead from the outermost value to an array. Arrays on the way have no key.
Path = tuple[str, ...]
#: An object: texts, `Number`, `bool`, `None`, further objects, and lists of all these.
Members = dict[str, Any]

_LENT: Final = (FILENAME, REFERENCE_ID)
_field_of: Final = lru_cache(maxsize=10_000)(field_of)


class Number(str):
    """A number, as it is written in the file."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Found:
    """An object of an array.

    Attributes:
        path: the array's.
        line: where the object begins in the file, from 1.
        lent: what the objects around it, that are in arrays too, have to lend.
        fault: why its members cannot be trusted.
    """

    path: Path
    line: int
    members: Members
    lent: Members
    fault: Fault | None = None


class Walk(Protocol):
    """One walk through a file, in its order. A format is read by such walks."""

    def __call__(
        self, inside: Callable[[Path, Members], bool], outer: dict[Path, Members]
    ) -> Iterator[Found]:
        """Find the objects of arrays.

        Args:
            inside: whether the arrays in an object, which was just found, are walked through.
            outer: filled with the members of the objects that are in no array.
        """


def read(name: str, form: str, walk: Walk, options: ReadingOptions) -> Content:
    """Find out which objects are the records, and what keys they have.

    Raises:
        ManifestError: there are none, or more than one array could be meant.
    """
    survey = _Survey(name, walk, options)
    place = ".".join(survey.paths()[0])
    taken = survey.taken()
    header = survey.header(taken)

    def records() -> Iterator[Record]:
        for found in walk(survey.inside, survey.outer):
            members = _flat(found.members)
            keys = taken.get(_shape(found, members))
            if keys is None:
                continue
            if keys:
                lent = nearest(found.lent, survey.around(found.path))
                members.update({key: _text(lent[key]) for key in keys})
            yield found.line, [members.get(key, "") for key in header], found.fault

    return Content(
        f"{form}, records at {place}" if place else form,
        header,
        lambda: in_blocks(records(), len(header), comments=False),
    )


def nearest(members: Members, lent: Members) -> Members:
    """What an object and those around it have to lend, its own first."""
    return {**members, **{key: value for key, value in lent.items() if key not in members}}


def arrays(members: Members, path: Path = ()) -> Iterator[tuple[Path, list[Any]]]:
    """The arrays of objects in an object, each with the keys that lead there."""
    for key, value in members.items():
        if isinstance(value, dict):
            yield from arrays(value, (*path, key))
        elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
            yield (*path, key), value


def repeated_key(key: str) -> Fault:
    """The fault of an object that has a key twice: one of the two values would be lost."""
    return Fault(
        "repeated-key",
        f"this object has the key “{key}” more than once",
        key,
        "Rename all but one, so that it is clear which of them counts.",
    )


def _text(value: object) -> str:
    """What a person sees in the file, but for quotes and escapes."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str():
            return str(value)
        case list() if not any(isinstance(item, dict | list) for item in value):
            return ", ".join(map(_text, value))
        case _:
            return json.dumps(value, ensure_ascii=False)


def _flat(members: Members, prefix: str = "") -> dict[str, str]:
    """An object as cells. The members of an object in it are called `outer.inner`."""
    cells: dict[str, str] = {}
    for key, value in members.items():
        if isinstance(value, dict):
            cells |= _flat(value, f"{prefix}{key}.")
        else:
            cells[prefix + key] = value if type(value) is str else _text(value)
    return cells


# Which objects are the records ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Shape:
    """What counts of an object; most records of a manifest have the same.

    Attributes:
        keys: of its cells.
        lent: keys of what the objects around it have to lend.
        inner: paths of the arrays of objects in it.
    """

    path: Path
    keys: tuple[str, ...]
    lent: tuple[str, ...]
    inner: tuple[Path, ...]


def _shape(found: Found, cells: dict[str, str]) -> _Shape:
    inner = tuple((*found.path, *path) for path, _ in arrays(found.members))
    return _Shape(found.path, tuple(cells), _lendable(found.lent), inner)


def _lendable(members: Members) -> tuple[str, ...]:
    """The keys of titles and IDs. Numbers are not lent: they number the outer objects."""
    return tuple(
        key for key, value in members.items() if type(value) is str and _field_of(key) in _LENT
    )


class _Survey:
    """What the first walk through a file found: which arrays there are, and what is in them.

    Attributes:
        outer: the members of the objects that are in no array.
    """

    def __init__(self, name: str, walk: Walk, options: ReadingOptions) -> None:
        self._name = name
        self._wanted = tuple(options.records.split(".")) if options.records else None
        self._own = {
            fold(column) for field, column in options.map.items() if fold(field) == fold(SOURCE_URL)
        }
        self.outer: dict[Path, Members] = defaultdict(dict)
        self._shapes: dict[_Shape, Found] = {}
        for found in walk(self.inside, self.outer):
            self._shapes.setdefault(_shape(found, _flat(found.members)), found)

    def inside(self, path: Path, members: Members) -> bool:
        """Whether there may be records in an object."""
        if self._wanted is not None:
            return _leads(path, self._wanted)
        return not self._is_addressed(_flat(members))

    def _is_addressed(self, keys: Iterable[str]) -> bool:
        """Whether an object has an address, be it a blank one."""
        return any(_field_of(key) == SOURCE_URL or fold(key) in self._own for key in keys)

    def paths(self) -> list[Path]:
        """The arrays of the records, each inside of the one before it.

        Raises:
            ManifestError: there are none, or more than one could be meant.
        """
        every = sorted(dict.fromkeys(shape.path for shape in self._shapes), key=len)
        if not every:
            raise self._error("holds no array of objects", "Write [{…}, {…}], an object a video.")
        if self._wanted is not None:
            if self._wanted not in every:
                raise self._error(f"has no array “{'.'.join(self._wanted)}”", _choice(every))
            return [self._wanted]
        addressed = {shape.path for shape in self._shapes if self._is_addressed(shape.keys)}
        found = [path for path in every if path in addressed] or _outermost(every)
        if not all(_leads(before, path) for before, path in pairwise(found)):
            raise self._error("has more than one array that could be meant", _choice(found))
        return found

    def taken(self) -> dict[_Shape, tuple[str, ...]]:
        """The shapes of the records, each with the keys that are lent to it."""
        paths = self.paths()
        return {
            shape: self._lent(shape)
            for shape in self._shapes
            if shape.path in paths
            and (self._is_addressed(shape.keys) or not _leads_on(shape, paths))
        }

    def _lent(self, shape: _Shape) -> tuple[str, ...]:
        """For each field that a shape lacks, the key that is lent to it, if any."""
        lenders = [*shape.lent, *_lendable(self.around(shape.path))]
        fields = {_field_of(key) for key in shape.keys}
        lent = {_field_of(key): key for key in reversed(lenders)}
        return tuple(key for field, key in lent.items() if field not in fields)

    def around(self, path: Path) -> Members:
        """What the objects that are in no array have to lend to an array."""
        lent: Members = {}
        for length in reversed(range(len(path))):
            lent = nearest(lent, self.outer[path[:length]])
        return lent

    def header(self, taken: dict[_Shape, tuple[str, ...]]) -> tuple[str, ...]:
        """All keys of all records, in the order in which they turn up.

        Raises:
            ManifestError: they have none at all.
        """
        names = dict.fromkeys(key for shape, lent in taken.items() for key in (*shape.keys, *lent))
        if not names:
            found = self._shapes[next(iter(taken))]
            fault = found.fault.reason if found.fault else "its objects are empty"
            raise self._error(f"holds no video: line {found.line}: {fault}", "Check the file.")
        return limited(self._name, tuple(names))

    def _error(self, what: str, hint: str) -> ManifestError:
        return ManifestError(f"The manifest {self._name} {what}.", hint)


def _leads(path: Path, further: Path) -> bool:
    """Whether an array is in objects of another."""
    return len(path) < len(further) and further[: len(path)] == path


def _leads_on(shape: _Shape, paths: Sequence[Path]) -> bool:
    return any(inner == path or _leads(inner, path) for inner in shape.inner for path in paths)


def _outermost(paths: Sequence[Path]) -> list[Path]:
    return [path for path in paths if not any(_leads(other, path) for other in paths)]


def _choice(paths: Sequence[Path]) -> str:
    names = [".".join(path) for path in paths if path]
    if not names:
        return f"Its only array is the outermost one: leave {named('records')} out."
    return f"Choose one: {', '.join(named('records', name) for name in names)}."
