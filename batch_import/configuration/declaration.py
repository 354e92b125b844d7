"""How a field of a dataclass declares a setting: its type, default, meaning and place in help.

This file must not know which settings there are.
"""

import dataclasses
from collections.abc import Hashable
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from typing import Any, Final, cast

from batch_import.configuration import kinds
from batch_import.configuration.kinds import ValueType
from batch_import.errors import UsageError

#: Where a field keeps it.
_KEY: Final = "setting"


class Group(StrEnum):
    """Where help shows a setting."""

    COMMON = "Common"
    READING = "Reading"
    PACE = "Pace"
    RESULTS = "Results"
    ADVANCED = "Advanced"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        name: in Python; flags and YAML keys have dashes for its underscores.
        help: a sentence without its full stop; help adds the default.
        default: the value where nobody sets it; None where that has no value.
        default_text: the default in words, where it has no value.
        multiple: its flag may be given again and again.
        variable: the environment variable that may hold it.
        short: one-letter flag.
    """

    name: str
    kind: ValueType
    help: str
    group: Group
    default: Any = None
    default_text: str = ""
    multiple: bool = False
    variable: str = ""
    short: str = ""

    @property
    def key(self) -> str:
        """Its name in YAML, and as a flag without the two dashes."""
        return self.name.replace("_", "-")

    @property
    def is_switch(self) -> bool:
        """Whether its flag takes no value."""
        return isinstance(self.kind, kinds.Switch)

    def parse(self, text: str) -> Any:
        """Text → value.

        Raises:
            UsageError: it is not accepted.
        """
        try:
            return self.kind.parse(text)
        except ValueError as error:
            raise UsageError(f"{error}.", setting=self.name) from None

    def check(self, value: Any) -> Any:
        """A value of Python, in the form that the program uses.

        Raises:
            UsageError: it is not accepted.
        """
        try:
            return self.kind.check(value)
        except ValueError as error:
            raise UsageError(f"{error}.", setting=self.name) from None


def setting(default: Any, kind: ValueType, help: str, group: Group, **more: Any) -> Any:  # noqa: A002
    """A field of a dataclass that is a setting; `more` are other attributes of `Setting`."""
    metadata = {_KEY: {"kind": kind, "help": help, "group": group, **more}}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=dict, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def settings_of(owner: type[Any]) -> tuple[Setting, ...]:
    """The settings that are fields of a dataclass, in their order."""
    return tuple(found for _, found in _declared(cast("Hashable", owner)))


def check_fields(owner: Any) -> None:
    """Check every field of a dataclass that is a setting, and give it its final form.

    Raises:
        UsageError: a value is not accepted.
    """
    for field, each in _declared(cast("Hashable", type(owner))):
        value = getattr(owner, field.name)
        is_unset = value in (None, "") and value is field.default
        if not is_unset:
            object.__setattr__(owner, field.name, each.check(value))


@cache
def _declared(owner: Hashable) -> tuple[tuple[dataclasses.Field[Any], Setting], ...]:
    """Fields, and the settings that they are."""
    return tuple(
        (field, Setting(**{"name": field.name, **_default(field), **field.metadata[_KEY]}))
        for field in fields(cast("type[Any]", owner))
        if _KEY in field.metadata
    )


def _default(field: dataclasses.Field[Any]) -> dict[str, Any]:
    empty = field.default is dataclasses.MISSING or field.default in ("", ())
    return {} if empty else {"default": field.default}
