"""Read YAML: a file → its objects, as a walk (see `nested_records.Walk`).

In this module, a YAML mapping is an object, a sequence is a list, and a scalar is a text. The
events of PyYAML's parser are processed one by one; therefore memory does not grow with the file.
The source text of scalars is kept: `2025-03-04`, `007` and `yes` stay texts. This module must not
know which objects are the records.
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
    ShouldVisitArrays,
)
from batch_import.manifest.readers.record import Content, RecordFault
from batch_import.manifest.readers.text import MAX_CHARACTERS, DecodedFile

#: Events and marks of the parser. The type stubs declare every mark as optional.
_Event = Any
_Mark = Any

#: The parser in C is four times as fast, but some builds of PyYAML lack it.
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL_TEXTS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_NUMBER: Final = re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9]*)?")
#: The key whose value is merged into the object.
_MERGE_KEY: Final = "<<"
#: Characters that YAML does not allow.
_FORBIDDEN: Final = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: Characters that are line ends in YAML, but not in editors.
_YAML_LINE_ENDS: Final = re.compile("[\x85\u2028\u2029]")
_HOW_TO_FIX: Final = (
    "Correct it there; indents must be spaces, and a text with “: ” in it needs quotes."
)


def read(text: DecodedFile, options: ReadingOptions) -> Content:
    """Find the records of a file.

    Raises:
        ManifestError: the file is not YAML, has no records, or has an outer object with a key
            twice.
        OSError: the file cannot be read.
    """
    name = text.source.name

    def walk(
        should_visit_arrays: ShouldVisitArrays, outer_members: dict[KeyPath, Members]
    ) -> Iterator[JsonRecord]:
        with text.open() as stream:
            yield from _Walk(
                _Events(name, stream), should_visit_arrays, outer_members
            ).all_objects()

    return record_reader.read(name, f"YAML, {text.note}" if text.note else "YAML", walk, options)


class _Object(Members):
    """The members of an object.

    Attributes:
        line: line number of its start, from 1.
        repeated_key: a key that occurs twice; None if there is none.
    """

    line: int
    repeated_key: str | None = None


class _Events:
    """The events of the parser, which reads the file through this object.

    Args:
        name: name of the manifest, for messages.
        stream: the open file.
    """

    def __init__(self, name: str, stream: TextIO) -> None:
        self._name = name
        self._stream = stream
        #: Numbers of characters and lines that the parser has read.
        self._read_characters = self._read_lines = 0
        #: Position of the current record, in characters.
        self._record_start = 0
        #: Positions of the characters that are line ends only in YAML.
        self._yaml_line_ends: list[int] = []
        self._events = yaml.parse(self, Loader=_Loader)

    def read(self, size: int = -1, /) -> str:
        """Return the next part of the file. The parser calls this method.

        Raises:
            ManifestError: a character is not allowed, or a record is too long.
        """
        block = self._stream.read(size)
        if forbidden := _FORBIDDEN.search(block):
            line = self._read_lines + block.count("\n", 0, forbidden.start()) + 1
            reason = f"the character U+{ord(forbidden[0]):04X} is not allowed"
            raise self.syntax_error(f"line {line}", reason)
        for line_end in _YAML_LINE_ENDS.finditer(block):
            self._yaml_line_ends.append(self._read_characters + line_end.start())
        self._read_lines += block.count("\n")
        self._read_characters += len(block)
        if self._read_characters - self._record_start > MAX_CHARACTERS:
            reason = f"a record of more than {MAX_CHARACTERS} characters"
            raise self.syntax_error(f"line {self._read_lines + 1}", reason)
        return block

    def next(self) -> _Event:
        """Return the next event.

        Raises:
            ManifestError: the file is not valid YAML at this position.
        """
        try:
            return next(self._events)
        except yaml.MarkedYAMLError as error:
            raise self.syntax_error_at(error.problem_mark, error.problem or "") from error

    def start_record(self, event: _Event) -> None:
        """Report that a record starts with this event. The length of a record is limited."""
        self._record_start = event.start_mark.index

    def line(self, mark: _Mark) -> int:
        """Return the line number of a position, from 1, as an editor shows it."""
        return int(mark.line) + 1 - bisect_left(self._yaml_line_ends, mark.index)

    def syntax_error_at(self, mark: _Mark, reason: str) -> ManifestError:
        """Create the error for a position."""
        return self.syntax_error(f"line {self.line(mark)}, column {mark.column + 1}", reason)

    def syntax_error(self, place: str, reason: str) -> ManifestError:
        """Create the error for a described position."""
        return ManifestError(
            f"The manifest {self._name} is no YAML on {place}: {reason}.", _HOW_TO_FIX
        )


class _Walk:
    """One pass over a YAML file; see `nested_records.Walk`.

    A method gets the first event of a value, or is called after it, and reads up to the last event.
    """

    def __init__(
        self,
        events: _Events,
        should_visit_arrays: ShouldVisitArrays,
        outer_members: dict[KeyPath, Members],
    ) -> None:
        self._events = events
        self._should_visit_arrays = should_visit_arrays
        self._outer_members = outer_members
        #: Anchor → value, for aliases.
        self._anchors: dict[str, Any] = {}
        #: Members of the last finished object that is not in a list, by its path.
        self._finished: dict[KeyPath, Members] = {}
        #: Number of objects in lists so far.
        self._list_object_count = 0

    def all_objects(self) -> Iterator[JsonRecord]:
        """Visit all documents of the file. Usually there is only one document."""
        while not isinstance(event := self._events.next(), yaml.StreamEndEvent):
            if isinstance(event, yaml.NodeEvent):
                yield from self._outer_value(event, ())

    def _outer_value(self, event: _Event, path: KeyPath) -> Iterator[JsonRecord]:
        """Visit a value that is not in a list."""
        self._events.start_record(event)
        match event:
            case yaml.SequenceStartEvent(anchor=None):
                scalars = yield from self._list(path)
                if path and scalars:
                    self._outer_members[path[:-1]][path[-1]] = scalars
            case yaml.MappingStartEvent(anchor=None):
                yield from self._outer_object(path, self._events.line(event.start_mark))
            case _:
                value = self._value(event)
                if path:
                    self._outer_members[path[:-1]][path[-1]] = value

    def _outer_object(self, path: KeyPath, line: int) -> Iterator[JsonRecord]:
        """Visit an object that is not in a list. It may be a record, unless it is a document."""
        count_before = self._list_object_count
        inner_object_count = 0
        members = self._outer_members[path]
        earlier_keys: set[str] = set()
        for key, mark in self._keys():
            if key in earlier_keys:
                reason = nested_records.repeated_key_fault(key).reason
                raise self._events.syntax_error_at(mark, reason)
            earlier_keys.add(key)
            event = self._events.next()
            yield from self._outer_value(event, (*path, key))
            if isinstance(event, yaml.MappingStartEvent) and event.anchor is None:
                inner_object_count += 1
                if inner_object_count <= MAX_INNER_OBJECTS:
                    members[key] = self._finished.pop((*path, key), {})
        self._finished.clear()
        if path:
            self._finished[path] = members
            yield nested_records.member_as_record(path, line, members)
            if count_before == self._list_object_count:
                del self._outer_members[path]  # the object contains no list of objects

    def _list(self, path: KeyPath) -> Generator[JsonRecord, None, list[Any]]:
        """Visit a list. Its items that are neither objects nor lists are returned."""
        scalars: list[Any] = []
        other_items = nested_records.NonObjectItems(path, None)
        for event in self._items():
            self._events.start_record(event)
            value = self._value(event)
            if isinstance(value, _Object):
                self._list_object_count += 1
                yield from other_items.add_object()
                record = JsonRecord(path, value.line, value, None, _fault_of(value))
                yield from self._with_inner_objects(record)
                continue
            yield from other_items.add_other_item(self._events.line(event.start_mark), value)
            if not isinstance(value, list):
                scalars.append(value)
        return scalars

    def _with_inner_objects(self, found: JsonRecord) -> Iterator[JsonRecord]:
        """Yield an object of a list, and the objects in it."""
        yield found
        inner_lists = list(nested_records.find_object_arrays(found.members))
        if not (inner_lists and self._should_visit_arrays(found)):
            return
        if found.fault:
            raise self._events.syntax_error(f"line {found.line}", found.fault.reason)
        enclosing = nested_records.as_enclosing_object(found)
        for inner_path, items in inner_lists:
            path = (*found.path, *inner_path)
            other_items = nested_records.NonObjectItems(path, enclosing)
            for item in items:
                if isinstance(item, _Object):
                    yield from other_items.add_object()
                    record = JsonRecord(path, item.line, item, enclosing, _fault_of(item))
                    yield from self._with_inner_objects(record)
                else:
                    yield from other_items.add_other_item(found.line, item)

    # Values -----------------------------------------------------------------------------------

    def _items(self) -> Iterator[_Event]:
        """Yield the first event of each item of a list, after the list's first event."""
        while not isinstance(event := self._events.next(), yaml.SequenceEndEvent):
            yield event

    def _keys(self) -> Iterator[tuple[str, _Mark]]:
        """Yield the keys of an object, after the object's first event.

        The caller must read the value after each key.
        """
        while not isinstance(event := self._events.next(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._events.syntax_error_at(event.start_mark, "a key must be a text")
            yield event.value, event.start_mark

    def _value(self, event: _Event, *, is_merged: bool = False) -> Any:
        """Read one complete value: a text, `None`, a list, or an object.

        Args:
            event: the first event of the value.
            is_merged: whether the value is merged into an object (`<<`). Then it may be an alias of
                an object.
        """
        if isinstance(event, yaml.AliasEvent):
            return self._resolve_alias(event, is_merged=is_merged)
        value: Any
        match event:
            case yaml.SequenceStartEvent():
                value = [self._value(item, is_merged=is_merged) for item in self._items()]
            case yaml.MappingStartEvent():
                value = self._object(event)
            case _:
                value = _scalar(event)
        if event.anchor:
            self._anchors[event.anchor] = value
        return value

    def _resolve_alias(self, event: _Event, *, is_merged: bool) -> Any:
        """Return the value of an alias.

        Objects and lists are allowed only if they are merged: nested aliases could fill the memory.

        Raises:
            ManifestError: the alias has no value, or a value that is not allowed.
        """
        value = self._anchors.get(event.anchor)
        is_allowed = is_merged or not isinstance(value, dict | list)
        if event.anchor not in self._anchors or not is_allowed:
            reason = f"*{event.anchor} is no text that stands before"
            raise self._events.syntax_error_at(event.start_mark, reason)
        return value

    def _object(self, event: _Event) -> _Object:
        """Read one complete object."""
        members = _Object()
        members.line = self._events.line(event.start_mark)
        merged_members: Members = {}
        for key, mark in self._keys():
            value = self._value(self._events.next(), is_merged=key == _MERGE_KEY)
            if key == _MERGE_KEY and isinstance(value, dict | list):
                merged_members |= self._merge(value, mark)
                continue
            if key in members:
                members.repeated_key = key
            members[key] = value
        for key, value in merged_members.items():
            members.setdefault(key, value)
        return members

    def _merge(self, value: dict[str, Any] | list[Any], mark: _Mark) -> Members:
        """Return the members of the objects to merge. The first object has priority.

        Raises:
            ManifestError: an object has a member that is not a text.
        """
        merged_members: Members = {}
        for members in value if isinstance(value, list) else [value]:
            if not isinstance(members, dict) or any(
                isinstance(member, dict | list) for member in members.values()
            ):
                raise self._events.syntax_error_at(mark, "only objects of texts can be merged")
            merged_members = {**members, **merged_members}
        return merged_members


def _fault_of(members: _Object) -> RecordFault | None:
    key = members.repeated_key
    return None if key is None else nested_records.repeated_key_fault(key)


def _scalar(event: _Event) -> str | None:
    """Return the text of a scalar; None for null."""
    text: str = event.value
    has_no_quotes = event.implicit[0]
    if has_no_quotes and text in _NULL_TEXTS:
        return None
    return JsonNumber(text) if has_no_quotes and _NUMBER.fullmatch(text) else text
