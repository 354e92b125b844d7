"""Read JSON and JSON Lines. This module must not know which objects are the records."""

import json
from collections.abc import Generator, Iterator
from functools import partial
from typing import Any, Final

from batch_import.configuration.settings import ReadingOptions
from batch_import.manifest.readers import nested_records, record_reader
from batch_import.manifest.readers.json_window import (
    HOW_TO_FIX,
    Decoder,
    Window,
    describe_json_error,
)
from batch_import.manifest.readers.nested_records import (
    MAX_INNER_OBJECTS,
    EnclosingObject,
    JsonRecord,
    KeyPath,
    Members,
    RecordBatch,
    VisitsArrays,
)
from batch_import.manifest.readers.record import BLOCK_RECORDS, Content, RecordFault
from batch_import.manifest.readers.text import MAX_CHARACTERS, DecodedFile

JSON_LINES_SUFFIXES: Final = frozenset({".jsonl", ".ndjson"})
#: How many characters are read to see whether a second line is an object too.
_SOME: Final = 16
_LONGEST_VALUE: Final = 200


def read(text: DecodedFile, options: ReadingOptions) -> Content:
    """Find the records of a file.

    Raises:
        ManifestError: it is not JSON, it has no records, or an outer object has a key twice.
        OSError: the file cannot be read.
    """
    name = text.source.name
    if text.source.suffix in JSON_LINES_SUFFIXES or _is_lines(text):
        return record_reader.read(name, _form("JSON Lines", text), partial(_lines, text), options)

    def walk(
        inside: VisitsArrays, outer: dict[KeyPath, Members]
    ) -> Iterator[JsonRecord | RecordBatch]:
        with text.open() as stream:
            yield from _Walk(Window(name, stream), inside, outer).everything()

    return record_reader.read(name, _form("JSON", text), walk, options)


def _form(name: str, text: DecodedFile) -> str:
    return f"{name}, {text.note}" if text.note else name


# JSON Lines -----------------------------------------------------------------------------------


def _is_lines(text: DecodedFile) -> bool:
    """Whether the first line is an object, and the second line starts with one."""
    with text.open() as stream:
        first = stream.readline(MAX_CHARACTERS).strip()
        second = first
        while second and not (second := stream.readline(_SOME)).strip():
            pass
    return first.startswith("{") and first.endswith("}") and second.startswith("{")


def _lines(
    text: DecodedFile, inside: VisitsArrays, outer: dict[KeyPath, Members]
) -> Iterator[JsonRecord]:
    del outer  # every line is an object of its own
    decoder = Decoder()
    with text.open_lines() as stream:
        for number, line in enumerate(stream, 1):
            content = line.strip()
            if content:
                yield from _with_inner(_line(decoder, number, content), inside)


def _with_inner(found: JsonRecord, inside: VisitsArrays) -> Iterator[JsonRecord]:
    """Yield an object and the objects in its arrays, which have the same line number."""
    yield found
    inner = list(nested_records.find_object_arrays(found.members))
    if inner and inside(found):
        around = nested_records.as_enclosing_object(found)
        for path, items in inner:
            further = (*found.path, *path)
            beside = nested_records.NonObjectItems(further, around)
            for item in items:
                if isinstance(item, dict):
                    yield from beside.note_object()
                    record = JsonRecord(further, found.line, item, around, found.fault)
                    yield from _with_inner(record, inside)
                else:
                    yield from beside.note(found.line, item)


def _line(decoder: Decoder, number: int, content: str) -> JsonRecord:
    """Parse one line. An invalid line is a fault of its row only."""
    try:
        members, end = decoder.decode(content)
    except json.JSONDecodeError as error:
        return _bad_line(
            number, content, f"{describe_json_error(error)} at character {error.colno}"
        )
    except RecursionError:
        return _bad_line(number, content, "it has too many objects inside of each other")
    if end < len(content) or not isinstance(members, dict):
        return _bad_line(number, content, "it is not one object")
    return JsonRecord((), number, members, fault=decoder.fault())


def _bad_line(number: int, content: str, why: str) -> JsonRecord:
    fault = RecordFault(
        "syntax", f"this line is no JSON: {why}", content[:_LONGEST_VALUE], HOW_TO_FIX
    )
    return JsonRecord((), number, {}, fault=fault)


# JSON -----------------------------------------------------------------------------------------


class _Walk:
    """One pass over a file; see `nested_records.Walk`."""

    def __init__(self, window: Window, inside: VisitsArrays, outer: dict[KeyPath, Members]) -> None:
        self._window = window
        self._inside = inside
        self._outer = outer
        self._arrays = 0

    def everything(self) -> Iterator[JsonRecord | RecordBatch]:
        """Visit all top-level values of the file. Usually there is only one value."""
        beside = nested_records.NonObjectItems((), None)
        while next_one := self._window.next():
            match next_one:
                case "[":
                    yield from self._array((), None)
                case "{":
                    yield from self._outermost(())
                case _:
                    line, value = self._window.line(), self._window.value()
                    if self._arrays:
                        yield from beside.note_object()
                        yield from beside.note(line, value)

    def _outermost(self, path: KeyPath) -> Generator[JsonRecord | RecordBatch, None, Members]:
        """Visit an object that is not in an array. It may be a record itself."""
        line, arrays, inner = self._window.line(), self._arrays, 0
        members = self._outer[path]
        for key in self._keys():
            further = (*path, key)
            match self._window.next():
                case "[":
                    items = yield from self._array(further, None)
                    if items:
                        members[key] = items
                case "{":
                    own = yield from self._outermost(further)
                    inner += 1
                    if inner <= MAX_INNER_OBJECTS:
                        members[key] = own
                case _:
                    members[key] = self._window.value()
        if path:
            yield nested_records.member_as_record(path, line, members)
            if arrays == self._arrays:
                del self._outer[path]
        return members

    def _array(
        self, path: KeyPath, around: EnclosingObject | None
    ) -> Generator[JsonRecord | RecordBatch, None, list[Any]]:
        """Visit an array. Its items that are neither objects nor arrays are returned."""
        others: list[Any] = []
        beside = nested_records.NonObjectItems(path, around)
        self._window.demand("[")
        if self._window.takes("]"):
            return others
        slow = 0
        while True:
            match self._window.next():
                case "{":
                    self._arrays += 1
                    yield from beside.note_object()
                    slow -= 1
                    if slow < 0:
                        if objects := self._window.objects(are_many=around is None):
                            yield RecordBatch(path, *objects, around)
                        else:
                            # Another attempt at each object would take twice the time.
                            slow = BLOCK_RECORDS
                    yield from self._element(path, around)
                case first:
                    line, value = self._window.line(), self._window.value()
                    yield from beside.note(line, value)
                    if first != "[":
                        others.append(value)
            if not self._window.takes(","):
                break
        self._window.demand("]")
        return others

    def _element(
        self, path: KeyPath, around: EnclosingObject | None
    ) -> Iterator[JsonRecord | RecordBatch]:
        line = self._window.line()
        members = self._window.value()
        fault = self._window.fault()
        found = JsonRecord(path, line, members, around, fault)
        yield found
        if any(nested_records.find_object_arrays(members)) and self._inside(found):
            self._window.again()
            if fault:
                raise self._window.broken(fault.reason)
            yield from self._members(path, nested_records.as_enclosing_object(found))

    def _members(
        self, path: KeyPath, around: EnclosingObject
    ) -> Iterator[JsonRecord | RecordBatch]:
        """Visit the arrays in an object."""
        for key in self._keys():
            match self._window.next():
                case "[":
                    yield from self._array((*path, key), around)
                case "{":
                    yield from self._members((*path, key), around)
                case _:
                    self._window.value()

    def _keys(self) -> Iterator[str]:
        """Yield the keys of an object. The caller must read the value after each key."""
        self._window.demand("{")
        if self._window.takes("}"):
            return
        keys: set[str] = set()
        while True:
            yield self._key(keys)
            if not self._window.takes(","):
                break
        self._window.demand("}")

    def _key(self, before: set[str]) -> str:
        if self._window.next() != '"':
            raise self._window.broken("Expecting a key in double quotes")
        key: str = self._window.value()
        if key in before:
            raise self._window.broken(nested_records.repeated_key_fault(key).reason)
        before.add(key)
        self._window.demand(":")
        return key
