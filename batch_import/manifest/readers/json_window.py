"""Decode JSON values from a sliding window over a file, one or many at a time.

Only a part of the file is in memory: the window. A manifest of a million records takes no more
memory than a manifest of a thousand. The source text of numbers is kept. This module must not know
which objects are the records.
"""

import json
import re
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate, pairwise
from typing import Any, Final, TextIO

from batch_import.errors import ManifestError
from batch_import.manifest.readers import nested_records
from batch_import.manifest.readers.nested_records import JsonNumber, LineNumbers, Members
from batch_import.manifest.readers.record import BLOCK_RECORDS, RecordFault
from batch_import.manifest.readers.text import MAX_CHARACTERS

#: Number of characters that are read at a time.
_WINDOW: Final = 1 << 20
#: The text between two objects of an array.
_BETWEEN_OBJECTS: Final = re.compile(r"[ \t\n\r]*,[ \t\n\r]*(?=\{)")
_SPACE: Final = re.compile(r"[ \t\n\r]+")
#: Maximum number of characters that are decoded at once, and maximum number of positions that are
#: tried to find the end of an object.
_PIECE: Final = 1 << 16
_MAX_TRIES: Final = 8
#: The text after each key, as most programs write it. It may also occur in a string.
_KEY_END: Final = '":'
#: An error this close to the end of the window, in characters, may only mean that the value
#: continues after the window. A comma with white space around it is not longer, either.
_NEAR_END: Final = 16
HOW_TO_FIX: Final = "Correct it there; often a comma or a quote is too much, or missing."


def _is_simple(members: Members) -> bool:
    """Whether an object contains no other objects."""
    for value in members.values():
        if isinstance(value, dict):
            return False
        if isinstance(value, list) and any(isinstance(item, dict) for item in value):
            return False
    return True


#: Objects, and a function that calculates the line numbers of their starts.
_Objects = tuple[list[Members], LineNumbers]


def _lines_of(text: str, first_line: int) -> Sequence[int]:
    """Return the line numbers of objects, in a text in which every brace starts an object."""
    if "\n" not in text:
        return [first_line] * text.count("{")
    pieces = text.split("{")[1:-1]
    return list(accumulate([piece.count("\n") for piece in pieces], initial=first_line))


class Decoder:
    """Decodes JSON values in a text.

    Attributes:
        decode: decodes the value at a position of a text. Returns the value and its end.
        scan: the same, but faster: duplicate keys are not detected, and numbers become texts.
    """

    def __init__(self) -> None:
        #: A key that occurred twice in an object since the last call of `fault`; otherwise None.
        self._repeated_key: str | None = None
        fast_decoder: Any = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
        self.scan: Callable[[str, int], tuple[Any, int]] = fast_decoder.scan_once
        self.decode = json.JSONDecoder(
            object_pairs_hook=self._create_object,
            parse_int=JsonNumber,
            parse_float=JsonNumber,
            parse_constant=JsonNumber,
        ).raw_decode

    def _create_object(self, pairs: list[tuple[str, Any]]) -> Members:
        members = dict(pairs)
        if len(members) != len(pairs):
            keys = [key for key, _ in pairs]
            self._repeated_key = next(key for key in keys if keys.count(key) > 1)
        return members

    def fault(self) -> RecordFault | None:
        """Return the fault of the values since the last call; None if there was none."""
        key, self._repeated_key = self._repeated_key, None
        return None if key is None else nested_records.repeated_key_fault(key)


def describe_json_error(error: json.JSONDecodeError) -> str:
    """Return the message of a JSON error, without the position."""
    return error.msg.removesuffix(" at").removesuffix(" starting")


class Window:
    """A sliding window over a file, with a current position.

    Args:
        name: name of the manifest, for messages.
        stream: the open file.
    """

    def __init__(self, name: str, stream: TextIO) -> None:
        self._name = name
        self._stream = stream
        self._decoder = Decoder()
        #: The text in the window.
        self._text = ""
        #: Positions in the text: the current position, the start of the last value, and the
        #: position whose line number is known.
        self._position = self._value_start = self._line_position = 0
        #: Line number at `_line_position`, from 1.
        self._line = 1
        #: Number of characters of the first line in the window that are before the window.
        self._line_length_before = 0

    def peek(self) -> str:
        """Return the next character that is not white space; empty at the end of the file."""
        while True:
            if space := _SPACE.match(self._text, self._position):
                self._position = space.end()
            if self._position < len(self._text):
                return self._text[self._position]
            if not self._read_more():
                return ""

    def skip(self, character: str) -> bool:
        """Skip a character if it is next, and return whether it was next."""
        is_next = self.peek() == character
        self._position += is_next
        return is_next

    def demand(self, character: str) -> None:
        """Skip a character that must be next.

        Raises:
            ManifestError: another character is next.
        """
        if not self.skip(character):
            raise self.syntax_error(f"Expecting “{character}”")

    def line(self) -> int:
        """Return the line number of the next character that is not white space, from 1."""
        self.peek()
        return self._count_line()

    def value(self) -> Any:
        """Decode the next value, and move to its end.

        Raises:
            ManifestError: the value is not valid JSON.
        """
        self.line()
        while True:
            try:
                value, end = self._decoder.decode(self._text, self._position)
            except json.JSONDecodeError as error:
                if not (self._may_continue(error) and self._read_more()):
                    self._position = error.pos
                    raise self.syntax_error(describe_json_error(error)) from error
                continue
            # A number that ends with the window may continue after it.
            if end < len(self._text) or not self._read_more():
                self._value_start, self._position = self._position, end
                return value

    def objects(self, *, expects_many: bool) -> _Objects | None:
        """Decode consecutive simple objects, and move to the object after them.

        An object is simple if it contains no other object and no duplicate key. Objects at the end
        of the window, and the last object of an array, are not decoded.

        Args:
            expects_many: whether many objects are likely to follow; then a larger piece is decoded.

        Returns:
            The objects and their line numbers; None if no object can be decoded in this way.
        """
        return (self._decode_piece() if expects_many else None) or self._decode_one_by_one()

    def _decode_piece(self) -> _Objects | None:
        """Decode all objects of a piece of the window at once, if none contains a brace."""
        end, next_start = self._find_piece()
        text = self._text[self._position : end]
        try:
            records, length = self._decoder.scan(f"[{text}]", 0)
        except (StopIteration, json.JSONDecodeError):
            return None
        is_complete = length >= len(text) + len("[]")
        if not is_complete or set(map(type, records)) != {dict}:
            return None
        # A brace in a string or of an inner object, or a duplicate key, makes the numbers differ.
        if text.count("{") != len(records) or text.count(_KEY_END) != sum(map(len, records)):
            return None
        lines = partial(_lines_of, text, self._count_line())
        self._position = next_start
        return records, lines

    def _find_piece(self) -> tuple[int, int]:
        """Return the end of the last object of a piece, and the start of the object after it.

        Both are the current position if no end of an object is found. The braces that are found
        may be part of a string. Then the piece cannot be decoded.
        """
        next_start = min(len(self._text), self._position + _PIECE)
        for _ in range(_MAX_TRIES):
            next_start = self._text.rfind("{", self._position + 1, next_start)
            if next_start < 0:
                break
            before = self._text[max(self._position, next_start - _NEAR_END) : next_start].rstrip()
            if before.endswith(",") and before[:-1].rstrip().endswith("}"):
                return self._text.rfind("}", self._position, next_start) + 1, next_start
        return self._position, self._position

    def _decode_one_by_one(self) -> _Objects | None:
        text, scan, match_separator = self._text, self._decoder.scan, _BETWEEN_OBJECTS.match
        position, records, starts = self._position, list[Members](), list[int]()
        while len(records) < BLOCK_RECORDS:
            try:
                members, end = scan(text, position)
            except (StopIteration, json.JSONDecodeError):
                break
            separator = match_separator(text, end)
            if separator is None:
                break
            records.append(members)
            starts.append(position)
            position = separator.end()
        if not records or not all(map(_is_simple, records)):
            return None
        if text.count(_KEY_END, self._position, position) != sum(map(len, records)):
            return None  # a key may be a duplicate
        line_counts = [text.count("\n", start, end) for start, end in pairwise(starts)]
        lines = list(accumulate(line_counts, initial=self._count_line()))
        self._position = position
        return records, lambda: lines

    def fault(self) -> RecordFault | None:
        """Return the fault of the last value, which could be decoded nevertheless."""
        return self._decoder.fault()

    def rewind(self) -> None:
        """Move back to the start of the last value."""
        self._position = self._value_start

    def syntax_error(self, reason: str) -> ManifestError:
        """Create the error for the current position."""
        place = f"line {self._count_line()}, column {self._line_length() + 1}"
        return ManifestError(
            f"The manifest {self._name} is no JSON on {place}: {reason}.", HOW_TO_FIX
        )

    def _count_line(self) -> int:
        """Return the line number of the current position."""
        self._line += self._text.count("\n", self._line_position, self._position)
        self._line_position = self._position
        return self._line

    def _line_length(self) -> int:
        """Return the number of characters of the current line before the current position."""
        line_end = self._text.rfind("\n", 0, self._position)
        length_in_window = self._position - line_end - 1
        return length_in_window if line_end >= 0 else length_in_window + self._line_length_before

    def _may_continue(self, error: json.JSONDecodeError) -> bool:
        """Whether a value may be valid in the file, and is only cut off by the window."""
        return error.msg.startswith("Unterminated") or error.pos > len(self._text) - _NEAR_END

    def _read_more(self) -> bool:
        """Move the window to the current position, and read more of the file.

        Returns:
            False at the end of the file; then the window is not moved.

        Raises:
            ManifestError: a value is too long.
        """
        block = self._stream.read(max(_WINDOW, len(self._text) - self._position))
        if not block:
            return False
        self._count_line()
        self._line_length_before = self._line_length()
        self._text = self._text[self._position :] + block
        self._position = self._line_position = 0
        if len(self._text) > MAX_CHARACTERS + _WINDOW:
            raise self.syntax_error(f"a value of more than {MAX_CHARACTERS} characters")
        return True
