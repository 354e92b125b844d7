"""Objects of JSON, JSON Lines and YAML that may be records. A record is a row of the manifest.

Each object of an array may be a record. If an object contains many objects, each of these may be a
record, too. `record_choice.py` decides which objects are the records. The members of the objects
that enclose a record become columns of the record. This module must not know the syntax of a
format.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from batch_import.manifest.columns.values import has_url
from batch_import.manifest.readers.record import RecordFault

#: The keys on the path from the outermost value to an array. Items of arrays have no key.
KeyPath = tuple[str, ...]
#: The members of an object. The values are texts, `JsonNumber`, `bool`, `None`, objects, and lists
#: of all these.
Members = dict[str, Any]

#: The last step of a path whose keys vary, such as IDs: the records are the members of one object.
ANY_KEY: Final = "*"
#: Maximum number of objects in an object that are read as its members. An object with more objects
#: is a collection of records.
MAX_INNER_OBJECTS: Final = 100
#: Maximum length of a value in a problem, in characters.
_MAX_VALUE_LENGTH: Final = 200
#: Name of the column with the key of a record that is a member of an object.
KEY_COLUMN: Final = "key"


class JsonNumber(str):
    """The source text of a number. Its class distinguishes it from a text in quotes."""

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
        enclosing: the innermost enclosing object that is in an array too; None if there is none.
        fault: why its members are uncertain; None if they are not.
    """

    path: KeyPath
    line: int
    members: Members
    enclosing: EnclosingObject | None = None
    fault: RecordFault | None = None


#: A function that returns line numbers. It is called only if they are needed, because it is slow.
LineNumbers = Callable[[], Sequence[int]]


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """Consecutive records of the same array. They contain no objects and have no fault.

    Attributes:
        path: path of the array.
        records: members of each record.
        lines: returns the line number of the start of each record, from 1.
        enclosing: the innermost enclosing object that is in an array too; None if there is none.
    """

    path: KeyPath
    records: Sequence[Members]
    lines: LineNumbers
    enclosing: EnclosingObject | None = None

    def each(self) -> Iterator[JsonRecord]:
        """Yield the same records, one by one."""
        for line, members in zip(self.lines(), self.records, strict=True):
            yield JsonRecord(self.path, line, members, self.enclosing)


#: A function that returns whether the walk should visit the arrays in an object.
ShouldVisitArrays = Callable[[JsonRecord], bool]


class Walk(Protocol):
    """A function that makes one pass over a file. Each format has one."""

    def __call__(
        self, should_visit_arrays: ShouldVisitArrays, outer_members: dict[KeyPath, Members]
    ) -> Iterator[JsonRecord | RecordBatch]:
        """Yield the objects of all visited arrays.

        Args:
            should_visit_arrays: decides whether the arrays in an object are visited.
            outer_members: the walk adds the members of each object that contains arrays and is not
                in an array itself, by the object's path.
        """


def as_enclosing_object(found: JsonRecord) -> EnclosingObject:
    """Return an object as the enclosing object of the records in it.

    It has all members except arrays of objects.
    """
    label = found.path[-1] if found.path else "parent"
    plain = {key: value for key, value in found.members.items() if not _has_objects(value)}
    cells = {f"{label}.{key}": cell for key, cell in flatten(plain).items()}
    return EnclosingObject(label, cells, plain, found.enclosing)


def member_as_record(path: KeyPath, line: int, members: Members) -> JsonRecord:
    """Return an object that is a member of another object as a record. Its key becomes a column.

    Args:
        path: path of the object; the last step is its key.
        line: line number of its start, from 1.
        members: its members.
    """
    return JsonRecord((*path[:-1], ANY_KEY), line, {KEY_COLUMN: path[-1], **members})


class NonObjectItems:
    """The items of one array that are not objects.

    If the array also has objects, an item with a URL is a record with a fault. The caller adds all
    items of the array in order, and yields the records that the methods yield. Items before the
    first object wait, because the array may have no object.

    Args:
        path: path of the array.
        enclosing: the innermost enclosing object that is in an array too; None if there is none.
    """

    def __init__(self, path: KeyPath, enclosing: EnclosingObject | None) -> None:
        self._path = path
        self._enclosing = enclosing
        #: Records of items before the first object.
        self._pending: list[JsonRecord] = []
        self._has_objects = False

    def add_object(self) -> Iterator[JsonRecord]:
        """Add an item that is an object. Yields the records that wait for the first object."""
        self._has_objects = True
        pending, self._pending = self._pending, []
        yield from pending

    def add_other_item(self, line: int, value: object) -> Iterator[JsonRecord]:
        """Add an item that is not an object. Yields its record, unless it must wait.

        Args:
            line: line number of the item, from 1.
            value: the item.
        """
        if not has_url(map(text_of, value if isinstance(value, list) else [value])):
            return
        fault = RecordFault(
            "no-object",
            "this URL is an item beside objects, and not in an object itself",
            text_of(value)[:_MAX_VALUE_LENGTH],
            'Make an object of it, like {"sourceUrl": "https://host/video.mp4"}.',
        )
        record = JsonRecord(self._path, line, {}, self._enclosing, fault)
        if self._has_objects:
            yield record
        else:
            self._pending.append(record)


def find_object_arrays(members: Members, path: KeyPath = ()) -> Iterator[tuple[KeyPath, list[Any]]]:
    """Yield path and items of each array of objects in an object, without arrays in arrays."""
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
    """Return the fault of an object that has a key twice; one of the values would be lost."""
    return RecordFault(
        "repeated-key",
        f"this object has the key “{key}” more than once",
        key,
        "Rename or remove all but one of them.",
    )


def text_of(value: object) -> str:
    """Return a value as text, as in the file but without quotes and escapes.

    The items of a list are joined by commas. A list with objects or lists stays JSON.
    """
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
    """Return the members of an object as cells: key → text.

    The members of inner objects get keys like `outer.inner`.
    """
    cells: dict[str, str] = {}
    for key, value in members.items():
        if isinstance(value, dict):
            cells |= flatten(value, f"{prefix}{key}.")
        else:
            cells[prefix + key] = value if type(value) is str else text_of(value)
    return cells
