"""The configuration file → the text of each option in it, checked, and where it is.

Values are what flags take. This file must not know the commands, nor which value wins.
"""

import csv
import difflib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from batch_import.cli.options import OPTIONS
from batch_import.configuration import kinds
from batch_import.configuration.declaration import Setting
from batch_import.configuration.yaml_settings import (
    Entry,
    entries_of,
    is_null,
    read_bytes,
    read_entries,
    scalar,
)
from batch_import.errors import UsageError

_KEYS: Final = {option.key: option for option in OPTIONS.values() if option.name != "config"}
#: What the names of secrets hold, without their dashes.
_SECRET: Final = ("accesskey", "apikey", "password", "passwd", "secret", "token")


@dataclass(frozen=True, slots=True)
class FileValue:
    """A value of the file: a text, a list of texts where a flag may be repeated, or a bool.

    Attributes:
        place: file and line.
    """

    value: Any
    place: str


def read_config(path: Path) -> dict[str, FileValue]:
    """What the configuration file says, by the names of settings.

    Raises:
        UsageError: the file cannot be read, or something in it is wrong.
    """
    name = str(path)
    found = {}
    for entry in read_entries(name, read_bytes(path)):
        place = f"{name}, line {entry.line}"
        option = _KEYS.get(entry.key)
        if option is None:
            raise _unknown(place, entry.key)
        found[option.name] = FileValue(_checked(option, name, place, entry), place)
    return found


def _checked(option: Setting, path: str, place: str, entry: Entry) -> Any:
    try:
        value = _value(option, path, entry.value)
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                option.kind.parse(text)
    except ValueError as error:
        raise UsageError(f"{place}: {entry.key}: {error}.") from None
    return value


def _unknown(place: str, key: str) -> UsageError:
    folded = "".join(filter(str.isalnum, key.lower()))
    if any(word in folded for word in _SECRET):
        return UsageError(
            f"{place}: credentials do not belong here; they would go where this file goes.",
            "Put them into the environment, the keyring, or a file of their own that"
            " credentials: FILE names.",
        )
    near = difflib.get_close_matches(key.lower().replace("_", "-"), _KEYS, n=1)
    return UsageError(
        f"{place}: {key!r} is not an option.",
        f"Did you mean {near[0]!r}?" if near else "batch-import config lists the options.",
    )


def _value(option: Setting, path: str, node: yaml.Node) -> Any:
    """The value as flags have it."""
    if option.is_switch:
        return option.kind.parse(_text(node))
    if option.multiple:
        return list(_texts(path, node))
    if isinstance(option.kind, kinds.Names) and not isinstance(node, yaml.ScalarNode):
        return _with_commas(_texts(path, node))
    return _text(node)


def _texts(path: str, node: yaml.Node) -> Iterator[str]:
    """The parts of a list, `NAME=VALUE` for those of a mapping; or the one text there is."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            if isinstance(item, yaml.MappingNode):
                yield from _texts(path, item)
            else:  # nothing is a gap between two commas
                yield "" if is_null(item) else _text(item)
    elif isinstance(node, yaml.MappingNode):
        for entry in entries_of(path, node):
            if "=" in entry.key:
                raise ValueError(f"{entry.key!r} has an = in it")
            yield f"{entry.key}={_in_brackets(entry.value) or _text(entry.value)}"
    else:
        yield _text(node)


def _in_brackets(node: yaml.Node) -> str:
    """A list in brackets as it is written, for knobs that take one; empty if it is not one."""
    text = node.start_mark.buffer
    if not (text and getattr(node, "flow_style", False)):
        return ""
    return str(text[node.start_mark.index : node.end_mark.index])


def _text(node: yaml.Node) -> str:
    text = scalar(node)
    if text is None:
        raise ValueError("exactly one value belongs here")
    return text


def _with_commas(texts: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(texts)
    return line.getvalue()
