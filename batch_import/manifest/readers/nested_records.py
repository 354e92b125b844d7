"""Objects → records: what JSON, JSON Lines and YAML have in common.

Each object of an array is a record, and so is each member of an object of objects. Which of them
are meant, `record_choice.py` tells. What the objects around a record hold are columns of it too.
This file must not know how a format is written.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from batch_import.manifest.readers.record import RecordFault

#: Keys that lead from the outermost value to an array. Arrays on the way have no key.
Path = tuple[str, ...]
#: An object: texts, `JsonNumber`, `bool`, `None`, further objects, and lists of all these.
Members = dict[str, Any]

#: The last part of a path whose records are the members of an object of objects.
KEYED: Final = "*"
#: Objects in an object that are kept as its members: one with more of them is a collection.
MOST_INNER: Final = 100
#: What the key of such a member is called.
KEY: Final = "key"


class JsonNumber(str):
    """A number, as it is written in the file."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """An object of an array, with others inside of it.

    Attributes:
        label: what its array is called.
        cells: its members, named after its array: `series.title`.
        plain: the same by their own names.
        outer: the object around it that is in an array too.
    """

    label: str
    cells: Mapping[str, str]
    plain: Mapping[str, object]
    outer: "Around | None"


@dataclass(frozen=True, slots=True)
class JsonRecord:
    """An object that may be a record.

    Attributes:
        path: its array's.
        line: where it begins in the file, from 1.
        around: the object around it that is in an array too.
        fault: why its members cannot be trusted.
    """

    path: Path
    line: int
    members: Members
    around: Around | None = None
    fault: RecordFault | None = None


#: Tells lines when somebody asks for them.
Lines = Callable[[], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Run:
    """Objects of one array that follow each other, have no objects inside, and no fault.

    Attributes:
        lines: where each begins in the file, from 1.
    """

    path: Path
    records: Sequence[Members]
    lines: Lines
    around: Around | None = None

    def each(self) -> Iterator[JsonRecord]:
        """The same objects, one by one."""
        for line, members in zip(self.lines(), self.records, strict=True):
            yield JsonRecord(self.path, line, members, self.around)


#: Whether the arrays in an object, which was just found, are walked through.
Inside = Callable[[JsonRecord], bool]


class Walk(Protocol):
    """One walk through a file, in its order. A format is read by such walks."""

    def __call__(self, inside: Inside, outer: dict[Path, Members]) -> Iterator[JsonRecord | Run]:
        """Find the objects.

        Args:
            outer: filled with the members of the objects that are in no array and have arrays.
        """


def around(found: JsonRecord) -> Around:
    """What an object lends to those inside of it."""
    label = found.path[-1] if found.path else "parent"
    plain = {key: value for key, value in found.members.items() if not _has_objects(value)}
    cells = {f"{label}.{key}": cell for key, cell in flat(plain).items()}
    return Around(label, cells, plain, found.around)


def keyed(path: Path, line: int, members: Members) -> JsonRecord:
    """An object that is a member of another, as a record; its key is a cell of its own."""
    return JsonRecord((*path[:-1], KEYED), line, {KEY: path[-1], **members})


def arrays(members: Members, path: Path = ()) -> Iterator[tuple[Path, list[Any]]]:
    """The arrays of objects in an object, each with the keys that lead there."""
    for key, value in members.items():
        if isinstance(value, dict):
            yield from arrays(value, (*path, key))
        elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
            yield (*path, key), value


def _has_objects(value: object) -> bool:
    """Whether a member holds an array of objects, which may be long."""
    if isinstance(value, dict):
        return any(map(_has_objects, value.values()))
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def repeated_key(key: str) -> RecordFault:
    """The fault of an object that has a key twice: one of the two values would be lost."""
    return RecordFault(
        "repeated-key",
        f"this object has the key “{key}” more than once",
        key,
        "Rename all but one, so that it is clear which of them counts.",
    )


def text_of(value: object) -> str:
    """What a person sees in the file, but for quotes and escapes."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str():
            return str(value)
        case list() if not any(isinstance(item, dict | list) for item in value):
            return ", ".join(map(text_of, value))
        case _:
            return json.dumps(value, ensure_ascii=False)


def flat(members: Members, prefix: str = "") -> dict[str, str]:
    """An object as cells. The members of an object in it are called `outer.inner`."""
    cells: dict[str, str] = {}
    for key, value in members.items():
        if isinstance(value, dict):
            cells |= flat(value, f"{prefix}{key}.")
        else:
            cells[prefix + key] = value if type(value) is str else text_of(value)
    return cells
