"""Records of nested objects, for JSON, JSON Lines and YAML.

Each object of an array may be a record. Each member of an object of objects may be a record, too.
`record_choice.py` decides which objects are the records. The members of the objects that enclose a
record become columns of the record, too. This module must not know the syntax of a format.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from batch_import.manifest.columns.values import has_url
from batch_import.manifest.readers.record import RecordFault

#: The keys on the path from the outermost value to an array. Items of arrays have no key.
KeyPath = tuple[str, ...]
#: An object. Its values are texts, `JsonNumber`, `bool`, `None`, objects, and lists of all these.
Members = dict[str, Any]

#: Marks a path step whose keys vary, such as IDs: the records are the members of one object.
ANY_KEY: Final = "*"
#: Maximum number of objects in an object that are read as its members. An object with more of them
#: is a collection.
MAX_INNER_OBJECTS: Final = 100
#: Maximum number of characters of a value in a problem.
_LONGEST_VALUE: Final = 200
#: Column name for the key of a record that is the member of an object.
KEY_COLUMN: Final = "key"


class JsonNumber(str):
    """The source text of a number."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class EnclosingObject:
    """An object that encloses records, and is itself in an array.

    Attributes:
        label: key of the array that contains this object.
        cells: its flattened members; each key has the label as prefix: `series.title`.
        plain: its members without a prefix.
        outer: the next enclosing object that is in an array too; None if there is none.
    """

    label: str
    cells: Mapping[str, str]
    plain: Mapping[str, object]
    outer: "EnclosingObject | None"


@dataclass(frozen=True, slots=True)
class JsonRecord:
    """An object that may be a record.

    Attributes:
        path: path of its array.
        line: line number of its start, from 1.
        members: its members.
        around: the enclosing object that is in an array too; None if there is none.
        fault: why its members are uncertain; None if they are not.
    """

    path: KeyPath
    line: int
    members: Members
    around: EnclosingObject | None = None
    fault: RecordFault | None = None


#: A function that calculates line numbers when they are needed.
LineNumbers = Callable[[], Sequence[int]]


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """Consecutive records of the same array. They contain no objects and have no fault.

    Attributes:
        path: path of the array.
        records: members of each record.
        lines: returns the line number of the start of each record, from 1.
        around: the enclosing object that is in an array too; None if there is none.
    """

    path: KeyPath
    records: Sequence[Members]
    lines: LineNumbers
    around: EnclosingObject | None = None

    def each(self) -> Iterator[JsonRecord]:
        """Yields the same records, one by one."""
        for line, members in zip(self.lines(), self.records, strict=True):
            yield JsonRecord(self.path, line, members, self.around)


#: A function: an object → whether the walk visits the arrays in it.
VisitsArrays = Callable[[JsonRecord], bool]


class Walk(Protocol):
    """One pass over a file. Each format implements it."""

    def __call__(
        self, inside: VisitsArrays, outer: dict[KeyPath, Members]
    ) -> Iterator[JsonRecord | RecordBatch]:
        """Yield the objects of all visited arrays.

        Args:
            inside: decides whether the arrays in an object are visited.
            outer: the walk fills it with the members of objects that contain arrays and are not in
                an array, by path.
        """


def as_enclosing_object(found: JsonRecord) -> EnclosingObject:
    """Returns the members of an object that become columns of the records in it."""
    label = found.path[-1] if found.path else "parent"
    plain = {key: value for key, value in found.members.items() if not _has_objects(value)}
    cells = {f"{label}.{key}": cell for key, cell in flatten(plain).items()}
    return EnclosingObject(label, cells, plain, found.around)


def member_as_record(path: KeyPath, line: int, members: Members) -> JsonRecord:
    """A member of an object of objects as a record. Its key becomes a column."""
    return JsonRecord((*path[:-1], ANY_KEY), line, {KEY_COLUMN: path[-1], **members})


class NonObjectItems:
    """The items of one array that are not objects. A URL beside objects is a row with a fault.

    Args:
        path: path of the array.
        around: the enclosing object that is in an array too; None if there is none.
    """

    def __init__(self, path: KeyPath, around: EnclosingObject | None) -> None:
        self._path = path
        self._around = around
        self._waiting: list[JsonRecord] = []
        self._has_objects = False

    def note_object(self) -> Iterator[JsonRecord]:
        """The next item is an object. Yields the URLs before the first object."""
        self._has_objects = True
        waiting, self._waiting = self._waiting, []
        yield from waiting

    def note(self, line: int, value: object) -> Iterator[JsonRecord]:
        """The next item is another value. Yields it if it has a URL and follows an object.

        Args:
            line: line number of the item, from 1.
            value: the item.
        """
        if not has_url(map(text_of, value if isinstance(value, list) else [value])):
            return
        fault = RecordFault(
            "no-object",
            "this URL is an item beside objects, and not in an object itself",
            text_of(value)[:_LONGEST_VALUE],
            'Make an object of it, like {"sourceUrl": "https://host/video.mp4"}.',
        )
        found = JsonRecord(self._path, line, {}, self._around, fault)
        if self._has_objects:
            yield found
        else:
            self._waiting.append(found)


def find_object_arrays(members: Members, path: KeyPath = ()) -> Iterator[tuple[KeyPath, list[Any]]]:
    """Yield the arrays of objects in an object, each with its path."""
    for key, value in members.items():
        if isinstance(value, dict):
            yield from find_object_arrays(value, (*path, key))
        elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
            yield (*path, key), value


def _has_objects(value: object) -> bool:
    """Whether a value contains an array of objects, which may be long."""
    if isinstance(value, dict):
        return any(map(_has_objects, value.values()))
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def repeated_key_fault(key: str) -> RecordFault:
    """The fault of an object with a duplicate key, of which one value would be lost."""
    return RecordFault(
        "repeated-key",
        f"this object has the key “{key}” more than once",
        key,
        "Rename all but one, so that it is clear which of them counts.",
    )


def text_of(value: object) -> str:
    """Returns a value as text, as in the file but without quotes and escapes."""
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


def flatten(members: Members, prefix: str = "") -> dict[str, str]:
    """Flatten an object into cells. The members of an object in it are named `outer.inner`."""
    cells: dict[str, str] = {}
    for key, value in members.items():
        if isinstance(value, dict):
            cells |= flatten(value, f"{prefix}{key}.")
        else:
            cells[prefix + key] = value if type(value) is str else text_of(value)
    return cells
