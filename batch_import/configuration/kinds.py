"""Types of settings: parse the text of a value, and validate values from any source.

A value that is not valid raises a `ValueError`. Its message starts with the value, has no full
stop, and can be shown to the user. This module must not know which settings exist.

The dataclasses generate only `__init__`, because each further method takes a millisecond at every
start of the command.
"""

import csv
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

#: Maximum length of a value in an error message, in characters.
_SHOWN: Final = 60
#: The latest time of Python's datetime, in epoch seconds: the end of the year 9999, UTC.
_LAST_SECOND: Final = 253_402_300_799.0


def shortened(value: object) -> str:
    """Format a value for an error message."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def are_seconds(value: object, count: int, most: float) -> bool:
    """Whether a value is a tuple of so many numbers above 0, none of them above `most`."""
    return (
        isinstance(value, tuple)
        and len(value) == count
        and all(
            isinstance(part, int | float) and not isinstance(part, bool) and 0 < part <= most
            for part in value
        )
    )


class ValueType:
    """The base class of all types."""

    metavar: str = ""
    #: All valid values, if they are a few texts.
    choices: tuple[str, ...] = ()
    #: What a shell completes: `file`, `dir`, or nothing.
    completes: ClassVar[str] = ""

    def parse(self, text: str) -> Any:
        """Parse the text of a value.

        Raises:
            ValueError: the text is not valid.
        """
        return self.check(text)

    def check(self, value: Any) -> Any:
        """Validate a Python value, and normalize it.

        Raises:
            ValueError: the value is not valid.
        """
        raise NotImplementedError


@dataclass(eq=False, repr=False)
class NumberType(ValueType):
    """A finite number.

    Attributes:
        least, most: the range, both included.
        unit: unit of the value, for messages.
        whole: only integers are valid.
    """

    least: float
    most: float
    metavar: str = "N"
    unit: str = ""
    whole: bool = False

    def parse(self, text: str) -> Any:
        """As in `ValueType`."""
        try:
            value = int(text) if self.whole else float(text)
        except ValueError:
            raise self._refusal(text) from None
        if not self._accepts(value):
            raise self._refusal(text)
        return value

    def check(self, value: Any) -> Any:
        """As in `ValueType`."""
        types = (int,) if self.whole else (int, float)
        if not isinstance(value, types) or isinstance(value, bool) or not self._accepts(value):
            raise self._refusal(value)
        return value

    def _accepts(self, value: float) -> bool:
        return self.least <= value <= self.most  # false for nan

    def _refusal(self, value: object) -> ValueError:
        what = "a whole number" if self.whole else "a number"
        unit = f" of {self.unit}" if self.unit else ""
        most = f"{self.most:,.0f}" if self.most >= 1 else f"{self.most:g}"
        return ValueError(f"{shortened(value)} is not {what}{unit} from {self.least:g} to {most}")


@dataclass(eq=False, repr=False)
class TextType(ValueType):
    """A text.

    Attributes:
        read: validates and normalizes the text; raises ValueError.
    """

    metavar: str = "TEXT"
    read: Callable[[str], str] = str

    def check(self, value: Any) -> Any:
        """As in `ValueType`."""
        return self.read(clean(value))


@dataclass(eq=False, repr=False)
class ChoiceType(ValueType):
    """One of a few texts."""

    choices: tuple[str, ...] = ()

    def check(self, value: Any) -> Any:
        """As in `ValueType`."""
        if value not in self.choices:
            raise ValueError(f"{shortened(value)} is not one of {', '.join(self.choices)}")
        return value


@dataclass(eq=False, repr=False)
class Switch(ValueType):
    """On or off."""

    def parse(self, text: str) -> Any:
        """As in `ValueType`: how YAML writes it."""
        folded = text.lower()
        if folded in ("true", "yes", "on"):
            return True
        if folded in ("false", "no", "off"):
            return False
        raise ValueError(f"{shortened(text)} is neither true nor false")

    def check(self, value: Any) -> Any:
        """As in `ValueType`."""
        if not isinstance(value, bool):
            raise ValueError(f"{shortened(value)} is neither True nor False")  # noqa: TRY004
        return value


@dataclass(eq=False, repr=False)
class FilePath(ValueType):
    """A path, of a file or a folder."""

    metavar: str = "FILE"
    completes: ClassVar[str] = "file"

    def check(self, value: Any) -> Any:
        """As in `ValueType`."""
        return value if isinstance(value, Path) and clean(str(value)) else Path(clean(value))


class FolderPath(FilePath):
    """The path of a folder."""

    completes: ClassVar[str] = "dir"


@dataclass(eq=False, repr=False)
class Pair(ValueType):
    """A mapping. On the command line it is the option `KEY=VALUE`, which can be repeated.

    Attributes:
        may_be_empty: whether the value may be empty. The key must not be empty.
    """

    metavar: str = "KEY=VALUE"
    may_be_empty: bool = field(default=False, kw_only=True)

    def parse(self, text: str) -> Any:
        """As in `ValueType`, but the result is the validated text."""
        key, equals, value = clean(text).partition("=")
        if not (key and (value or (equals and self.may_be_empty))):
            raise ValueError(f"{shortened(text)} is not of the form {self.metavar}")
        return text

    def check(self, value: Any) -> Any:
        """As in `ValueType`."""
        if not isinstance(value, Mapping):
            raise ValueError(f"{shortened(value)} is not a mapping")  # noqa: TRY004
        for key, item in value.items():
            if not (clean(key) and (clean(item) or self.may_be_empty)):
                raise ValueError(f"{shortened(value)} holds an empty text")
        return value


@dataclass(eq=False, repr=False)
class Names(ValueType):
    """A list of names, separated by commas. A name with a comma is enclosed in double quotes."""

    metavar: str = "NAME,…"
    known: tuple[str, ...] = ()
    as_sequence: bool = field(default=False, kw_only=True)

    def parse(self, text: str) -> Any:
        """As in `ValueType`."""
        return self._read(clean(text))

    def check(self, value: Any) -> Any:
        """As in `ValueType`."""
        if not self.as_sequence:
            return self._read(clean(value))
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise ValueError(f"{shortened(value)} is not a sequence of names")  # noqa: TRY004
        return tuple(clean(name) for name in value)

    def _read(self, text: str) -> Any:
        names = parts_of_line(text)
        for name in (names or [text]) if self.known else ():
            if name not in self.known:
                raise ValueError(f"{shortened(name)} is not one of {', '.join(self.known)}")
        return tuple(names) if self.as_sequence else text


@dataclass(eq=False, repr=False)
class Moment(ValueType):
    """A time in epoch seconds. As text: a time of day, or a date and time."""

    metavar: str = "TIME"

    def parse(self, text: str) -> Any:
        """As in `ValueType`."""
        from batch_import.configuration import timestamps

        return timestamps.timestamp(clean(text), time.time())

    def check(self, value: Any) -> Any:
        """As in `ValueType`."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (is_number and math.isfinite(value) and 0 <= value <= _LAST_SECOND):
            raise ValueError(f"{shortened(value)} is not a time in seconds since 1970")
        return value


@dataclass(eq=False, repr=False)
class RowSelector(ValueType):
    """A selection of rows, by line numbers, by reference IDs, or by a file that lists them."""

    metavar: str = "ROWS"

    def parse(self, text: str) -> Any:
        """As in `ValueType`."""
        from batch_import.configuration import row_selector

        return row_selector.parse_selector(clean(text))

    def check(self, value: Any) -> Any:
        """As in `ValueType`."""
        from batch_import.models import LineRange

        if isinstance(value, str) or not isinstance(value, Sequence):
            raise ValueError(  # noqa: TRY004
                f"{shortened(value)} is not a sequence of LineRange and texts"
            )
        for item in value:
            if not isinstance(item, LineRange):
                clean(item)
        return tuple(value)


def parts(text: str) -> list[str]:
    """Split a text at its commas. A name with a comma is enclosed in double quotes."""
    return [part.strip() for part in next(csv.reader([text], skipinitialspace=True), [])]


def parts_of_line(text: str) -> list[str]:
    """Split one line at its commas. A name with a comma is enclosed in double quotes.

    Raises:
        ValueError: the text is not one line.
    """
    try:
        return parts(text)
    except csv.Error:
        raise ValueError(f"{shortened(text)} has a line break in it") from None


def clean(value: object) -> str:
    """Validate that a text can be stored in a file, a URL and a database.

    Raises:
        ValueError: it is not a text, or it contains NUL or a single surrogate.
    """
    if not isinstance(value, str):
        raise ValueError(f"{shortened(value)} is not a text")  # noqa: TRY004
    if any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value):
        raise ValueError(f"{shortened(value)} holds a character that no text has")
    return value
