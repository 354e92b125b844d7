"""Declare a setting as a field of a dataclass: its type, default, help text and help group.

Example: `rate: float = setting(5.0, NumberType(1, 100), "requests per second", Group.PACE)`. Flags,
YAML keys and the help are generated from these declarations. This module must not know which
settings exist.
"""

import dataclasses
from collections.abc import Hashable
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from typing import Any, Final, cast

from batch_import.configuration import value_types
from batch_import.configuration.value_types import ValueType
from batch_import.errors import UsageError

#: URL of the folder of the documentation, as in `project.urls` of pyproject.toml. An installed
#: package does not contain the documentation.
DOCUMENTATION_URL: Final = "https://github.com/viostream/batch-import/blob/main/docs"
#: The key under which the metadata of a dataclass field has the arguments of its `Setting`.
_METADATA_KEY: Final = "setting"


class Group(StrEnum):
    """The heading under which the help lists an option."""

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
        value_type: type of the value.
        help: help text without a full stop and without the default.
        group: heading of the help under which the option is listed.
        default: default value; None if there is none.
        default_text: description of the default, for a default that is not a fixed value.
        multiple: whether the flag can be repeated.
        variable: name of the environment variable; empty if there is none.
        short: one-letter flag; empty if there is none.
    """

    name: str
    value_type: ValueType
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
        return isinstance(self.value_type, value_types.SwitchType)

    def parse(self, text: str) -> Any:
        """Parse the text of a value.

        Raises:
            UsageError: the text is not valid.
        """
        try:
            return self.value_type.parse(text)
        except ValueError as error:
            raise UsageError(f"{error}.", setting=self.name) from None

    def check(self, value: Any) -> Any:
        """Validate a Python value. Returns the normalized value.

        Raises:
            UsageError: the value is not valid.
        """
        try:
            return self.value_type.check(value)
        except ValueError as error:
            raise UsageError(f"{error}.", setting=self.name) from None


def setting(
    default: Any,
    value_type: ValueType,
    help: str,  # noqa: A002
    group: Group,
    **attributes: Any,
) -> Any:
    """Create a field of a dataclass that is a setting.

    Args:
        default: default value of the field. An empty dict means a new dict for each instance.
        attributes: further attributes of `Setting`.
    """
    metadata = {
        _METADATA_KEY: {"value_type": value_type, "help": help, "group": group, **attributes}
    }
    if isinstance(default, dict):
        return dataclasses.field(default_factory=dict, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def settings_of(owner: type[Any]) -> tuple[Setting, ...]:
    """Returns the settings of a dataclass, in the order of its fields."""
    return tuple(declared for _, declared in _declared(cast("Hashable", owner)))


def check_fields(owner: Any) -> None:
    """Validate and normalize every setting of an instance, in place.

    A default that means "no value" (None or an empty text) is not validated.

    Raises:
        UsageError: a value is not valid.
    """
    for field, declared in _declared(cast("Hashable", type(owner))):
        value = getattr(owner, field.name)
        is_unset = value in (None, "") and value is field.default
        if not is_unset:
            object.__setattr__(owner, field.name, declared.check(value))


@cache
def _declared(owner: Hashable) -> tuple[tuple[dataclasses.Field[Any], Setting], ...]:
    """Returns each field that is a setting, with its setting."""
    return tuple(
        (field, _setting_of(field))
        for field in fields(cast("type[Any]", owner))
        if _METADATA_KEY in field.metadata
    )


def _setting_of(field: dataclasses.Field[Any]) -> Setting:
    attributes: dict[str, Any] = {"name": field.name}
    if field.default is not dataclasses.MISSING and field.default not in ("", ()):
        attributes["default"] = field.default
    return Setting(**{**attributes, **field.metadata[_METADATA_KEY]})
