"""JSON, and JSON Lines → records. The only file that knows JSON.

Values are decoded one at a time out of a window on the file, so that a manifest of a million
records takes no more memory than one of a thousand. Numbers are kept as they are written. It
must not know which objects are the records.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, TextIO

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ManifestError
from batch_import.manifest.readers import nested_records
from batch_import.manifest.readers.nested_records import Found, Members, Number, Path
from batch_import.manifest.readers.record import Content, Fault
from batch_import.manifest.readers.text import MOST_CHARACTERS, Text

LINES: Final = frozenset({".jsonl", ".ndjson"})
#: Characters that are read at a time.
_WINDOW: Final = 1 << 20
_SPACE: Final = re.compile(r"[ \t\n\r]+")
#: Behind an error so close to the end of the window, the value may just go on.
_NEAR_END: Final = 16
_LONGEST_VALUE: Final = 200
_MEND: Final = "Mend it there; often a comma or a quote is too much, or missing."


def read(text: Text, options: ReadingOptions) -> Content:
    """Find the records.

    Raises:
        ManifestError: it is not JSON, or there are no records, or one key stands twice.
        OSError: the file cannot be read.
    """
    name = text.source.name
    if text.source.suffix in LINES or _is_lines(text):
        return nested_records.read(
            name, _form("JSON Lines", text), lambda *_: _lines(text), options
        )

    def walk(
        inside: Callable[[Path, Members], bool], outer: dict[Path, Members]
    ) -> Iterator[Found]:
        with text.open() as stream:
            yield from _Walk(_Window(name, stream), inside, outer).everything()

    return nested_records.read(name, _form("JSON", text), walk, options)


def _form(name: str, text: Text) -> str:
    return f"{name}, {text.note}" if text.note else name


# Values ---------------------------------------------------------------------------------------


class _Decoder:
    """Decodes one value.

    Attributes:
        repeated: a key that stood twice in an object since this was cleared; else None.
    """

    def __init__(self) -> None:
        self.repeated: str | None = None
        self.decode = json.JSONDecoder(
            object_pairs_hook=self._members,
            parse_int=Number,
            parse_float=Number,
            parse_constant=Number,
        ).raw_decode

    def _members(self, pairs: list[tuple[str, Any]]) -> Members:
        members = dict(pairs)
        if len(members) != len(pairs):
            keys = [key for key, _ in pairs]
            self.repeated = next(key for key in keys if keys.count(key) > 1)
        return members

    def fault(self) -> Fault | None:
        """What was wrong with the values since the last call."""
        key, self.repeated = self.repeated, None
        return None if key is None else nested_records.repeated_key(key)


def _said(error: json.JSONDecodeError) -> str:
    return error.msg.removesuffix(" at").removesuffix(" starting")


# JSON Lines -----------------------------------------------------------------------------------


def _is_lines(text: Text) -> bool:
    """Whether the first line is an object, and a second one begins behind it."""
    with text.open() as stream:
        first = stream.readline(MOST_CHARACTERS).strip()
        second = first
        while second and not (second := stream.readline(_NEAR_END)).strip():
            pass
    return first.startswith("{") and first.endswith("}") and second.startswith("{")


def _lines(text: Text) -> Iterator[Found]:
    decoder = _Decoder()
    with text.open_lines() as stream:
        for number, line in enumerate(stream, 1):
            content = line.strip()
            if content:
                yield _line(decoder, number, content)


def _line(decoder: _Decoder, number: int, content: str) -> Found:
    """One line; a bad one is the fault of that row alone."""
    try:
        members, end = decoder.decode(content)
    except json.JSONDecodeError as error:
        return _bad_line(number, content, f"{_said(error)} at character {error.colno}")
    except RecursionError:
        return _bad_line(number, content, "it has too many objects inside of each other")
    if end < len(content) or not isinstance(members, dict):
        return _bad_line(number, content, "it is not one object")
    return Found((), number, members, {}, decoder.fault())


def _bad_line(number: int, content: str, why: str) -> Found:
    fault = Fault("syntax", f"this line is no JSON: {why}", content[:_LONGEST_VALUE], _MEND)
    return Found((), number, {}, {}, fault)


# JSON -----------------------------------------------------------------------------------------


class _Window:
    """A moving view of a file, and a place in it."""

    def __init__(self, name: str, stream: TextIO) -> None:
        self._name = name
        self._stream = stream
        self._decoder = _Decoder()
        self._view = ""
        self._at = self._start = self._counted = 0
        self._line = 1
        self._gone_of_line = 0

    def next(self) -> str:
        """The character that comes next, behind white space; empty where the file ends."""
        while True:
            if space := _SPACE.match(self._view, self._at):
                self._at = space.end()
            if self._at < len(self._view):
                return self._view[self._at]
            if not self._more():
                return ""

    def takes(self, character: str) -> bool:
        """Go on behind a character, if it comes next."""
        is_next = self.next() == character
        self._at += is_next
        return is_next

    def demand(self, character: str) -> None:
        """Go on behind a character that must come next."""
        if not self.takes(character):
            raise self.broken(f"Expecting “{character}”")

    def line(self) -> int:
        """The line of what comes next, from 1."""
        self.next()
        return self._line_here()

    def value(self) -> Any:
        """Decode the value that comes next, and go on behind it."""
        self.line()
        while True:
            try:
                value, end = self._decoder.decode(self._view, self._at)
            except json.JSONDecodeError as error:
                if not (self._is_cut_off(error) and self._more()):
                    self._at = error.pos
                    raise self.broken(_said(error)) from error
                continue
            if end < len(self._view) or not self._more():
                self._start, self._at = self._at, end
                return value
            # It ends where the view does: a number may go on.

    def fault(self) -> Fault | None:
        """What was wrong with the last value, though it could be decoded."""
        return self._decoder.fault()

    def again(self) -> None:
        """Go back to where the last value begins."""
        self._at = self._start

    def broken(self, why: str) -> ManifestError:
        """The error for what comes next."""
        begin = self._view.rfind("\n", 0, self._at)
        column = self._at - begin + (self._gone_of_line if begin < 0 else 0)
        place = f"line {self._line_here()}, column {column}"
        return ManifestError(f"The manifest {self._name} is no JSON on {place}: {why}.", _MEND)

    def _line_here(self) -> int:
        self._line += self._view.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _is_cut_off(self, error: json.JSONDecodeError) -> bool:
        """Whether the value may be whole, and only the view of it ends."""
        return error.msg.startswith("Unterminated") or error.pos > len(self._view) - _NEAR_END

    def _more(self) -> bool:
        """Move the view on, so that it begins here."""
        block = self._stream.read(max(_WINDOW, len(self._view) - self._at))
        if not block:
            return False
        self._line_here()
        begin = self._view.rfind("\n", 0, self._at)
        self._gone_of_line = self._at - begin - 1 + (self._gone_of_line if begin < 0 else 0)
        self._view = self._view[self._at :] + block
        self._at = self._counted = 0
        if len(self._view) > MOST_CHARACTERS + _WINDOW:
            raise self.broken(f"a value of more than {MOST_CHARACTERS} characters")
        return True


class _Walk:
    """One walk through a file; see `nested_records.Walk`."""

    def __init__(
        self, window: _Window, inside: Callable[[Path, Members], bool], outer: dict[Path, Members]
    ) -> None:
        self._window = window
        self._inside = inside
        self._outer = outer

    def everything(self) -> Iterator[Found]:
        """Walk through all values of the file; one is usual."""
        while self._window.next():
            yield from self._value((), None)

    def _value(self, path: Path, lent: Members | None) -> Iterator[Found]:
        """Walk through a value. `lent` is None where it is in no array."""
        match self._window.next():
            case "[":
                yield from self._array(path, lent or {})
            case "{":
                yield from self._object(path, lent)
            case _:
                self._window.value()

    def _array(self, path: Path, lent: Members) -> Iterator[Found]:
        self._window.demand("[")
        if self._window.takes("]"):
            return
        while True:
            if self._window.next() == "{":
                yield from self._element(path, lent)
            else:
                self._window.value()
            if not self._window.takes(","):
                break
        self._window.demand("]")

    def _element(self, path: Path, lent: Members) -> Iterator[Found]:
        line = self._window.line()
        members = self._window.value()
        fault = self._window.fault()
        yield Found(path, line, members, lent, fault)
        if any(nested_records.arrays(members)) and self._inside(path, members):
            self._window.again()
            if fault:
                raise self._window.broken(fault.reason)
            yield from self._object(path, nested_records.nearest(members, lent))

    def _object(self, path: Path, lent: Members | None) -> Iterator[Found]:
        self._window.demand("{")
        if self._window.takes("}"):
            return
        keys: set[str] = set()
        while True:
            key = self._key(keys)
            if self._window.next() in "[{":
                yield from self._value((*path, key), lent)
            else:
                value = self._window.value()
                if lent is None:
                    self._outer[path][key] = value
            if not self._window.takes(","):
                break
        self._window.demand("}")

    def _key(self, before: set[str]) -> str:
        if self._window.next() != '"':
            raise self._window.broken("Expecting a key in double quotes")
        key: str = self._window.value()
        if key in before:
            raise self._window.broken(nested_records.repeated_key(key).reason)
        before.add(key)
        self._window.demand(":")
        return key
