"""Read JSON and JSON Lines: a file → its objects, as a walk (see `nested_records.Walk`).

This module must not know which objects are the records.
"""

import json
from collections.abc import Generator, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Final, TextIO

from batch_import.configuration.settings import ReadingOptions
from batch_import.manifest.readers import nested_records, record_reader
from batch_import.manifest.readers.json_window import (
    HOW_TO_FIX,
    Decoder,
    Window,
    describe_json_error,
)
from batch_import.manifest.readers.missing_pages import forget_pages
from batch_import.manifest.readers.nested_records import (
    MAX_INNER_OBJECTS,
    EnclosingObject,
    JsonRecord,
    KeyPath,
    Members,
    RecordBatch,
    ShouldVisitArrays,
)
from batch_import.manifest.readers.record import BLOCK_RECORDS, Block, Content, RecordFault
from batch_import.manifest.readers.text import MAX_CHARACTERS, DecodedFile

JSON_LINES_SUFFIXES: Final = frozenset({".jsonl", ".ndjson"})
#: Number of characters that are read to see whether the second line is an object too.
_START_LENGTH: Final = 16
#: Maximum length of a line in a problem, in characters.
_MAX_VALUE_LENGTH: Final = 200


def read(text: DecodedFile, options: ReadingOptions) -> Content:
    """Find the records of a file.

    Raises:
        ManifestError: the file is not JSON, has no records, or has an outer object with a key
            twice.
        OSError: the file cannot be read.
    """
    name = text.source.name
    if text.source.suffix in JSON_LINES_SUFFIXES or _is_lines(text):
        format_name = _with_encoding("JSON Lines", text)
        return record_reader.read(name, format_name, partial(_walk_lines, text), options)

    def walk(
        should_visit_arrays: ShouldVisitArrays, outer_members: dict[KeyPath, Members]
    ) -> Iterator[JsonRecord | RecordBatch]:
        with text.open() as stream:
            yield from _Walk(Window(name, stream), should_visit_arrays, outer_members).all_objects()

    content = record_reader.read(name, _with_encoding("JSON", text), walk, options)
    return replace(content, blocks=lambda: _with_numbers_on_first_line(content.blocks()))


def _with_numbers_on_first_line(blocks: Iterator[Block]) -> Iterator[Block]:
    """Yield the blocks with a different line number for each record on the first line.

    Many programs write JSON without line breaks. Then all records begin on line 1, and the place of
    each record is used as its line number, so that a number means one row.
    """
    number = 0
    for block in blocks:
        lines = []
        for line in block.lines:
            number = number + 1 if line == 1 else line
            lines.append(number)
        yield replace(block, lines=lines)


def _with_encoding(format_name: str, text: DecodedFile) -> str:
    return f"{format_name}, {text.note}" if text.note else format_name


# JSON Lines -----------------------------------------------------------------------------------


def _is_lines(text: DecodedFile) -> bool:
    """Whether the first line is an object, and the second line starts with one."""
    with text.open() as stream:
        first_line = stream.readline(MAX_CHARACTERS).strip()
        if not first_line:
            return False
        second_line = _next_filled_line(stream)
    return first_line.startswith("{") and first_line.endswith("}") and second_line.startswith("{")


def _next_filled_line(stream: TextIO) -> str:
    """Return the start of the next line that is not blank; empty at the end of the file."""
    while start := stream.readline(_START_LENGTH):
        if start.strip():
            return start
    return ""


def _walk_lines(
    text: DecodedFile, should_visit_arrays: ShouldVisitArrays, outer_members: dict[KeyPath, Members]
) -> Iterator[JsonRecord]:
    """Walk over JSON Lines; see `nested_records.Walk`."""
    del outer_members  # no object encloses the lines
    decoder = Decoder()
    with text.open_lines() as stream:
        for number, line in enumerate(stream, 1):
            content = line.strip()
            if content:
                yield from _with_inner_objects(
                    _parse_line(decoder, number, content), should_visit_arrays
                )


def _with_inner_objects(
    found: JsonRecord, should_visit_arrays: ShouldVisitArrays
) -> Iterator[JsonRecord]:
    """Yield an object and the objects in its arrays, which have the same line number."""
    yield found
    inner_arrays = list(nested_records.find_object_arrays(found.members))
    if inner_arrays and should_visit_arrays(found):
        enclosing = nested_records.as_enclosing_object(found)
        for inner_path, items in inner_arrays:
            path = (*found.path, *inner_path)
            other_items = nested_records.NonObjectItems(path, enclosing)
            for item in items:
                if isinstance(item, dict):
                    yield from other_items.add_object()
                    record = JsonRecord(path, found.line, item, enclosing, found.fault)
                    yield from _with_inner_objects(record, should_visit_arrays)
                else:
                    yield from other_items.add_other_item(found.line, item)


def _parse_line(decoder: Decoder, number: int, content: str) -> JsonRecord:
    """Parse one line. An invalid line is a fault of its row only."""
    try:
        members, end = decoder.decode(content)
    except json.JSONDecodeError as error:
        reason = f"{describe_json_error(error)} at character {error.colno}"
        return _invalid_line(number, content, reason)
    except RecursionError:
        return _invalid_line(number, content, "it has too many objects inside of each other")
    if end < len(content) or not isinstance(members, dict):
        return _invalid_line(number, content, "it is not one object")
    return JsonRecord((), number, members, fault=decoder.fault())


def _invalid_line(number: int, content: str, reason: str) -> JsonRecord:
    fault = RecordFault(
        "syntax", f"this line is no JSON: {reason}", content[:_MAX_VALUE_LENGTH], HOW_TO_FIX
    )
    return JsonRecord((), number, {}, fault=fault)


# JSON -----------------------------------------------------------------------------------------


class _Walk:
    """One pass over a JSON file; see `nested_records.Walk`.

    All methods start at the first character of a value, and move the window to its end.
    """

    def __init__(
        self,
        window: Window,
        should_visit_arrays: ShouldVisitArrays,
        outer_members: dict[KeyPath, Members],
    ) -> None:
        self._window = window
        self._should_visit_arrays = should_visit_arrays
        self._outer_members = outer_members
        #: Number of objects in arrays so far.
        self._array_object_count = 0

    def all_objects(self) -> Iterator[JsonRecord | RecordBatch]:
        """Visit all top-level values of the file. Usually there is only one value."""
        other_items = nested_records.NonObjectItems((), None)
        has_earlier_object = False
        while first_character := self._window.peek():
            match first_character:
                case "[":
                    yield from self._array((), None)
                case "{":
                    if has_earlier_object:  # this object may be the next page
                        forget_pages(self._outer_members.values())
                    has_earlier_object = True
                    yield from self._outer_object(())
                case _:
                    line, value = self._window.line(), self._window.value()
                    # After an array with objects, a URL at the top level may be another video.
                    if self._array_object_count:
                        yield from other_items.add_object()
                        yield from other_items.add_other_item(line, value)

    def _outer_object(self, path: KeyPath) -> Generator[JsonRecord | RecordBatch, None, Members]:
        """Visit an object that is not in an array, and return its members.

        The object may be a record itself, unless it is a top-level value.
        """
        line = self._window.line()
        count_before = self._array_object_count
        inner_object_count = 0
        members = self._outer_members[path]  # the dict creates the entry; this method fills it
        for key in self._keys():
            inner_path = (*path, key)
            match self._window.peek():
                case "[":
                    items = yield from self._array(inner_path, None)
                    if items:
                        members[key] = items
                case "{":
                    inner_members = yield from self._outer_object(inner_path)
                    inner_object_count += 1
                    if inner_object_count <= MAX_INNER_OBJECTS:
                        members[key] = inner_members
                case _:
                    members[key] = self._window.value()
        if path:
            yield nested_records.member_as_record(path, line, members)
            if count_before == self._array_object_count:
                del self._outer_members[path]  # the object contains no array of objects
        return members

    def _array(
        self, path: KeyPath, enclosing: EnclosingObject | None
    ) -> Generator[JsonRecord | RecordBatch, None, list[Any]]:
        """Visit an array. Its items that are neither objects nor arrays are returned."""
        scalars: list[Any] = []
        other_items = nested_records.NonObjectItems(path, enclosing)
        self._window.demand("[")
        if self._window.skip("]"):
            return scalars
        # Number of objects that are decoded one by one before the next attempt to decode a batch.
        singles_before_next_batch = 0
        while True:
            match self._window.peek():
                case "{":
                    self._array_object_count += 1
                    yield from other_items.add_object()
                    if singles_before_next_batch:
                        singles_before_next_batch -= 1
                    # An array in an object of another array is usually short.
                    elif batch := self._window.objects(expects_many=enclosing is None):
                        records, lines = batch
                        yield RecordBatch(path, records, lines, enclosing)
                    else:
                        # Another attempt at each object would take twice the time.
                        singles_before_next_batch = BLOCK_RECORDS
                    # The object at the current position, which is the first after the batch.
                    yield from self._array_object(path, enclosing)
                case first_character:
                    line, value = self._window.line(), self._window.value()
                    yield from other_items.add_other_item(line, value)
                    if first_character != "[":
                        scalars.append(value)
            if not self._window.skip(","):
                break
        self._window.demand("]")
        return scalars

    def _array_object(
        self, path: KeyPath, enclosing: EnclosingObject | None
    ) -> Iterator[JsonRecord | RecordBatch]:
        """Visit an object of an array, and the arrays in it."""
        line = self._window.line()
        members = self._window.value()
        fault = self._window.fault()
        found = JsonRecord(path, line, members, enclosing, fault)
        yield found
        has_arrays = any(nested_records.find_object_arrays(members))
        if has_arrays and self._should_visit_arrays(found):
            self._window.rewind()
            # A fault of a record is a problem of its row. But this object encloses the records:
            # without an error, all of them could inherit a wrong value.
            if fault:
                raise self._window.syntax_error(fault.reason)
            yield from self._inner_arrays(path, nested_records.as_enclosing_object(found))

    def _inner_arrays(
        self, path: KeyPath, enclosing: EnclosingObject
    ) -> Iterator[JsonRecord | RecordBatch]:
        """Visit the arrays in an object."""
        for key in self._keys():
            match self._window.peek():
                case "[":
                    yield from self._array((*path, key), enclosing)
                case "{":
                    yield from self._inner_arrays((*path, key), enclosing)
                case _:
                    self._window.value()

    def _keys(self) -> Iterator[str]:
        """Yield the keys of an object. The caller must read the value after each key."""
        self._window.demand("{")
        if self._window.skip("}"):
            return
        earlier_keys: set[str] = set()
        while True:
            yield self._key(earlier_keys)
            if not self._window.skip(","):
                break
        self._window.demand("}")

    def _key(self, earlier_keys: set[str]) -> str:
        if self._window.peek() != '"':
            raise self._window.syntax_error("Expecting a key in double quotes")
        key: str = self._window.value()
        if key in earlier_keys:
            raise self._window.syntax_error(nested_records.repeated_key_fault(key).reason)
        earlier_keys.add(key)
        self._window.demand(":")
        return key
