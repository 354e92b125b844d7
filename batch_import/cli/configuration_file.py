"""Read the configuration file: the validated value of each option, with its line.

The values are the same as on the command line. This module must not know the commands, nor whether
a flag overrides a value.
"""

import csv
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
from batch_import.errors import UsageError, find_similar

_KEYS: Final = {option.key: option for option in OPTIONS.values() if option.name != "config"}
#: Parts of the names of secrets, without dashes.
_SECRET: Final = ("accesskey", "apikey", "password", "passwd", "secret", "token")


@dataclass(frozen=True, slots=True)
class FileValue:
    """A value of the file.

    Attributes:
        value: a text; a list of texts if the option can be repeated; or a bool.
        place: file and line, for messages.
    """

    value: Any
    place: str


def read_config(path: Path) -> dict[str, FileValue]:
    """Read the configuration file. The keys of the result are names of settings.

    Raises:
        UsageError: the file cannot be read, or has an unknown option or a value that is not valid.
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
    near = find_similar(key.lower().replace("_", "-"), _KEYS)
    return UsageError(
        f"{place}: {key!r} is not an option.",
        f"Did you mean {near!r}?" if near else "batch-import config lists the options.",
    )


def _value(option: Setting, path: str, node: yaml.Node) -> Any:
    """The value in the form that the command line has."""
    if option.is_switch:
        return option.kind.parse(_text(node))
    if option.multiple:
        return list(_texts(path, node))
    if isinstance(option.kind, kinds.Names) and not isinstance(node, yaml.ScalarNode):
        return _with_commas(_texts(path, node))
    return _text(node)


def _texts(path: str, node: yaml.Node) -> Iterator[str]:
    """The items of a list, the entries of a mapping as `NAME=VALUE`, or a single text."""
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
    """The source text of a list in brackets, for knobs that take a list; otherwise empty."""
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
