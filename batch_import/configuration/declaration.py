"""Declare a setting as a field of a dataclass: its type, default, help text and help group.

This module must not know which settings exist.
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

#: Key of a field's metadata.
_KEY: Final = "setting"


class Group(StrEnum):
    """The groups of options in the help."""

    COMMON = "Common"
    READING = "Reading"
    PACE = "Pace"
    RESULTS = "Results"
    ADVANCED = "Advanced"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        name: name in Python. Flags and YAML keys have dashes instead of underscores.
        kind: type of the value.
        help: help text without a full stop and without the default.
        group: group of options in the help.
        default: default value; None if there is none.
        default_text: description of the default, if it is not a value.
        multiple: the flag can be repeated.
        variable: name of the environment variable; empty if there is none.
        short: one-letter flag; empty if there is none.
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
        """The name in YAML files, and of the flag without the two leading dashes."""
        return self.name.replace("_", "-")

    @property
    def is_switch(self) -> bool:
        """Whether the flag has no value."""
        return isinstance(self.kind, kinds.Switch)

    def parse(self, text: str) -> Any:
        """Parse the text of a value.

        Raises:
            UsageError: the text is not valid.
        """
        try:
            return self.kind.parse(text)
        except ValueError as error:
            raise UsageError(f"{error}.", setting=self.name) from None

    def check(self, value: Any) -> Any:
        """Validate a Python value, and normalize it.

        Raises:
            UsageError: the value is not valid.
        """
        try:
            return self.kind.check(value)
        except ValueError as error:
            raise UsageError(f"{error}.", setting=self.name) from None


def setting(default: Any, kind: ValueType, help: str, group: Group, **more: Any) -> Any:  # noqa: A002
    """Declare a field of a dataclass as a setting. `more` are further attributes of `Setting`."""
    metadata = {_KEY: {"kind": kind, "help": help, "group": group, **more}}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=dict, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def settings_of(owner: type[Any]) -> tuple[Setting, ...]:
    """The settings of a dataclass, in the order of its fields."""
    return tuple(found for _, found in _declared(cast("Hashable", owner)))


def check_fields(owner: Any) -> None:
    """Validate and normalize every setting of an instance.

    Raises:
        UsageError: a value is not valid.
    """
    for field, each in _declared(cast("Hashable", type(owner))):
        value = getattr(owner, field.name)
        is_unset = value in (None, "") and value is field.default
        if not is_unset:
            object.__setattr__(owner, field.name, each.check(value))


@cache
def _declared(owner: Hashable) -> tuple[tuple[dataclasses.Field[Any], Setting], ...]:
    """The fields that are settings, with their settings."""
    return tuple(
        (field, Setting(**{"name": field.name, **_default(field), **field.metadata[_KEY]}))
        for field in fields(cast("type[Any]", owner))
        if _KEY in field.metadata
    )


def _default(field: dataclasses.Field[Any]) -> dict[str, Any]:
    empty = field.default is dataclasses.MISSING or field.default in ("", ())
    return {} if empty else {"default": field.default}
