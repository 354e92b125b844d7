"""Read YAML. This is the only module that knows its syntax.

The events of the parser are processed one by one, so that memory does not grow with the file. The
source text of scalars is kept: `2025-03-04`, `007` and `yes` stay texts. This module must not know
which objects are the records.
"""

import re
from bisect import bisect_left
from collections.abc import Generator, Iterator
from typing import Any, Final, TextIO

import yaml

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ManifestError
from batch_import.manifest.readers import nested_records, record_reader
from batch_import.manifest.readers.nested_records import (
    MAX_INNER_OBJECTS,
    JsonNumber,
    JsonRecord,
    KeyPath,
    Members,
    VisitsArrays,
)
from batch_import.manifest.readers.record import Content, RecordFault
from batch_import.manifest.readers.text import MAX_CHARACTERS, DecodedFile

#: Events and marks of the parser. The type stubs declare every mark as optional.
_Event = Any
_Mark = Any

#: The parser in C is four times as fast, but some builds of PyYAML lack it.
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_NUMBER: Final = re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9]*)?")
_MERGE: Final = "<<"
#: Characters that YAML does not allow.
_FORBIDDEN: Final = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: Characters that are line ends in YAML, but not in editors.
_ONLY_YAML_ENDS: Final = re.compile("[\x85\u2028\u2029]")
_MEND: Final = "Mend it there; indents must be spaces, and a text with “: ” in it needs quotes."


def read(text: DecodedFile, options: ReadingOptions) -> Content:
    """Find the records of a file.

    Raises:
        ManifestError: it is not YAML, it has no records, or an outer object has a key twice.
        OSError: the file cannot be read.
    """
    name = text.source.name

    def walk(inside: VisitsArrays, outer: dict[KeyPath, Members]) -> Iterator[JsonRecord]:
        with text.open() as stream:
            yield from _Walk(_Events(name, stream), inside, outer).everything()

    return record_reader.read(name, f"YAML, {text.note}" if text.note else "YAML", walk, options)


class _Object(Members):
    """An object.

    Attributes:
        line: line number of its start, from 1.
        repeated: a duplicate key; None if there is none.
    """

    line: int
    repeated: str | None = None


class _Events:
    """An iterator over the events of the parser."""

    def __init__(self, name: str, stream: TextIO) -> None:
        self._name = name
        self._stream = stream
        self._given = self._since = self._lines = 0
        self._odd_ends: list[int] = []
        self._events = yaml.parse(self, Loader=_Loader)

    def read(self, size: int = -1, /) -> str:
        """Feed the parser with the next part of the file."""
        block = self._stream.read(size)
        if bad := _FORBIDDEN.search(block):
            line = self._lines + block.count("\n", 0, bad.start()) + 1
            raise self.error(f"line {line}", f"the character U+{ord(bad[0]):04X} is not allowed")
        self._odd_ends += (self._given + end.start() for end in _ONLY_YAML_ENDS.finditer(block))
        self._lines += block.count("\n")
        self._given += len(block)
        if self._given - self._since > MAX_CHARACTERS:
            raise self.error(
                f"line {self._lines + 1}", f"a record of more than {MAX_CHARACTERS} characters"
            )
        return block

    def next(self) -> _Event:
        """Return the next event.

        Raises:
            ManifestError: the file is not valid YAML at this position.
        """
        try:
            return next(self._events)
        except yaml.MarkedYAMLError as error:
            raise self.broken(error.problem or "", error.problem_mark) from error

    def begin(self, event: _Event) -> None:
        """Release the text before this event."""
        self._since = event.start_mark.index

    def line(self, mark: _Mark) -> int:
        """The line number of a position, from 1, as an editor shows it."""
        return int(mark.line) + 1 - bisect_left(self._odd_ends, mark.index)

    def broken(self, why: str, mark: _Mark) -> ManifestError:
        """Create the error for a position that the parser refuses."""
        return self.error(f"line {self.line(mark)}, column {mark.column + 1}", why)

    def error(self, place: str, why: str) -> ManifestError:
        """Create the error for a position."""
        return ManifestError(f"The manifest {self._name} is no YAML on {place}: {why}.", _MEND)


class _Walk:
    """One pass over a file; see `nested_records.Walk`."""

    def __init__(
        self, events: _Events, inside: VisitsArrays, outer: dict[KeyPath, Members]
    ) -> None:
        self._events = events
        self._inside = inside
        self._outer = outer
        self._anchors: dict[str, Any] = {}
        self._ended: dict[KeyPath, Members] = {}
        self._arrays = 0

    def everything(self) -> Iterator[JsonRecord]:
        """Visit all documents of the file. Usually there is only one document."""
        while not isinstance(event := self._events.next(), yaml.StreamEndEvent):
            if isinstance(event, yaml.NodeEvent):
                yield from self._outermost(event, ())

    def _outermost(self, event: _Event, path: KeyPath) -> Iterator[JsonRecord]:
        """Visit a value that is not in a list."""
        self._events.begin(event)
        match event:
            case yaml.SequenceStartEvent(anchor=None):
                others = yield from self._array(path)
                if path and others:
                    self._outer[path[:-1]][path[-1]] = others
            case yaml.MappingStartEvent(anchor=None):
                yield from self._members(path, self._events.line(event.start_mark))
            case _:
                value = self._value(event)
                if path:
                    self._outer[path[:-1]][path[-1]] = value

    def _members(self, path: KeyPath, line: int) -> Iterator[JsonRecord]:
        """Visit an object that is not in a list. It may be a record itself."""
        arrays, inner = self._arrays, 0
        members = self._outer[path]
        before: set[str] = set()
        for key, mark in self._keys():
            if key in before:
                raise self._events.broken(nested_records.repeated_key_fault(key).reason, mark)
            before.add(key)
            event = self._events.next()
            yield from self._outermost(event, (*path, key))
            if isinstance(event, yaml.MappingStartEvent) and event.anchor is None:
                inner += 1
                if inner <= MAX_INNER_OBJECTS:
                    members[key] = self._ended.pop((*path, key), {})
        self._ended.clear()
        if path:
            self._ended[path] = members
            yield nested_records.member_as_record(path, line, members)
            if arrays == self._arrays:
                del self._outer[path]

    def _array(self, path: KeyPath) -> Generator[JsonRecord, None, list[Any]]:
        """Visit a list. Its items that are neither objects nor lists are returned."""
        others: list[Any] = []
        beside = nested_records.NonObjectItems(path, None)
        for event in self._items():
            self._events.begin(event)
            value = self._value(event)
            if isinstance(value, _Object):
                self._arrays += 1
                yield from beside.note_object()
                yield from self._found(JsonRecord(path, value.line, value, None, _fault(value)))
                continue
            yield from beside.note(self._events.line(event.start_mark), value)
            if not isinstance(value, list):
                others.append(value)
        return others

    def _found(self, found: JsonRecord) -> Iterator[JsonRecord]:
        """Yield an object of a list, and the objects in it."""
        yield found
        inner = list(nested_records.find_object_arrays(found.members))
        if not (inner and self._inside(found)):
            return
        if found.fault:
            raise self._events.error(f"line {found.line}", found.fault.reason)
        around = nested_records.as_enclosing_object(found)
        for path, items in inner:
            further = (*found.path, *path)
            beside = nested_records.NonObjectItems(further, around)
            for item in items:
                if isinstance(item, _Object):
                    yield from beside.note_object()
                    yield from self._found(
                        JsonRecord(further, item.line, item, around, _fault(item))
                    )
                else:
                    yield from beside.note(found.line, item)

    # Values -----------------------------------------------------------------------------------

    def _items(self) -> Iterator[_Event]:
        """Yield the first event of each item of a list that was started."""
        while not isinstance(event := self._events.next(), yaml.SequenceEndEvent):
            yield event

    def _keys(self) -> Iterator[tuple[str, _Mark]]:
        """Yield the keys of an object that was started. The caller must read each value."""
        while not isinstance(event := self._events.next(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._events.broken("a key must be a text", event.start_mark)
            yield event.value, event.start_mark

    def _value(self, event: _Event, *, merged: bool = False) -> Any:
        """Read one complete value: a text, `None`, a list, or an object.

        Args:
            merged: the value is merged into an object (`<<`), so it may be an alias of an object.
        """
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, merged=merged)
        value: Any
        match event:
            case yaml.SequenceStartEvent():
                value = [self._value(item, merged=merged) for item in self._items()]
            case yaml.MappingStartEvent():
                value = self._object(event)
            case _:
                value = _scalar(event)
        if event.anchor:
            self._anchors[event.anchor] = value
        return value

    def _alias(self, event: _Event, *, merged: bool) -> Any:
        """Resolve an alias. Only texts are allowed: nested aliases could fill the memory."""
        value = self._anchors.get(event.anchor, ...)
        if value is ... or (isinstance(value, dict | list) and not merged):
            raise self._events.broken(
                f"*{event.anchor} is no text that stands before", event.start_mark
            )
        return value

    def _object(self, event: _Event) -> _Object:
        members = _Object()
        members.line = self._events.line(event.start_mark)
        merged: Members = {}
        for key, mark in self._keys():
            value = self._value(self._events.next(), merged=key == _MERGE)
            if key == _MERGE and isinstance(value, dict | list):
                merged |= self._merged(value, mark)
                continue
            if key in members:
                members.repeated = key
            members[key] = value
        for key, value in merged.items():
            members.setdefault(key, value)
        return members

    def _merged(self, value: Any, mark: _Mark) -> Members:
        """The members of the objects to merge. The first object has priority."""
        merged: Members = {}
        for members in value if isinstance(value, list) else [value]:
            if not isinstance(members, dict) or any(
                isinstance(member, dict | list) for member in members.values()
            ):
                raise self._events.broken("only objects of texts can be merged", mark)
            merged = {**members, **merged}
        return merged


def _fault(members: _Object) -> RecordFault | None:
    return None if members.repeated is None else nested_records.repeated_key_fault(members.repeated)


def _scalar(event: _Event) -> str | None:
    text: str = event.value
    is_plain = event.implicit[0]
    if is_plain and text in _NULL:
        return None
    return JsonNumber(text) if is_plain and _NUMBER.fullmatch(text) else text
