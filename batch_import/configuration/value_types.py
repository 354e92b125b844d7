"""Types of settings: parse the text of a value, and validate values from any source.

`parse` and `check` raise a `ValueError` for a value that is not valid. Its message starts with the
value, has no full stop, and can be shown to the user. This module must not know which settings
exist.

The dataclasses have `eq=False, repr=False`, because generating each of these methods takes a
millisecond at every start of the command.
"""

import csv
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

#: Maximum length of a value in an error message, in characters.
_MAX_SHOWN_LENGTH: Final = 60
#: The latest time of Python's datetime, in epoch seconds: the end of the year 9999, UTC.
_LAST_SECOND: Final = 253_402_300_799.0


def shortened(value: object) -> str:
    """Returns the `repr` of a value, shortened for an error message."""
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN_LENGTH else f"{text[:_MAX_SHOWN_LENGTH]}…"


def are_seconds(value: object, count: int, maximum: float) -> bool:
    """Whether a value is a tuple of `count` numbers above 0 and not above `maximum`."""
    return (
        isinstance(value, tuple)
        and len(value) == count
        and all(
            isinstance(part, int | float) and not isinstance(part, bool) and 0 < part <= maximum
            for part in value
        )
    )


class ValueType:
    """The base class of the types of settings."""

    #: Placeholder of the value in the help: `FILE`, `N`.
    metavar: str = ""
    #: All valid values; empty if they cannot be listed.
    choices: tuple[str, ...] = ()
    #: The names that a shell completes: `file`, `dir`; empty if none.
    completes: ClassVar[str] = ""

    def parse(self, text: str) -> Any:
        """Parse the text of a value, from the command line or a YAML file.

        Raises:
            ValueError: the text is not valid.
        """
        return self.check(text)

    def check(self, value: Any) -> Any:
        """Validate a Python value. Returns the normalized value.

        Raises:
            ValueError: the value is not valid.
        """
        raise NotImplementedError


@dataclass(eq=False, repr=False)
class NumberType(ValueType):
    """A finite number.

    Attributes:
        minimum, maximum: the range, both included.
        unit: unit of the value, for messages; empty if it has none.
        is_integer: whether only integers are valid.
    """

    minimum: float
    maximum: float
    metavar: str = "N"
    unit: str = ""
    is_integer: bool = False

    def parse(self, text: str) -> Any:
        """As in `ValueType`."""
        try:
            value = int(text) if self.is_integer else float(text)
        except ValueError:
            raise self._refusal(text) from None
        if not self._accepts(value):
            raise self._refusal(text)
        return value

    def check(self, value: Any) -> Any:
        """As in `ValueType`."""
        types = (int,) if self.is_integer else (int, float)
        if not isinstance(value, types) or isinstance(value, bool) or not self._accepts(value):
            raise self._refusal(value)
        return value

    def _accepts(self, value: float) -> bool:
        return self.minimum <= value <= self.maximum  # false for nan

    def _refusal(self, value: object) -> ValueError:
        number = "a whole number" if self.is_integer else "a number"
        unit = f" of {self.unit}" if self.unit else ""
        maximum = f"{self.maximum:,.0f}" if self.maximum >= 1 else f"{self.maximum:g}"
        return ValueError(
            f"{shortened(value)} is not {number}{unit} from {self.minimum:g} to {maximum}"
        )


@dataclass(eq=False, repr=False)
class TextType(ValueType):
    """A text.

    Attributes:
        normalize: returns the normalized text. Raises ValueError if the text is not valid.
    """

    metavar: str = "TEXT"
    normalize: Callable[[str], str] = str

    def check(self, value: Any) -> Any:
        """As in `ValueType`."""
        return self.normalize(checked_text(value))


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
class SwitchType(ValueType):
    """A setting that is on or off. Its flag has no value."""

    def parse(self, text: str) -> Any:
        """As in `ValueType`, from the words that YAML allows."""
        word = text.lower()
        if word in ("true", "yes", "on"):
            return True
        if word in ("false", "no", "off"):
            return False
        raise ValueError(f"{shortened(text)} is neither true nor false")

    def check(self, value: Any) -> Any:
        """As in `ValueType`."""
        if not isinstance(value, bool):
            raise ValueError(f"{shortened(value)} is neither True nor False")  # noqa: TRY004
        return value


@dataclass(eq=False, repr=False)
class FilePathType(ValueType):
    """The path of a file, or of a file or folder."""

    metavar: str = "FILE"
    completes: ClassVar[str] = "file"

    def check(self, value: Any) -> Any:
        """As in `ValueType`."""
        path = value if isinstance(value, Path) else Path(checked_text(value))
        checked_text(str(path))
        return path


class FolderPathType(FilePathType):
    """The path of a folder."""

    completes: ClassVar[str] = "dir"


@dataclass(eq=False, repr=False)
class MappingType(ValueType):
    """A mapping of texts. On the command line, each option `KEY=VALUE` is one pair.

    Attributes:
        can_be_empty: whether a value may be empty. A key must not be empty.
    """

    metavar: str = "KEY=VALUE"
    can_be_empty: bool = field(default=False, kw_only=True)

    def parse(self, text: str) -> Any:
        """Validate one pair `KEY=VALUE`. Returns the text unchanged.

        Raises:
            ValueError: the text is not a pair.
        """
        key, equals, value = checked_text(text).partition("=")
        has_valid_value = bool(value) or (bool(equals) and self.can_be_empty)
        if not key or not has_valid_value:
            raise ValueError(f"{shortened(text)} is not of the form {self.metavar}")
        return text

    def check(self, value: Any) -> Any:
        """As in `ValueType`."""
        if not isinstance(value, Mapping):
            raise ValueError(f"{shortened(value)} is not a mapping")  # noqa: TRY004
        for key, item in value.items():
            if not (checked_text(key) and (checked_text(item) or self.can_be_empty)):
                raise ValueError(f"{shortened(value)} has an empty text")
        return value


@dataclass(eq=False, repr=False)
class NameListType(ValueType):
    """A list of names, separated by commas. A name with a comma is enclosed in double quotes.

    Attributes:
        valid_names: the names that are valid; empty if every name is valid.
        is_sequence: whether the Python value is a tuple of names. If false, it is the text.
    """

    metavar: str = "NAME,…"
    valid_names: tuple[str, ...] = ()
    is_sequence: bool = field(default=False, kw_only=True)

    def parse(self, text: str) -> Any:
        """As in `ValueType`."""
        return self._split(checked_text(text))

    def check(self, value: Any) -> Any:
        """As in `ValueType`."""
        if not self.is_sequence:
            return self._split(checked_text(value))
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise ValueError(f"{shortened(value)} is not a sequence of names")  # noqa: TRY004
        return tuple(checked_text(name) for name in value)

    def _split(self, text: str) -> Any:
        names = split_line_at_commas(text)
        if self.valid_names:
            for name in names or [text]:
                if name not in self.valid_names:
                    valid = ", ".join(self.valid_names)
                    raise ValueError(f"{shortened(name)} is not one of {valid}")
        return tuple(names) if self.is_sequence else text


@dataclass(eq=False, repr=False)
class TimestampType(ValueType):
    """A time in epoch seconds. As a text, it is a time of day, or a date and time."""

    metavar: str = "TIME"

    def parse(self, text: str) -> Any:
        """As in `ValueType`."""
        from batch_import.configuration import timestamps

        return timestamps.parse_timestamp(checked_text(text), time.time())

    def check(self, value: Any) -> Any:
        """As in `ValueType`."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (is_number and math.isfinite(value) and 0 <= value <= _LAST_SECOND):
            raise ValueError(f"{shortened(value)} is not a time in seconds since 1970")
        return value


@dataclass(eq=False, repr=False)
class RowSelectorType(ValueType):
    """A selection of rows, by line numbers, by reference IDs, or by a file that lists them."""

    metavar: str = "ROWS"

    def parse(self, text: str) -> Any:
        """As in `ValueType`."""
        from batch_import.configuration import row_selector

        return row_selector.parse_selector(checked_text(text))

    def check(self, value: Any) -> Any:
        """As in `ValueType`."""
        from batch_import.models import LineRange

        if isinstance(value, str) or not isinstance(value, Sequence):
            raise ValueError(  # noqa: TRY004
                f"{shortened(value)} is not a sequence of LineRange and texts"
            )
        for item in value:
            if not isinstance(item, LineRange):
                checked_text(item)
        return tuple(value)


def split_at_commas(text: str) -> list[str]:
    """Split a text at its commas. A name with a comma is enclosed in double quotes.

    Raises:
        csv.Error: the text has a line break outside of quotes.
    """
    records = list(csv.reader([text], skipinitialspace=True))
    return [part.strip() for part in records[0]] if records else []


def split_line_at_commas(text: str) -> list[str]:
    """As `split_at_commas`, but with an error message for the user.

    Raises:
        ValueError: the text has a line break.
    """
    try:
        return split_at_commas(text)
    except csv.Error:
        raise ValueError(f"{shortened(text)} has a line break in it") from None


def checked_text(value: object) -> str:
    """Validate that a value is a text that a file, a URL and a database can store. Returns it.

    Raises:
        ValueError: the value is not a text, or has a NUL character or an unpaired surrogate.
    """
    if not isinstance(value, str):
        raise ValueError(f"{shortened(value)} is not a text")  # noqa: TRY004
    if any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value):
        raise ValueError(f"{shortened(value)} has a character that is not valid in a text")
    return value
