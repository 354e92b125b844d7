"""Decode JSON values from a sliding window over a file, one or many at a time.

A manifest of a million records takes no more memory than one of a thousand. The source text of
numbers is kept. This module must not know which objects are the records.
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

#: How many characters are read at a time.
_WINDOW: Final = 1 << 20
#: The text between two objects of an array.
_BETWEEN: Final = re.compile(r"[ \t\n\r]*,[ \t\n\r]*(?=\{)")
_SPACE: Final = re.compile(r"[ \t\n\r]+")
#: How many characters are decoded at once, and how many positions are tried to find their end.
_PIECE: Final = 1 << 16
_TRIES: Final = 8
#: The text after each key, as most programs write it. It may also occur in a string.
_COLON: Final = '":'
#: An error this close to the end of the window may only mean that the value continues.
_NEAR_END: Final = 16
HOW_TO_FIX: Final = "Correct it there; often a comma or a quote is too much, or missing."


def _is_simple(members: Members) -> bool:
    return not any(
        isinstance(value, dict)
        or (isinstance(value, list) and any(isinstance(item, dict) for item in value))
        for value in members.values()
    )


#: Objects, and a function that calculates the line numbers of their starts.
_Objects = tuple[list[Members], LineNumbers]


def _lines_of(text: str, first: int) -> Sequence[int]:
    """The line numbers of objects, in a text in which every brace starts an object."""
    if "\n" not in text:
        return [first] * text.count("{")
    pieces = text.split("{")[1:-1]
    return list(accumulate([piece.count("\n") for piece in pieces], initial=first))


class Decoder:
    """Decodes one value.

    Attributes:
        repeated: a key that occurred twice in an object since this was cleared; otherwise None.
    """

    def __init__(self) -> None:
        self.repeated: str | None = None
        #: A faster decoder that does not detect duplicate keys, and does not mark numbers.
        plain: Any = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
        self.scan: Callable[[str, int], tuple[Any, int]] = plain.scan_once
        self.decode = json.JSONDecoder(
            object_pairs_hook=self._members,
            parse_int=JsonNumber,
            parse_float=JsonNumber,
            parse_constant=JsonNumber,
        ).raw_decode

    def _members(self, pairs: list[tuple[str, Any]]) -> Members:
        members = dict(pairs)
        if len(members) != len(pairs):
            keys = [key for key, _ in pairs]
            self.repeated = next(key for key in keys if keys.count(key) > 1)
        return members

    def fault(self) -> RecordFault | None:
        """Return the fault of the values since the last call; None if there was none."""
        key, self.repeated = self.repeated, None
        return None if key is None else nested_records.repeated_key_fault(key)


def describe_json_error(error: json.JSONDecodeError) -> str:
    """The message of a JSON error, without the position."""
    return error.msg.removesuffix(" at").removesuffix(" starting")


class Window:
    """A sliding window over a file, with a current position."""

    def __init__(self, name: str, stream: TextIO) -> None:
        self._name = name
        self._stream = stream
        self._decoder = Decoder()
        self._view = ""
        self._at = self._start = self._counted = 0
        self._line = 1
        self._gone_of_line = 0

    def next(self) -> str:
        """The next character that is not white space; empty at the end of the file."""
        while True:
            if space := _SPACE.match(self._view, self._at):
                self._at = space.end()
            if self._at < len(self._view):
                return self._view[self._at]
            if not self._more():
                return ""

    def takes(self, character: str) -> bool:
        """Skip a character if it is next, and return whether it was."""
        is_next = self.next() == character
        self._at += is_next
        return is_next

    def demand(self, character: str) -> None:
        """Skip a character that must be next."""
        if not self.takes(character):
            raise self.broken(f"Expecting “{character}”")

    def line(self) -> int:
        """The line number of the current position, from 1."""
        self.next()
        return self._line_here()

    def value(self) -> Any:
        """Decode the next value, and move to its end."""
        self.line()
        while True:
            try:
                value, end = self._decoder.decode(self._view, self._at)
            except json.JSONDecodeError as error:
                if not (self._is_cut_off(error) and self._more()):
                    self._at = error.pos
                    raise self.broken(describe_json_error(error)) from error
                continue
            if end < len(self._view) or not self._more():
                self._start, self._at = self._at, end
                return value
            # The value ends with the window: a number may continue after it.

    def objects(self, *, are_many: bool) -> _Objects | None:
        """Decode consecutive simple objects with their line numbers, and move to their end.

        An object is simple if it contains no other object and no duplicate key. Objects at the end
        of the window, and the last object of an array, are not decoded.

        Args:
            are_many: many objects are likely to follow; therefore a larger piece is decoded.
        """
        return (self._block() if are_many else None) or self._some()

    def _block(self) -> _Objects | None:
        """Decode all objects of a piece of the window at once, if none contains a brace."""
        end, behind = self._piece()
        text = self._view[self._at : end]
        try:
            records, length = self._decoder.scan(f"[{text}]", 0)
        except (StopIteration, json.JSONDecodeError):
            return None
        if (
            length < len(text) + 2
            or set(map(type, records)) != {dict}
            or text.count("{") != len(records)
        ):
            return None
        if text.count(_COLON) != sum(map(len, records)):
            return None
        lines = partial(_lines_of, text, self._line_here())
        self._at = behind
        return records, lines

    def _piece(self) -> tuple[int, int]:
        """Find the end of an object in the window, and the start of the next object.

        The braces may be part of a string. Then the piece cannot be decoded.
        """
        behind = min(len(self._view), self._at + _PIECE)
        for _ in range(_TRIES):
            behind = self._view.rfind("{", self._at + 1, behind)
            if behind < 0:
                break
            before = self._view[max(self._at, behind - _NEAR_END) : behind].rstrip()
            if before.endswith(","):
                before = before[:-1].rstrip()
                if before.endswith("}"):
                    end = self._view.rfind("}", self._at, behind) + 1
                    return end, behind
        return self._at, self._at

    def _some(self) -> _Objects | None:
        """Decode objects one by one."""
        view, scan, between = self._view, self._decoder.scan, _BETWEEN.match
        at, records, starts = self._at, list[Members](), list[int]()
        while len(records) < BLOCK_RECORDS:
            try:
                members, end = scan(view, at)
            except (StopIteration, json.JSONDecodeError):
                break
            behind = between(view, end)
            if behind is None:
                break
            records.append(members)
            starts.append(at)
            at = behind.end()
        if not records or not all(map(_is_simple, records)):
            return None
        if view.count(_COLON, self._at, at) != sum(map(len, records)):
            return None
        steps = [view.count("\n", *places) for places in pairwise(starts)]
        lines = list(accumulate(steps, initial=self._line_here()))
        self._at = at
        return records, lambda: lines

    def fault(self) -> RecordFault | None:
        """Return the fault of the last value, which could be decoded nevertheless."""
        return self._decoder.fault()

    def again(self) -> None:
        """Move back to the start of the last value."""
        self._at = self._start

    def broken(self, why: str) -> ManifestError:
        """Create the error for the current position."""
        begin = self._view.rfind("\n", 0, self._at)
        column = self._at - begin + (self._gone_of_line if begin < 0 else 0)
        place = f"line {self._line_here()}, column {column}"
        return ManifestError(f"The manifest {self._name} is no JSON on {place}: {why}.", HOW_TO_FIX)

    def _line_here(self) -> int:
        self._line += self._view.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _is_cut_off(self, error: json.JSONDecodeError) -> bool:
        """Whether the value may be complete in the file, and is only cut by the window."""
        return error.msg.startswith("Unterminated") or error.pos > len(self._view) - _NEAR_END

    def _more(self) -> bool:
        """Move the window, so that it starts at the current position."""
        block = self._stream.read(max(_WINDOW, len(self._view) - self._at))
        if not block:
            return False
        self._line_here()
        begin = self._view.rfind("\n", 0, self._at)
        self._gone_of_line = self._at - begin - 1 + (self._gone_of_line if begin < 0 else 0)
        self._view = self._view[self._at :] + block
        self._at = self._counted = 0
        if len(self._view) > MAX_CHARACTERS + _WINDOW:
            raise self.broken(f"a value of more than {MAX_CHARACTERS} characters")
        return True
